//! The documents the server lets this member see, in memory, as raw JSON: each feature parses its own. Only a sync
//! changes them.

use super::json::{self, Raw};
use super::store::{DocRow, Meta, Op};
use domain::document::{Collection, Family};
use domain::sync::Cursor;
use domain::{Timestamp, fault};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Documents of one collection by id.
type Rows = BTreeMap<String, Raw>;

/// The member's documents, their cursor and their time.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    /// By collection code; includes collections of a newer server, kept for a newer app.
    docs: BTreeMap<String, Rows>,
    pub cursor: Cursor,
    /// The server's clock at the last full round.
    pub synced_at: Option<Timestamp>,
}

impl Replica {
    pub fn from_rows(meta: &Meta, docs: &[DocRow]) -> Replica {
        let mut replica = Replica {
            docs: BTreeMap::new(),
            cursor: meta.read("cursor").unwrap_or_default(),
            synced_at: meta.read("synced_at"),
        };
        for row in docs {
            replica.put(row);
        }
        replica
    }

    fn put(&mut self, row: &DocRow) {
        let rows = self.docs.entry(row.collection.clone()).or_default();
        rows.insert(row.id.clone(), row.body.clone());
    }

    /// The documents of a collection, ordered by id; unreadable ones are skipped.
    pub fn all<T: DeserializeOwned>(&self, collection: Collection) -> Vec<T> {
        let mut all = Vec::new();
        for body in self.bodies(collection) {
            all.extend(json::read(body));
        }
        all
    }

    fn bodies(&self, collection: Collection) -> Vec<&str> {
        self.rows(collection).map(|(_, body)| body.as_str()).collect()
    }

    /// The document, or `None` if there is none or it is unreadable.
    pub fn one<T: DeserializeOwned>(&self, collection: Collection, id: &str) -> Option<T> {
        json::read(self.docs.get(collection.code())?.get(id)?.as_str())
    }

    /// The raw documents of a collection, by id.
    pub fn rows(&self, collection: Collection) -> impl Iterator<Item = (&str, &Raw)> {
        self.docs
            .get(collection.code())
            .into_iter()
            .flatten()
            .map(|(id, body)| (id.as_str(), body))
    }

    /// The number of documents, including those for a newer app.
    pub fn documents(&self) -> usize {
        self.docs.values().map(BTreeMap::len).sum()
    }

    /// True if a collection differs from the one in `before`.
    pub(super) fn differs(&self, before: &Replica, collection: &str) -> bool {
        self.docs.get(collection) != before.docs.get(collection)
    }

    /// Deletes all documents. Returns the operations for one transaction.
    pub(super) fn erase(&mut self) -> [Op; 3] {
        *self = Replica::default();
        [
            Op::clear("docs"),
            Op::delete_meta("cursor"),
            Op::delete_meta("synced_at"),
        ]
    }

    /// Applies the changes of a full round. Returns the operations (documents, tombstones and their cursor) for one
    /// transaction.
    pub fn apply(&mut self, change: Change<'_>) -> Vec<Op> {
        let mut ops = Vec::new();
        let cleared: Vec<&str> = self
            .docs
            .keys()
            .map(String::as_str)
            .filter(|code| change.replaces(code))
            .chain(
                Collection::ALL
                    .iter()
                    .map(|collection| collection.code())
                    .filter(|code| change.replaces(code) && !self.docs.contains_key(*code)),
            )
            .collect();
        if !cleared.is_empty() {
            ops.push(Op::clear_docs(&cleared));
        }
        self.docs.retain(|code, _| !change.replaces(code));
        for (collection, id) in change.gone {
            if !fault!("phone-keeps-documents-that-are-gone") {
                ops.push(Op::delete_doc(collection, id));
            }
            if let Some(rows) = self.docs.get_mut(collection) {
                rows.remove(id);
            }
        }
        for row in change.docs {
            if !fault!("phone-writes-the-cursor-without-the-documents") {
                ops.push(Op::put_doc(row));
            }
            self.put(row);
        }
        self.docs.retain(|_, rows| !rows.is_empty());
        self.cursor = change.cursor;
        self.synced_at = Some(change.now);
        ops.push(Op::put_meta("cursor", &self.cursor));
        ops.push(Op::put_meta("synced_at", &change.now));
        ops
    }
}

/// The changes of a full round.
pub struct Change<'a> {
    pub now: Timestamp,
    pub cursor: Cursor,
    pub all_content: bool,
    pub all_own: bool,
    pub docs: &'a [DocRow],
    pub gone: &'a [(String, String)],
}

impl Change<'_> {
    /// True if the round contains the whole collection, so that the phone's copy is dropped.
    fn replaces(&self, code: &str) -> bool {
        match Collection::from_code(code).map(Collection::family) {
            Some(Family::Content) => self.all_content,
            Some(Family::Own) => self.all_own,
            None => self.all_content && self.all_own,
        }
    }

    /// The codes of the changed collections.
    pub(super) fn collections(&self) -> impl Iterator<Item = &str> {
        let docs = self.docs.iter().map(|row| row.collection.as_str());
        docs.chain(self.gone.iter().map(|(collection, _)| collection.as_str()))
    }
}
