//! One event: when, where, what, and the member's place in it.

use super::list_page::seat_chip;
use super::view::{EventView, SeatStatus};
use crate::actions::{refusal, submit};
use crate::browser::app_state::AppState;
use crate::browser::js;
use crate::calendar::{Appointment, calendar_file};
use crate::format;
use crate::icon::{Icon, icon};
use crate::members::view::MemberView;
use crate::routes::Route;
use crate::text;
use crate::ui::{
    button, chip, detail, external_link, heading, line, live, not_there, nothing, primary_action, rich_text,
};
use domain::events::{self, Event, Venue};
use domain::id::EventId;
use domain::stock::Band;
use domain::{Command, Lang};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

pub fn detail_page(id: EventId) -> AnyView {
    live(move |app, lang| match app.events.get().event(id) {
        Some(view) => event_page(app, &app.member.get(), view, lang),
        None => not_there(lang, &Route::Events),
    })
}

fn event_page(app: AppState, member: &MemberView, view: &EventView, lang: Lang) -> AnyView {
    let event = view.event.clone();
    let reserved = (!event.tiers.is_empty()).then(|| {
        chip(
            "tiers",
            text::reserved_for(lang, &member.tier_names(&event.tiers, lang)),
        )
    });
    let when = text::from_to(
        lang,
        &format::weekday(app, event.starts_at),
        &format::hour(app, event.starts_at),
        &format::time(app, event.ends_at),
    );
    let here = format::here(app, event.starts_at).map(|at| detail(text::where_you_are(lang, &at)));
    view! {
        {heading(event.title.get(lang))}
        {line("lead", event.summary.get(lang))}
        <p class="chips">{seat_chip(view, lang)}{reserved}</p>
        <dl class="facts-list">
            <div>
                <dt>{icon(Icon::Clock)}<span class="unseen">{text::when(lang)}</span></dt>
                <dd>{when}{here}</dd>
            </div>
            <div>
                <dt>{icon(Icon::Map)}<span class="unseen">{text::place(lang)}</span></dt>
                <dd>{venue(&event, lang)}</dd>
            </div>
            <div>
                <dt>{icon(Icon::Me)}<span class="unseen">{text::seats_word(lang)}</span></dt>
                <dd>
                    {format!(
                        "{} · {}",
                        text::seats(lang, event.seats),
                        text::seats_in_all(lang, i64::from(event.capacity)),
                    )}
                </dd>
            </div>
        </dl>
        {ways_out(app, view, lang)}
        {rich_text(event.html.get(lang))}
        {my_place(app, member, view, lang)}
    }
    .into_any()
}

fn venue(event: &Event, lang: Lang) -> String {
    match &event.venue {
        Venue::Place { name, address, .. } => format!("{name}, {address}"),
        Venue::Webinar { .. } | Venue::Online => text::webinar(lang).to_owned(),
        Venue::Newer => text::newer_hint(lang).to_owned(),
    }
}

fn degrees(millionths: i32) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let all = millionths.unsigned_abs();
    format!("{sign}{}.{:06}", all / 1_000_000, all % 1_000_000)
}

fn ways_out(app: AppState, view: &EventView, lang: Lang) -> AnyView {
    let event = &view.event;
    let there = match &event.venue {
        Venue::Place {
            position: Some((north, east)),
            ..
        } => {
            let (north, east) = (degrees(*north), degrees(*east));
            external_link(
                format!("https://www.openstreetmap.org/?mlat={north}&mlon={east}#map=16/{north}/{east}"),
                Icon::Map,
                text::map(lang),
            )
        }
        Venue::Place { address, .. } => {
            let query = String::from(js_sys::encode_uri_component(address));
            external_link(
                format!("https://www.openstreetmap.org/search?query={query}"),
                Icon::Map,
                text::map(lang),
            )
        }
        Venue::Webinar { .. } | Venue::Online => match webinar(view) {
            Some(url) => external_link(url, Icon::Next, text::webinar_link(lang)),
            None => line("hint", text::webinar_link_later(lang)),
        },
        Venue::Newer => nothing(),
    };
    let shown = view.clone();
    view! {
        <div class="ways-out">
            {there}
            <button
                type="button"
                class="button quiet"
                on:click=move |_| save_calendar_file(app, &shown)
            >
                {icon(Icon::Calendar)}
                <span>{text::add_to_calendar(lang)}</span>
            </button>
        </div>
    }
    .into_any()
}

