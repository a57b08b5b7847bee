//! Help: offline use, and adding the app to the home screen.

use crate::browser::app_state::AppState;
use crate::browser::js;
use crate::format;
use crate::phone::outbox::State;
use crate::text;
use crate::ui::{button, heading, line, live, nothing, section};
use domain::Lang;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

pub fn help_page() -> AnyView {
    live(|app, lang| {
        let synced = app
            .synced_at
            .get()
            .map(|at| line("hint", text::last_contact(lang, &format::moment(app, at))));
        let one = |state: State, words: &'static str| {
            view! {
                <li>
                    {crate::ui::state(lang, state)}
                    <p>{words}</p>
                </li>
            }
            .into_any()
        };
        let states = view! {
            <ul class="states">
                {one(State::Saved, text::help_saved(lang))}{one(State::Sent, text::help_sent(lang))}
                {one(State::Confirmed, text::help_confirmed(lang))}
                {one(State::Refused, text::help_refused(lang))}
                {one(State::Parked, text::help_parked(lang))}
            </ul>
        }
        .into_any();
        view! {
            {heading(text::help_title(lang))}
            {install(app, lang)}
            {section(text::help_offline_title(lang), line("", text::help_offline(lang)))}
            {section(text::help_states_title(lang), states)}
            {section(text::help_points_title(lang), line("", text::help_points(lang)))}
            {section(text::help_shared_title(lang), line("", text::help_shared(lang)))}
            {synced}
        }
        .into_any()
    })
}

/// Instructions for this phone to add the app to the home screen.
fn install(app: AppState, lang: Lang) -> AnyView {
    if js::standalone() {
        return nothing();
    }
    let agent = window().navigator().user_agent().unwrap_or_default();
    let apple = agent.contains("iPhone") || agent.contains("iPad");
    let how = if app.installable.get() {
        view! {
            {line("", text::install_why(lang))}
            {button(
                "primary",
                text::install(lang),
                move |_| {
                    spawn_local(async move {
                        let _ = js::install_prompt().await;
                        app.installable.set(false);
                    });
                },
            )}
        }
        .into_any()
    } else if apple {
        view! {
            {line("", text::install_why_apple(lang))}
            {line("", text::install_apple(lang))}
        }
        .into_any()
    } else {
        view! {
            {line("", text::install_why(lang))}
            {line("", text::install_other(lang))}
        }
        .into_any()
    };
    section(text::install_title(lang), how)
}
