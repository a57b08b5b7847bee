//! Cells of the files we write: a spreadsheet must not take one for a formula, and an import must get back what stood there.

use domain::fault;
use domain::reading::{DateOrder, ReadingPlan};
use std::borrow::Cow;

/// True for what some spreadsheet takes for a formula; also with signs of full width.
fn is_formula(value: &str) -> bool {
    value.trim_start_matches('\'').starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

/// Puts an apostrophe before what a spreadsheet would work out.
pub fn cell(value: &str) -> Cow<'_, str> {
    match is_formula(value) {
        true if !fault!("formulas-are-written-as-they-are") => format!("'{value}").into(),
        _ => value.into(),
    }
}

/// Takes the apostrophe of [`cell`] away.
pub fn original(value: &str) -> &str {
    match value.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => value,
    }
}

/// Notes what a file proves about signs and days.
pub fn note(plan: &ReadingPlan) -> String {
    let mut words = Vec::new();
    // A spreadsheet's own numbers are written with a point.
    let own = (plan.encoding == "XLSX").then_some('.');
    if let Some(sign) = plan.decimal.or(own) {
        words.push(format!("decimal{sign}"));
    }
    words.extend(plan.grouped.iter().map(|column| format!("thousands:{column}")));
    match plan.dates {
        Some(DateOrder::DayMonthYear) => words.push("dmy".into()),
        Some(DateOrder::MonthDayYear) => words.push("mdy".into()),
        None => {}
    }
    words.join(" ")
}

/// Takes over what [`note`] wrote, unless it is given.
pub fn recall(note: &str, plan: &mut ReadingPlan) {
    for word in note.split_whitespace() {
        match word {
            "decimal." => plan.decimal = plan.decimal.or(Some('.')),
            "decimal," => plan.decimal = plan.decimal.or(Some(',')),
            "dmy" => plan.dates = plan.dates.or(Some(DateOrder::DayMonthYear)),
            "mdy" => plan.dates = plan.dates.or(Some(DateOrder::MonthDayYear)),
            word => plan
                .grouped
                .extend(word.strip_prefix("thousands:").map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless_and_come_back() {
        for (value, written) in [
            ("=1+1", "'=1+1"),
            ("+33639980010", "'+33639980010"),
            ("-12,50", "'-12,50"),
            ("@x", "'@x"),
            ("'=x", "''=x"),
            ("l’œuf", "l’œuf"),
            ("'quoted'", "'quoted'"),
            ("12", "12"),
            ("", ""),
        ] {
            assert_eq!(cell(value), written);
            assert_eq!(original(&cell(value)), value);
        }
    }

    #[test]
    fn what_was_proved_is_recalled() {
        let plan = ReadingPlan {
            decimal: Some(','),
            grouped: vec!["amount".into()],
            dates: Some(DateOrder::DayMonthYear),
            ..ReadingPlan::default()
        };
        let mut recalled = ReadingPlan::default();
        recall(&note(&plan), &mut recalled);
        assert_eq!(recalled, plan);
        let mut given = ReadingPlan {
            dates: Some(DateOrder::MonthDayYear),
            ..ReadingPlan::default()
        };
        recall("dmy", &mut given);
        assert_eq!(given.dates, Some(DateOrder::MonthDayYear));
    }
}
