//! JSON stored in columns.
//!
//! A row may have been written by a newer version that runs beside this one, or did before. One unreadable row must not
//! fail the sync of every member: it is left out, logged and counted.

use domain::Text;
use domain::document::Collection;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::fmt::Display;

/// Parses a stored value; `None` if this version cannot read it and the row must be left out.
///
/// `table` and `id` identify the row in the log.
pub(crate) fn read<T: DeserializeOwned>(table: &'static str, id: impl Display, json: &str) -> Option<T> {
    match serde_json::from_str(json) {
        Ok(value) => Some(value),
        Err(error) => {
            skipped(table, id, &error);
            None
        }
    }
}

/// Logs and counts a row that is left out.
pub(crate) fn skipped(table: &'static str, id: impl Display, error: &serde_json::Error) {
    tracing::error!(table, %id, %error, "a stored row cannot be read and is left out");
    metrics::counter!("compagnon_stored_rows_unreadable_total", "table" => table).increment(1);
}

/// Returns the title of a stored document, ignoring its other fields.
///
/// # Errors
/// If it has none.
pub(crate) fn title(document: &str) -> crate::Result<Text> {
    #[derive(Deserialize)]
    struct Titled {
        title: Text,
    }
    Ok(serde_json::from_str::<Titled>(document)?.title)
}

/// Documents as a phone is sent them: id and JSON.
pub(crate) type Bodies = Vec<(String, Box<RawValue>)>;

/// The only document of its collection.
pub(crate) fn one(id: &str, document: &impl Serialize) -> crate::Result<Bodies> {
    Ok(vec![body(id, document)?])
}

/// Documents, each with its id.
pub(crate) fn bodies<D: Serialize, I: Display>(
    documents: Vec<D>,
    id: impl Fn(&D) -> I,
) -> crate::Result<Bodies> {
    Ok(documents
        .iter()
        .filter_map(|document| shown(id(document).to_string(), document))
        .collect())
}

/// The document as a body, or `None` where something in it is of a newer version and cannot be written.
pub(crate) fn shown(id: String, document: &impl Serialize) -> Option<(String, Box<RawValue>)> {
    match to_raw_value(document) {
        Ok(body) => Some((id, body)),
        Err(error) => {
            skipped("document", &id, &error);
            None
        }
    }
}

pub(crate) fn body(
    id: impl Into<String>,
    document: &impl Serialize,
) -> crate::Result<(String, Box<RawValue>)> {
    Ok((id.into(), to_raw_value(document)?))
}

/// The error of a feature that is asked for a collection of another.
pub(crate) fn foreign(collection: Collection) -> crate::Error {
    crate::Error::Invariant(format!("{collection:?} is asked of another feature"))
}
