//! Why a command was refused. Codes are permanent: phones store them and show their text later.

use crate::{Points, Timestamp};
use serde::{Deserialize, Serialize};

/// A refusal, with only the data its text needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Error {
    /// The id was used before for another act.
    IdReuse,
    /// The act was made by another member than the one signed in.
    WrongMember,
    /// The act cannot be read: the app is newer or older than the server, or the bytes are damaged.
    Unreadable,
    /// What the act speaks of is not there, or not for this member.
    NotFound,
    /// `missing`: points short.
    NotEnoughPoints {
        missing: Points,
    },
    SoldOut,
    /// The price is now `price` points, not the one the member saw.
    PriceChanged {
        price: Points,
    },
    /// Reserved for other statuses.
    NotForYourTier,
    /// Only a manager spends the company's points.
    ManagersOnly,
    /// The reward is no longer offered.
    Withdrawn,
    /// Too late to take the request back: it is being handled.
    AlreadyHandled,
    /// Registration ended at `at`.
    RegistrationClosed {
        at: Timestamp,
    },
    /// The act was made in time, but by a phone whose clock the server had not seen for more than 72 hours.
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
    /// A refusal of a newer server. Only ever read.
    #[serde(other, skip_serializing)]
    Newer,
}

impl Error {
    /// One of each that this version gives, for tests that go through all of them.
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
        ]
    }
}
