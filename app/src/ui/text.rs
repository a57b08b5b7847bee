//! Titles, sentences and parts of a screen.

use super::button_link;
use crate::routes::Route;
use crate::text;
use domain::Lang;
use leptos::prelude::*;

/// What a screen is called. It takes the focus when the screen opens.
pub fn heading(title: impl Into<String>) -> AnyView {
    let title: String = title.into();
    view! { <h1 tabindex="-1">{title}</h1> }.into_any()
}

/// A part of a screen under its own title.
pub fn section(title: &str, body: AnyView) -> AnyView {
    view! {
        <section class="part">
            <h2>{title.to_owned()}</h2>
            {body}
        </section>
    }
    .into_any()
}

/// A sentence, if there is something to say.
pub fn line(class: &'static str, words: impl Into<String>) -> AnyView {
    let words: String = words.into();
    view! { <p class=class>{words}</p> }.into_any()
}

/// An empty list that says what to do next.
pub fn empty(words: &str) -> AnyView {
    view! { <p class="empty">{words.to_owned()}</p> }.into_any()
}

/// Text of the brand, sanitised on the server.
pub fn rich_text(html: &str) -> AnyView {
    view! { <div class="written" inner_html=html.to_owned()></div> }.into_any()
}

/// Something that is no longer there.
pub fn not_there(lang: Lang, back: &Route) -> AnyView {
    view! {
        {heading(text::not_there_title(lang))}
        {line("hint", text::not_there(lang))}
        {button_link("primary", back, text::back(lang))}
    }
    .into_any()
}

/// Nothing.
pub fn nothing() -> AnyView {
    ().into_any()
}
