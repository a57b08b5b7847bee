//! The member's language.

use crate::actions::submit;
use crate::browser::identity;
use crate::text;
use crate::ui::{heading, line, live};
use domain::{Command, Lang, members};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

pub fn language_page() -> AnyView {
    live(|app, lang| {
        let offered = match &app.member.get().programme {
            Some(programme) if !programme.languages.is_empty() => programme.languages.clone(),
            _ => Lang::ALL.to_vec(),
        };
        let choices: Vec<AnyView> = offered
            .into_iter()
            .map(|language| {
                view! {
                    <label class="choice">
                        <input
                            type="radio"
                            name="language"
                            prop:checked=language == lang
                            on:change=move |_| {
                                spawn_local(identity::store_language(language));
                                submit(
                                    app,
                                    Command::Members(members::Command::SetLanguage { language }),
                                    None,
                                    |_| {},
                                );
                            }
                        />
                        <span lang=language.tag()>{text::language(language)}</span>
                    </label>
                }
                .into_any()
            })
            .collect();
        view! {
            {heading(text::language_title(lang))}
            <fieldset class="question">
                <legend class="unseen">{text::language_title(lang)}</legend>
                <div class="choices">{choices}</div>
            </fieldset>
            {line("hint", text::language_hint(lang))}
        }
        .into_any()
    })
}
