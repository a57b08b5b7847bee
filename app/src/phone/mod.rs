//! What a phone keeps and does, in plain Rust: documents, the outbox, the rounds with the server, and what pages
//! show of all that. No browser in here, so the same code runs in tests on any machine.

pub mod json;
pub mod outbox;
pub mod replica;
pub mod store;
pub mod sync;
pub mod view;

#[cfg(test)]
mod tests;

use domain::id::{DeviceId, MemberId};
use outbox::Outbox;
use replica::Replica;
use std::collections::BTreeMap;
use store::{Loaded, Op};

/// One member's data on one phone, in memory.
#[derive(Clone, Debug)]
pub struct Phone {
    pub member: MemberId,
    pub device: DeviceId,
    pub replica: Replica,
    pub outbox: Outbox,
    /// Half-done work by its key, e.g. the answers of a quiz.
    pub drafts: BTreeMap<String, String>,
    /// Refusals decided up to then have been looked at.
    pub seen_until: domain::Timestamp,
    pub pace: sync::Pace,
    /// The last answer brought nothing but the time.
    pub nothing_new: bool,
}

impl Phone {
    /// From what the store gave. What cannot be read stays in the store and is left alone.
    pub fn from_loaded(member: MemberId, device: DeviceId, loaded: Loaded) -> Phone {
        Phone {
            member,
            device,
            replica: Replica::from_rows(&loaded.meta, &loaded.docs),
            outbox: Outbox::from_rows(member, device, &loaded.meta, &loaded.outbox),
            drafts: loaded.drafts.into_iter().map(|row| (row.key, row.text)).collect(),
            seen_until: loaded.meta.read("seen_until").unwrap_or_default(),
            pace: sync::Pace::default(),
            nothing_new: false,
        }
    }

    /// Takes over what another tab or the worker wrote, and keeps this tab's pace.
    pub fn reload(&mut self, loaded: Loaded) {
        let pace = std::mem::take(&mut self.pace);
        *self = Phone::from_loaded(self.member, self.device, loaded);
        self.pace = pace;
    }

    /// Keeps a draft, or drops it when `text` is empty.
    pub fn draft(&mut self, key: &str, text: String) -> Op {
        if text.is_empty() {
            self.drafts.remove(key);
            Op::delete_draft(key)
        } else {
            let op = Op::put_draft(key, &text);
            self.drafts.insert(key.to_owned(), text);
            op
        }
    }

    /// Remembers that refusals decided up to `until` were looked at.
    pub fn see(&mut self, until: domain::Timestamp) -> Op {
        self.seen_until = until;
        Op::put_meta("seen_until", &until)
    }
}
