//! The phone's data and logic in plain Rust: documents, the outbox and the rounds of sync. It treats documents as
//! (collection, id, JSON) and acts as JSON with the tag of their feature; the features interpret them (`events/view.rs`
//! and the like). It uses no browser API, so the same code runs in tests on any machine.

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
    /// The installation's id.
    pub device: DeviceId,
    /// The server's session, if known.
    pub session: Option<SessionId>,
    pub replica: Replica,
    pub outbox: Outbox,
    /// Drafts by key, e.g. the answers of a quiz.
    pub drafts: BTreeMap<String, String>,
    /// The member has seen the refusals decided up to this time.
    pub seen_until: Timestamp,
    pub backoff: sync::Backoff,
    /// True if the last reply changed nothing but the time.
    pub nothing_new: bool,
    /// The last full round since the app was opened, by the phone's clock, which may be wrong.
    pub heard_at: Option<Timestamp>,
    versions: Versions,
}

/// Documents are shown for so long after the last contact with the server, in milliseconds.
const SHOWN: i64 = 30 * Timestamp::DAY;

/// Change counter of each collection, indexed by its place in [`Collection::ALL`].
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

/// The inputs of a feature's view: while they are equal, the view is unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    documents: u64,
    acts: Vec<(CommandId, State, bool)>,
}

/// An act of this phone compared with the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// The documents do not include it yet: its effect is applied on top of them.
    Pending,
    /// The documents include its effect.
    Told,
    Refused(&'a domain::Error),
}

impl Phone {
    /// Builds the phone from the store's rows. Unreadable rows stay in the store untouched.
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
            heard_at: None,
            versions: Versions::default(),
        }
    }

    /// True if the last contact with the server is so long ago that the documents are hidden until the next.
    pub fn is_hidden(&self, now: Timestamp) -> bool {
        let last = self.heard_at.or(self.replica.synced_at);
        last.is_some_and(|last| last.plus(SHOWN) <= now)
    }

    /// Deletes all documents; acts and drafts stay. Returns the operations for one transaction.
    fn erase_documents(&mut self) -> [Op; 3] {
        for collection in Collection::ALL {
            self.versions.bump(*collection);
        }
        self.replica.erase()
    }

    /// Loads what another tab or the worker wrote; keeps this tab's backoff, session, last contact and versions.
    pub fn reload(&mut self, loaded: Loaded) {
        let fresh = Phone::from_loaded(self.member, self.device, loaded);
        let before = std::mem::replace(self, fresh);
        self.backoff = before.backoff;
        self.session = before.session;
        self.heard_at = before.heard_at;
        self.versions = before.versions;
        for collection in Collection::ALL {
            if self.replica.differs(&before.replica, collection.code()) {
                self.versions.bump(*collection);
            }
        }
    }

    /// Applies the documents of a round, and appends the store operations to `ops`.
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

    /// The number of refusals the member has not seen.
    pub fn unseen_refusals(&self) -> usize {
        let refused = |item: &&Item| {
            matches!(self.standing(item), Standing::Refused(_))
                && item.outcome().is_some_and(|outcome| outcome.at > self.seen_until)
        };
        self.outbox.iter().filter(refused).count()
    }

    /// Compares an act with the documents.
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

    /// Sets the session after a sign-in. The acts stay: they belong to the installation, not to a session.
    pub fn signed_in(&mut self, session: SessionId) {
        if fault!("sign-in-drops-acts-of-the-session-before") {
            let device: Option<domain::members::Device> =
                self.replica.one(Collection::Device, &session.to_string());
            // A session without a document yet is newer than every act.
            let since = device.map_or(Timestamp(i64::MAX), |device| device.signed_in_at);
            self.outbox.drop_made_before(since);
        }
        self.session = Some(session);
        self.versions.bump(Collection::Device);
    }

    /// Saves a draft, or deletes it if `text` is empty.
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

    /// Marks the refusals decided up to `until` as seen.
    pub fn see(&mut self, until: Timestamp) -> Op {
        self.seen_until = until;
        Op::put_meta("seen_until", &until)
    }
}
