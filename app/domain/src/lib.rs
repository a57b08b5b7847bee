//! The domain in plain types: ids, days, points, rules, commands, documents and errors.
//!
//! Nothing here reads a clock, a database or a network, so the server and the phone run the same rules.
//!
//! # How to add a feature
//! 1. A module of its name with its read models (what a phone shows), its `Command` and its rules.
//! 2. A variant in [`command::Command`]; never rename or remove one: phones may hold it for months. An enum that is
//!    sent or stored has a case for values of newer versions, see [`newer`]; a field added later has a default.
//! 3. Its documents in [`document`], its refusals in [`error::Error`].
//! 4. A sample of each command in its `Command::samples`, with who may give it; golden lines in `tests/wire.rs` and,
//!    for each document, in `tests/golden/documents.jsonl`.

pub mod command;
pub mod day;
pub mod document;
pub mod error;
pub mod events;
pub mod fault;
pub mod hex;
pub mod id;
pub mod input;
pub mod learning;
pub mod ledger;
pub mod members;
pub mod money;
pub mod newer;
pub mod notices;
pub mod programme;
pub mod qr;
pub mod reading;
pub mod rewards;
pub mod samples;
pub mod status;
pub mod stock;
pub mod sync;
pub mod text;

pub use command::{Command, Envelope, Outcome, Receipt, Verdict};
pub use day::{Day, Timestamp};
pub use error::Error;
pub use hex::hex;
pub use input::InputError;
pub use money::{Cents, Points};
pub use text::{Lang, Text};
