//! E-mail addresses: one form for files, sign-in and what is stored.

use super::marks::without_marks;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Maximum length of an address (RFC 5321).
const MOST_BYTES: usize = 254;

/// Normalises an e-mail address: lower case, without invisible characters and `mailto:`, its domain in ASCII. Returns
/// `None` for what is none.
///
/// Why ASCII (`xn--…`): mail servers take it, and both ways to write such a domain become one.
pub fn normal_email(text: &str) -> Option<String> {
    let text = without_marks(text);
    let text = text.trim();
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            text[7..].split('?').next().unwrap_or_default()
        }
        _ => text,
    };
    let (name, domain) = text.trim().split_once('@')?;
    let name = name.to_lowercase();
    let sound_name = !name.is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && name
            .chars()
            .all(|c| !c.is_whitespace() && !matches!(c, '@' | ',' | ';' | '<' | '>' | '"' | '(' | ')'));
    // Deny list: what no host name has, also not behind a look-alike.
    let domain = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()?;
    // No numbers of the network, and no end of one letter: there is none.
    let sound_end = domain
        .rsplit_once('.')
        .is_some_and(|(_, end)| end.len() > 1 && !end.bytes().all(|b| b.is_ascii_digit()));
    let address = format!("{name}@{domain}");
    (sound_name && sound_end && address.len() <= MOST_BYTES).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form_however_it_is_written() {
        for text in [
            "marie@example.com",
            " Marie@Example.COM ",
            "ma\u{200b}rie@example.com",
            "\u{feff}marie@exam\u{ad}ple.com",
            "\u{202a}marie@example.com\u{202c}",
            "mailto:marie@example.com",
            "MAILTO:Marie@example.com?subject=Bonjour",
            "marie@\u{ff45}xample.com",
            "marie@example\u{3002}com",
        ] {
            assert_eq!(
                normal_email(text).as_deref(),
                Some("marie@example.com"),
                "{text:?}"
            );
        }
        for text in [
            "info@bäckerei.example",
            "info@B\u{c4}CKEREI.example",
            "info@ba\u{308}ckerei.example",
            "info@xn--bckerei-5wa.example",
            "Info@XN--BCKEREI-5WA.example",
        ] {
            assert_eq!(
                normal_email(text).as_deref(),
                Some("info@xn--bckerei-5wa.example"),
                "{text:?}"
            );
        }
        for kept in [
            "o'neil+club@example.co.uk",
            "é@example.com",
            "a.b_c@ab--c.example",
        ] {
            assert_eq!(normal_email(kept).as_deref(), Some(kept));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "marie",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@b@example.com",
            "a@example..com",
            "a@.example.com",
            "a@example.com.",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "a@192.168.1.1",
            "a@example.c",
            "a@exam ple.com",
            "a@-example.com",
            "a@exa_mple.com",
            "a@example.com, b@example.com",
            "Marie <marie@example.com>",
            "mailto:",
            "a@xn--.example",
        ] {
            assert_eq!(normal_email(bad), None, "{bad}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        assert_eq!(normal_email(&long), None);
    }
}
