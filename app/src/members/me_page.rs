//! Menu of the screens about the member.

use crate::routes::Route;
use crate::text;
use crate::ui::{detail, heading, live, nothing, row, rows};
use domain::ledger::Wallet;
use leptos::prelude::*;

pub fn me_page() -> AnyView {
    live(|app, lang| {
        let member = app.member.get();
        let (name, company, trade) = match &member.me {
            Some(me) => (
                me.name.clone(),
                me.company.name.clone(),
                member
                    .programme
                    .as_ref()
                    .and_then(|programme| programme.trade(&me.trade))
                    .map(|trade| trade.name.get(lang).to_owned()),
            ),
            None => Default::default(),
        };
        let waiting = match app.counts.get().open() {
            0 => nothing(),
            some => detail(text::to_send(lang, some as i64)),
        };
        let to = |route: Route, title: &'static str, small: AnyView| row(&route, title, small, nothing());
        let list = vec![
            to(Route::Activity, text::activity_title(lang), waiting),
            to(
                Route::Points,
                text::wallet(lang, Wallet::Own),
                detail(text::points(lang, app.ledger.get().own.available)),
            ),
            to(Route::Company, text::company_title(lang), detail(company.clone())),
            to(Route::Devices, text::devices_title(lang), nothing()),
            to(
                Route::Language,
                text::language_title(lang),
                detail(text::language(lang)),
            ),
            to(Route::Privacy, text::privacy_title(lang), nothing()),
            to(Route::Help, text::help_title(lang), nothing()),
            to(Route::SignOut, text::sign_out(lang), nothing()),
        ];
        view! {
            {heading(name)}
            <p class="lead">{[trade, Some(company)].into_iter().flatten().collect::<Vec<_>>().join(" · ")}</p>
            {rows(list)}
        }
        .into_any()
    })
}
