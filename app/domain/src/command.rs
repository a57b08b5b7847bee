//! Commands of a member, in an envelope that makes them idempotent.

use crate::id::{CommandId, DeviceId, MemberId};
use crate::newer::open;
use crate::samples::{Giver, Things};
use crate::{Error, Points, Timestamp, events, learning, members, notices, rewards};
use serde::{Deserialize, Serialize};

/// One command of one member, made on a phone, perhaps days before it reaches the server.
///
/// Why the bytes matter: the phone stores the envelope as its final JSON and sends those bytes on each retry; the
/// server returns the stored outcome of a known `id` only if the bytes are equal.
///
/// `C`: the [`Command`], or its JSON if a newer version may have made the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<C = Command> {
    pub id: CommandId,
    pub member: MemberId,
    pub device: DeviceId,
    /// Sequence number of the device's commands, from 1.
    pub seq: i64,
    /// The phone's clock. A hint: the server orders by its own clock.
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

            /// Returns the role that may give the command.
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

/// The server's outcome of one command. It is stored with the command, so that a retry gets the same bytes.
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
        /// Nothing was decided or stored: keep the command and retry.
        Failed = "failed",
    }
}

open! {
    /// The result of a confirmed command.
    pub enum Receipt {
        /// Done, without further data.
        Noted = "noted",
        /// A seat is taken.
        Joined = "joined",
        /// The event is full. `position`: on the waiting list, from 1.
        Waiting {
            position: u32,
        } = "waiting",
        Left = "left",
        Graded(learning::QuizResult) = "graded",
        /// Points are reserved for the redemption, whose id is that of the command.
        Reserved {
            points: Points,
        } = "reserved",
        /// The redemption was taken back; its points are free again.
        Released {
            points: Points,
        } = "released",
    }
}
