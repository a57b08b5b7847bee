//! The address bar: the screen of its URL, link taps and back navigation.
//!
//! Why not leptos_router: the app parses its own [`Route`]; the rest of a router is in this file and saves 9.8 KB of
//! download.

use crate::routes::Route;
use leptos::ev;
use leptos::prelude::*;
use leptos::web_sys::{Element, HtmlAnchorElement, MouseEvent};
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue};

/// A navigation that waits for its screen.
struct Step {
    path: String,
    /// Replaces the current history entry, so that the back button does not return there.
    replace: bool,
}

thread_local! {
    static WANTED: Cell<Option<RwSignal<Route>>> = const { Cell::new(None) };
    static STEP: RefCell<Option<Step>> = const { RefCell::new(None) };
}

/// Listens to link taps and `popstate`. Returns the requested screen; the caller calls [`arrive`] once it is displayed.
pub fn listen() -> RwSignal<Route> {
    let wanted = RwSignal::new(Route::parse(&path()));
    WANTED.set(Some(wanted));
    window_event_listener(ev::click, |event| {
        if let Some(path) = tapped(&event) {
            event.prevent_default();
            go(path, false);
        }
    });
    window_event_listener(ev::popstate, |_| {
        STEP.take();
        want(Route::parse(&path()));
    });
    wanted
}

/// Requests the screen of a path of the app. The URL changes when the screen is displayed.
pub fn go(path: String, replace: bool) {
    let route = Route::parse(&path);
    STEP.replace(Some(Step { path, replace }));
    want(route);
}

/// Called once the requested screen is displayed: updates the URL and scrolls to the top.
pub fn arrive() {
    let Some(step) = STEP.take() else {
        return;
    };
    let window = window();
    if let Ok(history) = window.history()
        && step.path != path()
    {
        let path = Some(step.path.as_str());
        let _ = if step.replace {
            history.replace_state_with_url(&JsValue::NULL, "", path)
        } else {
            history.push_state_with_url(&JsValue::NULL, "", path)
        };
    }
    window.scroll_to_with_x_and_y(0.0, 0.0);
}

fn want(route: Route) {
    if let Some(wanted) = WANTED.get() {
        wanted.set(route);
    }
}

fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// The app path of a plain tap on a link. All other links are left to the browser.
fn tapped(event: &MouseEvent) -> Option<String> {
    let plain = event.button() == 0
        && !(event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key());
    if event.default_prevented() || !plain {
        return None;
    }
    let target: Element = event.target()?.dyn_into().ok()?;
    let link: HtmlAnchorElement = target.closest("a[href]").ok()??.dyn_into().ok()?;
    let path = link.pathname();
    let in_app =
        link.origin() == window().location().origin().ok()? && (path == "/app" || path.starts_with("/app/"));
    (in_app && link.hash().is_empty() && link.target().is_empty()).then_some(path)
}
