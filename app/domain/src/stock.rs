//! Availability of seats and pieces.

use crate::newer::codes;

codes! {
    /// Availability as a coarse band. Why: exact numbers would send a change to every phone whenever somebody joins or
    /// redeems.
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
