//! Phone numbers: one form for files, sign-in and what is stored.
//!
//! The numbering plans are those of the crate `phonenumber`, which carries Google's metadata: the country codes, the
//! lengths and ranges of each country, and how it writes its trunk prefix. It is released with each of Google's
//! releases. Ours is what surrounds a number in a file, and two parts of the French plan that it lacks: overseas
//! departments that share France's national numbers, and the ranges set aside for fiction.
//!
//! Why not `rlibphonenumber`: it is the fuller port, and its build compiles a compiler of protocol buffers. Why not
//! `phonelib`: it knows lengths only.

use super::marks::without_marks;
use phonenumber::PhoneNumber;
use phonenumber::metadata::DATABASE;

/// Longest text that is read as a number.
const MOST_CHARACTERS: usize = 64;

const FRANCE: u16 = 33;

/// Beginnings of French national numbers that belong to an overseas country code.
const OVERSEAS: &[(&str, u16)] = &[
    ("590", 590),
    ("690", 590),
    ("691", 590),
    ("7090", 590),
    ("594", 594),
    ("694", 594),
    ("70930", 594),
    ("70931", 594),
    ("70932", 594),
    ("70933", 594),
    ("596", 596),
    ("696", 596),
    ("697", 596),
    ("7091", 596),
    ("262", 262),
    ("263", 262),
    ("692", 262),
    ("693", 262),
    ("7092", 262),
    ("268", 262),
    ("269", 262),
    ("639", 262),
    ("70935", 262),
    ("70936", 262),
    ("70937", 262),
];

/// Saint-Pierre-et-Miquelon: `0508` and six digits in France, `+508` and the six from abroad.
const MIQUELON: u16 = 508;

/// Beginnings that the French plan sets aside for fiction: no subscriber ever gets them.
const FICTION: &[&str] = &["19900", "26191", "35301", "46571", "53649", "63998"];

/// Normalises a phone number to E.164, or returns `None` for what is none.
///
/// `country` is the prefix for national numbers, e.g. `+33`.
pub fn normal_phone(text: &str, country: &str) -> Option<String> {
    let number = dialled(text)?;
    if let Some(international) = number.strip_prefix("00") {
        return planned(&format!("+{international}"));
    }
    if number.starts_with('+') {
        return planned(&number);
    }
    let code: u16 = country.strip_prefix('+')?.parse().ok()?;
    let trunk = trunk(code)?;
    let own_code = || {
        let begins = number.starts_with(&code.to_string());
        begins.then(|| planned(&format!("+{number}"))).flatten()
    };
    // Why: a spreadsheet takes the zero away, and what is left may be another number.
    if trunk.as_deref() == Some("0") && !number.starts_with('0') {
        return own_code();
    }
    planned(&format!("+{code}{number}")).or_else(own_code)
}

/// Returns what a national number may be from which a spreadsheet took the 0 in front, if it is none as it stands.
pub fn lost_zero(text: &str, country: &str) -> Option<String> {
    let number = dialled(text)?;
    let code = country.strip_prefix('+')?.parse().ok()?;
    let lost = trunk(code)?.as_deref() == Some("0") && !number.starts_with(['0', '+']);
    match lost && normal_phone(text, country).is_none() {
        true => normal_phone(&format!("0{number}"), country),
        false => None,
    }
}

/// Returns how a country begins its national numbers; `None` if there is no such country.
fn trunk(code: u16) -> Option<Option<String>> {
    let plans = DATABASE.by_code(&code)?;
    Some(
        plans
            .into_iter()
            .find_map(|plan| plan.national_prefix().map(str::to_owned)),
    )
}

/// True if national numbers can be completed with this prefix, e.g. `+33`.
pub fn is_country_prefix(text: &str) -> bool {
    let code = text.strip_prefix('+').filter(|code| !code.starts_with('0'));
    code.and_then(|code| code.parse::<u16>().ok())
        .is_some_and(|code| DATABASE.by_code(&code).is_some())
}

