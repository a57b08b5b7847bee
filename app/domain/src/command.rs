//! What a member can do: one list, in an envelope that makes each act count once.

use crate::id::{CommandId, DeviceId, MemberId};
use crate::newer::open;
use crate::samples::{Giver, Things};
use crate::{Error, Points, Timestamp, events, learning, members, notices, rewards};
use serde::{Deserialize, Serialize};

/// One act of one member, made on a phone, perhaps days before the server hears of it.
///
/// Why the bytes matter: the phone keeps the envelope as its final JSON and sends those bytes each time,
/// and the server answers a known `id` with the stored outcome only if the bytes are the same.
///
/// `C`: the [`Command`], or its JSON where the command may be one that a newer version made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<C = Command> {
    pub id: CommandId,
    pub member: MemberId,
    pub device: DeviceId,
    /// Counts the acts of one device from 1: the order in which they were made.
    pub seq: i64,
    /// The phone's clock. A hint: the server orders by its own.
    pub made_at: Timestamp,
    pub command: C,
}

macro_rules! features {
    ($($name:ident = $feature:ident;)*) => {
        /// Variants are added, never renamed or removed.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Command {
            $($name($feature::Command),)*
        }

        impl Command {
            /// One of each, about these things.
            pub fn samples(things: &Things) -> Vec<Command> {
                let samples = [$($feature::Command::samples(things).into_iter().map(Command::$name).collect::<Vec<_>>(),)*];
                samples.concat()
            }

            /// Who may give it.
            pub fn giver(&self) -> Giver {
                match self {
                    $(Command::$name(command) => command.giver(),)*
                }
            }
        }
    };
}

// The features that have commands.
features! {
    Events = events;
    Learning = learning;
    Members = members;
    Notices = notices;
    Rewards = rewards;
}

/// The server's answer to one command. Stored with it, so a second asking gets the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub id: CommandId,
    /// When the server decided, by its clock.
    pub at: Timestamp,
    pub verdict: Verdict,
}

open! {
    pub enum Verdict {
        Confirmed(Receipt) = "confirmed",
        Refused(Error) = "refused",
        /// Nothing was decided and nothing stored: keep the command and try again.
        Failed = "failed",
    }
}

open! {
    /// What a confirmed command brought.
    pub enum Receipt {
        /// Done; there is nothing to say beyond that.
        Noted = "noted",
        /// A seat is taken.
        Joined = "joined",
        /// The event is full: `position` on the waiting list, from 1.
        Waiting {
            position: u32,
        } = "waiting",
        Left = "left",
        Graded(learning::QuizResult) = "graded",
        /// Points are reserved for the redemption that has the id of the command.
        Reserved {
            points: Points,
        } = "reserved",
        /// The redemption was taken back and its points are free again.
        Released {
            points: Points,
        } = "released",
    }
}
