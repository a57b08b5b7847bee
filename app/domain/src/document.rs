//! Documents: what the server lets a member see, in the form the phone stores.
//!
//! A document is identified by its collection and its id; its body is one of the types below as JSON.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

macro_rules! collections {
    ($($name:ident = $code:literal: $body:ty, $feature:ident, $audience:ident;)*) => {
        /// Kinds of documents. Their codes are permanent: phones keep them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Collection {
            $(
                #[doc = concat!("[`", stringify!($body), "`]")]
                $name,
            )*
        }

        impl Collection {
            pub const ALL: &[Collection] = &[$(Collection::$name,)*];

            pub fn code(self) -> &'static str {
                match self { $(Collection::$name => $code,)* }
            }

            pub fn feature(self) -> Feature {
                match self { $(Collection::$name => Feature::$feature,)* }
            }

            pub fn audience(self) -> Audience {
                match self { $(Collection::$name => Audience::$audience,)* }
            }

            pub fn from_code(code: &str) -> Option<Collection> {
                Collection::ALL.iter().copied().find(|collection| collection.code() == code)
            }

            /// Calls `with` with the type of its bodies.
            pub fn typed<W: WithBody>(self, with: W) -> W::Output {
                match self { $(Collection::$name => with.call::<$body>(),)* }
            }
        }
    };
}

// Ids: those of what they are, except `programme`, `me` and `status`, of which there is one; a wallet's code; a wallet's
// code and the month, `own:2026-11`; the course of a progress, the event of a registration, the command of a redemption
// and of an act, the session of a device.
collections! {
    Programme = "programme": crate::programme::Programme, Members, Everybody;
    Course = "course": crate::learning::Course, Learning, Everybody;
    Event = "event": crate::events::Event, Events, Everybody;
    Reward = "reward": crate::rewards::Reward, Rewards, Everybody;
    Me = "me": crate::members::Me, Members, Oneself;
    Status = "status": crate::status::Status, Members, Company;
    Balance = "balance": crate::ledger::Balance, Ledger, Wallet;
    Month = "month": crate::ledger::Month, Ledger, Wallet;
    Progress = "progress": crate::learning::Progress, Learning, Oneself;
    Registration = "registration": crate::events::Registration, Events, Oneself;
    Redemption = "redemption": crate::rewards::Redemption, Rewards, Oneself;
    Notice = "notice": crate::notices::Notice, Notices, Oneself;
    Device = "device": crate::members::Device, Members, Oneself;
    Act = "act": Act, Activity, Oneself;
}

/// A function that is generic over the type of a body.
pub trait WithBody {
    type Output;

    fn call<B: Serialize + DeserializeOwned>(self) -> Self::Output;
}

/// Whose documents they are: what builds them on the server and what shows them on the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    Activity,
    Events,
    Learning,
    Ledger,
    Members,
    Notices,
    Rewards,
}

impl Feature {
    /// The tag of its commands on the wire.
    pub fn tag(self) -> &'static str {
        match self {
            Feature::Activity => "activity",
            Feature::Events => "events",
            Feature::Learning => "learning",
            Feature::Ledger => "ledger",
            Feature::Members => "members",
            Feature::Notices => "notices",
            Feature::Rewards => "rewards",
        }
    }
}

/// Which members a document is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Every member, the same.
    Everybody,
    /// The member it is about.
    Oneself,
    /// The members of a company, the same.
    Company,
    /// The owner of the wallet: the member theirs, the company's managers the company's.
    Wallet,
}

impl Collection {
    pub fn family(self) -> Family {
        match self.audience() {
            Audience::Everybody => Family::Content,
            Audience::Oneself | Audience::Company | Audience::Wallet => Family::Own,
        }
    }
}

/// Version of the document format. Raise it when a document gains a field or a case derived from data already stored:
/// each phone then gets all of its documents once, also the unchanged ones.
pub const GENERATION: u32 = 2;

/// The cursor counter that a collection increments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Published for an audience.
    Content,
    /// Private to one member.
    Own,
}

/// A command the server has decided on, for the activity page.
///
/// `C`: the [`crate::Command`], or its JSON if a newer version may have made the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act<C = crate::Command> {
    pub made_at: crate::Timestamp,
    pub command: C,
    pub outcome: crate::Outcome,
}
