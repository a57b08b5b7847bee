//! Files of companies, members and orders: CSV with headers, read as a stream, kept in one transaction.
//!
//! A file can be imported again: rows are matched by their ref. A bad row names its line, column, value and reason;
//! nothing is kept unless all rows are good or [`Options::skip_bad`] is given.

mod orders;
mod people;

use crate::db::Savepoint;
use crate::members::Saved;
use crate::{Error, Result, Tx};
use std::collections::HashMap;
use std::io::Read;

pub use orders::orders;
pub use people::{companies, members};

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Say what would happen; keep nothing.
    pub dry_run: bool,
    /// Keep the good rows; the bad ones are in [`Report::bad`].
    pub skip_bad: bool,
    /// Orders only: make companies that are not known yet.
    pub create_companies: bool,
    /// Put before national phone numbers, e.g. `+33`.
    pub phone_country: &'static str,
}

/// What an import did, or would do.
#[derive(Debug, Default)]
pub struct Report {
    pub rows: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub companies_created: u64,
    pub bad: Vec<Bad>,
    /// Was it kept?
    pub kept: bool,
    headers: csv::StringRecord,
}

/// A row that cannot be imported.
#[derive(Clone, Debug)]
pub struct Bad {
    pub line: u64,
    pub column: String,
    pub value: String,
    pub reason: String,
    record: csv::ByteRecord,
}

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.column.is_empty() {
            write!(f, "line {}: {}", self.line, self.reason)
        } else {
            write!(
                f,
                "line {}, {} {:?}: {}",
                self.line, self.column, self.value, self.reason
            )
        }
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

    /// The bad rows as a CSV file: their own columns, and behind them what is wrong.
    ///
    /// # Errors
    /// Where memory cannot be written.
    pub fn bad_rows_csv(&self) -> std::io::Result<Vec<u8>> {
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
            for extra in [bad.line.to_string(), bad.column.clone(), bad.reason.clone()] {
                record.push_field(extra.as_bytes());
            }
            writer.write_byte_record(&record)?;
        }
        writer
            .into_inner()
            .map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// Column and reason of what is wrong with a row.
type Wrong = (&'static str, String);

/// A file being read.
struct Table<R> {
    reader: csv::Reader<R>,
    headers: csv::StringRecord,
    places: HashMap<&'static str, usize>,
}

/// One row with all of its values.
struct Row {
    line: u64,
    record: csv::StringRecord,
}

impl<R: Read> Table<R> {
    /// # Errors
    /// [`Error::Input`] where a column is missing, twice there, or not known.
    fn open(reader: R, required: &[&'static str], optional: &[&'static str]) -> Result<Table<R>> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_reader(reader);
        let mut first = csv::ByteRecord::new();
        let read = reader
            .read_byte_record(&mut first)
            .map_err(|error| Error::Input(error.to_string()))?;
        if !read {
            return Err(Error::Input(
                "the file is empty: its first line must name the columns".into(),
            ));
        }
        let headers = csv::StringRecord::from_byte_record(first)
            .map_err(|_| Error::Input("line 1: the names of the columns are not UTF-8 text".into()))?;
        let headers: csv::StringRecord = headers
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
            .collect::<Vec<_>>()
            .into();
        let known: Vec<&'static str> = required.iter().chain(optional).copied().collect();
        let mut places = HashMap::new();
        for (place, name) in headers.iter().enumerate() {
            let Some(column) = known.iter().find(|known| **known == name) else {
                return Err(Error::Input(format!(
                    "line 1: column {name:?} is not known; known are {}",
                    known.join(", ")
                )));
            };
            if places.insert(*column, place).is_some() {
                return Err(Error::Input(format!("line 1: column {name:?} is there twice")));
            }
        }
        if let Some(missing) = required.iter().find(|column| !places.contains_key(*column)) {
            return Err(Error::Input(format!("line 1: column {missing:?} is missing")));
        }
        Ok(Table {
            reader,
            headers,
            places,
        })
    }

    /// The next row; `None` at the end. A row that cannot be read at all is a [`Bad`] one.
    fn next(&mut self) -> Result<Option<Result<Row, Bad>>> {
        let mut record = csv::ByteRecord::new();
        loop {
            let read = self
                .reader
                .read_byte_record(&mut record)
                .map_err(|error| Error::Input(error.to_string()))?;
            if !read {
                return Ok(None);
            }
            if record.iter().any(|value| !value.is_empty()) {
                break;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let bad = |reason: String, record: &csv::ByteRecord| Bad {
            line,
            column: String::new(),
            value: String::new(),
            reason,
            record: record.clone(),
        };
        if record.len() != self.headers.len() {
            let reason = format!(
                "has {} values, the first line names {} columns",
                record.len(),
                self.headers.len()
            );
            return Ok(Some(Err(bad(reason, &record))));
        }
        Ok(Some(match csv::StringRecord::from_byte_record(record.clone()) {
            Ok(record) => Ok(Row { line, record }),
            Err(error) => {
                let column = self
                    .headers
                    .get(error.utf8_error().field())
                    .unwrap_or_default()
                    .to_owned();
                Err(Bad {
                    column,
                    ..bad("is not UTF-8 text".into(), &record)
                })
            }
        }))
    }

    /// The next row that can be read; those that cannot are noted in the report.
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

    fn value<'a>(&self, row: &'a Row, column: &'static str) -> &'a str {
        self.places
            .get(column)
            .and_then(|place| row.record.get(*place))
            .unwrap_or_default()
            .trim()
    }

    fn bad(&self, row: &Row, (column, reason): Wrong) -> Bad {
        Bad {
            line: row.line,
            column: column.to_owned(),
            value: self.value(row, column).to_owned(),
            reason,
            record: row.record.as_byte_record().clone(),
        }
    }

    /// A value that must be there, at most 200 characters long.
    fn required<'a>(&self, row: &'a Row, column: &'static str) -> Result<&'a str, Wrong> {
        let value = self.value(row, column);
        if value.is_empty() {
            return Err((column, "is empty".into()));
        }
        if value.chars().count() > 200 || value.chars().any(char::is_control) {
            return Err((
                column,
                "must be at most 200 characters, without control characters".into(),
            ));
        }
        Ok(value)
    }
}

/// Refs seen so far, to name a second row of the same.
#[derive(Default)]
struct Seen(HashMap<String, u64>);

impl Seen {
    fn check(&mut self, column: &'static str, reference: &str, line: u64) -> Result<(), Wrong> {
        match self.0.insert(reference.to_owned(), line) {
            Some(first) => Err((column, format!("is there twice, first in line {first}"))),
            None => Ok(()),
        }
    }
}

/// Keeps or drops what was done, as the options and the bad rows say.
async fn finish(tx: Tx, options: Options, mut report: Report) -> Result<Report> {
    report.kept = !options.dry_run && (report.bad.is_empty() || options.skip_bad);
    if report.kept {
        tx.commit().await?
    } else {
        tx.roll_back().await?
    }
    Ok(report)
}

/// Saves one row between two marks, so that a bad one leaves nothing.
async fn keep_or_note(
    tx: &mut Tx,
    mark: Savepoint,
    saved: Result<Saved>,
    report: &mut Report,
    bad: impl FnOnce(String) -> Bad,
) -> Result<()> {
    match saved {
        Ok(saved) => {
            report.count(saved);
            tx.go_on(mark).await
        }
        Err(Error::Input(reason)) => {
            report.bad.push(bad(reason));
            tx.go_back(mark).await
        }
        Err(other) => Err(other),
    }
}
