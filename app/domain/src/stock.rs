//! How much is left of what is scarce: seats, pieces.

use crate::newer::codes;

codes! {
    /// How much is left, in words: other people's clicks must not wake every phone.
    pub enum Band {
        Many = "many",
        /// Five or fewer.
        Few = "few",
        None = "none",
    }
}

impl Band {
    /// `left`: seats or pieces still free.
    pub fn of(left: i64) -> Band {
        match left {
            ..=0 => Band::None,
            1..=5 => Band::Few,
            _ => Band::Many,
        }
    }
}
