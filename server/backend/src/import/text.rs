//! Takes a text file apart: encoding, separator, lines and quotes.
//!
//! A row is one line, as an editor shows it. A value that does not end on its line is refused, and so is a quote in the middle
//! of a value: both are how one stray quote makes one row of many.

use super::table::Cells;
use crate::{Error, Result};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use domain::fault;
use domain::input::InputCode;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The text of a file, and its encoding.
#[derive(Debug)]
pub struct Decoded {
    pub text: String,
    pub encoding: &'static Encoding,
}

/// Decodes by a mark at the beginning, else by what the bytes are: UTF-16, UTF-8 or Windows-1252. What cannot be decoded
/// is U+FFFD, and refused by cell.
///
/// # Errors
/// If the bytes are none of these.
pub fn decode(bytes: &[u8], given: Option<&'static Encoding>) -> Result<Decoded> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = match marked.or(given) {
        Some(encoding) => encoding,
        None => guess(bytes)?,
    };
    let (text, ..) = encoding.decode(bytes);
    Ok(Decoded {
        text: text.into_owned(),
        encoding,
    })
}

fn guess(bytes: &[u8]) -> Result<&'static Encoding> {
    if let Some(encoding) = guess_utf_16(bytes) {
        return Ok(encoding);
    }
    if std::str::from_utf8(bytes).is_ok() || has_utf8_letters(bytes) {
        return Ok(UTF_8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let likely = detector.guess(Some(b"fr"), Utf8Detection::Deny);
    if likely != WINDOWS_1252 || is_not_windows_1252(bytes) {
        let likely = if likely == WINDOWS_1252 { "" } else { likely.name() };
        let likely = likely.to_owned();
        return Err(InputCode::EncodingUnclear { likely }.into());
    }
    Ok(WINDOWS_1252)
}

/// Every other byte of Latin text in UTF-16 is zero.
fn guess_utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = &bytes[..bytes.len().min(1_000) & !1];
    let zeros = |odd: usize| {
        start
            .iter()
            .skip(odd)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd, pairs) = (zeros(0), zeros(1), start.len() / 2);
    match pairs {
        0..4 => None,
        _ if odd * 2 > pairs && even * 8 < pairs => Some(UTF_16LE),
        _ if even * 2 > pairs && odd * 8 < pairs => Some(UTF_16BE),
        _ => None,
    }
}

/// Returns true if some letters are sound UTF-8 of several bytes: then the file is UTF-8, and a few rows of it are spoilt.
fn has_utf8_letters(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// Returns true for bytes that no text in Windows-1252 has: those it leaves free, and signs or capitals within a word where
/// older encodings have accented letters.
fn is_not_windows_1252(bytes: &[u8]) -> bool {
    let free = |byte: &u8| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    let sign = |byte: u8| matches!(byte, 0x80 | 0x82..=0x89 | 0x8b | 0x93..=0x95 | 0x98 | 0x99 | 0x9b);
    let not_behind_a_letter = |byte: u8| matches!(byte, 0x82..=0x84 | 0x88 | 0x8a | 0x8e);
    bytes.iter().any(free)
        || bytes
            .windows(2)
            .any(|two| two[0].is_ascii_lowercase() && not_behind_a_letter(two[1]))
        || bytes
            .windows(3)
            .any(|three| three[0].is_ascii_alphabetic() && sign(three[1]) && three[2].is_ascii_alphabetic())
}

/// The lines of a text with their numbers, from 1: ended by CR LF, LF or CR.
pub fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let mut rest = Some(text);
    let mut number = 0;
    std::iter::from_fn(move || {
        let text = rest?;
        number += 1;
        let Some(end) = text.find(['\r', '\n']) else {
            rest = None;
            return Some((number, text));
        };
        let length = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&text[end + length..]);
        Some((number, &text[..end]))
    })
}

/// Signs between values that are tried, most usual first.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Returns the sign that a first line `sep=;` names.
pub fn named_separator(line: &str) -> Option<char> {
    let line = line.trim_matches('"');
    let sign = line
        .get(..4)
        .filter(|begin| begin.eq_ignore_ascii_case("sep="))
        .map(|_| &line[4..])?;
    let mut letters = sign.chars();
    let separator = letters.next()?;
    (letters.next().is_none() && separator.is_ascii()).then_some(separator)
}

