//! Short messages to one member about something that happened without them.

use crate::id::{EventId, NoticeId};
use crate::newer::open;
use crate::rewards::Step;
use crate::samples::{Giver, Things};
use crate::{Points, Text, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub at: Timestamp,
    pub read: bool,
    pub about: About,
}

open! {
    /// What happened. Variants are added, never renamed.
    pub enum About {
        /// A seat came free: the member moved up from the waiting list.
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
        /// Where a reward request has got to; `points` were its price.
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
    /// One of each.
    pub fn samples(things: &Things) -> Vec<Command> {
        vec![Command::MarkRead {
            notice: things.notice,
        }]
    }

    /// Who may give it.
    pub fn giver(&self) -> Giver {
        match self {
            Command::MarkRead { .. } => Giver::Owner,
        }
    }
}
