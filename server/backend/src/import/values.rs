//! Reads numbers, days and yes-or-no as offices and their programs write them. Nothing is guessed: a value that has two
//! readings is refused unless its column, its file or an option proves one.

use domain::input::InputCode;
use domain::money::parse_cents;
use domain::reading::{DateOrder, ReadingPlan};
use domain::{Cents, Day, fault};
use std::collections::BTreeMap;

/// Evidence in the values of a file about signs and days, by column.
#[derive(Debug, Default)]
pub struct Evidence {
    columns: BTreeMap<String, Column>,
}

#[derive(Debug, Default)]
struct Column {
    /// Numbers whose decimal sign is a point; a comma.
    points: u64,
    commas: u64,
    /// A point or a comma groups thousands here, without doubt.
    grouped: bool,
    day_first: bool,
    month_first: bool,
}

impl Evidence {
    /// Takes the value of a number column into account.
    pub fn number(&mut self, column: &str, text: &str) {
        let seen = self.columns.entry(column.to_owned()).or_default();
        match Digits::of(text).map(|digits| digits.shape) {
            Some(Shape::Decimal { sign, grouped }) => {
                seen.grouped |= grouped;
                match sign {
                    '.' => seen.points += 1,
                    _ => seen.commas += 1,
                }
            }
            Some(Shape::Grouped { sign }) => {
                seen.grouped = true;
                // What groups thousands is not the decimal sign.
                match sign {
                    '.' => seen.commas += 1,
                    _ => seen.points += 1,
                }
            }
            Some(Shape::Plain | Shape::Unclear { .. }) | None => {}
        }
    }

    /// Takes the value of a column of days into account.
    pub fn day(&mut self, column: &str, text: &str) {
        if let Some(Written::Parts(first, second, ..)) = written_day(text) {
            let seen = self.columns.entry(column.to_owned()).or_default();
            seen.day_first |= first > 12 && second <= 12;
            seen.month_first |= second > 12 && first <= 12;
        }
    }

    /// Completes a plan: what is there wins over what is proved here. `given`: its decimal sign is from an option, and
    /// holds in all columns.
    pub fn complete(&self, plan: &mut ReadingPlan, given: bool) {
        if plan.decimal.is_none() {
            let points: u64 = self.columns.values().map(|column| column.points).sum();
            let commas: u64 = self.columns.values().map(|column| column.commas).sum();
            plan.decimal = match (points, commas) {
                (0, 0) => None,
                (points, commas) if points >= commas => Some('.'),
                _ => Some(','),
            };
        }
        for (name, column) in &self.columns {
            let proved = match plan.decimal {
                Some('.') => given || column.grouped || column.points > 0,
                Some(_) => given || column.grouped || column.commas > 0,
                None => false,
            };
            if proved && !plan.grouped.contains(name) {
                plan.grouped.push(name.clone());
            }
        }
        if plan.dates.is_none() {
            let day_first = self.columns.values().any(|column| column.day_first);
            let month_first = self.columns.values().any(|column| column.month_first);
            plan.dates = match (day_first, month_first) {
                (true, false) => Some(DateOrder::DayMonthYear),
                // Why: no country with a decimal comma puts the month first, so that one slip of the pen would turn all days.
                (false, true) => (plan.decimal != Some(',')).then_some(DateOrder::MonthDayYear),
                // A column with both was spoilt by a program that swapped some of them.
                (true, true) => None,
                (false, false) => (plan.decimal == Some(',')).then_some(DateOrder::DayMonthYear),
            };
        }
    }
}

/// The parts of a number.
struct Digits {
    negative: bool,
    /// Digits, points and commas; no blanks.
    text: String,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Plain,
    /// `12,50`, `1.234,56`: `sign` can only be the decimal sign; `grouped`: the other one groups thousands.
    Decimal {
        sign: char,
        grouped: bool,
    },
    /// `1.234.567`
    Grouped {
        sign: char,
    },
    /// `1.234`
    Unclear {
        sign: char,
    },
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}')
}

/// Groups of three digits, the first of one to three and without a zero in front.
fn are_groups<'a>(mut groups: impl Iterator<Item = &'a str>) -> bool {
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && !first.starts_with('0') && groups.all(|group| group.len() == 3)
}

