//! Events with the member's seat status, pending requests included.

use crate::members::view::MemberView;
use crate::phone::sort::sort_by_key;
use crate::phone::{Phone, Standing};
use domain::document::{Collection, Feature};
use domain::events::{Command, Event, Registration, RegistrationState, Ticket};
use domain::id::EventId;
use domain::{Error, Timestamp};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct EventsView {
    /// Ordered by start.
    pub events: Vec<EventView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    pub event: Arc<Event>,
    pub seat: SeatStatus,
    /// The address of a webinar, for who has a seat.
    pub webinar: Option<String>,
    /// The refusal of this phone's last request, until a newer request.
    pub refused: Option<Error>,
}

/// A member's seat status in an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SeatStatus {
    #[default]
    No,
    /// Requested; not decided yet.
    Asked,
    Joined(Ticket),
    Waiting(u32),
    /// Being given back; not decided yet.
    GivenBack,
    /// A kind of place that only a newer app knows.
    Newer,
}

impl EventsView {
    pub fn of(phone: &Phone) -> EventsView {
        let registrations: Vec<Registration> = phone.replica.all(Collection::Registration);
        let mut events: Vec<EventView> = phone
            .replica
            .all(Collection::Event)
            .into_iter()
            .map(|event: Event| {
                let registration = registrations
                    .iter()
                    .find(|registration| registration.event == event.id);
                EventView {
                    seat: registration
                        .map(|registration| seat(&registration.state))
                        .unwrap_or_default(),
                    webinar: registration.and_then(|registration| registration.webinar.clone()),
                    event: Arc::new(event),
                    refused: None,
                }
            })
            .collect();
        for (item, command) in phone.acts::<Command>(Feature::Events) {
            let (id, joining) = match command {
                Command::Join { event } => (event, true),
                Command::Leave { event } => (event, false),
            };
            if let Some(view) = events.iter_mut().find(|view| view.event.id == id) {
                view.fold(phone.standing(item), joining);
            }
        }
        sort_by_key(&mut events, |view| (view.event.starts_at, view.event.id));
        EventsView { events }
    }

    pub fn event(&self, id: EventId) -> Option<&EventView> {
        self.events.iter().find(|view| view.event.id == id)
    }

    /// The next event the member has a place in or has requested one for.
    pub fn next_mine(&self, now: Timestamp) -> Option<&EventView> {
        self.events.iter().find(|view| {
            view.event.ends_at > now
                && !view.event.cancelled
                && !matches!(view.seat, SeatStatus::No | SeatStatus::GivenBack)
        })
    }

    /// The next event for the member's trade that they can join.
    pub fn next_open(&self, member: &MemberView, now: Timestamp) -> Option<&EventView> {
        self.events.iter().find(|view| {
            view.seat == SeatStatus::No
                && member.is_my_trade(&view.event.trades)
                && view.event.gate().may_join(member.tier(), now).is_ok()
        })
    }
}

fn seat(state: &RegistrationState) -> SeatStatus {
    match state {
        RegistrationState::Joined(ticket) => SeatStatus::Joined(ticket.clone()),
        RegistrationState::Waiting { position } => SeatStatus::Waiting(*position),
        RegistrationState::Newer => SeatStatus::Newer,
    }
}

impl EventView {
    /// Applies one act on top of the documents.
    fn fold(&mut self, standing: Standing<'_>, joining: bool) {
        self.refused = None;
        match standing {
            Standing::Refused(error) => self.refused = Some(error.clone()),
            Standing::Told => {}
            Standing::Pending => {
                self.seat = match (std::mem::take(&mut self.seat), joining) {
                    (SeatStatus::No | SeatStatus::GivenBack, true) => SeatStatus::Asked,
                    (SeatStatus::Asked | SeatStatus::No, false) => SeatStatus::No,
                    (held, true) => held,
                    (_, false) => SeatStatus::GivenBack,
                };
            }
        }
    }
}