/// Returns the digits of what was written, after a `+` if there was one.
fn dialled(text: &str) -> Option<String> {
    let text = without_marks(text);
    let text = text.trim();
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text.trim_start_matches('\''),
    };
    if text.chars().count() > MOST_CHARACTERS || is_decimal(text) {
        return None;
    }
    let mut number = String::new();
    for c in text.chars() {
        match c {
            '+' | '\u{ff0b}' if number.is_empty() => number.push('+'),
            ' ' | '.' | '-' | '/' | '(' | ')' | '[' | ']' | '_' | '·' | '•' => {}
            '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => {}
            _ if c.is_whitespace() => {}
            _ => number.push(digit(c)?),
        }
    }
    Some(number)
}

/// A digit of any keyboard, as ASCII.
fn digit(c: char) -> Option<char> {
    const ZEROS: [char; 4] = ['0', '\u{660}', '\u{6f0}', '\u{ff10}'];
    ZEROS
        .iter()
        .filter_map(|zero| (c as u32).checked_sub(*zero as u32))
        .find(|value| *value < 10)
        .and_then(|value| char::from_digit(value, 10))
}

/// True for a number that a spreadsheet wrote with decimals, `639980010.0`: one zero more would be another number.
fn is_decimal(text: &str) -> bool {
    let Some((whole, decimals)) = text.rsplit_once(['.', ',']) else {
        return false;
    };
    let one_zero = decimals == "0";
    let zeros = !decimals.is_empty() && decimals.bytes().all(|b| b == b'0');
    let in_one = whole.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit());
    one_zero || (zeros && in_one && whole.len() > 6)
}

/// Returns an international number in E.164 if its country's plan has it.
fn planned(number: &str) -> Option<String> {
    let number = phonenumber::parse(None, number).ok()?;
    let (code, national) = (number.code().value(), number.national().to_string());
    match code {
        FRANCE => in_french_plan(&number, &national),
        _ if overseas(&national) == Some(code) => Some(format!("+{code}{national}")),
        _ => number.is_valid().then(|| format!("+{code}{national}")),
    }
}

fn in_french_plan(number: &PhoneNumber, national: &str) -> Option<String> {
    if national.len() == 9 && FICTION.iter().any(|begin| national.starts_with(begin)) {
        return Some(format!("+{FRANCE}{national}"));
    }
    if let Some(code) = overseas(national) {
        return Some(format!("+{code}{national}"));
    }
    if let Some(local) = national.strip_prefix("508").filter(|local| local.len() == 6) {
        return planned(&format!("+{MIQUELON}{local}"));
    }
    number.is_valid().then(|| format!("+{FRANCE}{national}"))
}

