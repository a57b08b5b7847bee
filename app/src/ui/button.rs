//! Buttons and links.

use super::app;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use leptos::ev::MouseEvent;
use leptos::prelude::*;

/// The main action of a screen, in reach of the thumb. `why_not`: the reason it is disabled, shown above it.
pub fn primary_action(
    label: impl Into<String>,
    why_not: Option<String>,
    act: impl Fn(MouseEvent) + 'static,
) -> AnyView {
    let label: String = label.into();
    let off = why_not.is_some();
    view! {
        <div class="main-action">
            {why_not.map(|why| view! { <p class="why" id="why">{why}</p> })}
            <button
                type="button"
                class="button primary"
                aria-disabled=off.then_some("true")
                aria-describedby=off.then_some("why")
                aria-busy=is_saving
                on:click=move |event| {
                    if !off {
                        act(event);
                    }
                }
            >
                {label}
            </button>
        </div>
    }
    .into_any()
}

/// A button beside the main one.
pub fn button(class: &'static str, label: impl Into<String>, act: impl Fn(MouseEvent) + 'static) -> AnyView {
    let label: String = label.into();
    view! {
        <button type="button" class=format!("button {class}") aria-busy=is_saving on:click=act>
            {label}
        </button>
    }
    .into_any()
}

/// A link that looks like a button.
pub fn button_link(class: &'static str, route: &Route, label: impl Into<String>) -> AnyView {
    let label: String = label.into();
    view! { <a class=format!("button {class}") href=route.path()>{label}</a> }.into_any()
}

/// A link out of the app, with its icon.
pub fn external_link(href: String, sign: Icon, label: impl Into<String>) -> AnyView {
    let label: String = label.into();
    let web = href.starts_with("http");
    view! {
        <a
            class="button quiet"
            href=href
            target=web.then_some("_blank")
            rel=web.then_some("noopener noreferrer external")
        >
            {icon(sign)}
            <span>{label}</span>
        </a>
    }
    .into_any()
}

/// `aria-busy` of buttons while a command is being saved.
fn is_saving() -> Option<&'static str> {
    app().submitting.get().then_some("true")
}
