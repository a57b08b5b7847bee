//! The agenda.

use crate::browser::live::App;
use crate::format;
use crate::icon::{Icon, icon};
use crate::parts::{band, chip, detail, empty, heading, live, nothing, rows, section};
use crate::phone::view::{EventNow, Seat, View};
use crate::route::Route;
use crate::text;
use domain::events::{Band, Venue};
use domain::{Lang, Timestamp};
use leptos::prelude::*;

pub fn list_page() -> AnyView {
    live(|app, view, lang| {
        let now = app.now.get();
        let coming: Vec<&EventNow> = view.events.iter().filter(|it| it.event.ends_at > now).collect();
        let part = |kind: Kind, title: &'static str| {
            let found: Vec<AnyView> = coming
                .iter()
                .filter(|it| kind_of(view, it) == kind)
                .map(|it| event_row(app, view, it, lang))
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

fn kind_of(view: &View, now: &EventNow) -> Kind {
    if now.seat != Seat::No {
        Kind::Mine
    } else if view.is_for_my_trade(&now.event) {
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

/// Names of the tiers something is reserved for.
pub fn tier_names(view: &View, tiers: &[String], lang: Lang) -> String {
    let names: Vec<&str> = view
        .programme
        .as_deref()
        .map(|programme| {
            tiers
                .iter()
                .filter_map(|tier| programme.tier(tier))
                .map(|tier| tier.name.get(lang))
                .collect()
        })
        .unwrap_or_default();
    names.join(", ")
}

/// Where the member stands, or what is left.
pub fn seat_chip(now: &EventNow, lang: Lang) -> AnyView {
    if now.event.cancelled {
        return chip("none", text::cancelled(lang));
    }
    match &now.seat {
        Seat::Joined(_) => chip("mine", text::joined(lang)),
        Seat::Waiting(position) => chip("mine", text::waiting_at(lang, *position)),
        Seat::Asked => chip("pending", text::asked(lang)),
        Seat::Newer => chip("mine", text::joined(lang)),
        Seat::GivenBack => chip("pending", text::giving_back(lang)),
        Seat::No => match now.event.seats {
            Band::Many | Band::Newer => nothing(),
            few => band(few, text::seats(lang, few)),
        },
    }
}

/// One event in a list.
pub fn event_row(app: App, view: &View, now: &EventNow, lang: Lang) -> AnyView {
    let event = &now.event;
    let place = match &event.venue {
        Venue::Place { name, .. } => name.clone(),
        Venue::Webinar { .. } => text::webinar(lang).to_owned(),
        Venue::Newer(_) => text::newer_hint(lang).to_owned(),
    };
    let reserved = (!event.tiers.is_empty()).then(|| {
        chip(
            "tiers",
            text::reserved_for(lang, &tier_names(view, &event.tiers, lang)),
        )
    });
    view! {
        <li>
            <a class="row event" href=Route::Event(event.id).path()>
                {tile(app, event.starts_at)}
                <span class="row-text">
                    <strong>{event.title.get(lang).to_owned()}</strong>
                    {detail(format!("{} · {place}", format::time(app, event.starts_at)))}
                    <span class="chips">{seat_chip(now, lang)}{reserved}</span>
                </span>
                <span class="row-end">{icon(Icon::Next)}</span>
            </a>
        </li>
    }
    .into_any()
}