/// The address of a webinar, if the member may have it. A server of before puts it into the event.
fn webinar(view: &EventView) -> Option<String> {
    match &view.event.venue {
        Venue::Webinar { url } => Some(url.clone()),
        _ => view.webinar.clone(),
    }
}

fn save_calendar_file(app: AppState, view: &EventView) {
    let lang = app.lang.get_untracked();
    let event = &view.event;
    let link = webinar(view).map(|url| format!("\n{url}")).unwrap_or_default();
    let uid = event.id.to_string();
    let file = calendar_file(&Appointment {
        uid: &uid,
        title: event.title.get(lang),
        details: &format!("{}{link}", event.summary.get(lang)),
        place: &venue(event, lang),
        starts_at: event.starts_at,
        ends_at: event.ends_at,
        made_at: js::now(),
    });
    if download(&file).is_err() {
        app.toast(text::could_not_save(lang));
    }
}

fn download(file: &str) -> Result<(), JsValue> {
    let kind = web_sys::BlobPropertyBag::new();
    kind.set_type("text/calendar;charset=utf-8");
    let parts = js_sys::Array::of1(&file.into());
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &kind)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download("compagnon.ics");
    link.click();
    js::set_timeout(60_000, move || {
        let _ = web_sys::Url::revoke_object_url(&url);
    });
    Ok(())
}

/// The member's place, the actions for it, and the reason if there are none.
fn my_place(app: AppState, member: &MemberView, view: &EventView, lang: Lang) -> AnyView {
    let event = &view.event;
    let id = event.id;
    let at = app.now.get();
    let join = move |_| {
        submit(
            app,
            Command::Events(events::Command::Join { event: id }),
            None,
            |_| {},
        )
    };
    let leave = move |_| {
        submit(
            app,
            Command::Events(events::Command::Leave { event: id }),
            None,
            |_| {},
        )
    };
    let last_word = view
        .refused
        .as_ref()
        .map(|error| line("error", refusal(app, error)));
    let leaving = |label: &'static str| match event.gate().may_leave(at) {
        Ok(()) => button("quiet", label, leave),
        Err(error) => line("why", refusal(app, &error)),
    };
    let body = match &view.seat {
        SeatStatus::No | SeatStatus::GivenBack => {
            let returned =
                (view.seat == SeatStatus::GivenBack).then(|| line("hint", text::giving_back_hint(lang)));
            let why_not = event
                .gate()
                .may_join(member.tier(), at)
                .err()
                .map(|error| refusal(app, &error));
            let full = event.seats == Band::None;
            let label = if full {
                text::join_waiting_list(lang)
            } else {
                text::join(lang)
            };
            let until = why_not.is_none().then(|| {
                line(
                    "hint",
                    text::join_until(lang, &format::moment(app, event.register_until)),
                )
            });
            view! { {returned}{until}{primary_action(label, why_not, join)} }.into_any()
        }
        SeatStatus::Asked => view! {
            {line("hint", text::asked_hint(lang))}
            {leaving(text::take_back(lang))}
        }
        .into_any(),
        SeatStatus::Newer => line("hint", text::newer_hint(lang)),
        SeatStatus::Waiting(position) => view! {
            {line("hint", text::waiting_hint(lang, *position))}
            {leaving(text::leave_waiting_list(lang))}
        }
        .into_any(),
        SeatStatus::Joined(_) => view! {
            <div class="main-action">
                <a class="button primary" href=Route::Ticket(id).path()>
                    {icon(Icon::Ticket)}
                    <span>{text::my_ticket(lang)}</span>
                </a>
            </div>
            {leaving(text::give_back(lang))}
        }
        .into_any(),
    };
    let gone = event.ends_at <= at;
    view! { <div class="place">{last_word}{if gone { nothing() } else { body }}</div> }.into_any()
}
