//! Numbers as people type them into a quiz. What can be read in one way only is read; the rest is asked again.

/// Why a text is not read as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misread {
    NotANumber,
    /// `4.500` is four thousand five hundred to some and four and a half to others. Both in thousandths.
    TwoWays {
        grouped: i64,
        decimal: i64,
    },
    /// More than three decimals.
    TooPrecise,
    /// A number with a unit that is not the question's.
    OtherUnit,
}

/// Largest number of digits before the decimal sign.
const MOST_DIGITS: usize = 12;

/// Reads a number as thousandths: `4,5`, `1 234,5`, `1,234.5`, `−18`, `,5`, and with the question's unit beside it, `18 °C`.
///
/// # Errors
/// [`Misread`] unless there is exactly one way to read it.
pub fn read_number(text: &str, unit: &str) -> Result<i64, Misread> {
    let text: String = text.chars().filter_map(plain).collect();
    let text = without_unit(text.trim(), &spelled(unit));
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits
        .find(|letter: char| !letter.is_ascii_digit() && !" '.,".contains(letter))
        .unwrap_or(digits.len());
    let number = unsigned(digits[..end].trim());
    let signed = |thousandths: i64| sign * thousandths;
    match number {
        Err(Misread::NotANumber) => Err(Misread::NotANumber),
        _ if end < digits.len() => Err(Misread::OtherUnit),
        Err(Misread::TwoWays { grouped, decimal }) => Err(Misread::TwoWays {
            grouped: signed(grouped),
            decimal: signed(decimal),
        }),
        number => number.map(signed),
    }
}

/// One spelling of each sign; `None` for marks that nobody sees.
fn plain(letter: char) -> Option<char> {
    match letter {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' => None,
        '\u{2010}'..='\u{2014}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => Some('-'),
        '\u{2019}' | '\u{2bc}' => Some('\''),
        'º' | '˚' => Some('°'),
        'μ' => Some('µ'),
        letter if letter.is_whitespace() => Some(' '),
        letter => Some(letter),
    }
}

fn spelled(unit: &str) -> String {
    unit.chars()
        .filter_map(plain)
        .filter(|letter| *letter != ' ')
        .map(|letter| match letter {
            '²' => '2',
            '³' => '3',
            letter => letter,
        })
        .collect()
}

/// Removes the unit, which people type after the number or before it.
fn without_unit<'a>(text: &'a str, unit: &str) -> &'a str {
    let is_unit = |part: &str| {
        let part = spelled(part);
        // Case tells milli from mega and pico from peta, and nothing in other units.
        part == unit
            || (part.to_lowercase() == unit.to_lowercase() && !unit.starts_with(['m', 'M', 'p', 'P']))
    };
    if unit.is_empty() {
        return text;
    }
    let places = || text.char_indices().map(|(at, _)| at).skip(1);
    if let Some(at) = places().find(|at| is_unit(&text[*at..])) {
        return text[..at].trim_end();
    }
    match places().find(|at| is_unit(&text[..*at])) {
        Some(at) => text[at..].trim_start(),
        None => text,
    }
}

fn unsigned(text: &str) -> Result<i64, Misread> {
    if !text.contains(|letter: char| letter.is_ascii_digit()) {
        return Err(Misread::NotANumber);
    }
    let count = |sign: char| text.matches(sign).count();
    let (dots, commas) = (count('.'), count(','));
    let decimal_sign = match (dots, commas) {
        (0, 0) => None,
        // The last of the two; the other one groups.
        (1.., 1..) => text.chars().rev().find(|letter| ".,".contains(*letter)),
        (1, 0) => Some('.'),
        (0, 1) => Some(','),
        _ => None,
    };
    let (whole, fraction) = decimal_sign
        .and_then(|sign| text.split_once(sign))
        .unwrap_or((text, ""));
    let value = thousandths(whole, fraction)?;
    let one_sign = dots + commas == 1;
    if one_sign && fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0') {
        return Err(Misread::TwoWays {
            grouped: thousandths(&format!("{whole}{fraction}"), "")?,
            decimal: value,
        });
    }
    Ok(value)
}

fn thousandths(whole: &str, fraction: &str) -> Result<i64, Misread> {
    let whole = ungrouped(whole).ok_or(Misread::NotANumber)?;
    let whole = whole.trim_start_matches('0');
    let all_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits || whole.len() > MOST_DIGITS {
        return Err(Misread::NotANumber);
    }
    let decimals = fraction.trim_end_matches('0');
    if decimals.len() > 3 {
        return Err(Misread::TooPrecise);
    }
    format!("{whole}{decimals:0<3}")
        .parse()
        .map_err(|_| Misread::NotANumber)
}