/// Returns the country code of a French national number (without its zero) that belongs overseas.
fn overseas(national: &str) -> Option<u16> {
    let found = OVERSEAS.iter().find(|(begin, _)| national.starts_with(begin));
    found.filter(|_| national.len() == 9).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn french(text: &str) -> Option<String> {
        normal_phone(text, "+33")
    }

    #[test]
    fn a_number_has_one_form_however_it_is_written() {
        for text in [
            "06 39 98 00 10",
            "06.39.98.00.10",
            "06-39-98-00-10",
            "06/39/98/00/10",
            "06\u{a0}39\u{a0}98\u{a0}00\u{a0}10",
            "06\u{202f}39\u{2009}98\t00\u{3000}10",
            "06\u{2011}39\u{2013}98\u{2212}00\u{2010}10",
            "(06) 39 98 00 10",
            "'0639980010",
            "+33 6 39 98 00 10",
            "+33 (0)6 39 98 00 10",
            "+33(0) 639980010",
            "(+33) 6 39 98 00 10",
            "+33 06 39 98 00 10",
            "0033 6 39 98 00 10",
            "0033 (0)6 39 98 00 10",
            "00 33 639 980 010",
            "33639980010",
            "\u{202a}+33 6 39 98 00 10\u{202c}",
            "\u{feff}0639980010\u{200b}",
            "06\u{200d}39\u{ad}980010\u{200e}",
            "tel:+33-6-39-98-00-10",
            "TEL:0639980010",
            "０６３９９８００１０",
            "＋33639980010",
            "٠٦٣٩٩٨٠٠١٠",
        ] {
            assert_eq!(french(text).as_deref(), Some("+33639980010"), "{text:?}");
        }
    }

    #[test]
    fn overseas_numbers_have_their_own_country_code() {
        for (text, normal) in [
            ("0590 20 12 34", "+590590201234"),
            ("0690 11 22 33", "+590690112233"),
            ("0691 22 11 33", "+590691221133"),
            ("0694 20 12 34", "+594694201234"),
            ("0594 30 12 34", "+594594301234"),
            ("0596 30 12 34", "+596596301234"),
            ("0696 20 12 34", "+596696201234"),
            ("0697 20 12 34", "+596697201234"),
            ("0262 16 12 34", "+262262161234"),
            ("0692 12 34 56", "+262692123456"),
            ("0693 01 23 45", "+262693012345"),
            ("0269 60 12 34", "+262269601234"),
            ("0639 01 23 45", "+262639012345"),
            ("0508 43 01 23", "+508430123"),
            ("+33 690 11 22 33", "+590690112233"),
            ("+590 690 11 22 33", "+590690112233"),
            ("+590 (0)690 11 22 33", "+590690112233"),
            ("00262 692 12 34 56", "+262692123456"),
        ] {
            assert_eq!(french(text).as_deref(), Some(normal), "{text}");
        }
        // Only France has them behind its zero.
        assert_eq!(
            normal_phone("0475 12 34 56", "+32").as_deref(),
            Some("+32475123456")
        );
        assert_ne!(
            normal_phone("0690 11 22 33", "+49").as_deref(),
            Some("+590690112233")
        );
    }

    #[test]
    fn other_countries_have_their_own_plans() {
        for (text, country, normal) in [
            ("079 312 34 56", "+41", "+41793123456"),
            ("+41 (0)79 312 34 56", "+33", "+41793123456"),
            ("621 123 456", "+352", "+352621123456"),
            ("612 34 56 78", "+34", "+34612345678"),
            ("312 345 6789", "+39", "+393123456789"),
            ("06 1234 5678", "+39", "+390612345678"),
            ("+39 06 1234 5678", "+33", "+390612345678"),
            ("0151 23456789", "+49", "+4915123456789"),
            ("07400 123456", "+44", "+447400123456"),
            ("(201) 555-0123", "+1", "+12015550123"),
            ("1 201 555 0123", "+1", "+12015550123"),
        ] {
            assert_eq!(
                normal_phone(text, country).as_deref(),
                Some(normal),
                "{text} {country}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "06",
            "call me",
            "06 39 98 00",
            "06 39 98 00 1",
            "06 39 98 00 100",
            "+33 6 39 98 00 1O",
            "0639980010.0",
            "639980010.0",
            "+33639980010.00",
            "0639980010,0",
            "6.3998E+08",
            "0000000000",
            "+0639980010",
            "+00000000",
            "639980010",
            "+33 0",
            "00",
            "0690 11 22",
            "0690 11 22 334",
            "+590 690 11 22",
            "+999 12345678",
            "06+39980010",
            "++33639980010",
            "0639980010 / 0639980011",
            "0639980010 poste 12",
            "#REF!",
            "1234567890123456789012345678901234567890",
        ] {
            assert_eq!(french(text), None, "{text}");
        }
        assert_eq!(normal_phone("0639980010", "FR"), None);
    }

    #[test]
    fn a_number_in_its_form_stays_as_it_is() {
        for text in [
            "+33639980010",
            "+590690112233",
            "+262639012345",
            "+390612345678",
            "+508430123",
        ] {
            assert_eq!(french(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_lost_zero_is_found() {
        for (text, country, read) in [
            ("639980010", "+33", Some("+33639980010")),
            ("142278100", "+33", Some("+33142278100")),
            ("690400010", "+33", Some("+590690400010")),
            ("475123456", "+32", Some("+32475123456")),
            ("0639980010", "+33", None),
            ("+639980010", "+33", None),
            ("33639980010", "+33", None),
            ("63998001", "+33", None),
            ("639980010.0", "+33", None),
            ("612345678", "+34", None),
        ] {
            assert_eq!(lost_zero(text, country).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn prefixes_of_countries() {
        for (text, known) in [
            ("+33", true),
            ("+262", true),
            ("33", false),
            ("FR", false),
            ("+", false),
            ("+999", false),
        ] {
            assert_eq!(is_country_prefix(text), known, "{text}");
        }
    }
}
