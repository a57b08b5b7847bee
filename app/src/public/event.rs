//! The public page of an event: enough to decide to come, and the link to sign in.

use super::layout::{Frame, page};
use super::text;
use domain::Day;
use domain::id::EventId;
use domain::stock::Band;
use leptos::prelude::*;

/// The contents of the page. Nothing else of an event is public: not the address of a webinar, not the number of seats,
/// not the tiers they are reserved for.
#[derive(Clone, Debug)]
pub struct EventPage {
    pub event: EventId,
    pub title: String,
    pub summary: String,
    /// In the programme's time zone, as all times here.
    pub day: Day,
    /// Minutes after midnight.
    pub from: u32,
    /// `None` if it ends on another day.
    pub to: Option<u32>,
    /// The city of the time zone: a visitor may be anywhere.
    pub city: String,
    /// `None`: a webinar.
    pub place: Option<String>,
    pub joining: Joining,
}

/// The state of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// `until`: a day and minutes after its midnight.
    Open {
        seats: Band,
        until: (Day, u32),
    },
    Closed,
    Over,
    Cancelled,
}

pub fn event(frame: &Frame<'_>, shown: EventPage) -> String {
    let lang = frame.lang;
    let day = text::long_day(lang, shown.day);
    let from = text::clock(shown.from);
    let when = match shown.to {
        Some(to) => text::from_to(lang, &day, &from, &text::clock(to)),
        None => text::day_at(lang, &day, &from),
    };
    let when = text::hour_in(lang, &when, &shown.city);
    let place = shown.place.unwrap_or_else(|| text::webinar(lang).to_owned());
    let (class, standing) = match shown.joining {
        Joining::Open { seats, .. } => (
            match seats {
                Band::Many | Band::Newer => "chip many",
                Band::Few => "chip few",
                Band::None => "chip none",
            },
            text::seats(lang, seats),
        ),
        Joining::Closed => ("chip none", text::joining_closed(lang)),
        Joining::Over => ("chip", text::event_over(lang)),
        Joining::Cancelled => ("chip none", text::error_event_cancelled(lang)),
    };
    let way_in = match shown.joining {
        Joining::Open {
            until: (day, minutes),
            ..
        } => {
            let until = text::day_at(lang, &text::long_day(lang, day), &text::clock(minutes));
            view! {
                <p class="hint">{text::join_until(lang, &until)}</p>
                <a class="button primary" href="/sign-in">
                    {text::sign_in_to_join(lang)}
                </a>
                <a href=format!("/app/events/{}", shown.event)>{text::open_in_app(lang)}</a>
                <a href="/invitation">{text::have_card(lang)}</a>
                <p class="hint">{text::landing_members(lang)}</p>
            }
            .into_any()
        }
        _ => view! {
            <a class="button" href="/">
                {text::back(lang)}
            </a>
        }
        .into_any(),
    };
    let main = view! {
        <section class="card">
            <h1>{shown.title.clone()}</h1>
            <p class="lead">{shown.summary}</p>
            <p class="chips">
                <span class=class>{standing}</span>
            </p>
            <dl>
                <dt>{text::when(lang)}</dt>
                <dd>{when}</dd>
                <dt>{text::place(lang)}</dt>
                <dd>{place}</dd>
            </dl>
            {way_in}
        </section>
    };
    page(frame, &shown.title, main)
}
