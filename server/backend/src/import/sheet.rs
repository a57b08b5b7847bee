//! Takes a spreadsheet apart: its sheets, its rows with the numbers Excel shows, and what it says of its cells.

use super::table::{Cells, MOST_BYTES};
use crate::{Error, Result};
use calamine::{
    DataRef, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, SheetVisible, Style, Xlsx, XlsxError,
};
use domain::Day;
use domain::input::{InputCode, one_of};
use std::io::Cursor;

/// The type of a cell in a spreadsheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Typed {
    #[default]
    Text,
    /// A number, and the day that a whole one stands for in this file: it counts from 1900 or from 1904.
    Number(Option<Day>),
    Day,
}

/// One sheet.
#[derive(Debug)]
pub struct Sheet {
    pub name: String,
    pub rows: Vec<Cells>,
}

/// Returns true for a file of Excel since 2007.
pub fn is_xlsx(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && !is_open_document(bytes)
}

/// Returns true for spreadsheets that cannot be read: old Excel, locked Excel, OpenDocument.
pub fn is_another_kind(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") || is_open_document(bytes)
}

/// An OpenDocument file begins with its type, by its standard.
fn is_open_document(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && bytes.get(30..38) == Some(b"mimetype")
}

/// Reads the sheet that is wanted, else the one whose first rows name the columns, else the first.
///
/// # Errors
/// If the file is damaged, or two sheets name the columns.
pub fn read(bytes: Vec<u8>, wanted: Option<&str>, names_columns: impl Fn(&[Cells]) -> bool) -> Result<Sheet> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(refusal)?;
    let sheets = book.sheets_metadata().iter();
    let sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let (shown, hidden): (Vec<_>, Vec<_>) = sheets
        .cloned()
        .partition(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = shown.into_iter().map(|sheet| sheet.name).collect();
    if let Some(wanted) = wanted {
        let hidden = hidden.into_iter().map(|sheet| sheet.name);
        let mut all = names.iter().cloned().chain(hidden);
        return match all.find(|name| name.trim() == wanted.trim()) {
            Some(name) => rows(&mut book, name, None),
            None => Err(one_of(names).field("--sheet").given(wanted).into()),
        };
    }
    let mut fitting = Vec::new();
    for name in &names {
        let first = rows(
            &mut book,
            name.clone(),
            Some(super::table::MOST_TITLE_LINES as u64),
        )?;
        if names_columns(&first.rows) {
            fitting.push(name.clone());
        }
    }
    if fitting.len() > 1 {
        return Err(InputCode::SheetUnclear { sheets: fitting }.into());
    }
    match fitting.pop().or_else(|| names.into_iter().next()) {
        Some(name) => rows(&mut book, name, None),
        None => Err(InputCode::NoColumns.into()),
    }
}

fn refusal(error: XlsxError) -> Error {
    match error {
        XlsxError::Password => InputCode::AnotherSpreadsheet.into(),
        other => InputCode::Unreadable {
            said: other.to_string(),
        }
        .into(),
    }
}

/// Reads the rows of a sheet, up to row `last` if given.
fn rows(book: &mut Xlsx<Cursor<Vec<u8>>>, name: String, last: Option<u64>) -> Result<Sheet> {
    let counts_from_1904 = book.has_1904_epoch();
    let mut reader = book.worksheet_cells_reader(&name).map_err(refusal)?;
    let widths: Vec<usize> = reader.styles().iter().map(width).collect();
    let mut rows: Vec<Cells> = Vec::new();
    let mut size = 0;
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(refusal)? {
        let (row, column) = cell.get_position();
        let line = u64::from(row) + 1;
        if last.is_some_and(|last| line > last) {
            break;
        }
        let (mut text, typed) = shown(cell.get_value(), counts_from_1904);
        if matches!(typed, Typed::Number(_)) {
            let width = widths.get(style).copied().unwrap_or_default();
            text = format!("{text:0>width$}");
        }
        if text.is_empty() {
            continue;
        }
        if rows.last().is_none_or(|last| last.line != line) {
            rows.push(Cells::new(line, csv::StringRecord::new()));
        }
        let Some(cells) = rows.last_mut() else { continue };
        size += text.len() as u64;
        while cells.values.len() < column as usize {
            cells.values.push_field("");
            cells.typed.push(Typed::Text);
            size += 1;
        }
        cells.values.push_field(&text);
        cells.typed.push(typed);
        if size > MOST_BYTES {
            let most = MOST_BYTES >> 20;
            return Err(InputCode::FileTooLarge { most }.into());
        }
    }
    Ok(Sheet { name, rows })
}

/// Returns how many digits the format of a cell shows at least: six for `000000`.
fn width(style: &Style) -> usize {
    let format = style
        .number_format
        .as_ref()
        .map(|format| format.format_code.as_str());
    let zeros = format.filter(|code| code.bytes().all(|letter| letter == b'0'));
    zeros.map_or(0, str::len)
}

/// Returns the text of a cell as Excel shows it without a format.
fn shown(value: &DataRef<'_>, counts_from_1904: bool) -> (String, Typed) {
    match value {
        DataRef::Empty => (String::new(), Typed::Text),
        DataRef::String(text) => (text.clone(), Typed::Text),
        DataRef::SharedString(text) => ((*text).to_owned(), Typed::Text),
        DataRef::Bool(yes) => (yes.to_string(), Typed::Text),
        DataRef::Error(error) => (error.to_string(), Typed::Text),
        DataRef::Int(number) => (
            number.to_string(),
            Typed::Number(day(*number as f64, counts_from_1904)),
        ),
        DataRef::Float(number) => (digits(*number), Typed::Number(day(*number, counts_from_1904))),
        DataRef::DateTime(moment) if moment.is_duration() => (digits(moment.as_f64()), Typed::Day),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if (hour, minute, second) != (0, 0, 0) {
                text = format!("{text} {hour:02}:{minute:02}:{second:02}");
            }
            (text, Typed::Day)
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), Typed::Day),
    }
}

/// The digits of a number: 15 of them are sure, as in Excel.
fn digits(number: f64) -> String {
    if number.abs() >= 1e15 {
        return format!("{number:E}").replace('E', "E+");
    }
    let sure: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    sure.to_string()
}

/// The day that a number stands for.
fn day(number: f64, counts_from_1904: bool) -> Option<Day> {
    // The last day of 2199; a number like 20261121 is no count of days.
    const MOST: f64 = 109_573.0;
    if number.fract() != 0.0 || !(0.0..=MOST).contains(&number) {
        return None;
    }
    let moment = ExcelDateTime::new(number, ExcelDateTimeType::DateTime, counts_from_1904);
    let (year, month, day, ..) = moment.to_ymd_hms_milli();
    Day::from_ymd(year.into(), month.into(), day.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_the_digits_that_are_sure() {
        for (number, text) in [
            (1234.56, "1234.56"),
            (0.1 + 0.2, "0.3"),
            (1234.5600000000001, "1234.56"),
            (-10.0, "-10"),
            (639_980_010.0, "639980010"),
            (4.50012e15, "4.50012E+15"),
        ] {
            assert_eq!(digits(number), text);
        }
    }

    #[test]
    fn days_are_counted_from_the_epoch_of_the_file() {
        let iso = |text| Day::parse(text);
        assert_eq!(day(46_296.0, false), iso("2026-10-01"));
        assert_eq!(day(44_834.0, true), iso("2026-10-01"));
        for number in [46_296.5, -1.0, 20_261_001.0, f64::NAN] {
            assert_eq!(day(number, false), None, "{number}");
        }
    }
}
