//! Imports files of companies, members and orders: CSV with headers, read as a stream, in one transaction.
//!
//! Imports are idempotent: rows are matched by their ref. A bad row is reported with line, column, value and reason;
//! nothing is saved unless all rows are good or [`Options::skip_bad`] is set.

mod booking;
mod orders;
mod people;
mod recompute;
mod returns;

use crate::db::Savepoint;
use crate::members::Saved;
use crate::{Error, Result, Tx};
use domain::input::{InputCode, InputError, InputPlace};
use std::collections::HashMap;
use std::io::Read;

pub use orders::orders;
pub use people::{companies, members};
pub use recompute::{Difference, difference, recompute};

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
    /// Prefix for national phone numbers, e.g. `+33`.
    pub phone_country: &'static str,
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
    pub bad: Vec<Bad>,
    /// True if it was committed.
    pub kept: bool,
    headers: csv::StringRecord,
}

/// A row that cannot be imported.
#[derive(Clone, Debug)]
pub struct Bad {
    pub line: u64,
    /// With line, column and value.
    pub error: InputError,
    record: csv::ByteRecord,
}

impl Report {
    fn count(&mut self, saved: Saved) {
        match saved {
            Saved::New => self.new += 1,
            Saved::Changed => self.changed += 1,
            Saved::Unchanged => self.unchanged += 1,
        }
    }

    /// Returns the bad rows as a CSV file: their own columns, then the error, worded by `words`.
    ///
    /// # Errors
    /// If the CSV cannot be written to memory.
    pub fn bad_rows_csv(&self, words: impl Fn(&InputCode) -> String) -> std::io::Result<Vec<u8>> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let mut headers = self.headers.clone();
        for extra in ["error_line", "error_column", "error_reason"] {
            headers.push_field(extra);
        }
        writer.write_record(&headers)?;
        for bad in &self.bad {
            let mut record = bad.record.clone();
            while record.len() < self.headers.len() {
                record.push_field(b"");
            }
            let column = bad.error.field().unwrap_or_default().to_owned();
            for extra in [bad.line.to_string(), column, words(&bad.error.code)] {
                record.push_field(extra.as_bytes());
            }
            writer.write_byte_record(&record)?;
        }
        writer
            .into_inner()
            .map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// Maximum length of a required value.
const MOST_CHARACTERS: u32 = 200;

fn unreadable(error: &csv::Error) -> Error {
    let said = error.to_string();
    InputCode::Unreadable { said }.into()
}

/// An open CSV file.
struct Table<R> {
    reader: csv::Reader<R>,
    headers: csv::StringRecord,
    places: HashMap<&'static str, usize>,
}

/// A row with the right number of values.
struct Row {
    line: u64,
    record: csv::StringRecord,
}

impl<R: Read> Table<R> {
    /// # Errors
    /// [`Error::Input`] if a column is missing, duplicated or unknown.
    fn open(reader: R, required: &[&'static str], optional: &[&'static str]) -> Result<Table<R>> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_reader(reader);
        let mut first = csv::ByteRecord::new();
        let read = reader
            .read_byte_record(&mut first)
            .map_err(|error| unreadable(&error))?;
        if !read {
            return Err(InputCode::NoColumns.into());
        }
        let headers = csv::StringRecord::from_byte_record(first)
            .map_err(|_| InputCode::NotUtf8.at(InputPlace::Line(1)))?;
        let headers: csv::StringRecord = headers
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
            .collect::<Vec<_>>()
            .into();
        let known: Vec<&'static str> = required.iter().chain(optional).copied().collect();
        let mut places = HashMap::new();
        for (place, name) in headers.iter().enumerate() {
            let Some(column) = known.iter().find(|known| **known == name) else {
                let known = known.into_iter().map(str::to_owned).collect();
                return Err(InputCode::UnknownColumn { known }
                    .at(InputPlace::Line(1))
                    .given(name)
                    .into());
            };
            if places.insert(*column, place).is_some() {
                let wrong = InputCode::Twice { first_line: None };
                return Err(wrong.field(column).within(InputPlace::Line(1)).into());
            }
        }
        if let Some(missing) = required.iter().find(|column| !places.contains_key(*column)) {
            return Err(InputCode::Missing
                .field(missing)
                .within(InputPlace::Line(1))
                .into());
        }
        Ok(Table {
            reader,
            headers,
            places,
        })
    }

