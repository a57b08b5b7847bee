//! Signing out. What was not sent is never lost by accident.

use crate::browser::live::{App, Link};
use crate::parts::{app, button, heading, line, nothing};
use crate::text;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

pub fn sign_out_page() -> AnyView {
    let app = app();
    let typed = RwSignal::new(String::new());
    let leaving = RwSignal::new(false);
    let form = move || page(app, typed, leaving);
    form.into_any()
}

fn page(app: App, typed: RwSignal<String>, leaving: RwSignal<bool>) -> AnyView {
    let lang = app.lang.get();
    let unsent = app.counts.get().open() as i64;
    let leave = move |erase: bool| {
        if !leaving.get_untracked() {
            leaving.set(true);
            spawn_local(app.sign_out(erase));
        }
    };
    let offline = (app.link.get() == Link::Offline).then(|| line("hint", text::sign_out_offline(lang)));
    if unsent == 0 {
        return view! {
            {heading(text::sign_out(lang))}
            {line("lead", text::sign_out_clean(lang))}
            {offline}
            <div class="actions">
                {button("primary", text::sign_out_keep(lang), move |_| leave(false))}
                {button("", text::sign_out_erase(lang), move |_| leave(true))}
            </div>
        }
        .into_any();
    }
    let word = text::delete_word(lang);
    let sending = app.busy.get();
    view! {
        {heading(text::sign_out(lang))}
        {line("lead", text::sign_out_unsent(lang, unsent))}
        {offline}
        <div class="actions">
            {button(
                "primary",
                if sending { text::sending(lang) } else { text::send_now(lang) },
                move |_| app.sync(),
            )}
            {button("", text::keep_for_me(lang), move |_| leave(false))}
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
                    button("danger", text::delete_and_leave(lang), move |_| leave(true))
                } else {
                    nothing()
                }
            }}
        </div>
    }
    .into_any()
}
