//! A file of rows, read by its plan.

use super::harmless;
use super::sheet::{self, Typed};
use super::values::{self, Evidence, Quantity};
use super::{Bad, Options, Report, text};
use crate::Result;
use domain::input::{InputCode, InputError, InputPlace, one_of};
use domain::reading::{DateOrder, ReadingPlan};
use domain::{Cents, Day};
use encoding_rs::Encoding;
use std::collections::HashMap;
use std::io::Read;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The parts of the reading plan that are given and not guessed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    pub encoding: Option<&'static Encoding>,
    pub separator: Option<char>,
    /// The name of the sheet, of a spreadsheet.
    pub sheet: Option<&'static str>,
    /// The line that names the columns, from 1.
    pub header_line: Option<u64>,
    /// `.` or `,`
    pub decimal: Option<char>,
    pub dates: Option<DateOrder>,
}

impl Given {
    /// Everything is guessed.
    pub const NOTHING: Given = Given {
        encoding: None,
        separator: None,
        sheet: None,
        header_line: None,
        decimal: None,
        dates: None,
    };
}

/// Maximum size of a file.
pub const MOST_BYTES: u64 = 256 << 20;

/// Maximum length of a value.
const MOST_CHARACTERS: u32 = 200;

/// The lines that are searched for the names of the columns; titles may stand before.
pub const MOST_TITLE_LINES: usize = 20;

/// Columns that a file of bad rows has in addition. They are passed over when it is imported.
pub const ERROR_LINE: &str = "error_line";
pub const ERROR_COLUMN: &str = "error_column";
pub const ERROR_REASON: &str = "error_reason";
/// The reading that the whole file proved for signs and days; its bad rows alone may not prove it.
pub const ERROR_READING: &str = "error_reading";
const ERROR_COLUMNS: [&str; 4] = [ERROR_LINE, ERROR_COLUMN, ERROR_REASON, ERROR_READING];

/// Words that stand for an empty value.
const EMPTY_WORDS: [&str; 8] = ["NULL", "null", "(null)", "\\N", "-", "–", "—", "n/a"];

/// A row as it stands in the file.
#[derive(Debug)]
pub struct Cells {
    /// As an editor shows it.
    pub line: u64,
    pub values: csv::StringRecord,
    /// Of a spreadsheet.
    pub typed: Vec<Typed>,
    /// Why its values are not sure.
    pub broken: Option<InputCode>,
}

impl Cells {
    pub fn new(line: u64, values: csv::StringRecord) -> Cells {
        Cells {
            line,
            values,
            typed: Vec::new(),
            broken: None,
        }
    }
}

/// A row with a value for each column.
#[derive(Debug)]
pub struct Row {
    pub line: u64,
    /// Trimmed, composed (NFC), empty for words that mean empty, and where a cell is damaged.
    clean: csv::StringRecord,
    /// As they stand in the file.
    raw: csv::StringRecord,
    /// Their types in a spreadsheet.
    typed: Vec<Typed>,
    /// Cells that are wrong whatever they are for.
    faults: Vec<InputError>,
}

/// The errors in the cells of one row.
#[derive(Debug, Default)]
pub struct Wrong(Vec<InputError>);

impl Wrong {
    /// Notes what is wrong, so that the next cell is looked at all the same.
    pub fn take<T>(&mut self, read: Result<T, InputError>) -> Option<T> {
        read.map_err(|error| self.0.push(error)).ok()
    }

