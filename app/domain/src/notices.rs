//! Short messages to one member about events they did not cause.

use crate::id::{EventId, NoticeId};
use crate::newer::open;
use crate::rewards::Step;
use crate::samples::{Giver, Things};
use crate::{Day, Points, Text, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub at: Timestamp,
    pub read: bool,
    pub about: About,
}

open! {
    /// The event. Variants are added, never renamed.
    pub enum About {
        /// A seat became free: the member moved up from the waiting list.
        SeatFree {
            event: EventId,
            title: Text,
        } = "seat_free",
        EventCancelled {
            event: EventId,
            title: Text,
        } = "event_cancelled",
        /// The company rose to a tier.
        TierReached {
            tier: Text,
        } = "tier_reached",
        /// An event that the member joined or waits for has another time or place.
        EventMoved {
            event: EventId,
            title: Text,
            time: bool,
            place: bool,
        } = "event_moved",
        /// The company fell to a tier.
        TierLost {
            tier: Text,
        } = "tier_lost",
        /// The company falls from a tier on a day, unless it earns `missing` points before.
        TierAtRisk {
            tier: Text,
            on: Day,
            missing: Points,
        } = "tier_at_risk",
        /// A reward request reached `step`. `points`: its price.
        RequestMoved {
            title: Text,
            step: Step,
            points: Points,
        } = "request_moved",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    MarkRead { notice: NoticeId },
}

impl Command {
    /// A sample of each command.
    pub fn samples(things: &Things) -> Vec<Command> {
        vec![Command::MarkRead {
            notice: things.notice,
        }]
    }

    /// Returns who may give the command.
    pub fn giver(&self) -> Giver {
        match self {
            Command::MarkRead { .. } => Giver::Owner,
        }
    }
}
