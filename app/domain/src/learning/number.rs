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

/// The first number that is too large, before the decimal sign.
const TOO_LARGE: i64 = 1_000_000_000_000;

/// Reads a number as thousandths: `4,5`, `1 234,5`, `1,234.5`, `−18`, `,5`, and with the question's unit beside it, `18 °C`.
///
/// # Errors
/// [`Misread`] unless there is exactly one way to read it.
pub fn read_number(text: &str, unit: &str) -> Result<i64, Misread> {
    let text: String = text.chars().filter_map(plain).collect();
    let is_part = |byte: &u8| byte.is_ascii_digit() || b" '.,".contains(byte);
    let bytes = text.as_bytes();
    let begin = bytes
        .iter()
        .position(|byte| byte.is_ascii_digit() || b"+-.,".contains(byte))
        .ok_or(Misread::NotANumber)?;
    let negative = bytes[begin] == b'-';
    let digits = begin + usize::from(b"+-".contains(&bytes[begin]));
    let length = bytes[digits..].iter().take_while(|byte| is_part(byte)).count();
    let number = unsigned(bytes[digits..digits + length].trim_ascii());
    // A unit before the number or after it.
    let (before, after) = (spelled(&text[..begin]), spelled(&text[digits + length..]));
    let beside = format!("{before}{after}");
    let one_place = before.is_empty() || after.is_empty();
    if !beside.is_empty() && !(one_place && is_unit(&beside, &spelled(unit))) {
        let alone = one_place && !matches!(number, Err(Misread::NotANumber));
        let more_digits = beside.bytes().any(|byte| byte.is_ascii_digit());
        return Err(if alone && !more_digits {
            Misread::OtherUnit
        } else {
            Misread::NotANumber
        });
    }
    let sign = if negative { -1 } else { 1 };
    match number {
        Ok(thousandths) => Ok(sign * thousandths),
        Err(Misread::TwoWays { grouped, decimal }) => Err(Misread::TwoWays {
            grouped: sign * grouped,
            decimal: sign * decimal,
        }),
        misread => misread,
    }
}

/// One spelling of each sign; `None` for marks that nobody sees.
fn plain(letter: char) -> Option<char> {
    match letter {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' => None,
        '\u{2010}'..='\u{2014}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => Some('-'),
        '\u{2019}' | '\u{2bc}' => Some('\''),
        '\t' | '\n' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => Some(' '),
        'º' | '˚' => Some('°'),
        'μ' => Some('µ'),
        letter => Some(letter),
    }
}

/// A unit without blanks and small figures.
fn spelled(unit: &str) -> String {
    let letters = unit.chars().filter_map(|letter| match plain(letter)? {
        ' ' => None,
        '²' => Some('2'),
        '³' => Some('3'),
        letter => Some(letter),
    });
    letters.collect()
}

/// Case tells milli from mega and pico from peta, and nothing in other units.
fn is_unit(written: &str, unit: &str) -> bool {
    let case_matters = matches!(unit.as_bytes().first(), Some(b'm' | b'M' | b'p' | b'P'));
    written == unit || (!case_matters && written.eq_ignore_ascii_case(unit))
}

fn unsigned(text: &[u8]) -> Result<i64, Misread> {
    if !text.iter().any(u8::is_ascii_digit) {
        return Err(Misread::NotANumber);
    }
    let places = |sign: u8| text.iter().filter(|byte| **byte == sign).count();
    let (dots, commas) = (places(b'.'), places(b','));
    let one_sign = dots + commas == 1;
    // Of both signs, the last one is the decimal sign and the other one groups.
    let decimal_sign = if one_sign || (dots > 0 && commas > 0) {
        text.iter().rposition(|byte| b".,".contains(byte))
    } else {
        None
    };
    let (whole, fraction) = match decimal_sign {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, [].as_slice()),
    };
    let thousandths = grouped(whole)? * 1000 + decimals(fraction)?;
    if one_sign && fraction.len() == 3 && (1..=3).contains(&whole.len()) && whole[0] != b'0' {
        return Err(Misread::TwoWays {
            grouped: thousandths * 1000,
            decimal: thousandths,
        });
    }
    Ok(thousandths)
}

/// Reads digits, in groups of three or without; nothing is zero.
fn grouped(whole: &[u8]) -> Result<i64, Misread> {
    let mut value: i64 = 0;
    // Digits of the group, and the sign between groups.
    let (mut digits, mut sign) = (0, 0);
    for &byte in whole {
        if byte.is_ascii_digit() {
            digits += 1;
            value = value * 10 + i64::from(byte - b'0');
            if value >= TOO_LARGE {
                return Err(Misread::NotANumber);
            }
            continue;
        }
        let first = sign == 0 && (1..=3).contains(&digits) && whole[0] != b'0';
        if !first && (byte != sign || digits != 3) {
            return Err(Misread::NotANumber);
        }
        sign = byte;
        digits = 0;
    }
    if sign != 0 && digits != 3 {
        return Err(Misread::NotANumber);
    }
    Ok(value)
}

/// Reads thousandths.
fn decimals(fraction: &[u8]) -> Result<i64, Misread> {
    let mut value = 0;
    let mut worth = 100;
    for &byte in fraction {
        if !byte.is_ascii_digit() {
            return Err(Misread::NotANumber);
        }
        if worth == 0 && byte != b'0' {
            return Err(Misread::TooPrecise);
        }
        value += worth * i64::from(byte - b'0');
        worth /= 10;
    }
    Ok(value)
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
        assert_eq!(read_number("€ 5 €", "€"), Err(Misread::NotANumber));
    }
}