    pub fn note(&mut self, error: InputError) {
        self.0.push(error);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<InputError> for Wrong {
    fn from(error: InputError) -> Wrong {
        Wrong(vec![error])
    }
}

/// An open file.
pub struct Table {
    rows: std::vec::IntoIter<Result<Row, Box<Bad>>>,
    pub headers: csv::StringRecord,
    places: HashMap<&'static str, usize>,
    /// Places of columns of errors.
    errors: Vec<usize>,
    pub plan: ReadingPlan,
}

fn is_day_column(column: &str) -> bool {
    column.ends_with("_on")
}

fn is_number_column(column: &str) -> bool {
    matches!(column, "quantity" | "amount")
}

fn is_ref_column(column: &str) -> bool {
    column.ends_with("_ref")
}

/// The reading of a spreadsheet's own numbers, whatever is written as text beside them.
fn exact() -> ReadingPlan {
    ReadingPlan {
        decimal: Some('.'),
        ..ReadingPlan::default()
    }
}

impl Row {
    fn is_number(&self, place: usize) -> bool {
        matches!(self.typed.get(place), Some(Typed::Number(_)))
    }

    /// Writes a spreadsheet's own numbers with this decimal sign, as the texts beside them.
    fn write_numbers_with(&mut self, sign: char) {
        let values = self.raw.iter().enumerate();
        let written = values.map(|(place, value)| match self.is_number(place) {
            true => value.replace('.', &sign.to_string()),
            false => value.to_owned(),
        });
        self.raw = written.collect();
    }
}

impl Table {
    /// # Errors
    /// [`crate::Error::Input`] if the file cannot be read, or a column is missing, duplicated or unknown.
    pub fn open(
        file: impl Read,
        required: &[&'static str],
        optional: &[&'static str],
        options: Options,
    ) -> Result<Table> {
        let known: Vec<&'static str> = required.iter().chain(optional).copied().collect();
        let (mut plan, mut rows) = read_rows(file, &known, options.given)?;
        let headers = take_headers(&mut rows, &known, options.given.header_line, &mut plan)?;
        let columns = Columns::of(&headers, required, optional, plan.header_line)?;
        let mended = !columns.errors.is_empty();
        if mended {
            columns.recall(&rows, &mut plan);
        }
        let mut read: Vec<Result<Row, Box<Bad>>> = Vec::with_capacity(rows.len());
        for cells in rows {
            if cells.values.iter().all(|value| value.trim().is_empty()) {
                continue;
            }
            read.push(columns.row(cells, mended));
        }
        let mut evidence = Evidence::default();
        for row in read.iter().flatten() {
            for (column, place) in &columns.places {
                let value = row.clean.get(*place).unwrap_or_default();
                if row.is_number(*place) {
                    continue;
                }
                if is_number_column(column) {
                    evidence.number(column, value);
                } else if is_day_column(column) {
                    evidence.day(column, value);
                }
            }
            let words = row
                .raw
                .iter()
                .map(str::trim)
                .filter(|value| EMPTY_WORDS.contains(value));
            for word in words {
                if !plan.empty_words.iter().any(|known| known == word) {
                    plan.empty_words.push(word.to_owned());
                }
            }
        }
        evidence.complete(&mut plan, options.given.decimal.is_some());
        if plan.decimal == Some(',') {
            for row in read.iter_mut().flatten().filter(|row| !row.typed.is_empty()) {
                row.write_numbers_with(',');
            }
        }
        Ok(Table {
            rows: read.into_iter(),
            headers: columns.own_headers(&headers),
            errors: columns.errors.values().copied().collect(),
            places: columns.places,
            plan,
        })
    }

    /// Returns an empty report on this file.
    pub fn report(&self) -> Report {
        Report {
            headers: self.headers.clone(),
            plan: self.plan.clone(),
            ..Report::default()
        }
    }

    /// Returns the next readable row; unreadable ones are added to the report.
    pub fn next_readable(&mut self, report: &mut Report) -> Option<Row> {
        for row in self.rows.by_ref() {
            report.rows += 1;
            match row {
                Ok(row) => return Some(row),
                Err(bad) => report.bad.push(*bad),
            }
        }
        None
    }

    /// Lists the values of a column, of all rows that are still to come.
    pub fn column<'a>(&'a self, column: &'a str) -> impl Iterator<Item = &'a str> {
        self.rows
            .as_slice()
            .iter()
            .flatten()
            .map(|row| self.value(row, column))
    }

    pub fn value<'a>(&self, row: &'a Row, column: &str) -> &'a str {
        self.places
            .get(column)
            .and_then(|place| row.clean.get(*place))
            .unwrap_or_default()
    }

    /// True if the file has this column.
    pub fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }

    /// Returns a required value.
    pub fn required<'a>(&self, row: &'a Row, column: &str) -> Result<&'a str, InputError> {
        match self.value(row, column) {
            "" => Err(InputCode::Empty.field(column)),
            value => Ok(value),
        }
    }

    pub fn day(&self, row: &Row, column: &str) -> Result<Day, InputError> {
        values::day(self.value(row, column), &self.plan).map_err(|code| code.field(column))
    }

    pub fn cents(&self, row: &Row, column: &str) -> Result<Cents, InputError> {
        let value = self.value(row, column);
        match self.is_number(row, column) {
            true => values::cents(column, value, &exact()),
            false => values::cents(column, value, &self.plan),
        }
        .map_err(|code| code.field(column))
    }

    pub fn yes_or_no(&self, row: &Row, column: &str) -> Result<bool, InputError> {
        values::yes_or_no(self.value(row, column)).ok_or_else(|| one_of(["true", "false"]).field(column))
    }

    pub fn quantity(&self, row: &Row, column: &str) -> Result<Quantity, InputError> {
        let value = self.value(row, column);
        match self.is_number(row, column) {
            true => values::quantity(column, value, &exact()),
            false => values::quantity(column, value, &self.plan),
        }
        .map_err(|code| code.field(column))
    }

    fn is_number(&self, row: &Row, column: &str) -> bool {
        let place = self.places.get(column);
        place.is_some_and(|place| row.is_number(*place))
    }

    /// Returns what was read of a row if none of its cells is wrong.
    pub fn settle<T>(&self, row: &Row, read: Result<T, Wrong>) -> Result<T, Box<Bad>> {
        match read {
            Ok(read) if row.faults.is_empty() => Ok(read),
            Ok(_) => Err(Box::new(self.rejected_row(row, Wrong::default()))),
            Err(wrong) => Err(Box::new(self.rejected_row(row, wrong))),
        }
    }

    /// The errors must name their columns.
    pub fn rejected_row(&self, row: &Row, wrong: impl Into<Wrong>) -> Bad {
        let mut errors = row.faults.clone();
        for error in wrong.into().0 {
            // A damaged cell is told once.
            if !row.faults.iter().any(|fault| fault.field() == error.field()) {
                errors.push(error);
            }
        }
        let located = errors.into_iter().map(|error| self.locate(row, error)).collect();
        let own = row
            .raw
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.errors.contains(place));
        Bad::new(row.line, located, own.map(|(_, value)| value).collect())
    }

    /// Adds the line and what stands there.
    pub fn locate(&self, row: &Row, error: InputError) -> InputError {
        let place = error.field().and_then(|column| self.places.get(column));
        let value = place.and_then(|place| row.raw.get(*place)).map(str::to_owned);
        let error = match value {
            Some(value) => error.given(value),
            None => error,
        };
        error.within(InputPlace::Line(row.line))
    }
}