/// Returns the separator with which this line names most of the known columns.
pub fn guess_separator(line: &str, is_known: impl Fn(&str) -> bool) -> (char, usize) {
    let mut best = (SEPARATORS[0], 0, 0);
    for separator in SEPARATORS {
        let names = split(line, separator);
        let known = names.iter().filter(|name| is_known(name)).count();
        if (known, names.len()) > (best.1, best.2) {
            best = (separator, known, names.len());
        }
    }
    (best.0, best.1)
}

/// Returns the values of one line; with quotes as they stand unless they are sound.
fn split(line: &str, separator: char) -> csv::StringRecord {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(separator as u8)
        .quoting(quotes(line, separator).is_ok())
        .from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    // Text in memory, and one line of it, is one record.
    let _ = reader.read_record(&mut record);
    record
}

/// Checks the quotes of a line.
fn quotes(line: &str, separator: char) -> std::result::Result<(), InputCode> {
    if !line.contains('"') || fault!("stray-quote-swallows-what-follows") {
        return Ok(());
    }
    let mut rest = line;
    loop {
        // At the beginning of a value.
        match rest.strip_prefix('"') {
            Some(quoted) => {
                let mut inside = quoted;
                let after = loop {
                    let end = inside.find('"').ok_or(InputCode::QuoteNotClosed)?;
                    match inside[end + 1..].strip_prefix('"') {
                        Some(more) => inside = more,
                        None => break &inside[end + 1..],
                    }
                };
                match after.strip_prefix(separator) {
                    Some(next) => rest = next,
                    None if after.is_empty() => return Ok(()),
                    None => return Err(InputCode::StrayQuote),
                }
            }
            None => {
                let (value, next) = match rest.split_once(separator) {
                    Some((value, next)) => (value, Some(next)),
                    None => (rest, None),
                };
                if value.contains('"') {
                    return Err(InputCode::StrayQuote);
                }
                match next {
                    Some(next) => rest = next,
                    None => return Ok(()),
                }
            }
        }
    }
}

