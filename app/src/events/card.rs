//! Home card: the member's next event, or else one they can join.

use super::list_page::{event_row, tile};
use super::view::SeatStatus;
use crate::browser::app_state::AppState;
use crate::format;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use crate::text;
use crate::ui::{detail, nothing, rows, section};
use domain::Lang;
use leptos::prelude::*;

pub fn card(app: AppState, lang: Lang) -> AnyView {
    let now = app.now.get();
    let (events, member) = (app.events.get(), app.member.get());
    if let Some(mine) = events.next_mine(now) {
        let event = &mine.event;
        let ticket = matches!(mine.seat, SeatStatus::Joined(_)).then(|| {
            view! {
                <a class="button primary" href=Route::Ticket(event.id).path()>
                    {icon(Icon::Ticket)}
                    <span>{text::my_ticket(lang)}</span>
                </a>
            }
        });
        return section(
            text::my_next_event(lang),
            view! {
                <div class="card next">
                    <a class="event" href=Route::Event(event.id).path()>
                        {tile(app, event.starts_at)}
                        <span class="row-text">
                            <strong>{event.title.get(lang).to_owned()}</strong>
                            {detail(format::time(app, event.starts_at))}
                        </span>
                    </a>
                    {ticket}
                </div>
            }
            .into_any(),
        );
    }
    match events.next_open(&member, now) {
        Some(open) => section(text::next_event(lang), rows(vec![event_row(app, open, lang)])),
        None => nothing(),
    }
}