/// Removes the signs between groups of three digits; `None` if they stand elsewhere. Nothing is zero.
fn ungrouped(whole: &str) -> Option<String> {
    let mut groups = whole.split([' ', '\'', '.', ',']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let mut signs = whole.chars().filter(|letter| !letter.is_ascii_digit());
    let sign = signs.next();
    let one_kind = signs.all(|other| Some(other) == sign);
    let threes = rest.iter().all(|group| group.len() == 3);
    let begins = rest.is_empty() || ((1..=3).contains(&first.len()) && !first.starts_with('0'));
    (one_kind && threes && begins).then(|| format!("{first}{}", rest.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_reading_is_read() {
        for (text, unit, thousandths) in [
            ("7", "", 7_000),
            (" 7,25 ", "", 7_250),
            ("7.25", "", 7_250),
            ("+3", "", 3_000),
            ("-0.25", "", -250),
            (",75", "", 750),
            (".75", "", 750),
            ("12,", "", 12_000),
            ("0,125", "", 125),
            ("0.125", "", 125),
            ("2,5000", "", 2_500),
            ("1234,567", "", 1_234_567),
            // Groups: blanks of all kinds, apostrophes, and the sign that is not the decimal one.
            ("3 600", "", 3_600_000),
            ("3\u{a0}600", "", 3_600_000),
            ("3\u{202f}600,5", "", 3_600_500),
            ("12\u{2009}345.678", "", 12_345_678),
            ("1'250.5", "", 1_250_500),
            ("1\u{2019}250", "", 1_250_000),
            ("1.250,5", "", 1_250_500),
            ("1,250.5", "", 1_250_500),
            ("1.250.000", "", 1_250_000_000),
            ("1,250,000.75", "", 1_250_000_750),
            // Minus signs of keyboards and spreadsheets, and marks that come along when one pastes.
            ("\u{2212}6", "", -6_000),
            ("\u{2013} 6,5", "", -6_500),
            ("\u{200e}42\u{feff}", "", 42_000),
            // The unit, after or before.
            ("65 °C", "°C", 65_000),
            ("65\u{202f}°C", "°C", 65_000),
            ("\u{2212}65ºc", "°C", -65_000),
            ("12,5 %", "%", 12_500),
            ("3 600 KG", "kg", 3_600_000),
            ("€ 4,50", "€", 4_500),
            ("9 m²", "m2", 9_000),
            ("15 mW", "mW", 15_000),
            ("999999999999,999", "", 999_999_999_999_999),
        ] {
            assert_eq!(read_number(text, unit), Ok(thousandths), "{text:?} in {unit:?}");
        }
    }

    #[test]
    fn what_has_two_readings_is_asked() {
        for (text, unit, grouped, decimal) in [
            ("6.250", "", 6_250_000, 6_250),
            ("6,250", "", 6_250_000, 6_250),
            ("\u{2212}125,000", "", -125_000_000, -125_000),
            ("6.250 kg", "kg", 6_250_000, 6_250),
        ] {
            assert_eq!(
                read_number(text, unit),
                Err(Misread::TwoWays { grouped, decimal }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_said_to_be_none() {
        for text in [
            "",
            " ",
            "-",
            ".",
            ",",
            "x",
            "four",
            "7 7",
            "36 00",
            "3  600",
            "0 600",
            "1.250.5",
            "1,2,3",
            "1.250,5.5",
            "1 250.000.000",
            "7, 5",
            "7-5",
            "--7",
            "1/2",
            "½",
            "1e3",
            "٤",
            "1250 000",
            "9999999999999",
            "1,23,456",
        ] {
            let read = read_number(text, "");
            assert!(
                matches!(read, Err(Misread::NotANumber | Misread::OtherUnit)),
                "{text:?}: {read:?}"
            );
        }
        assert_eq!(read_number("3,14159", ""), Err(Misread::TooPrecise));
        assert_eq!(read_number("65 °F", "°C"), Err(Misread::OtherUnit));
        assert_eq!(read_number("50 %", ""), Err(Misread::OtherUnit));
        assert_eq!(read_number("15 MW", "mW"), Err(Misread::OtherUnit));
        assert_eq!(read_number("6.250 lb", "kg"), Err(Misread::OtherUnit));
        assert_eq!(read_number("kg", "kg"), Err(Misread::NotANumber));
    }
}
