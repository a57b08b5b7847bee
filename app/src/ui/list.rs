//! Lists, and parts of a screen that follow the phone's data.

use super::{app, nothing, section};
use crate::browser::app_state::AppState;
use crate::browser::derived::Derived;
use crate::browser::js;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use domain::Lang;
use leptos::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

/// A row that opens a screen: title, detail below, and an element at the end.
pub fn row(route: &Route, title: impl Into<String>, detail: AnyView, end: AnyView) -> AnyView {
    let title: String = title.into();
    view! {
        <li>
            <a class="row" href=route.path()>
                <span class="row-text">
                    <strong>{title}</strong>
                    {detail}
                </span>
                <span class="row-end">{end}{icon(Icon::Next)}</span>
            </a>
        </li>
    }
    .into_any()
}

/// The detail text of a row.
pub fn detail(words: impl Into<String>) -> AnyView {
    let words: String = words.into();
    view! { <span class="detail">{words}</span> }.into_any()
}

/// A list of rows.
pub fn rows(rows: Vec<AnyView>) -> AnyView {
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

/// A screen, or a part of one, that is redrawn when a view that `show` reads changes.
pub fn live(show: impl Fn(AppState, Lang) -> AnyView + Send + 'static) -> AnyView {
    let app = app();
    (move || {
        js::keep_focus_over_redraw();
        show(app, app.lang.get())
    })
    .into_any()
}

/// A keyed list: a row that is still there keeps its elements, and so the focus, the caret and the input being typed.
/// It is redrawn only when the result of `item` changes.
pub fn keyed<T: PartialEq + Send + Sync + 'static>(
    class: &'static str,
    keys: Derived<Vec<Uuid>>,
    item: fn(AppState, Uuid) -> Option<T>,
    row: fn(AppState, &T, Lang) -> AnyView,
) -> AnyView {
    let app = app();
    let rows = move |key: Uuid| {
        let item = Derived::new(move || item(app, key));
        live(move |app, lang| match item.get().as_ref() {
            Some(item) => row(app, item, lang),
            None => nothing(),
        })
    };
    keyed_rows(class, keys, Arc::new(rows))
}

fn keyed_rows(
    class: &'static str,
    keys: Derived<Vec<Uuid>>,
    rows: Arc<dyn Fn(Uuid) -> AnyView + Send + Sync>,
) -> AnyView {
    view! {
        <ul class=class>
            <For each=move || keys.get().as_ref().clone() key=|key| *key children=move |key| rows(key) />
        </ul>
    }
    .into_any()
}

/// A keyed list under a title; nothing while it is empty.
pub fn keyed_section<T: PartialEq + Send + Sync + 'static>(
    title: impl Fn(Lang) -> &'static str + Send + 'static,
    keys: Derived<Vec<Uuid>>,
    item: fn(AppState, Uuid) -> Option<T>,
    row: fn(AppState, &T, Lang) -> AnyView,
) -> AnyView {
    let some = Derived::new(move || !keys.get().is_empty());
    live(move |_, lang| {
        if *some.get() {
            section(title(lang), keyed("rows", keys, item, row))
        } else {
            nothing()
        }
    })
}