    /// Returns the next row; `None` at the end. A row that cannot be parsed is a [`Bad`] one.
    fn next(&mut self) -> Result<Option<Result<Row, Bad>>> {
        let mut record = csv::ByteRecord::new();
        loop {
            let read = self
                .reader
                .read_byte_record(&mut record)
                .map_err(|error| unreadable(&error))?;
            if !read {
                return Ok(None);
            }
            if record.iter().any(|value| !value.is_empty()) {
                break;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let rejected_row = |error: InputError, record: &csv::ByteRecord| Bad {
            line,
            error: error.within(InputPlace::Line(line)),
            record: record.clone(),
        };
        if record.len() != self.headers.len() {
            let wrong = InputCode::WrongWidth {
                values: record.len() as u32,
                columns: self.headers.len() as u32,
            };
            return Ok(Some(Err(rejected_row(wrong.into(), &record))));
        }
        Ok(Some(match csv::StringRecord::from_byte_record(record.clone()) {
            Ok(record) => Ok(Row { line, record }),
            Err(error) => {
                let column = self.headers.get(error.utf8_error().field()).unwrap_or_default();
                Err(rejected_row(InputCode::NotUtf8.field(column), &record))
            }
        }))
    }

    /// Returns the next readable row; unreadable ones are added to the report.
    fn next_readable(&mut self, report: &mut Report) -> Result<Option<Row>> {
        while let Some(row) = self.next()? {
            report.rows += 1;
            match row {
                Ok(row) => return Ok(Some(row)),
                Err(bad) => report.bad.push(bad),
            }
        }
        Ok(None)
    }

    /// True if the file has this column.
    fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }

    fn value<'a>(&self, row: &'a Row, column: &str) -> &'a str {
        self.places
            .get(column)
            .and_then(|place| row.record.get(*place))
            .unwrap_or_default()
            .trim()
    }

    /// `error` must name its column.
    fn rejected_row(&self, row: &Row, error: InputError) -> Bad {
        let value = error.field().map(|column| self.value(row, column).to_owned());
        let error = match value {
            Some(value) => error.given(value),
            None => error,
        };
        Bad {
            line: row.line,
            error: error.within(InputPlace::Line(row.line)),
            record: row.record.as_byte_record().clone(),
        }
    }

    /// Returns a required value of at most 200 characters.
    fn required<'a>(&self, row: &'a Row, column: &str) -> Result<&'a str, InputError> {
        let value = self.value(row, column);
        if value.is_empty() {
            return Err(InputCode::Empty.field(column));
        }
        if value.chars().count() > MOST_CHARACTERS as usize || value.chars().any(char::is_control) {
            let most = MOST_CHARACTERS;
            return Err(InputCode::TooLong { most }.field(column));
        }
        Ok(value)
    }
}

/// Refs seen so far, to report duplicates.
#[derive(Default)]
struct Seen(HashMap<String, u64>);

impl Seen {
    fn has(&self, reference: &str) -> bool {
        self.0.contains_key(reference)
    }

    fn check(&mut self, column: &str, reference: &str, line: u64) -> Result<(), InputError> {
        match self.0.insert(reference.to_owned(), line) {
            first_line @ Some(_) => Err(InputCode::Twice { first_line }.field(column)),
            None => Ok(()),
        }
    }
}

/// Commits or rolls back, depending on the options and the bad rows.
async fn finish(tx: Tx, options: Options, mut report: Report) -> Result<Report> {
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
