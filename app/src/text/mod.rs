//! All texts of the app, in French and English side by side. A text that lacks a language does not compile.
//!
//! # How to add a text
//! `name: "French", "English";` inside `say!` for a fixed text, `name(a: &str): "… {a} …", "… {a} …";` inside `fill!`
//! for one with values, and `name: "{n} point" / "{n} points", "{n} point" / "{n} points";` inside `count!` for one
//! that depends on a number. French has narrow no-break spaces (U+202F) before `; : ! ?` and inside quotation marks; a
//! test checks them.

use domain::Lang;

/// Fixed texts.
macro_rules! say {
    ($($name:ident: $fr:literal, $en:literal;)*) => {
        $(pub fn $name(lang: domain::Lang) -> &'static str {
            match lang {
                domain::Lang::Fr => $fr,
                domain::Lang::En => $en,
            }
        })*
        #[cfg(test)]
        pub(crate) const FIXED: &[(&str, &str)] = &[$(($fr, $en)),*];
    };
}

/// Texts with values.
macro_rules! fill {
    ($($name:ident($($value:ident: $type:ty),*): $fr:literal, $en:literal;)*) => {
        $(pub fn $name(lang: domain::Lang, $($value: $type),*) -> String {
            match lang {
                domain::Lang::Fr => format!($fr),
                domain::Lang::En => format!($en),
            }
        })*
        #[cfg(test)]
        pub(crate) const FILLED: &[(&str, &str)] = &[$(($fr, $en)),*];
    };
}

/// Texts that depend on a number: singular and plural.
macro_rules! count {
    ($($name:ident: $fr_one:literal / $fr:literal, $en_one:literal / $en:literal;)*) => {
        $(pub fn $name(lang: domain::Lang, n: i64) -> String {
            let one = $crate::text::is_one(lang, n);
            let form = match (lang, one) {
                (domain::Lang::Fr, true) => $fr_one,
                (domain::Lang::Fr, false) => $fr,
                (domain::Lang::En, true) => $en_one,
                (domain::Lang::En, false) => $en,
            };
            form.replace("{n}", &$crate::text::number(lang, n))
        })*
        #[cfg(test)]
        pub(crate) const COUNTED: &[(&str, &str)] = &[$(($fr_one, $en_one), ($fr, $en)),*];
    };
}

mod common;
mod input;
mod outcomes;
mod privacy;
mod reports;

pub use crate::activity::text::*;
pub use crate::events::text::*;
pub use crate::home::text::*;
pub use crate::learning::text::*;
pub use crate::ledger::text::*;
pub use crate::members::text::*;
pub use crate::notices::text::*;
pub use crate::rewards::text::*;
pub use common::*;
pub use input::{input_code, input_error};
pub use outcomes::*;
pub use privacy::*;
pub use reports::*;

/// True if `n` takes the singular. French counts 0 and 1 as singular, English only 1.
pub fn is_one(lang: Lang, n: i64) -> bool {
    match lang {
        Lang::Fr => n.abs() < 2,
        Lang::En => n.abs() == 1,
    }
}

/// A whole number with grouped thousands: `1 240`, `1,240`.
pub fn number(lang: Lang, n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    if n < 0 {
        text.push('\u{2212}');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(match lang {
                Lang::Fr => '\u{202f}',
                Lang::En => ',',
            });
        }
        text.push(digit);
    }
    text
}

/// A number with its sign: `+80`, `−1 240`.
pub fn signed(lang: Lang, n: i64) -> String {
    let text = number(lang, n);
    if n > 0 { format!("+{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(&'static str, &'static str)> {
        [
            crate::activity::text::FIXED,
            crate::events::text::COUNTED,
            crate::events::text::FILLED,
            crate::events::text::FIXED,
            crate::home::text::FILLED,
            crate::home::text::FIXED,
            crate::learning::text::COUNTED,
            crate::learning::text::FILLED,
            crate::learning::text::FIXED,
            crate::ledger::text::COUNTED,
            crate::ledger::text::FILLED,
            crate::ledger::text::FIXED,
            crate::members::text::COUNTED,
            crate::members::text::FILLED,
            crate::members::text::FIXED,
            crate::notices::text::FILLED,
            crate::notices::text::FIXED,
            crate::rewards::text::COUNTED,
            crate::rewards::text::FILLED,
            crate::rewards::text::FIXED,
            input::FILLED,
            input::FIXED,
            outcomes::FIXED,
            privacy::FIXED,
            reports::FILLED,
            reports::FIXED,
            common::COUNTED,
            common::FILLED,
            common::FIXED,
        ]
        .concat()
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(Lang::Fr, 1_240), "1\u{202f}240");
        assert_eq!(number(Lang::En, 1_234_567), "1,234,567");
        assert_eq!(number(Lang::En, 999), "999");
        assert_eq!(signed(Lang::En, -80), "\u{2212}80");
        assert_eq!(signed(Lang::Fr, 80), "+80");
    }

    #[test]
    fn plurals_follow_the_language() {
        assert_eq!(points(Lang::Fr, 0), "0 point");
        assert_eq!(points(Lang::En, 0), "0 points");
        assert_eq!(points(Lang::Fr, 1_240), "1\u{202f}240 points");
        assert_eq!(points(Lang::En, 1), "1 point");
    }

    #[test]
    fn french_punctuation_is_not_torn_off() {
        for (fr, _) in all() {
            for sign in [';', ':', '!', '?', '»', '%', '€'] {
                assert!(
                    !fr.contains(&format!(" {sign}")),
                    "an ordinary space before {sign} in: {fr}"
                );
            }
            assert!(!fr.contains("« "), "{fr}");
            for sign in [';', '!', '?'] {
                for (at, _) in fr.match_indices(sign) {
                    let before = fr[..at].chars().last();
                    assert_eq!(before, Some('\u{202f}'), "no space before {sign} in: {fr}");
                }
            }
        }
    }

    #[test]
    fn apostrophes_are_typographic_and_nothing_is_blank() {
        for (fr, en) in all() {
            assert!(!fr.contains('\'') && !en.contains('\''), "{fr} / {en}");
            assert!(!fr.trim().is_empty() && !en.trim().is_empty());
        }
    }
}
