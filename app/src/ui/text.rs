//! Titles, sentences and parts of a screen.

use super::button_link;
use crate::routes::Route;
use crate::text;
use domain::Lang;
use leptos::prelude::*;

/// The title of a screen. It takes the focus when the screen opens.
pub fn heading(title: impl Into<String>) -> AnyView {
    let title: String = title.into();
    view! { <h1 tabindex="-1">{title}</h1> }.into_any()
}

/// A section with a title.
pub fn section(title: &str, body: AnyView) -> AnyView {
    view! {
        <section class="part">
            <h2>{title.to_owned()}</h2>
            {body}
        </section>
    }
    .into_any()
}

/// A paragraph.
pub fn line(class: &'static str, words: impl Into<String>) -> AnyView {
    let words: String = words.into();
    view! { <p class=class>{words}</p> }.into_any()
}

/// The text of an empty list.
pub fn empty(words: &str) -> AnyView {
    view! { <p class="empty">{words.to_owned()}</p> }.into_any()
}

/// Text of the brand, sanitised on the server.
pub fn rich_text(html: &str) -> AnyView {
    view! { <div class="written" inner_html=html.to_owned()></div> }.into_any()
}

/// Shown if the item no longer exists.
pub fn not_there(lang: Lang, back: &Route) -> AnyView {
    view! {
        {heading(text::not_there_title(lang))}
        {line("hint", text::not_there(lang))}
        {button_link("primary", back, text::back(lang))}
    }
    .into_any()
}

/// An empty view.
pub fn nothing() -> AnyView {
    ().into_any()
}
