//! Points and money: whole numbers only.

/// Whole points. Negative only if a return took back points that were already spent.
pub type Points = i64;

/// Money in hundredths of the programme's currency.
pub type Cents = i64;

/// The largest amount of one order, in either direction: a thousand million units of currency.
pub const MOST_CENTS: Cents = 100_000_000_000;

/// The most points that one order brings or takes back.
pub const MOST_ORDER_POINTS: Points = 1_000_000_000_000;

/// The most points that a wallet holds or owes. Why: no sum over wallets then comes near the end of an `i64`.
pub const MOST_POINTS: Points = 1_000_000_000_000_000;

/// Reads `29.33`, `-4`, `1234.5` as hundredths; `None` for anything else (three decimals, a comma, letters).
pub fn parse_cents(text: &str) -> Option<Cents> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 13
        || fraction.len() > 2
        || !all_digits(whole)
        || !all_digits(fraction)
    {
        return None;
    }
    if digits.ends_with('.') {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<2}").parse().ok()?;
    Some(sign * (whole * 100 + fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_are_read_exactly() {
        for (text, cents) in [
            ("29.33", 2933),
            ("-4", -400),
            ("1234.5", 123_450),
            ("0.07", 7),
            ("-0.50", -50),
        ] {
            assert_eq!(parse_cents(text), Some(cents), "{text}");
        }
        for bad in [
            "",
            "-",
            ".5",
            "5.",
            "1,50",
            "1.234",
            "1e3",
            "€5",
            " 5",
            "99999999999999",
        ] {
            assert_eq!(parse_cents(bad), None, "{bad}");
        }
    }
}