impl Digits {
    /// Returns the parts of `text`; `None` if it is no number.
    fn of(text: &str) -> Option<Digits> {
        let mut rest = text.trim();
        let mut negative = false;
        let mut signed = false;
        let mut currency = false;
        // In any order: `-12 €`, `€ -12`, `12 €-`, `(12) €`.
        loop {
            let minus = |letter: char| matches!(letter, '-' | '\u{2212}');
            let in_brackets = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let (inner, seen) = if let Some(inner) = in_brackets
                .or_else(|| rest.strip_prefix(minus))
                .or_else(|| rest.strip_suffix(minus))
            {
                negative = true;
                (inner, &mut signed)
            } else if let Some(inner) = rest.strip_prefix('+') {
                (inner, &mut signed)
            } else if let Some(inner) = ["€", "EUR"]
                .iter()
                .find_map(|mark| rest.strip_prefix(mark).or_else(|| rest.strip_suffix(mark)))
            {
                (inner, &mut currency)
            } else {
                break;
            };
            if std::mem::replace(seen, true) {
                return None;
            }
            rest = inner.trim();
        }
        let (rest, blanks) = without_blanks(rest)?;
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let shape = match (rest.matches('.').count(), rest.matches(',').count()) {
            (0, 0) if all_digits(&rest) => Shape::Plain,
            (0, 0) => return None,
            (points, commas) if points > 0 && commas > 0 => {
                let (sign, other) = if rest.rfind('.') > rest.rfind(',') {
                    ('.', ',')
                } else {
                    (',', '.')
                };
                let (whole, fraction) = rest.split_once(sign)?;
                let sound = !blanks && all_digits(fraction) && are_groups(whole.split(other));
                if !sound || !whole.split(other).all(all_digits) {
                    return None;
                }
                Shape::Decimal { sign, grouped: true }
            }
            (points, commas) => {
                let sign = if points > 0 { '.' } else { ',' };
                if points + commas > 1 {
                    if blanks || !rest.split(sign).all(all_digits) || !are_groups(rest.split(sign)) {
                        return None;
                    }
                    Shape::Grouped { sign }
                } else {
                    let (whole, fraction) = rest.split_once(sign)?;
                    if !all_digits(fraction) || !(whole.is_empty() || all_digits(whole)) {
                        return None;
                    }
                    if !blanks && are_groups([whole, fraction].into_iter()) {
                        Shape::Unclear { sign }
                    } else {
                        Shape::Decimal { sign, grouped: false }
                    }
                }
            }
        };
        Some(Digits {
            negative,
            text: rest,
            shape,
        })
    }

    /// Returns the whole part and the fraction.
    ///
    /// # Errors
    /// [`InputCode::NumberUnclear`] if nothing proves which is which, another one if `plan` says otherwise.
    fn split(&self, column: &str, plan: &ReadingPlan) -> Result<(String, String), InputCode> {
        let wrong = || InputCode::like(example(plan));
        let fits = |sign: char| plan.decimal.is_none_or(|decimal| decimal == sign);
        let at = |sign: char| {
            let (whole, fraction) = self.text.split_once(sign).unwrap_or((&self.text, ""));
            (whole.replace(['.', ','], ""), fraction.to_owned())
        };
        match self.shape {
            Shape::Plain => Ok((self.text.clone(), String::new())),
            Shape::Decimal { sign, .. } if fits(sign) => Ok(at(sign)),
            Shape::Grouped { sign } if plan.decimal != Some(sign) => {
                Ok((self.text.replace(sign, ""), String::new()))
            }
            Shape::Decimal { .. } | Shape::Grouped { .. } => Err(wrong()),
            Shape::Unclear { sign } if plan.decimal == Some(sign) => Ok(at(sign)),
            Shape::Unclear { sign }
                if plan.decimal.is_some() && plan.grouped.iter().any(|name| name == column) =>
            {
                Ok((self.text.replace(sign, ""), String::new()))
            }
            Shape::Unclear { .. } => Err(InputCode::NumberUnclear),
        }
    }
}

/// Takes out blanks and apostrophes that group thousands, and says whether there were any; `None` if they do anything else.
fn without_blanks(text: &str) -> Option<(String, bool)> {
    let groups = |letter: char| is_blank(letter) || matches!(letter, '\'' | '\u{2019}');
    if !text.contains(groups) {
        return Some((text.to_owned(), false));
    }
    let whole = text.split(['.', ',']).next().unwrap_or_default();
    (are_groups(whole.split(groups)) && !text[whole.len()..].contains(groups))
        .then(|| (text.replace(groups, ""), true))
}

