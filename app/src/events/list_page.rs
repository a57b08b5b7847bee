//! The list of events.

use super::view::{EventView, EventsView, SeatStatus};
use crate::browser::app_state::AppState;
use crate::browser::derived::Derived;
use crate::format;
use crate::icon::{Icon, icon};
use crate::members::view::MemberView;
use crate::routes::Route;
use crate::text;
use crate::ui::{app, band, chip, detail, empty, heading, keyed_section, live, nothing};
use domain::events::Venue;
use domain::id::EventId;
use domain::stock::Band;
use domain::{Lang, Timestamp};
use leptos::prelude::*;
use uuid::Uuid;

pub fn list_page() -> AnyView {
    let app = app();
    let part = |kind: Kind, title: fn(Lang) -> &'static str| {
        let keys = Derived::new(move || {
            let (events, member) = (app.events.get(), app.member.get());
            coming(app, &events)
                .filter(|view| kind_of(&member, view) == kind)
                .map(|view| view.event.id.0)
                .collect()
        });
        keyed_section(title, keys, find, event_row)
    };
    let none = Derived::new(move || coming(app, &app.events.get()).next().is_none());
    view! {
        {live(|_, lang| heading(text::tab_events(lang)))}
        {live(move |_, lang| if *none.get() { empty(text::no_events(lang)) } else { nothing() })}
        {part(Kind::Mine, text::my_events)}
        {part(Kind::Coming, text::coming_events)}
        {part(Kind::OtherTrades, text::other_events)}
    }
    .into_any()
}

fn coming(app: AppState, events: &EventsView) -> impl Iterator<Item = &EventView> {
    let now = app.now.get();
    events.events.iter().filter(move |view| view.event.ends_at > now)
}

fn find(app: AppState, id: Uuid) -> Option<EventView> {
    app.events.get().event(EventId(id)).cloned()
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The member has a place or has requested one.
    Mine,
    Coming,
    OtherTrades,
}

fn kind_of(member: &MemberView, view: &EventView) -> Kind {
    if view.seat != SeatStatus::No {
        Kind::Mine
    } else if member.is_my_trade(&view.event.trades) {
        Kind::Coming
    } else {
        Kind::OtherTrades
    }
}

/// Day and month, as on a tear-off calendar.
pub fn tile(app: AppState, at: Timestamp) -> AnyView {
    let (weekday, day, month) = format::tile(app, at);
    view! {
        <span class="tile" aria-hidden="true">
            <span>{weekday}</span>
            <strong>{day}</strong>
            <span>{month}</span>
        </span>
    }
    .into_any()
}

/// The member's seat status, or the seats left.
pub fn seat_chip(view: &EventView, lang: Lang) -> AnyView {
    if view.event.cancelled {
        return chip("none", text::cancelled(lang));
    }
    match &view.seat {
        SeatStatus::Joined(_) => chip("mine", text::joined(lang)),
        SeatStatus::Waiting(position) => chip("mine", text::waiting_at(lang, *position)),
        SeatStatus::Asked => chip("pending", text::asked(lang)),
        SeatStatus::Newer => chip("mine", text::joined(lang)),
        SeatStatus::GivenBack => chip("pending", text::giving_back(lang)),
        SeatStatus::No => match view.event.seats {
            Band::Many | Band::Newer => nothing(),
            few => band(few, text::seats(lang, few)),
        },
    }
}

/// One event in a list.
pub fn event_row(app: AppState, view: &EventView, lang: Lang) -> AnyView {
    let member = app.member.get();
    let event = &view.event;
    let place = match &event.venue {
        Venue::Place { name, .. } => name.clone(),
        Venue::Webinar { .. } | Venue::Online => text::webinar(lang).to_owned(),
        Venue::Newer => text::newer_hint(lang).to_owned(),
    };
    let reserved = (!event.tiers.is_empty()).then(|| {
        chip(
            "tiers",
            text::reserved_for(lang, &member.tier_names(&event.tiers, lang)),
        )
    });
    view! {
        <li>
            <a class="row event" href=Route::Event(event.id).path()>
                {tile(app, event.starts_at)}
                <span class="row-text">
                    <strong>{event.title.get(lang).to_owned()}</strong>
                    {detail(format!("{} · {place}", format::time(app, event.starts_at)))}
                    <span class="chips">{seat_chip(view, lang)}{reserved}</span>
                </span>
                <span class="row-end">{icon(Icon::Next)}</span>
            </a>
        </li>
    }
    .into_any()
}