/// Returns the rows of a text, each with its line; blank lines are passed over.
///
/// # Errors
/// If the CSV reader does not see the same rows.
pub fn rows(text: &str, separator: char) -> Result<Vec<Cells>> {
    // Sound lines are parsed in one go, which is much faster than one by one.
    let (mut sound, mut numbers) = (String::with_capacity(text.len()), Vec::new());
    let mut rows = Vec::new();
    for (number, line) in lines(text) {
        if line.trim_matches(' ').is_empty() {
            continue;
        }
        match quotes(line, separator) {
            Ok(()) => {
                sound.push_str(line);
                sound.push('\n');
                numbers.push(number);
            }
            Err(code) => rows.push(Cells {
                broken: Some(code),
                ..Cells::new(number, split(line, separator))
            }),
        }
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator as u8)
        .from_reader(sound.as_bytes());
    let mut numbers = numbers.into_iter();
    for record in reader.records() {
        let values = record.map_err(|error| {
            Error::from(InputCode::Unreadable {
                said: error.to_string(),
            })
        })?;
        let line = numbers.next().unwrap_or_default();
        rows.push(Cells::new(line, values));
    }
    if numbers.next().is_some() {
        return Err(Error::Invariant("a line of a file was lost".into()));
    }
    rows.sort_by_key(|row| row.line);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, &'static str) {
        let decoded = decode(bytes, None).unwrap();
        (decoded.text, decoded.encoding.name())
    }

    #[test]
    fn encodings_are_recognised() {
        let text = "name;town\r\nAubépine;Évry\r\nŒuvre à 5 €;Saint-Étienne\r\n";
        assert_eq!(read(text.as_bytes()), (text.to_owned(), "UTF-8"));
        assert_eq!(
            read(format!("\u{feff}{text}").as_bytes()),
            (text.to_owned(), "UTF-8")
        );
        let (bytes, ..) = WINDOWS_1252.encode(text);
        assert_eq!(read(&bytes), (text.to_owned(), "windows-1252"));
        for (mark, name) in [(&[0xff, 0xfe][..], "UTF-16LE"), (&[], "UTF-16LE")] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(read(&[mark, &bytes].concat()), (text.to_owned(), name));
        }
        for (mark, name) in [(&[0xfe, 0xff][..], "UTF-16BE"), (&[], "UTF-16BE")] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(read(&[mark, &bytes].concat()), (text.to_owned(), name));
        }
        // One accent, or only a blank that does not break, are enough.
        for text in [
            "Aubépine",
            "1\u{a0}234,56",
            "Garçon",
            "À",
            "Noël",
            "forêt",
            "où",
            "Crème brûlée",
            "l’œuf",
            "12 €",
        ] {
            let (bytes, ..) = WINDOWS_1252.encode(text);
            assert_eq!(read(&bytes), (text.to_owned(), "windows-1252"));
        }
    }

    #[test]
    fn what_may_be_another_encoding_is_asked() {
        // `Aubépine`, as DOS and the old Macintosh wrote it.
        for bytes in [&b"Aub\x82pine"[..], b"Aub\x8epine, tr\x8fs"] {
            let error = decode(bytes, None).unwrap_err();
            assert!(
                matches!(&error, Error::Input(error) if matches!(error.code, InputCode::EncodingUnclear { .. })),
                "{error:?}"
            );
        }
        let given = Encoding::for_label(b"macintosh");
        assert_eq!(decode(b"Aub\x8epine", given).unwrap().text, "Aubépine");
        // A UTF-8 file with one spoilt row stays UTF-8.
        assert_eq!(read("Évry\nLy\u{f6}n".as_bytes()).1, "UTF-8");
        assert_eq!(
            read(b"\xc3\x89vry\nLy\xf6n\n"),
            ("Évry\nLy\u{fffd}n\n".to_owned(), "UTF-8")
        );
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let counted = |text| {
            lines(text)
                .map(|(number, line)| format!("{number}{line}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(counted("a\r\nb\r\n\r\nc"), "1a 2b 3 4c");
        assert_eq!(counted("a\rb\r\rc"), "1a 2b 3 4c");
        assert_eq!(counted("a\nb\n\nc\n"), "1a 2b 3 4c 5");
    }

    #[test]
    fn stray_quotes_stay_on_their_line() {
        let text = "a,b\n\"x, y\",\"z \"\"q\"\"\"\nLe \"Petit\",1\n\n\"Chez,2\nc,\"d\"e\nf,g\n,\"\"\n";
        let rows: Vec<(u64, Vec<String>, bool)> = rows(text, ',')
            .unwrap()
            .into_iter()
            .map(|row| {
                (
                    row.line,
                    row.values.iter().map(str::to_owned).collect(),
                    row.broken.is_some(),
                )
            })
            .collect();
        let row = |line, values: &[&str], broken| {
            (
                line,
                values.iter().map(|value| (*value).to_owned()).collect(),
                broken,
            )
        };
        assert_eq!(
            rows,
            [
                row(1, &["a", "b"], false),
                row(2, &["x, y", "z \"q\""], false),
                row(3, &["Le \"Petit\"", "1"], true),
                row(5, &["\"Chez", "2"], true),
                row(6, &["c", "\"d\"e"], true),
                row(7, &["f", "g"], false),
                row(8, &["", ""], false),
            ]
        );
    }

    #[test]
    fn separators_are_recognised_by_the_columns() {
        let known = |name: &str| matches!(name, "ref" | "name" | "town");
        for (line, separator) in [
            ("ref,name,town", ','),
            ("ref;name;town", ';'),
            ("ref\tname\ttown", '\t'),
            ("ref;\"name\";x,y,z,a", ';'),
        ] {
            assert_eq!(guess_separator(line, known).0, separator, "{line}");
        }
        assert_eq!(named_separator("sep=;"), Some(';'));
        assert_eq!(named_separator("\"SEP=,\""), Some(','));
        assert_eq!(named_separator("sep=\t"), Some('\t'));
        assert_eq!(named_separator("separate"), None);
    }
}
