//! The agenda.

use super::view::{EventView, SeatStatus};
use crate::browser::live::App;
use crate::format;
use crate::icon::{Icon, icon};
use crate::members::view::MemberView;
use crate::parts::{band, chip, detail, empty, heading, live, nothing, rows, section};
use crate::route::Route;
use crate::text;
use domain::events::{Band, Venue};
use domain::{Lang, Timestamp};
use leptos::prelude::*;

pub fn list_page() -> AnyView {
    live(|app, lang| {
        let (events, member) = (app.events.get(), app.member.get());
        let now = app.now.get();
        let coming: Vec<&EventView> = events.events.iter().filter(|it| it.event.ends_at > now).collect();
        let part = |kind: Kind, title: &'static str| {
            let found: Vec<AnyView> = coming
                .iter()
                .filter(|it| kind_of(&member, it) == kind)
                .map(|it| event_row(app, &member, it, lang))
                .collect();
            if found.is_empty() {
                nothing()
            } else {
                section(title, rows(found))
            }
        };
        let none = coming.is_empty().then(|| empty(text::no_events(lang)));
        view! {
            {heading(text::tab_events(lang))}
            {none}
            {part(Kind::Mine, text::my_events(lang))}
            {part(Kind::Coming, text::coming_events(lang))}
            {part(Kind::OtherTrades, text::other_events(lang))}
        }
        .into_any()
    })
}

#[derive(PartialEq)]
enum Kind {
    /// The member has a place, or has asked for one.
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
pub fn tile(app: App, at: Timestamp) -> AnyView {
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

/// Where the member stands, or what is left.
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
pub fn event_row(app: App, member: &MemberView, view: &EventView, lang: Lang) -> AnyView {
    let event = &view.event;
    let place = match &event.venue {
        Venue::Place { name, .. } => name.clone(),
        Venue::Webinar { .. } => text::webinar(lang).to_owned(),
        Venue::Newer(_) => text::newer_hint(lang).to_owned(),
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
