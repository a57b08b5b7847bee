//! Signing out, without losing unsent acts by accident.

use crate::browser::app_state::{AppState, ConnectionState, Leaving};
use crate::browser::derived::Derived;
use crate::text;
use crate::ui::{app, button, heading, line, live, nothing};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

pub fn sign_out_page() -> AnyView {
    let app = app();
    let leaving = RwSignal::new(false);
    let leave = move |what: Leaving| {
        if !leaving.get_untracked() {
            leaving.set(true);
            spawn_local(app.sign_out(what));
        }
    };
    let clean = Derived::new(move || app.counts.get().open() == 0);
    // Redrawn only when `clean` changes, so that input in the form survives rounds.
    live(move |app, _| {
        if *clean.get() {
            all_sent(app, leave)
        } else {
            unsent(app, leave)
        }
    })
}

fn offline_hint() -> AnyView {
    live(|app, lang| {
        if app.connection.get() == ConnectionState::Offline {
            line("hint", text::sign_out_offline(lang))
        } else {
            nothing()
        }
    })
}

fn all_sent(app: AppState, leave: impl Fn(Leaving) + Copy + Send + 'static) -> AnyView {
    let lang = app.lang.get();
    view! {
        {heading(text::sign_out(lang))}
        {line("lead", text::sign_out_clean(lang))}
        {offline_hint()}
        <div class="actions">
            {button("primary", text::sign_out_erase(lang), move |_| leave(Leaving::Erase))}
            {button("", text::sign_out_keep(lang), move |_| leave(Leaving::Keep))}
        </div>
    }
    .into_any()
}

fn unsent(app: AppState, leave: impl Fn(Leaving) + Copy + Send + 'static) -> AnyView {
    let lang = app.lang.get();
    let typed = RwSignal::new(String::new());
    let word = text::delete_word(lang);
    view! {
        {heading(text::sign_out(lang))}
        {live(|app, lang| line("lead", text::sign_out_unsent(lang, app.counts.get().open() as i64)))}
        {offline_hint()}
        <div class="actions">
            {live(|app, lang| {
                let label = if app.busy.get() { text::sending(lang) } else { text::send_now(lang) };
                button("primary", label, move |_| app.sync())
            })}
            {button("", text::keep_for_me(lang), move |_| leave(Leaving::Keep))}
        </div>
        {line("hint", text::keep_for_me_hint(lang))}
        <div class="field danger">
            <label for="delete-word">{text::type_to_delete(lang, word)}</label>
            <input
                id="delete-word"
                type="text"
                autocomplete="off"
                autocapitalize="characters"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
            />
            {move || {
                if typed.with(|typed| typed.trim() == word) {
                    button("danger", text::delete_and_leave(lang), move |_| leave(Leaving::Erase))
                } else {
                    nothing()
                }
            }}
        </div>
    }
    .into_any()
}
