//! The brand's texts: Markdown to sanitised HTML. Phones render no other HTML.

use crate::Result;
use domain::input::InputCode;
use domain::{Lang, Text, fault};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// Renders a text as HTML. Raw HTML in it is escaped; links may only use web, mail and telephone addresses.
///
/// `picture` returns the address of a picture named in the text, or an error.
///
/// # Errors
/// [`crate::Error::Input`] if a picture does not exist.
pub fn to_html(text: &str, mut picture: impl FnMut(&str) -> Result<String>) -> Result<String> {
    let mut missing = None;
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) if !fault!("markdown-is-shown-as-it-came") => {
            Some(Event::Text(raw))
        }
        Event::Start(Tag::Image {
            link_type,
            dest_url,
            title,
            id,
        }) => match picture(&dest_url) {
            Ok(url) => Some(Event::Start(Tag::Image {
                link_type,
                dest_url: url.into(),
                title,
                id,
            })),
            Err(error) => {
                missing.get_or_insert(error);
                None
            }
        },
        // The page has the h1: headings of a text start at h2.
        Event::Start(Tag::Heading {
            level,
            id,
            classes,
            attrs,
        }) => Some(Event::Start(Tag::Heading {
            level: below(level),
            id,
            classes,
            attrs,
        })),
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(below(level)))),
        other => Some(other),
    });
    let mut raw = String::new();
    html::push_html(&mut raw, events);
    if let Some(error) = missing {
        return Err(error);
    }
    if fault!("markdown-is-shown-as-it-came") {
        return Ok(raw);
    }
    Ok(sanitiser().clean(&raw).to_string())
}

/// Renders a text that may not contain pictures.
///
/// # Errors
/// [`crate::Error::Input`] if it names one.
pub fn without_pictures(text: &str) -> Result<String> {
    to_html(text, |name| {
        Err(InputCode::NoPictureHere {
            picture: name.to_owned(),
        }
        .into())
    })
}

/// Renders a text that may not contain pictures, in each of its languages.
///
/// # Errors
/// [`crate::Error::Input`] if it names a picture.
pub(crate) fn text_to_html(text: &Text) -> Result<Text> {
    let mut html = Text::default();
    for lang in Lang::ALL {
        if text.has(lang) {
            html.set(lang, without_pictures(text.get(lang))?);
        }
    }
    Ok(html)
}

fn below(level: pulldown_cmark::HeadingLevel) -> pulldown_cmark::HeadingLevel {
    use pulldown_cmark::HeadingLevel::{H2, H3, H4};
    match level {
        pulldown_cmark::HeadingLevel::H1 | H2 => H2,
        H3 => H3,
        _ => H4,
    }
}

fn sanitiser() -> ammonia::Builder<'static> {
    let tags = [
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
    let mut builder = ammonia::Builder::empty();
    builder
        .add_tags(tags)
        // Why: an empty builder still allows `lang` and `title` everywhere.
        .generic_attributes([].into())
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("img", ["src", "alt"])
        .add_tag_attributes("ol", ["start"])
        // Why replaced and not extended: an empty builder still allows every scheme that ammonia knows.
        .url_schemes(["https", "http", "mailto", "tel"].into())
        .link_rel(Some("noopener noreferrer"))
        .url_relative(ammonia::UrlRelative::PassThrough);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        to_html(text, |name| Ok(format!("/media/{name}"))).unwrap()
    }

    #[test]
    fn texts_keep_their_shape() {
        assert_eq!(
            html("# A\n\nb **c**"),
            "<h2>A</h2>\n<p>b <strong>c</strong></p>\n"
        );
        assert_eq!(
            html("![a](x.png)"),
            "<p><img src=\"/media/x.png\" alt=\"a\"></p>\n"
        );
    }

    #[test]
    fn nothing_in_a_text_runs() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "![x](\"onerror=alert(1))",
            "<svg><style><a title=\"</style><img src=x onerror=alert(1)>\">",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "[x](data:text/html,<script>alert(1)</script>)",
            "[x](sms:+33639980010)",
            "<im:a@example.com>",
        ] {
            let html = html(text);
            for bad in [
                "<script",
                "<svg",
                "<math",
                "<style",
                "href=\"javascript",
                "href=\"data",
                "href=\"sms",
                "href=\"im:",
                "\" onerror",
            ] {
                assert!(!html.to_lowercase().contains(bad), "{text} gave {html}");
            }
        }
    }

    #[test]
    fn what_is_not_listed_does_not_pass() {
        assert_eq!(
            html("[x](https://example.com \"t\") y"),
            "<p><a href=\"https://example.com\" rel=\"noopener noreferrer\">x</a> y</p>\n"
        );
        assert!(!html("![a](x.png \"t\")").contains("title"));
    }

    #[test]
    fn a_missing_picture_is_named() {
        assert!(
            without_pictures("![a](x.png)")
                .unwrap_err()
                .to_string()
                .contains("x.png")
        );
    }
}
