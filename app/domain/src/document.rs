//! Documents: what the server decided a member may see, as the phone keeps it.
//!
//! A document is known by its collection and its id; its body is one of the types below as JSON.

use serde::{Deserialize, Serialize};

macro_rules! collections {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $family:ident;)*) => {
        /// Kinds of documents. Their codes are permanent: phones keep them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Collection { $($(#[$doc])* $name,)* }

        impl Collection {
            pub const ALL: &[Collection] = &[$(Collection::$name,)*];

            pub fn code(self) -> &'static str {
                match self { $(Collection::$name => $code,)* }
            }

            pub fn family(self) -> Family {
                match self { $(Collection::$name => Family::$family,)* }
            }

            pub fn from_code(code: &str) -> Option<Collection> {
                Collection::ALL.iter().copied().find(|collection| collection.code() == code)
            }
        }
    };
}

collections! {
    /// [`crate::programme::Programme`], id `programme`
    Programme = "programme", Content;
    /// [`crate::learning::Course`]
    Course = "course", Content;
    /// [`crate::events::Event`]
    Event = "event", Content;
    /// [`crate::rewards::Reward`]
    Reward = "reward", Content;
    /// [`crate::members::Me`], id `me`
    Me = "me", Own;
    /// [`crate::status::Status`], id `status`
    Status = "status", Own;
    /// [`crate::ledger::Balance`], id `own` or `company`
    Balance = "balance", Own;
    /// [`crate::ledger::Month`], id `own:2026-11`
    Month = "month", Own;
    /// [`crate::learning::Progress`], id: the course
    Progress = "progress", Own;
    /// [`crate::events::Registration`], id: the event
    Registration = "registration", Own;
    /// [`crate::rewards::Redemption`], id: its command
    Redemption = "redemption", Own;
    /// [`crate::notices::Notice`]
    Notice = "notice", Own;
    /// [`crate::members::Device`], id: its session
    Device = "device", Own;
    /// [`Act`], id: its command
    Act = "act", Own;
}

/// The form that documents have. Raise it where a document gains a field or a case that follows from what is stored
/// already: each phone is then sent all of its documents once, also those that did not change.
pub const GENERATION: u32 = 1;

/// Which counter a collection moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Published for an audience.
    Content,
    /// One member's.
    Own,
}

/// A command the server has decided on, for the activity page.
///
/// `C`: the [`crate::Command`], or its JSON where the command may be one that a newer version made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act<C = crate::Command> {
    pub made_at: crate::Timestamp,
    pub command: C,
    pub outcome: crate::Outcome,
}