/// Reads all rows of a file, that of the names included.
fn read_rows(file: impl Read, known: &[&str], given: Given) -> Result<(ReadingPlan, Vec<Cells>)> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| InputCode::Unreadable {
            said: error.to_string(),
        })?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(InputCode::FileTooLarge { most }.into());
    }
    if sheet::is_another_kind(&bytes) {
        return Err(InputCode::AnotherSpreadsheet.into());
    }
    if sheet::is_xlsx(&bytes) {
        let sheet = sheet::read(bytes, given.sheet, |rows| header_place(rows, known).is_some())?;
        let plan = ReadingPlan {
            encoding: "XLSX".to_owned(),
            sheet: Some(sheet.name),
            decimal: given.decimal,
            dates: given.dates,
            ..ReadingPlan::default()
        };
        return Ok((plan, sheet.rows));
    }
    let decoded = text::decode(&bytes, given.encoding)?;
    drop(bytes);
    let mut named = None;
    let mut content = decoded.text.as_str();
    let mut passed = 0;
    if let Some((_, first)) = text::lines(content).next()
        && let Some(separator) = text::named_separator(first)
    {
        named = Some(separator);
        content = content[first.len()..]
            .strip_prefix("\r\n")
            .unwrap_or_else(|| content.get(first.len() + 1..).unwrap_or_default());
        passed = 1;
    }
    let separator = given.separator.or(named).unwrap_or_else(|| {
        let is_known = |name: &str| find_column(known, name).is_some();
        let lines = text::lines(content).filter(|(_, line)| !line.trim().is_empty());
        let mut best = (',', 0);
        for (_, line) in lines.take(MOST_TITLE_LINES) {
            let (separator, columns) = text::guess_separator(line, is_known);
            if columns > best.1 {
                best = (separator, columns);
            }
        }
        if best.1 == 0 {
            let first = text::lines(content)
                .map(|(_, line)| line)
                .find(|line| !line.trim().is_empty());
            best.0 = text::guess_separator(first.unwrap_or_default(), is_known).0;
        }
        best.0
    });
    let mut rows = text::rows(content, separator)?;
    for row in &mut rows {
        row.line += passed;
    }
    let plan = ReadingPlan {
        encoding: decoded.encoding.name().to_owned(),
        separator: Some(separator),
        decimal: given.decimal,
        dates: given.dates,
        ..ReadingPlan::default()
    };
    Ok((plan, rows))
}

