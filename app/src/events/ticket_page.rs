//! The ticket, large, with the screen kept on; works offline.

use super::view::SeatStatus;
use crate::browser::js;
use crate::format;
use crate::routes::Route;
use crate::text;
use crate::ui::{heading, line, live, not_there, qr_code};
use domain::events::Venue;
use domain::id::EventId;
use leptos::prelude::*;
use std::cell::RefCell;
use wasm_bindgen_futures::spawn_local;

thread_local! {
    static AWAKE: RefCell<Option<js::WakeLock>> = const { RefCell::new(None) };
}

pub fn ticket_page(id: EventId) -> AnyView {
    spawn_local(async {
        let lock = js::stay_awake().await;
        AWAKE.set(lock);
    });
    on_cleanup(|| {
        if let Some(lock) = AWAKE.take() {
            // Released asynchronously; no need to wait.
            let _ = lock.release();
        }
    });
    live(move |app, lang| {
        let (events, member) = (app.events.get(), app.member.get());
        let Some((view, ticket)) = events.event(id).and_then(|view| match &view.seat {
            SeatStatus::Joined(ticket) => Some((view, ticket)),
            _ => None,
        }) else {
            return not_there(lang, &Route::Event(id));
        };
        let event = &view.event;
        let name = member.me.as_ref().map(|me| me.name.clone()).unwrap_or_default();
        let place = match &event.venue {
            Venue::Place { name, address, .. } => format!("{name}, {address}"),
            Venue::Webinar { .. } | Venue::Online => text::webinar(lang).to_owned(),
            Venue::Newer => text::newer_hint(lang).to_owned(),
        };
        let warning = event
            .cancelled
            .then(|| line("error", text::error_event_cancelled(lang)));
        view! {
            <section class="ticket">
                {heading(event.title.get(lang))}
                {warning}
                {qr_code(&ticket.qr, text::ticket_label(lang))}
                <p class="ticket-name">{name}</p>
                {line("", format::moment(app, event.starts_at))}
                {line("", place)}
                {line("hint", text::ticket_hint(lang))}
            </section>
        }
        .into_any()
    })
}
