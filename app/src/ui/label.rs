//! Labels and pictures of a value: chips, states, bars, QR codes.

use super::nothing;
use crate::browser::app_state::AppState;
use crate::icon::{Icon, icon};
use crate::phone::outbox::State;
use crate::text;
use domain::Lang;
use domain::id::CommandId;
use domain::qr::Qr;
use domain::stock::Band;
use leptos::prelude::*;

/// A label.
pub fn chip(class: &'static str, words: impl Into<String>) -> AnyView {
    let words: String = words.into();
    view! { <span class=format!("chip {class}")>{words}</span> }.into_any()
}

/// Availability as a label.
pub fn band(band: Band, words: &'static str) -> AnyView {
    chip(
        match band {
            Band::Many | Band::Newer => "many",
            Band::Few => "few",
            Band::None => "none",
        },
        words,
    )
}

/// A bar from 0 to `most`.
pub fn bar(label: String, value: i64, most: i64) -> AnyView {
    view! {
        <progress
            class="bar"
            aria-label=label
            max=most.max(1).to_string()
            value=value.clamp(0, most.max(1)).to_string()
        ></progress>
    }
    .into_any()
}

/// A QR code, dark on white in every theme.
pub fn qr_code(qr: &Qr, label: &str) -> AnyView {
    // Four modules of quiet zone all around.
    let side = qr.side + 8;
    view! {
        <svg class="qr" role="img" aria-label=label.to_owned() viewBox=format!("-4 -4 {side} {side}")>
            <path d=qr.path.clone() />
        </svg>
    }
    .into_any()
}

/// The state of an act, with icon and label.
pub fn state(lang: Lang, state: State) -> AnyView {
    let (class, sign, words) = match state {
        State::Saved => ("state saved", Icon::Phone, text::state_saved(lang)),
        State::Sent => ("state sent", Icon::Sent, text::state_sent(lang)),
        State::Confirmed => ("state confirmed", Icon::Done, text::state_confirmed(lang)),
        State::Refused => ("state refused", Icon::Refused, text::state_refused(lang)),
        State::Parked => ("state parked", Icon::Stuck, text::state_parked(lang)),
    };
    view! {
        <span class=class>
            {icon(sign)}
            <span>{words}</span>
        </span>
    }
    .into_any()
}

/// The state of an act; nothing if the act is no longer known.
pub fn state_of(app: AppState, id: CommandId) -> AnyView {
    match app.activity.get().act(id) {
        Some(act) => state(app.lang.get(), act.state),
        None => nothing(),
    }
}
