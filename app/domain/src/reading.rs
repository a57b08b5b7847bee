//! The reading plan of a file of rows.

use serde::{Deserialize, Serialize};

/// The order of day, month and year in days like `01/10/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    DayMonthYear,
    MonthDayYear,
}

/// The reading plan of one file, guessed from its bytes or given. A dry run and an import use the same plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingPlan {
    /// `UTF-8`, `Windows-1252`, …; of a spreadsheet, `XLSX`.
    pub encoding: String,
    /// Of a text file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// Of a spreadsheet: the name of the sheet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The line that names the columns, from 1.
    pub header_line: u64,
    /// `.` or `,`; `None` where no number in the file proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Columns in which the other one of `.` and `,` is known to group thousands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grouped: Vec<String>,
    /// `None` where no day in the file proves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// Words in the file that stand for an empty value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_words: Vec<String>,
}
