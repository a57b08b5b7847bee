//! The member's notices, with pending "read" marks applied.

use crate::phone::sort::sort_by_key;
use crate::phone::{Phone, Standing};
use domain::document::{Collection, Feature};
use domain::notices::{Command, Notice};

#[derive(Clone, Debug, Default)]
pub struct NoticesView {
    /// Newest first.
    pub notices: Vec<Notice>,
}

impl NoticesView {
    pub fn of(phone: &Phone) -> NoticesView {
        let mut notices: Vec<Notice> = phone.replica.all(Collection::Notice);
        for (item, Command::MarkRead { notice }) in phone.acts::<Command>(Feature::Notices) {
            if phone.standing(item) == Standing::Pending
                && let Some(notice) = notices.iter_mut().find(|known| known.id == notice)
            {
                notice.read = true;
            }
        }
        sort_by_key(&mut notices, |notice| std::cmp::Reverse((notice.at, notice.id)));
        NoticesView { notices }
    }
}