/// Returns an example of an amount in a file that is read by `plan`.
fn example(plan: &ReadingPlan) -> &'static str {
    match plan.decimal {
        Some(',') => "29,33 or -29,33",
        _ => "29.33 or -29.33",
    }
}

/// Reads an amount of money. More than two decimals are refused unless the others are zeros.
///
/// # Errors
/// The error in the text.
pub fn cents(column: &str, text: &str, plan: &ReadingPlan) -> Result<Cents, InputCode> {
    let wrong = || InputCode::like(example(plan));
    let digits = Digits::of(text).ok_or_else(wrong)?;
    let (whole, fraction) = digits.split(column, plan)?;
    let whole = significant(&whole);
    let (kept, rest) = fraction.split_at(fraction.len().min(2));
    if rest.bytes().any(|digit| digit != b'0') {
        return Err(wrong());
    }
    let sign = if digits.negative { "-" } else { "" };
    let point = if kept.is_empty() { "" } else { "." };
    parse_cents(&format!("{sign}{whole}{point}{kept}")).ok_or_else(wrong)
}

/// Without zeros in front.
fn significant(whole: &str) -> &str {
    match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    }
}

/// A number of things, or kilos, or metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Decimals are cut off: no points depend on them.
    pub whole: i64,
    /// Of the whole quantity: 1 for 0.125.
    pub signum: i64,
}

/// Reads a quantity, which may have decimals.
///
/// # Errors
/// The error in the text.
pub fn quantity(column: &str, text: &str, plan: &ReadingPlan) -> Result<Quantity, InputCode> {
    let like = || {
        InputCode::like(if plan.decimal == Some(',') {
            "3 or 2,5"
        } else {
            "3 or 2.5"
        })
    };
    let digits = Digits::of(text).ok_or_else(like)?;
    let (whole, fraction) = digits.split(column, plan).map_err(|code| match code {
        InputCode::MustLookLike { .. } => like(),
        code => code,
    })?;
    let zero = whole.bytes().chain(fraction.bytes()).all(|digit| digit == b'0');
    let whole: i32 = significant(&whole).parse().map_err(|_| like())?;
    let sign = if digits.negative { -1 } else { 1 };
    Ok(Quantity {
        whole: sign * i64::from(whole),
        signum: if zero { 0 } else { sign },
    })
}

/// A day as it is written.
enum Written {
    Iso(Option<Day>),
    /// Two parts of unknown order, and the year.
    Parts(u32, u32, i32),
    ShortYear,
}

fn written_day(text: &str) -> Option<Written> {
    let text = text.trim();
    let text = match text.split_once(['T', ' ']) {
        None => text,
        Some((day, time)) => {
            if !time.trim().starts_with('0')
                || !time.trim().bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'))
            {
                return None;
            }
            day
        }
    };
    let sign = ['-', '/', '.'].into_iter().find(|sign| text.contains(*sign))?;
    let parts: Vec<&str> = text.split(sign).collect();
    let [first, second, third] = parts[..] else {
        return None;
    };
    if parts
        .iter()
        .any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    let number = |part: &str| part.parse::<u32>().ok();
    match (first.len(), second.len(), third.len()) {
        (4, 2, 2) => {
            let day = Day::from_ymd(number(first)? as i32, number(second)?, number(third)?);
            Some(Written::Iso(day))
        }
        (1..=2, 1..=2, 4) => Some(Written::Parts(
            number(first)?,
            number(second)?,
            number(third)? as i32,
        )),
        (1..=2, 1..=2, 2) => Some(Written::ShortYear),
        _ => None,
    }
}

/// Days that programs write where there is none.
const NO_DAYS: [(i32, u32, u32); 8] = [
    (1, 1, 1),
    (1601, 1, 1),
    (1753, 1, 1),
    (1899, 12, 30),
    (1899, 12, 31),
    (1900, 1, 1),
    (1904, 1, 1),
    (1970, 1, 1),
];

