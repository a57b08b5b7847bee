//! Text of clients in the log.

/// Returns the first `most` characters of a client's text, without those that could change how a line looks: control
/// and format characters, line and paragraph separators.
pub fn for_log(text: &str, most: usize) -> String {
    text.chars().filter(|sign| !is_hidden(*sign)).take(most).collect()
}

/// Unicode's categories Cc, Cf, Zl and Zp.
fn is_hidden(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}'..='\u{891}' | '\u{8E2}'
            | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0001}' | '\u{E0020}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_client_changes_how_a_line_looks() {
        assert_eq!(
            for_log("a\u{202E}b\u{2028}c\nd\u{1b}[31m\u{85}e\u{FEFF}", 20),
            "abcd[31me"
        );
        assert_eq!(for_log("épée 😀 œuvre", 6), "épée 😀");
    }
}
