//! Home card: unread notices.

use crate::actions::submit_silently;
use crate::browser::app_state::AppState;
use crate::format;
use crate::routes::Route;
use crate::text;
use crate::ui::{detail, nothing};
use domain::Lang;
use domain::notices::{About, Command, Notice};
use leptos::prelude::*;

/// Maximum number shown.
const MOST: usize = 3;

pub fn card(app: AppState, lang: Lang) -> AnyView {
    let notices = app.notices.get();
    let unread: Vec<AnyView> = notices
        .notices
        .iter()
        .filter(|notice| !notice.read)
        .take(MOST)
        .map(|notice| line(app, notice, lang))
        .collect();
    if unread.is_empty() {
        return nothing();
    }
    view! {
        <section class="part news" aria-label=text::news(lang)>
            <ul>{unread}</ul>
        </section>
    }
    .into_any()
}

fn line(app: AppState, notice: &Notice, lang: Lang) -> AnyView {
    let id = notice.id;
    let route = match &notice.about {
        About::SeatFree { event, .. }
        | About::EventCancelled { event, .. }
        | About::EventMoved { event, .. } => Route::Event(*event),
        About::TierReached { .. } | About::TierLost { .. } | About::TierAtRisk { .. } => Route::Company,
        About::RequestMoved { title, .. } => {
            let request = app.rewards.get().only_request(title);
            request.map_or(Route::Rewards, Route::Request)
        }
        About::Newer => Route::Activity,
    };
    let words = text::notice_text(&notice.about, lang, |on| format::day(lang, on));
    view! {
        <li class="notice">
            <p>
                <a href=route.path()>{words.clone()}</a>
                " "
                {detail(format::as_of(app, notice.at))}
            </p>
            <button
                type="button"
                class="button quiet"
                aria-label=format!("{} – {}", text::mark_read(lang), words)
                on:click=move |_| {
                    submit_silently(app, domain::Command::Notices(Command::MarkRead { notice: id }));
                }
            >
                {text::mark_read(lang)}
            </button>
        </li>
    }
    .into_any()
}
