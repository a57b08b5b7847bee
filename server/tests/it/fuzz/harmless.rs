//! Checks that HTML contains nothing that could run or load, on its tags as a browser tokenizes them.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer};
use std::cell::RefCell;

const TAGS: [&str; 22] = [
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h2",
    "h3",
    "h4",
    "hr",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

#[derive(Default)]
struct Tags(RefCell<Vec<Tag>>);

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => self.0.borrow_mut().push(tag),
            Token::CommentToken(text) => panic!("a comment: {text:?}"),
            Token::DoctypeToken(_) => panic!("a doctype"),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// # Panics
/// If a tag, an attribute or an address is not allowed in a text.
pub fn harmless(html: &str) {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let reader = Tokenizer::new(Tags::default(), Default::default());
    let _ = reader.feed(&input);
    reader.end();
    for tag in reader.sink.0.into_inner() {
        let name = tag.name.to_string();
        assert!(TAGS.contains(&name.as_str()), "<{name}> in {html:?}");
        for attribute in &tag.attrs {
            let value = attribute.value.to_string();
            let sound = match (name.as_str(), &*attribute.name.local) {
                ("a", "href") => leads_out(&value),
                ("img", "src") => value.starts_with("/media/"),
                ("a", "rel") => value == "noopener noreferrer",
                // Human-readable text, on any tag.
                (_, "title" | "lang") | ("img", "alt") => true,
                ("ol", "start") => value.parse::<i64>().is_ok(),
                _ => false,
            };
            assert!(sound, "{name} {}={value:?} in {html:?}", attribute.name.local);
        }
    }
}

/// Checks the scheme as a browser reads it: surrounding blanks and line breaks in it are ignored.
fn leads_out(address: &str) -> bool {
    let address: String = address
        .trim_matches(|sign: char| sign <= ' ')
        .chars()
        .filter(|sign| !matches!(sign, '\t' | '\n' | '\r'))
        .collect();
    let scheme_ends = address.find(|sign: char| !(sign.is_ascii_alphanumeric() || "+-.".contains(sign)));
    match scheme_ends {
        Some(end)
            if address[end..].starts_with(':')
                && address.starts_with(|sign: char| sign.is_ascii_alphabetic()) =>
        {
            let scheme = address[..end].to_ascii_lowercase();
            ["http", "https", "mailto", "tel"].contains(&scheme.as_str())
        }
        _ => true,
    }
}

#[test]
fn harm_is_seen() {
    for good in [
        "<p>a <strong>b</strong> &lt;script&gt;</p>",
        "<a href=\"https://example.com\" rel=\"noopener noreferrer\">x</a>",
        "<img src=\"/media/1\" alt=\"onerror=x()\">",
        "<a href=\"#top\">x</a>",
    ] {
        harmless(good);
    }
    for bad in [
        "<script>x()</script>",
        "<p onclick=x()>a</p>",
        "<a href=\"java\tscript:x()\">a</a>",
        "<a href=\" &#1;javascript&colon;x()\">a</a>",
        "<img src=\"https://example.com/a.png\">",
        "<svg/onload=x()>",
        "<p style=\"color:red\">a</p>",
        "<!-- a -->",
    ] {
        assert!(std::panic::catch_unwind(|| harmless(bad)).is_err(), "{bad}");
    }
}