/// Reads a day: `2026-11-21`, or `21/11/2026` where the order is known; a time may stand behind it only if it is 00:00.
///
/// # Errors
/// The error in the text.
pub fn day(text: &str, plan: &ReadingPlan) -> Result<Day, InputCode> {
    let like = || {
        InputCode::like(match plan.dates {
            None => "2026-11-21",
            Some(DateOrder::DayMonthYear) => "2026-11-21 or 21/11/2026",
            Some(DateOrder::MonthDayYear) => "2026-11-21 or 11/21/2026",
        })
    };
    let day = match written_day(text).ok_or_else(like)? {
        Written::Iso(day) => day.ok_or_else(like)?,
        Written::ShortYear => return Err(InputCode::ShortYear),
        Written::Parts(first, second, year) => {
            let (day, month) = match plan.dates {
                None if fault!("ambiguous-day-is-guessed") => (first, second),
                None => return Err(InputCode::DateUnclear),
                Some(DateOrder::DayMonthYear) => (first, second),
                Some(DateOrder::MonthDayYear) => (second, first),
            };
            Day::from_ymd(year, month, day).ok_or_else(like)?
        }
    };
    match NO_DAYS.contains(&day.ymd()) {
        true => Err(InputCode::NoDay),
        false => Ok(day),
    }
}

/// Reads yes or no.
pub fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "vrai" | "yes" | "oui" | "1" => Some(true),
        "false" | "faux" | "no" | "non" | "0" => Some(false),
        _ => None,
    }
}

/// Words that a spreadsheet writes in place of a value that it cannot work out.
const SPREADSHEET_ERRORS: [&str; 4] = ["#N/A", "#N/D", "#NV", "#DIV/0!"];

/// Returns true for `#N/A` and its like, also where a column was too narrow: `####`.
pub fn is_spreadsheet_error(text: &str) -> bool {
    let named = |name: &str| {
        let name = name.strip_suffix(['!', '?']).unwrap_or_default();
        !name.is_empty() && name.chars().all(char::is_alphabetic)
    };
    SPREADSHEET_ERRORS.contains(&text.to_uppercase().as_str())
        || text.strip_prefix('#').is_some_and(named)
        || (text.len() > 2 && text.bytes().all(|byte| byte == b'#'))
}

/// Returns true for a number that a spreadsheet has rounded: `4,5E+15`.
pub fn is_rounded(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (digits, power) = (digits.trim_end(), power.trim_start());
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let signed = power.strip_prefix(['+', '-']);
    // `12E4` may be a ref; `4,5E15` is none.
    let power = signed.or((digits != whole).then_some(power));
    all_digits(whole.trim_start_matches('-')) && all_digits(fraction) && power.is_some_and(all_digits)
}

