//! The documents the server decided this member may see, in memory. Only a sync changes them.

use super::json;
use super::store::{DocRow, Meta, Op};
use domain::document::{Act, Collection, Family};
use domain::events::{Event, Registration};
use domain::learning::{Course, Progress};
use domain::ledger::{Balance, Month};
use domain::members::{Device, Me};
use domain::notices::Notice;
use domain::programme::Programme;
use domain::rewards::{Redemption, Reward};
use domain::status::Status;
use domain::sync::Cursor;
use domain::{Lang, Timestamp, fault};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Documents of one collection by id, in the order of their ids.
#[derive(Clone, Debug)]
pub struct Table<T>(Vec<(String, Arc<T>)>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table(Vec::new())
    }
}

impl<T> Table<T> {
    pub fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, doc)| doc)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.iter().map(|(_, doc)| doc)
    }

    pub fn entries(&self) -> impl Iterator<Item = (&str, &Arc<T>)> {
        self.0.iter().map(|(id, doc)| (id.as_str(), doc))
    }

    fn remove(&mut self, id: &str) {
        self.0.retain(|(known, _)| known != id);
    }
}

impl<T: DeserializeOwned> Table<T> {
    /// `false` where the body cannot be read; what was known before goes, because it is no longer true.
    fn put(&mut self, id: &str, body: &str) -> bool {
        let doc = json::read(body).map(Arc::new);
        let place = self.0.binary_search_by(|(known, _)| known.as_str().cmp(id));
        match (doc, place) {
            (Some(doc), Ok(at)) => self.0[at].1 = doc,
            (Some(doc), Err(at)) => self.0.insert(at, (id.to_owned(), doc)),
            (None, Ok(at)) => {
                self.0.remove(at);
                return false;
            }
            (None, Err(_)) => return false,
        }
        true
    }
}

/// The member's documents, how far they go, and as of when.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    pub programme: Table<Programme>,
    pub courses: Table<Course>,
    pub events: Table<Event>,
    pub rewards: Table<Reward>,
    pub me: Table<Me>,
    pub status: Table<Status>,
    pub balances: Table<Balance>,
    pub months: Table<Month>,
    pub progress: Table<Progress>,
    pub registrations: Table<Registration>,
    pub redemptions: Table<Redemption>,
    pub notices: Table<Notice>,
    pub devices: Table<Device>,
    pub acts: Table<Act<json::Raw>>,
    /// Collections of a newer server: in the store, for a newer app.
    pub unknown: Vec<String>,
    /// Documents that could not be read: in the store, skipped here.
    pub unreadable: u32,
    pub cursor: Cursor,
    /// The server's clock at the last full round.
    pub synced_at: Option<Timestamp>,
}

macro_rules! on_table {
    ($replica:expr, $collection:expr, $table:ident => $do:expr) => {
        match $collection {
            Collection::Programme => {
                let $table = &mut $replica.programme;
                $do
            }
            Collection::Course => {
                let $table = &mut $replica.courses;
                $do
            }
            Collection::Event => {
                let $table = &mut $replica.events;
                $do
            }
            Collection::Reward => {
                let $table = &mut $replica.rewards;
                $do
            }
            Collection::Me => {
                let $table = &mut $replica.me;
                $do
            }
            Collection::Status => {
                let $table = &mut $replica.status;
                $do
            }
            Collection::Balance => {
                let $table = &mut $replica.balances;
                $do
            }
            Collection::Month => {
                let $table = &mut $replica.months;
                $do
            }
            Collection::Progress => {
                let $table = &mut $replica.progress;
                $do
            }
            Collection::Registration => {
                let $table = &mut $replica.registrations;
                $do
            }
            Collection::Redemption => {
                let $table = &mut $replica.redemptions;
                $do
            }
            Collection::Notice => {
                let $table = &mut $replica.notices;
                $do
            }
            Collection::Device => {
                let $table = &mut $replica.devices;
                $do
            }
            Collection::Act => {
                let $table = &mut $replica.acts;
                $do
            }
        }
    };
}

impl Replica {
    pub fn from_rows(meta: &Meta, docs: &[DocRow]) -> Replica {
        let mut replica = Replica {
            cursor: meta.read("cursor").unwrap_or_default(),
            synced_at: meta.read("synced_at"),
            ..Replica::default()
        };
        for row in docs {
            replica.put(row);
        }
        replica
    }

    fn put(&mut self, row: &DocRow) {
        let Some(collection) = Collection::from_code(&row.collection) else {
            if !self.unknown.contains(&row.collection) {
                self.unknown.push(row.collection.clone());
            }
            return;
        };
        let read = on_table!(self, collection, table => table.put(&row.id, row.body.as_str()));
        if !read {
            self.unreadable += 1;
        }
    }

    /// Takes in what a full round brought, and says what to write: documents, tombstones and the cursor they
    /// belong to, for one transaction.
    pub fn apply(&mut self, change: Change<'_>) -> Vec<Op> {
        let mut ops = Vec::new();
        let mut cleared: Vec<&str> = Vec::new();
        for &collection in Collection::ALL {
            let all = match collection.family() {
                Family::Content => change.all_content,
                Family::Own => change.all_own,
            };
            if all {
                on_table!(self, collection, table => *table = Table::default());
                cleared.push(collection.code());
            }
        }
        let unknown = std::mem::take(&mut self.unknown);
        if change.all_content && change.all_own {
            self.unreadable = 0;
            cleared.extend(unknown.iter().map(String::as_str));
        } else {
            self.unknown = unknown.clone();
        }
        if !cleared.is_empty() {
            ops.push(Op::clear_docs(&cleared));
        }
        for (collection, id) in change.gone {
            if !fault!("phone-keeps-documents-that-are-gone") {
                ops.push(Op::delete_doc(collection, id));
            }
            if let Some(collection) = Collection::from_code(collection) {
                on_table!(self, collection, table => table.remove(id));
            }
        }
        for row in change.docs {
            if !fault!("phone-writes-the-cursor-without-the-documents") {
                ops.push(Op::put_doc(row));
            }
            self.put(row);
        }
        self.cursor = change.cursor;
        self.synced_at = Some(change.now);
        ops.push(Op::put_meta("cursor", &self.cursor));
        ops.push(Op::put_meta("synced_at", &change.now));
        ops
    }

    /// How many documents there are, those for a newer app apart.
    pub fn documents(&self) -> usize {
        self.programme.0.len()
            + self.courses.0.len()
            + self.events.0.len()
            + self.rewards.0.len()
            + self.me.0.len()
            + self.status.0.len()
            + self.balances.0.len()
            + self.months.0.len()
            + self.progress.0.len()
            + self.registrations.0.len()
            + self.redemptions.0.len()
            + self.notices.0.len()
            + self.devices.0.len()
            + self.acts.0.len()
    }

    pub fn programme(&self) -> Option<&Arc<Programme>> {
        self.programme.get("programme")
    }

    pub fn me(&self) -> Option<&Arc<Me>> {
        self.me.get("me")
    }

    pub fn language(&self) -> Lang {
        self.me().map(|me| me.language).unwrap_or_default()
    }
}

/// What a full round brought.
pub struct Change<'a> {
    pub now: Timestamp,
    pub cursor: Cursor,
    pub all_content: bool,
    pub all_own: bool,
    pub docs: &'a [DocRow],
    pub gone: &'a [(String, String)],
}
