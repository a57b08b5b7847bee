//! The company's other members in the programme, for its managers. Nothing is stored on the phone.

use super::calls::list_colleagues;
use crate::browser::app_state::AppState;
use crate::calls::asked;
use crate::text;
use crate::ui::{app, chip, detail, heading, nothing};
use domain::Lang;
use domain::members::Colleague;
use leptos::prelude::*;

pub fn colleagues_page() -> AnyView {
    let app = app();
    view! {
        {move || heading(text::colleagues_title(app.lang.get()))}
        {asked(list_colleagues, |app, lang, colleagues| list(app, lang, colleagues))}
    }
    .into_any()
}

fn list(app: AppState, lang: Lang, colleagues: &[Colleague]) -> AnyView {
    let member = app.member.get();
    let one = |colleague: &Colleague| {
        let programme = member.programme.as_ref();
        let trade = programme
            .and_then(|programme| programme.trade(&colleague.trade))
            .map(|trade| trade.name.get(lang));
        let function = text::function(lang, colleague.function);
        let words = trade.map_or(function.to_owned(), |trade| format!("{trade} · {function}"));
        let manager = if colleague.manager {
            chip("mine", text::manager(lang))
        } else {
            nothing()
        };
        view! {
            <li class="line">
                <span class="row-text">
                    <strong>{colleague.name.clone()}</strong>
                    {detail(words)}
                </span>
                {manager}
            </li>
        }
        .into_any()
    };
    view! { <ul class="lines">{colleagues.iter().map(one).collect::<Vec<_>>()}</ul> }.into_any()
}
