//! What a phone keeps and does, in plain Rust: documents, the outbox and the rounds with the server. It knows
//! documents as (collection, id, JSON) and acts as JSON with the tag of their feature: what they mean is the
//! features' (`events/view.rs` and its like). No browser in here, so the same code runs in tests on any machine.

pub mod json;
pub mod outbox;
pub mod replica;
pub mod sort;
pub mod store;
pub mod sync;

#[cfg(test)]
mod tests;

use domain::document::{Collection, Family, Feature};
use domain::id::{CommandId, DeviceId, MemberId, SessionId};
use domain::{Timestamp, fault};
use outbox::{Item, Outbox, State};
use replica::{Change, Replica};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use store::{Loaded, Op};

/// One member's data on one phone, in memory.
#[derive(Clone, Debug)]
pub struct Phone {
    pub member: MemberId,
    /// This installation.
    pub device: DeviceId,
    /// The sign-in that it has on the server, where that is known.
    pub session: Option<SessionId>,
    pub replica: Replica,
    pub outbox: Outbox,
    /// Half-done work by its key, e.g. the answers of a quiz.
    pub drafts: BTreeMap<String, String>,
    /// Refusals decided up to then have been looked at.
    pub seen_until: Timestamp,
    pub backoff: sync::Backoff,
    /// The last answer brought nothing but the time.
    pub nothing_new: bool,
    versions: Versions,
}

/// How often each collection has changed in memory, by its place in [`Collection::ALL`].
#[derive(Clone, Debug, Default)]
struct Versions([u64; Collection::ALL.len()]);

impl Versions {
    fn bump(&mut self, collection: Collection) {
        self.0[collection as usize] += 1;
    }

    fn sum(&self, feature: Feature) -> u64 {
        let own = Collection::ALL
            .iter()
            .filter(|collection| collection.feature() == feature);
        own.map(|collection| self.0[*collection as usize]).sum()
    }
}

/// What a feature's view is made of: while this stays the same, so does the view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    documents: u64,
    acts: Vec<(CommandId, State, bool)>,
}

/// How an act of this phone stands to the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// The documents do not tell of it yet: what it will change is laid over them.
    Pending,
    /// The documents tell what came of it.
    Told,
    Refused(&'a domain::Error),
}

impl Phone {
    /// From what the store gave. What cannot be read stays in the store and is left alone.
    pub fn from_loaded(member: MemberId, device: DeviceId, loaded: Loaded) -> Phone {
        let mut drafts = BTreeMap::new();
        for row in loaded.drafts {
            drafts.insert(row.key, row.text);
        }
        Phone {
            member,
            device,
            session: None,
            replica: Replica::from_rows(&loaded.meta, &loaded.docs),
            outbox: Outbox::from_rows(member, &loaded.meta, &loaded.outbox),
            drafts,
            seen_until: loaded.meta.read("seen_until").unwrap_or_default(),
            backoff: sync::Backoff::default(),
            nothing_new: false,
            versions: Versions::default(),
        }
    }

    /// Takes over what another tab or the worker wrote, and keeps this tab's pace.
    pub fn reload(&mut self, loaded: Loaded) {
        let fresh = Phone::from_loaded(self.member, self.device, loaded);
        let before = std::mem::replace(self, fresh);
        self.backoff = before.backoff;
        self.session = before.session;
        self.versions = before.versions;
        for collection in Collection::ALL {
            if self.replica.differs(&before.replica, collection.code()) {
                self.versions.bump(*collection);
            }
        }
    }

    /// Takes in the documents of a round and adds what to write.
    fn take_in(&mut self, change: Change<'_>, ops: &mut Vec<Op>) {
        for collection in Collection::ALL {
            let all = match collection.family() {
                Family::Content => change.all_content,
                Family::Own => change.all_own,
            };
            if all || change.collections().any(|code| code == collection.code()) {
                self.versions.bump(*collection);
            }
        }
        ops.extend(self.replica.apply(change));
    }

    /// What the view of a feature is made of now.
    pub fn basis(&self, feature: Feature) -> Basis {
        Basis {
            documents: self.versions.sum(feature),
            acts: self
                .outbox
                .iter()
                .filter(|item| item.tag() == feature.tag())
                .map(|item| (item.id, item.state, self.standing(item) == Standing::Pending))
                .collect(),
        }
    }

    /// The acts of a feature that this app can read, in the order in which they were made.
    pub fn acts<C: DeserializeOwned>(&self, feature: Feature) -> impl Iterator<Item = (&Item, C)> {
        self.outbox
            .iter()
            .filter(move |item| item.tag() == feature.tag())
            .filter_map(|item| Some((item, json::read(item.command()?.as_str())?)))
    }

    /// Refusals nobody has looked at yet.
    pub fn unseen_refusals(&self) -> usize {
        let refused = |item: &&Item| {
            matches!(self.standing(item), Standing::Refused(_))
                && item.outcome().is_some_and(|outcome| outcome.at > self.seen_until)
        };
        self.outbox.iter().filter(refused).count()
    }

    /// How an act stands to the documents.
    pub fn standing<'a>(&self, item: &'a Item) -> Standing<'a> {
        match item.outcome() {
            Some(domain::Outcome {
                verdict: domain::Verdict::Refused(error),
                ..
            }) => Standing::Refused(error),
            // Decided after the documents of the last full round, e.g. by another server whose clock is ahead.
            Some(outcome) if self.replica.synced_at.is_none_or(|synced| synced < outcome.at) => {
                Standing::Pending
            }
            Some(_) if !item.is_open() => Standing::Told,
            _ => Standing::Pending,
        }
    }

    /// The member has signed in. Their acts stay: they belong to the installation, not to a session.
    pub fn signed_in(&mut self, session: SessionId) {
        if fault!("sign-in-drops-acts-of-the-session-before") {
            let device: Option<domain::members::Device> =
                self.replica.one(Collection::Device, &session.to_string());
            // A sign-in that no document tells of yet is newer than every act.
            let since = device.map_or(Timestamp(i64::MAX), |device| device.signed_in_at);
            self.outbox.drop_made_before(since);
        }
        self.session = Some(session);
        self.versions.bump(Collection::Device);
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
    pub fn see(&mut self, until: Timestamp) -> Op {
        self.seen_until = until;
        Op::put_meta("seen_until", &until)
    }
}
