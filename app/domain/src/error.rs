//! Reasons for refusing a command. Codes are permanent: phones store them and show their text later.

use crate::{Points, Timestamp};
use serde::{Deserialize, Serialize};

/// A refusal, with the data its text needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Error {
    /// The id belongs to another command.
    IdReuse,
    /// The command was made by a member other than the one signed in.
    WrongMember,
    /// The command cannot be read: the app is newer or older than the server, or the bytes are damaged.
    Unreadable,
    /// The item named does not exist, or not for this member.
    NotFound,
    /// `missing`: points short.
    NotEnoughPoints {
        missing: Points,
    },
    SoldOut,
    /// `price`: the current price, which differs from the one the member saw.
    PriceChanged {
        price: Points,
    },
    /// Reserved for other tiers.
    NotForYourTier,
    /// Only a manager spends the company's points.
    ManagersOnly,
    /// The reward is no longer offered.
    Withdrawn,
    /// Too late to take the request back: the brand has started on it.
    AlreadyHandled,
    /// Registration ended at `at`.
    RegistrationClosed {
        at: Timestamp,
    },
    /// The command was made in time, but by a phone whose clock the server had not seen for more than 72 hours.
    LateAndUnproven {
        at: Timestamp,
    },
    EventCancelled,
    /// The event has begun or is over.
    EventStarted,
    NotRegistered,
    AlreadyRegistered,
    /// The answers do not fit the questions of that version.
    AnswersDoNotFit,
    /// The pause after a failed quiz lasts until `at`.
    TooSoon {
        at: Timestamp,
    },
    /// A refusal of a newer server. Only ever read.
    #[serde(other, skip_serializing)]
    Newer,
}

impl Error {
    /// A sample of each refusal this version writes, for tests that cover all of them.
    pub fn examples() -> Vec<Error> {
        let at = Timestamp(1_700_000_000_000);
        vec![
            Error::IdReuse,
            Error::WrongMember,
            Error::Unreadable,
            Error::NotFound,
            Error::NotEnoughPoints { missing: 120 },
            Error::SoldOut,
            Error::PriceChanged { price: 900 },
            Error::NotForYourTier,
            Error::ManagersOnly,
            Error::Withdrawn,
            Error::AlreadyHandled,
            Error::RegistrationClosed { at },
            Error::LateAndUnproven { at },
            Error::EventCancelled,
            Error::EventStarted,
            Error::NotRegistered,
            Error::AlreadyRegistered,
            Error::AnswersDoNotFit,
            Error::TooSoon { at },
        ]
    }
}