/// Returns true if UTF-8 text was taken for Windows-1252 and saved as UTF-8 again: `Ã©` for `é`.
pub fn is_twice_encoded(text: &str) -> bool {
    // `â€` begins what a typographic apostrophe, a dash or € becomes. U+00C3 is what the first byte of an accented letter
    // becomes; the second is never a letter.
    text.contains("\u{e2}\u{20ac}")
        || text.contains('\u{c3}') && {
            let letters: Vec<char> = text.chars().collect();
            letters.windows(2).any(|pair| {
                pair[0] == '\u{c3}'
                    && matches!(
                        pair[1],
                        '\u{80}'
                            ..='\u{bf}'
                                | '\u{2c6}'
                                | '\u{2020}'
                                | '\u{2021}'
                                | '\u{2030}'
                                | '\u{160}'
                                | '\u{2039}'
                                | '\u{152}'
                                | '\u{20ac}'
                                | '\u{192}'
                                | '\u{201e}'
                                | '\u{2026}'
                                | '\u{201a}'
                    )
            })
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(decimal: Option<char>, grouped: bool, dates: Option<DateOrder>) -> ReadingPlan {
        let grouped = if grouped {
            vec!["amount".to_owned()]
        } else {
            Vec::new()
        };
        ReadingPlan {
            decimal,
            grouped,
            dates,
            ..ReadingPlan::default()
        }
    }

    /// The plan that a column of these proves.
    fn proved(texts: &[&str]) -> ReadingPlan {
        let (mut evidence, mut plan) = (Evidence::default(), ReadingPlan::default());
        for text in texts {
            evidence.number("amount", text);
            evidence.day("ordered_on", text);
        }
        evidence.complete(&mut plan, false);
        plan
    }

    #[test]
    fn amounts_that_have_one_reading() {
        for (text, amount) in [
            ("0", 0),
            ("12", 1_200),
            ("007", 700),
            ("12,5", 1_250),
            ("12.50", 1_250),
            (".5", 50),
            ("1 234,56", 123_456),
            ("1\u{a0}234,56", 123_456),
            ("1\u{202f}234\u{202f}567,8", 123_456_780),
            ("1'234.56", 123_456),
            ("1’234.56", 123_456),
            ("1.234,56", 123_456),
            ("1,234.56", 123_456),
            ("1.234.567", 123_456_700),
            ("1,234,567.80", 123_456_780),
            ("1 234", 123_400),
            ("1234.560", 123_456),
            ("0.120", 12),
            ("12.3400", 1_234),
            ("120,50000000", 12_050),
            ("(12,00)", -1_200),
            ("( 1 234,56 € )", -123_456),
            ("12,00-", -1_200),
            ("-12,00", -1_200),
            ("\u{2212}12", -1_200),
            ("- 12.5", -1_250),
            ("+12.50", 1_250),
            ("12,50 €", 1_250),
            ("€12.50", 1_250),
            ("-€12.50", -1_250),
            ("€ -12.50", -1_250),
            ("12,50€-", -1_250),
            ("12.50 EUR", 1_250),
            ("(12,50) €", -1_250),
        ] {
            assert_eq!(
                cents("amount", text, &plan(None, false, None)),
                Ok(amount),
                "{text}"
            );
        }
    }

    #[test]
    fn amounts_that_are_none() {
        for text in [
            "",
            "-",
            "€",
            "12a",
            "1e3",
            "1,2E+05",
            "--12",
            "-12-",
            "(-12)",
            "12,50 $",
            "12 34",
            "1 23",
            "1234 567",
            "1,23.4",
            "1.23.456",
            "1 234.567,8",
            "12.345678",
            "5.",
            "0.005",
            "12..5",
            "1 234 5,00",
            "99999999999999",
            "1.234,56,7",
            "0 123",
            "١٢",
            "1-2",
            "12:50",
        ] {
            let read = cents("amount", text, &plan(None, false, None));
            assert!(
                matches!(read, Err(InputCode::MustLookLike { .. })),
                "{text} {read:?}"
            );
        }
    }

    #[test]
    fn three_digits_behind_one_sign_need_a_proof() {
        let of = |text, proof: &[&str]| cents("amount", text, &proved(proof));
        for text in ["1.234", "1,234", "-12.345", "(1.234)", "999,999"] {
            assert_eq!(
                of(text, &[text, "12", "1 234"]),
                Err(InputCode::NumberUnclear),
                "{text}"
            );
        }
        assert_eq!(of("1.234", &["1.234", "12,5"]), Ok(123_400));
        assert_eq!(of("1.230", &["1.230", "12.50"]), Ok(123));
        assert_eq!(of("1,234", &["1,234", "12.50"]), Ok(123_400));
        assert_eq!(of("1.234", &["1.234.567"]), Ok(123_400));
        let third_decimal = of("1.234", &["1.234", "12.50"]);
        assert_eq!(third_decimal, Err(InputCode::like("29.33 or -29.33")));
        // Proved by another column only: it could still be 1.234 kilos.
        let mut elsewhere = proved(&["12,50"]);
        elsewhere.grouped = vec!["amount".into()];
        assert_eq!(
            quantity("quantity", "2.000", &elsewhere),
            Err(InputCode::NumberUnclear)
        );
        assert_eq!(
            cents("amount", "12.50", &plan(Some(','), true, None)),
            Err(InputCode::like("29,33 or -29,33"))
        );
        assert_eq!(
            cents("amount", "1.234", &plan(Some(','), true, None)),
            Ok(123_400)
        );
    }

    #[test]
    fn quantities_may_have_decimals() {
        for (text, read) in [
            ("2", 2),
            ("-1", -1),
            ("2.5", 2),
            ("-2,5", -2),
            ("2.0", 2),
            ("1 000", 1_000),
            ("0.125", 0),
            ("(3)", -3),
        ] {
            assert_eq!(
                quantity("quantity", text, &plan(None, false, None)).map(|quantity| quantity.whole),
                Ok(read),
                "{text}"
            );
        }
        for (text, signum) in [("0.125", 1), ("-0,5", -1), ("0.00", 0), ("-0", 0), ("3", 1)] {
            let quantity = quantity("quantity", text, &plan(None, false, None)).unwrap();
            assert_eq!(quantity.signum, signum, "{text}");
        }
        for text in ["", "one", "2147483648", "2 5"] {
            assert!(
                quantity("quantity", text, &plan(None, false, None)).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn days_are_read_in_the_order_that_is_known() {
        use DateOrder::{DayMonthYear, MonthDayYear};
        let iso = |text| Day::parse(text).unwrap();
        for (text, order, read) in [
            ("2026-10-01", None, Ok(iso("2026-10-01"))),
            ("2026/10/01", None, Ok(iso("2026-10-01"))),
            ("2026-10-01 00:00:00", None, Ok(iso("2026-10-01"))),
            ("2026-10-01T00:00", None, Ok(iso("2026-10-01"))),
            ("2026-10-01 00:00:00.000", None, Ok(iso("2026-10-01"))),
            ("2026-10-01 08:15", None, Err(InputCode::like("2026-11-21"))),
            ("2026-10-01T00:00:00Z", None, Err(InputCode::like("2026-11-21"))),
            ("01/10/2026", None, Err(InputCode::DateUnclear)),
            ("01/10/2026", Some(DayMonthYear), Ok(iso("2026-10-01"))),
            ("1/10/2026 00:00", Some(DayMonthYear), Ok(iso("2026-10-01"))),
            ("01.10.2026", Some(DayMonthYear), Ok(iso("2026-10-01"))),
            ("01/10/2026", Some(MonthDayYear), Ok(iso("2026-01-10"))),
            (
                "31/10/2026",
                Some(MonthDayYear),
                Err(InputCode::like("2026-11-21 or 11/21/2026")),
            ),
            (
                "31/02/2026",
                Some(DayMonthYear),
                Err(InputCode::like("2026-11-21 or 21/11/2026")),
            ),
            ("01/10/26", Some(DayMonthYear), Err(InputCode::ShortYear)),
            (
                "46296",
                Some(DayMonthYear),
                Err(InputCode::like("2026-11-21 or 21/11/2026")),
            ),
            ("", None, Err(InputCode::like("2026-11-21"))),
            ("1899-12-30", None, Err(InputCode::NoDay)),
            ("01/01/1970", Some(DayMonthYear), Err(InputCode::NoDay)),
            ("0001-01-01 00:00:00", None, Err(InputCode::NoDay)),
        ] {
            assert_eq!(day(text, &plan(None, false, order)), read, "{text}");
        }
    }

    #[test]
    fn a_column_proves_the_order_of_its_days() {
        for (texts, order) in [
            (&["01/10/2026", "13/10/2026"][..], Some(DateOrder::DayMonthYear)),
            (&["01/10/2026", "10/13/2026"], Some(DateOrder::MonthDayYear)),
            (&["01/10/2026", "02/10/2026"], None),
            (&["13/10/2026", "10/13/2026"], None),
            (&["2026-10-13"], None),
            (&["01/10/2026", "12,50"], Some(DateOrder::DayMonthYear)),
            (&["01/10/2026", "12.50"], None),
            (
                &["01/10/2026", "10/13/2026", "12.50"],
                Some(DateOrder::MonthDayYear),
            ),
            (&["01/10/2026", "10/13/2026", "12,50"], None),
        ] {
            assert_eq!(proved(texts).dates, order, "{texts:?}");
        }
    }

    #[test]
    fn damage_is_recognised() {
        for text in ["4,5E+15", "4.50012E+15", "1E+05", "-1,2e-03"] {
            assert!(is_rounded(text), "{text}");
        }
        for text in ["12E4", "E+15", "4E", "C-1E+5", "1e", ""] {
            assert!(!is_rounded(text), "{text}");
        }
        for text in ["#N/A", "#ref!", "#NOM?", "#####"] {
            assert!(is_spreadsheet_error(text), "{text}");
        }
        assert!(!is_spreadsheet_error("#1") && !is_spreadsheet_error("##"));
        assert!(is_twice_encoded("AubÃ©pine") && is_twice_encoded("Ã‰vry"));
        assert!(is_twice_encoded("lâ€™Å“uf") && !is_twice_encoded("pâté à 5 €"));
        assert!(!is_twice_encoded("Aubépine") && !is_twice_encoded("JOÃO"));
        for (text, read) in [
            ("VRAI", Some(true)),
            ("faux", Some(false)),
            ("Oui", Some(true)),
            ("0", Some(false)),
            ("x", None),
        ] {
            assert_eq!(yes_or_no(text), read, "{text}");
        }
    }
}
