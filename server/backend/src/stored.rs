//! JSON in columns.
//!
//! What is stored may have been written by a newer version that runs beside this one, or runs no longer. One row
//! that cannot be read must not fail the sync of every member: it is left out, logged and counted.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;

use domain::Text;

/// The value, or `None` where this version cannot read it: that row is to be left out of what a member is shown.
///
/// `table` and `id` say in the log which one.
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

/// The title of a stored document, of whatever else it consists.
///
/// # Errors
/// Where it has none.
pub(crate) fn title(document: &str) -> crate::Result<Text> {
    #[derive(Deserialize)]
    struct Titled {
        title: Text,
    }
    Ok(serde_json::from_str::<Titled>(document)?.title)
}
