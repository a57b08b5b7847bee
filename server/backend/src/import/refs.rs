//! Refs that are twice in a file, or that look like another.

use super::Options;
use crate::{Result, Tx, members, orders};
use domain::input::{InputCode, InputError};
use std::collections::{HashMap, HashSet};
use unicode_normalization::UnicodeNormalization;

/// Returns the look of a ref: without zeros in front of a number and decimals behind it, capitals, blanks, the marks that
/// spreadsheets put around texts, and letters that are not seen; all dashes are one.
fn look(reference: &str) -> String {
    let unseen = |letter: &char| {
        letter.is_whitespace()
            || matches!(
                letter,
                '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
            )
    };
    let plain = |letter| match letter {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    };
    let text = reference.strip_prefix('\'').unwrap_or(reference);
    let text = text
        .strip_prefix("=\"")
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let look: String = text
        .nfkc()
        .filter(|letter| !unseen(letter))
        .map(plain)
        .flat_map(char::to_lowercase)
        .collect();
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = match look.split_once(['.', ',']) {
        Some((whole, decimals)) if !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0') => whole,
        _ => look.as_str(),
    };
    match all_digits(number) {
        true => number.trim_start_matches('0').to_owned(),
        false => look,
    }
}

/// Says what `reference` looks like.
fn likeness(known: &str) -> InputCode {
    let known = known.to_owned();
    match known.bytes().all(|byte| byte.is_ascii_digit()) {
        true => InputCode::LostZeros { known },
        false => InputCode::AlmostKnown { known },
    }
}

/// The refs of one kind of thing.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Company,
    Member,
    Order,
}

/// The known refs that look like one of a file.
#[derive(Debug, Default)]
pub struct Known(HashMap<String, Vec<String>>);

impl Known {
    /// Reads all known refs, and keeps those that look like one of `refs`; none if looks do not matter.
    pub async fn load<'a>(
        tx: &mut Tx,
        kind: Kind,
        refs: impl Iterator<Item = &'a str>,
        options: Options,
    ) -> Result<Known> {
        if options.distinct_refs {
            return Ok(Known::default());
        }
        let looks: HashSet<String> = refs.map(look).collect();
        let mut known: HashMap<String, Vec<String>> = HashMap::new();
        let mut after = String::new();
        loop {
            let page = match kind {
                Kind::Company => members::list_company_refs(tx, &after).await?,
                Kind::Member => members::list_member_refs(tx, &after).await?,
                Kind::Order => orders::list_refs(tx, &after).await?,
            };
            let Some(last) = page.last() else {
                return Ok(Known(known));
            };
            after.clone_from(last);
            for reference in page {
                let look = look(&reference);
                if looks.contains(&look) {
                    known.entry(look).or_default().push(reference);
                }
            }
        }
    }

    /// # Errors
    /// If `reference` is new and looks like a known one.
    pub fn check(&self, column: &str, reference: &str) -> Result<(), InputError> {
        match self.like(reference) {
            Some(known) => Err(likeness(known).field(column)),
            None => Ok(()),
        }
    }

    /// Returns a known ref that looks like this one, which is not known.
    fn like(&self, reference: &str) -> Option<&str> {
        let known = self.0.get(&look(reference))?;
        let first = known.first()?;
        (!known.iter().any(|known| known == reference)).then_some(first.as_str())
    }

    fn has(&self, reference: &str) -> bool {
        self.0
            .get(&look(reference))
            .is_some_and(|known| known.iter().any(|known| known == reference))
    }
}

/// Refs seen so far in a file, to report duplicates.
pub struct Seen {
    lines: HashMap<String, u64>,
    spellings: Spellings,
}

impl Seen {
    pub fn new(options: Options) -> Seen {
        Seen {
            lines: HashMap::new(),
            spellings: Spellings::new(options),
        }
    }

    pub fn has(&self, reference: &str) -> bool {
        self.lines.contains_key(reference)
    }

    /// Notes a ref that differs from another one in capitals only: both may be meant.
    ///
    /// # Errors
    /// If this ref was there before, or is new and another one looks the same.
    pub fn check(
        &mut self,
        known: &Known,
        column: &str,
        reference: &str,
        line: u64,
        notes: &mut Vec<InputError>,
    ) -> Result<(), InputError> {
        if let first_line @ Some(_) = self.lines.insert(reference.to_owned(), line) {
            return Err(InputCode::Twice { first_line }.field(column));
        }
        if known.has(reference) {
            return Ok(());
        }
        let like = known.like(reference).or_else(|| self.spellings.like(reference));
        match like {
            None => Ok(()),
            Some(like) if like.to_lowercase() == reference.to_lowercase() => {
                notes.push(likeness(like).field(column));
                Ok(())
            }
            Some(like) => Err(likeness(like).field(column)),
        }
    }
}

/// The spellings of new refs.
pub struct Spellings {
    first: HashMap<String, String>,
    /// Looks do not matter.
    distinct: bool,
}

impl Spellings {
    pub fn new(options: Options) -> Spellings {
        Spellings {
            first: HashMap::new(),
            distinct: options.distinct_refs,
        }
    }

    /// # Errors
    /// If the same ref was written differently before.
    pub fn check(&mut self, column: &str, reference: &str) -> Result<(), InputError> {
        match self.like(reference) {
            Some(like) => Err(likeness(like).field(column)),
            None => Ok(()),
        }
    }

    /// Returns the first spelling of a ref if this is another one.
    fn like(&mut self, reference: &str) -> Option<&str> {
        if self.distinct {
            return None;
        }
        let first = self.first.entry(look(reference));
        let first = first.or_insert_with(|| reference.to_owned());
        (first != reference).then_some(first.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_compared() {
        for (one, other) in [
            ("000123", "123"),
            ("c-1", "C-1"),
            ("\u{c9}vry", "E\u{301}vry"),
            ("\u{c9}vry", "évry"),
            ("c\u{200b}-é", "C-é"),
        ] {
            assert_eq!(look(one), look(other));
        }
        for (one, other) in [
            ("C00004", "C0004"),
            ("c-1", "c-01"),
            ("évry", "evry"),
            ("12", "120"),
        ] {
            assert_ne!(look(one), look(other));
        }
    }
}