fn find_column<'a>(known: &[&'a str], name: &str) -> Option<&'a str> {
    let name = name.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    known
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()
}

/// Finds the row that names the columns: the first that names half of the known ones.
fn header_place(rows: &[Cells], known: &[&str]) -> Option<usize> {
    let names = |row: &Cells| {
        let names = row.values.iter();
        names.filter(|name| find_column(known, name).is_some()).count()
    };
    let first = rows.iter().take(MOST_TITLE_LINES);
    first.into_iter().position(|row| names(row) * 2 >= known.len())
}

/// Takes the row that names the columns, and those before it: the one that is given or found, else the first.
fn take_headers(
    rows: &mut Vec<Cells>,
    known: &[&str],
    given: Option<u64>,
    plan: &mut ReadingPlan,
) -> Result<csv::StringRecord> {
    let place = match given {
        Some(line) => rows.iter().position(|row| row.line == line),
        None if rows.is_empty() => None,
        None => Some(header_place(rows, known).unwrap_or_default()),
    };
    let row = place.and_then(|place| rows.drain(..=place).next_back());
    let row = row.ok_or_else(|| match given {
        None => InputError::from(InputCode::NoColumns),
        Some(line) => InputCode::NoColumns.at(InputPlace::Line(line)),
    })?;
    plan.header_line = row.line;
    if let Some(code) = row.broken {
        return Err(code.at(InputPlace::Line(row.line)).into());
    }
    if row.values.iter().any(|name| name.contains('\u{fffd}')) {
        return Err(InputCode::NotUtf8.at(InputPlace::Line(row.line)).into());
    }
    Ok(row.values)
}

/// The places of the columns.
struct Columns {
    places: HashMap<&'static str, usize>,
    /// The last place of a required column.
    last_required: usize,
    count: usize,
    /// Places of columns without a name.
    nameless: Vec<usize>,
    /// Places of columns of errors.
    errors: HashMap<&'static str, usize>,
    /// In small letters.
    names: Vec<String>,
}

