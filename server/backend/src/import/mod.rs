//! Imports files of companies, members and orders. `table` reads them by a plan; `text` and `sheet` take them apart, `values`
//! reads cells.
//!
//! Imports are idempotent: rows are matched by their ref. A bad row is reported with line, column, value and reason;
//! nothing is saved unless all rows are good or [`Options::skip_bad`] is set.
//!
//! Companies and members are one transaction. A file of orders may be long, and phones go on meanwhile: `check` decides all
//! rows without writing, `runs` has the tables in which the good ones are staged, and `apply` books them slice by slice.

mod apply;
mod booking;
mod check;
mod decide;
mod emails;
mod harmless;
mod orders;
mod people;
mod recompute;
mod refs;
mod returns;
mod runs;
mod sheet;
mod slice;
mod table;
mod text;
mod values;

use crate::db::Savepoint;
use crate::members::Saved;
use crate::{Error, Result, Tx};
use domain::input::{InputCode, InputError};
use domain::reading::ReadingPlan;
use encoding_rs::Encoding;

pub use apply::go_on;
pub use orders::orders;
pub use people::{companies, members};
pub use recompute::{Difference, difference, recompute};
pub use table::Given;

#[cfg(test)]
pub(crate) use {apply::Pace, orders::orders_at};

/// Returns an encoding by its name, e.g. `windows-1252`.
pub fn encoding(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.as_bytes())
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Report what would happen; save nothing.
    pub dry_run: bool,
    /// Save the good rows; the bad ones are in [`Report::bad`].
    pub skip_bad: bool,
    /// Orders only: create unknown companies.
    pub create_companies: bool,
    /// Members only: list the members who are not in the file.
    pub complete: bool,
    /// Members only, with `complete`: end those who are not in the file.
    pub end_missing: bool,
    /// Refs that look like known ones are others: they differ in leading zeros, say.
    pub distinct_refs: bool,
    /// Prefix for national phone numbers, e.g. `+33`.
    pub phone_country: &'static str,
    /// The parts of the reading plan that are given and not guessed.
    pub given: Given,
}

/// The result of an import or a dry run.
#[derive(Debug, Default)]
pub struct Report {
    pub rows: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub companies_created: u64,
    /// Refs of members who are not in a complete file.
    pub missing: Vec<String>,
    /// Those of them who were ended.
    pub ended: u64,
    /// Refs of members in the file who were ended by a person, and stay so.
    pub stay_ended: Vec<String>,
    /// Phone numbers of several members, with the refs of those; at least one of them is in the file.
    pub shared_phones: Vec<(String, Vec<String>)>,
    pub bad: Vec<Bad>,
    /// Values that were read in a way that somebody should look at, with line, column and value.
    pub notes: Vec<InputError>,
    /// True if it was committed.
    pub kept: bool,
    /// The reading plan of the file.
    pub plan: ReadingPlan,
    headers: csv::StringRecord,
}

/// A row that cannot be imported.
#[derive(Clone, Debug)]
pub struct Bad {
    pub line: u64,
    /// With line, column and value.
    pub error: InputError,
    /// Further errors of the row.
    pub more: Vec<InputError>,
    record: csv::StringRecord,
}

impl Bad {
    /// `errors` must not be empty.
    fn new(line: u64, errors: Vec<InputError>, record: csv::StringRecord) -> Bad {
        let mut errors = errors.into_iter();
        Bad {
            line,
            error: errors.next().unwrap_or_else(|| InputCode::Empty.into()),
            more: errors.collect(),
            record,
        }
    }

    /// Lists all that is wrong with the row.
    pub fn errors(&self) -> impl Iterator<Item = &InputError> {
        std::iter::once(&self.error).chain(&self.more)
    }
}

impl Report {
    fn count(&mut self, saved: Saved) {
        match saved {
            Saved::New => self.new += 1,
            Saved::Changed => self.changed += 1,
            Saved::Unchanged => self.unchanged += 1,
        }
    }

    /// Returns the bad rows as a CSV file that can be mended and imported: their own columns, then the errors, worded by
    /// `words`. Cells that a spreadsheet would take for a formula have an apostrophe. `separator`: where the file had none.
    ///
    /// # Errors
    /// If the CSV cannot be written to memory.
    pub fn bad_rows_csv(
        &self,
        separator: char,
        words: impl Fn(&InputCode) -> String,
    ) -> std::io::Result<Vec<u8>> {
        let separator = self.plan.separator.unwrap_or(separator);
        // Why: without the mark, a spreadsheet takes UTF-8 for the encoding that the file had.
        let mark = if self.plan.encoding == "UTF-8" {
            ""
        } else {
            "\u{feff}"
        };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator as u8)
            .flexible(true)
            .from_writer(mark.as_bytes().to_vec());
        let mut headers = self.headers.clone();
        let reading = harmless::note(&self.plan);
        for extra in [table::ERROR_LINE, table::ERROR_COLUMN, table::ERROR_REASON] {
            headers.push_field(extra);
        }
        if !reading.is_empty() {
            headers.push_field(table::ERROR_READING);
        }
        writer.write_record(&headers)?;
        for bad in &self.bad {
            let mut record: Vec<String> = bad
                .record
                .iter()
                .map(|value| harmless::cell(value).into_owned())
                .collect();
            record.resize(record.len().max(self.headers.len()), String::new());
            let columns: Vec<&str> = bad.errors().filter_map(InputError::field).collect();
            let reasons: Vec<String> = bad.errors().map(|error| words(&error.code)).collect();
            record.extend([bad.line.to_string(), columns.join(", "), reasons.join("; ")]);
            if !reading.is_empty() {
                record.push(reading.clone());
            }
            writer.write_record(&record)?;
        }
        writer
            .into_inner()
            .map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// Commits or rolls back, depending on the options and the bad rows.
async fn finish(tx: Tx, options: Options, mut report: Report) -> Result<Report> {
    report.bad.sort_by_key(|bad| bad.line);
    report.kept = !options.dry_run && (report.bad.is_empty() || options.skip_bad);
    if report.kept {
        tx.commit().await?
    } else {
        tx.roll_back().await?
    }
    Ok(report)
}

/// Ends the savepoint of one row: released if it was saved, rolled back if the row is bad.
async fn keep_or_note(
    tx: &mut Tx,
    mark: Savepoint,
    saved: Result<Saved>,
    report: &mut Report,
    rejected_row: impl FnOnce(InputError) -> Bad,
) -> Result<()> {
    match saved {
        Ok(saved) => {
            report.count(saved);
            tx.release(mark).await
        }
        Err(Error::Input(error)) => {
            report.bad.push(rejected_row(error));
            tx.rollback_to_and_release(mark).await
        }
        Err(other) => Err(other),
    }
}
