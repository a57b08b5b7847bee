//! Events, registrations, waiting lists, tickets.

use crate::id::{EventId, TicketId};
use crate::newer::open;
use crate::qr::Qr;
use crate::samples::{Giver, Things};
use crate::stock::Band;
use crate::{Error, Text, Timestamp, programme};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    pub title: Text,
    pub summary: Text,
    /// Sanitised HTML.
    pub html: Text,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub venue: Venue,
    pub seats: Band,
    pub capacity: u32,
    /// End of registration.
    pub register_until: Timestamp,
    /// Tiers it is reserved for; empty: all.
    pub tiers: Vec<String>,
    pub trades: Vec<String>,
    pub cancelled: bool,
    /// True if it has a page for visitors who are not signed in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
}

open! {
    pub enum Venue {
        Place {
            name: String,
            address: String,
            /// Degrees north and east, in millionths.
            position: Option<(i32, i32)>,
        } = "place",
        /// With its address: in what is stored, and on phones of before.
        Webinar {
            url: String,
        } = "webinar",
        /// A webinar. Its address is in the registration of who joined.
        Online = "online",
    }
}

/// The data of an event that decides whether a member may join or leave it.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    pub starts_at: Timestamp,
    pub register_until: Timestamp,
    pub tiers: &'a [String],
    pub cancelled: bool,
}

impl Event {
    pub fn gate(&self) -> Gate<'_> {
        Gate {
            starts_at: self.starts_at,
            register_until: self.register_until,
            tiers: &self.tiers,
            cancelled: self.cancelled,
        }
    }
}

impl Gate<'_> {
    /// Checks that a member of `tier` may join at `at`. A full event is no obstacle: there is a waiting list.
    pub fn may_join(&self, tier: &str, at: Timestamp) -> Result<(), Error> {
        if self.cancelled {
            return Err(Error::EventCancelled);
        }
        if !programme::tier_allows(self.tiers, tier) {
            return Err(Error::NotForYourTier);
        }
        if at > self.register_until {
            return Err(Error::RegistrationClosed {
                at: self.register_until,
            });
        }
        Ok(())
    }

    /// Checks that a member may give a seat back at `at`.
    pub fn may_leave(&self, at: Timestamp) -> Result<(), Error> {
        if at >= self.starts_at {
            Err(Error::EventStarted)
        } else {
            Ok(())
        }
    }
}

/// A member's place in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub event: EventId,
    pub state: RegistrationState,
    /// The address of a webinar, for who joined it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webinar: Option<String>,
}

open! {
    pub enum RegistrationState {
        Joined(Ticket) = "joined",
        /// `position`: from 1.
        Waiting {
            position: u32,
        } = "waiting",
    }
}

/// Proof of a seat; shown and checked without a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    /// The signed text in the QR.
    pub text: String,
    pub qr: Qr,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Join { event: EventId },
    Leave { event: EventId },
}

impl Command {
    /// A sample of each command.
    pub fn samples(things: &Things) -> Vec<Command> {
        vec![
            Command::Join {
                event: things.other_event,
            },
            Command::Leave { event: things.event },
        ]
    }

    /// Returns who may give the command.
    pub fn giver(&self) -> Giver {
        match self {
            Command::Join { .. } | Command::Leave { .. } => Giver::Anybody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_ends_leaving_goes_on_until_the_start() {
        let tiers = ["top".to_owned()];
        let gate = Gate {
            starts_at: Timestamp(100),
            register_until: Timestamp(50),
            tiers: &tiers,
            cancelled: false,
        };
        assert_eq!(gate.may_join("top", Timestamp(50)), Ok(()));
        assert_eq!(
            gate.may_join("top", Timestamp(51)),
            Err(Error::RegistrationClosed { at: Timestamp(50) })
        );
        assert_eq!(gate.may_join("low", Timestamp(1)), Err(Error::NotForYourTier));
        assert_eq!(gate.may_leave(Timestamp(99)), Ok(()));
        assert_eq!(gate.may_leave(Timestamp(100)), Err(Error::EventStarted));
        let cancelled = Gate {
            cancelled: true,
            ..gate
        };
        assert_eq!(
            cancelled.may_join("top", Timestamp(1)),
            Err(Error::EventCancelled)
        );
    }
}