impl Columns {
    fn of(
        headers: &csv::StringRecord,
        required: &[&'static str],
        optional: &[&'static str],
        line: u64,
    ) -> Result<Columns> {
        let known: Vec<&'static str> = required.iter().chain(optional).copied().collect();
        let (mut places, mut errors) = (HashMap::new(), HashMap::new());
        let (mut nameless, mut unknown) = (Vec::new(), Vec::new());
        for (place, name) in headers.iter().enumerate() {
            let name = name.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
            let (column, found) = if name.is_empty() {
                nameless.push(place);
                continue;
            } else if let Some(column) = find_column(&known, name) {
                (column, &mut places)
            } else if let Some(column) = find_column(&ERROR_COLUMNS, name) {
                (column, &mut errors)
            } else {
                unknown.push(name);
                continue;
            };
            if found.insert(column, place).is_some() {
                let wrong = InputCode::Twice { first_line: None };
                return Err(wrong.field(column).within(InputPlace::Line(line)).into());
            }
        }
        if !unknown.is_empty() {
            return Err(unknown_columns(&unknown, &known)
                .at(InputPlace::Line(line))
                .given(unknown.join(", "))
                .into());
        }
        if let Some(missing) = required.iter().find(|column| !places.contains_key(*column)) {
            return Err(InputCode::Missing
                .field(missing)
                .within(InputPlace::Line(line))
                .into());
        }
        let last_required = required.iter().filter_map(|column| places.get(column)).max();
        Ok(Columns {
            last_required: last_required.copied().unwrap_or_default(),
            places,
            count: headers.len(),
            nameless,
            errors,
            names: headers
                .iter()
                .map(|name| name.trim().to_ascii_lowercase())
                .collect(),
        })
    }

    /// Lists the names of all columns but those of errors.
    fn own_headers(&self, headers: &csv::StringRecord) -> csv::StringRecord {
        let own = |place: &usize| !self.errors.values().any(|error| error == place);
        (0..headers.len())
            .filter(own)
            .filter_map(|place| headers.get(place))
            .map(str::trim)
            .collect()
    }

    /// Takes over what the whole file had proved when these rows were refused.
    fn recall(&self, rows: &[Cells], plan: &mut ReadingPlan) {
        let Some(place) = self.errors.get(ERROR_READING) else {
            return;
        };
        let note = rows
            .iter()
            .filter_map(|row| row.values.get(*place))
            .find(|note| !note.trim().is_empty());
        if let Some(note) = note {
            harmless::recall(note, plan);
        }
    }

    /// Checks what must hold of every row and every cell.
    fn row(&self, cells: Cells, mended: bool) -> Result<Row, Box<Bad>> {
        let Cells {
            line,
            values,
            typed,
            broken,
        } = cells;
        let own = |place: usize| !self.errors.values().any(|error| *error == place);
        let reject = |error: InputError| {
            let shown = values.iter().enumerate().filter(|(place, _)| own(*place));
            let shown = shown.map(|(_, value)| if mended { harmless::original(value) } else { value });
            let error = error.within(InputPlace::Line(line));
            Box::new(Bad::new(line, vec![error], shown.collect()))
        };
        if let Some(code) = broken {
            return Err(reject(code.into()));
        }
        let too_many = values
            .iter()
            .skip(self.count)
            .any(|value| !value.trim().is_empty());
        if too_many || values.len() <= self.last_required {
            let code = InputCode::WrongWidth {
                values: values.len() as u32,
                columns: self.count as u32,
            };
            return Err(reject(code.into()));
        }
        let stray = self
            .nameless
            .iter()
            .filter_map(|place| Some((*place, values.get(*place)?.trim())));
        if let Some((place, value)) = stray.into_iter().find(|(_, value)| !value.is_empty()) {
            let code = InputCode::NamelessColumn {
                column: place as u32 + 1,
            };
            return Err(reject(code.given(value)));
        }
        let mut faults = Vec::new();
        let (mut clean, mut raw) = (csv::StringRecord::new(), csv::StringRecord::new());
        for place in 0..self.count {
            let value = values.get(place).unwrap_or_default();
            let value = if mended { harmless::original(value) } else { value };
            raw.push_field(value);
            let value = value.trim();
            let column = self.names[place].as_str();
            let kind = typed.get(place).copied().unwrap_or_default();
            // What a workbook had taken for a day is written as one into the file of bad rows.
            let day_again = mended && is_ref_column(column) && Day::parse(value).is_some();
            let kind = if day_again { Typed::Day } else { kind };
            let fault = fault(column, value, kind).filter(|_| own(place));
            if let Some(code) = fault {
                faults.push(code.field(column));
                clean.push_field("");
            } else if let Typed::Number(Some(day)) = kind
                && is_day_column(column)
            {
                clean.push_field(&day.to_string());
            } else if EMPTY_WORDS.contains(&value) {
                clean.push_field("");
            } else if is_nfc(value) {
                clean.push_field(value);
            } else {
                clean.push_field(&value.nfc().collect::<String>());
            }
        }
        Ok(Row {
            line,
            clean,
            raw,
            typed,
            faults,
        })
    }
}

/// Returns what is wrong with a value whatever it is for.
fn fault(column: &str, value: &str, kind: Typed) -> Option<InputCode> {
    if let Some(letter) = value.chars().find(|letter| letter.is_control()) {
        let character = letter.into();
        return Some(InputCode::ControlCharacter { character });
    }
    if value.contains('\u{fffd}') {
        return Some(InputCode::NotUtf8);
    }
    if value.len() > MOST_CHARACTERS as usize && value.chars().count() > MOST_CHARACTERS as usize {
        let most = MOST_CHARACTERS;
        return Some(InputCode::TooLong { most });
    }
    if kind == Typed::Day && !is_day_column(column) {
        return Some(InputCode::TurnedIntoDay);
    }
    if values::is_spreadsheet_error(value) {
        return Some(InputCode::SpreadsheetError);
    }
    if values::is_twice_encoded(value) {
        return Some(InputCode::TwiceEncoded);
    }
    if (is_ref_column(column) || column == "phone") && values::is_rounded(value) {
        return Some(InputCode::RoundedBySpreadsheet);
    }
    None
}

/// Names all unknown columns at once, each with the known one that is most like it.
fn unknown_columns(unknown: &[&str], known: &[&'static str]) -> InputCode {
    let mut nearest = Vec::new();
    for name in unknown {
        let name = name.to_lowercase();
        let best = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(&name, known), *known))
            .min();
        // Half of its letters at most are others.
        if let Some((distance, best)) = best
            && distance * 2 <= best.len()
            && !nearest.iter().any(|near| near == best)
        {
            nearest.push(best.to_owned());
        }
    }
    InputCode::UnknownColumn {
        known: known.iter().map(|name| (*name).to_owned()).collect(),
        nearest,
    }
}
