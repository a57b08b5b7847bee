//! Use cases and SQL. Every use case takes a transaction and, where a member acts, a [`caller::Caller`].
//!
//! # How to add a use case
//! Put the rule into `domain`, the SQL (and nothing else) into the feature's `sql.rs`, and the use case, named with a
//! plain verb, into its `mod.rs`. Mark the documents it changes (`tx.mark_changed…`), so that the next sync sends them
//! to phones. Points move in [`ledger`] and nowhere else. Test it on both engines with [`testing`].

pub mod backup;
pub mod caller;
mod changes;
pub mod clock;
pub mod commands;
pub mod copy;
pub mod daily;
pub mod db;
mod documents;
mod error;
pub mod events;
pub mod import;
pub mod learning;
pub mod ledger;
pub mod markdown;
pub mod members;
pub mod membership;
mod migrate;
pub mod notices;
pub mod orders;
pub mod passes;
pub mod programme;
pub mod readiness;
pub mod rewards;
pub mod sessions;
pub mod signing;
pub mod status;
mod stored;
mod strict_toml;
pub mod sync;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod unit_of_work;

#[cfg(test)]
mod tests;

pub use db::{Db, Tx};
pub use error::{Error, Result};
pub use migrate::migrate;
