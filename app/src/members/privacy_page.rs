//! Data stored on this phone and by the programme, and for how long. Readable offline.

use crate::browser::app_state::AppState;
use crate::browser::js;
use crate::format;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use crate::text;
use crate::ui::{detail, heading, line, live, nothing, row, rows, section};
use domain::Lang;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

pub fn privacy_page() -> AnyView {
    let room = RwSignal::new(None);
    spawn_local(async move {
        room.try_set(js::room_taken().await);
    });
    live(move |app, lang| {
        view! {
            {heading(text::privacy_title(lang))}
            {section(text::privacy_here_title(lang), here(app, lang, room.get()))}
            {section(
                text::legal_kept_title(lang),
                list(&[
                    text::legal_who(lang),
                    text::legal_orders(lang),
                    text::legal_acts(lang),
                    text::legal_devices(lang),
                ]),
            )}
            {section(
                text::legal_long_title(lang),
                list(&[
                    text::legal_long_acts(lang),
                    text::legal_long_points(lang),
                    text::legal_long_sessions(lang),
                    text::legal_long_codes(lang),
                    text::legal_long_rest(lang),
                ]),
            )}
            {section(text::legal_never_title(lang), line("", text::legal_never(lang)))}
            <ul class="rows">
                <li>
                    <a class="row" href="/legal" rel="external">
                        <span class="row-text">
                            <strong>{text::privacy_rights(lang)}</strong>
                            {detail(text::privacy_rights_hint(lang))}
                        </span>
                        <span class="row-end">{icon(Icon::Next)}</span>
                    </a>
                </li>
            </ul>
        }
        .into_any()
    })
}

fn list(lines: &[&'static str]) -> AnyView {
    let lines: Vec<AnyView> = lines
        .iter()
        .map(|words| view! { <li>{*words}</li> }.into_any())
        .collect();
    view! { <ul class="benefits">{lines}</ul> }.into_any()
}

fn here(app: AppState, lang: Lang, room: Option<u64>) -> AnyView {
    let count = |name: &'static str, small: AnyView, value: String| {
        view! {
            <li class="line">
                <span class="row-text">
                    {name}
                    {small}
                </span>
                <strong class="amount">{value}</strong>
            </li>
        }
        .into_any()
    };
    let number = |many: usize| text::number(lang, many as i64);
    let (open, kept) = (app.counts.get().open(), app.kept());
    let drafts = (kept.drafts > 0).then(|| count(text::privacy_drafts(lang), nothing(), number(kept.drafts)));
    let room = room.map(|bytes| count(text::privacy_room(lang), nothing(), format::size(lang, bytes)));
    view! {
        {line("", text::privacy_here(lang))}
        <ul class="lines">
            {count(text::privacy_documents(lang), nothing(), number(kept.documents))}
            {count(
                text::privacy_acts(lang),
                detail(text::privacy_acts_hint(lang)),
                number(kept.acts),
            )}
            {count(text::privacy_unsent(lang), nothing(), number(open))}
            {drafts}
            {room}
        </ul>
        {rows(
            vec![
                row(&Route::Activity, text::activity_title(lang), nothing(), nothing()),
                row(&Route::SignOut, text::sign_out(lang), nothing(), nothing()),
            ],
        )}
    }
    .into_any()
}
