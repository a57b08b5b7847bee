//! The core's interface to a feature. The core iterates over [`FEATURES`] and names none of them.

use crate::{activity, events, learning, ledger, members, notices, rewards};
use domain::document::Feature as Owner;
use domain::{Error, Lang, Receipt, Timestamp};

#[cfg(feature = "csr")]
use crate::activity::view::ActView;
#[cfg(feature = "csr")]
use crate::browser::app_state::AppState;
#[cfg(feature = "csr")]
use crate::chunk::Chunk;
#[cfg(feature = "csr")]
use crate::routes::Route;

#[derive(Clone, Copy)]
pub struct Feature {
    /// Its documents are what its view is made of, and its tag is that of its commands.
    pub owner: Owner,
    /// Why it refused; `None` where the refusal is another's.
    pub refusal: fn(&Error, Lang, When) -> Option<String>,
    /// What a confirmed act brought; `None` where the receipt is another's.
    pub receipt: fn(&Receipt, Lang) -> Option<String>,
    /// The file of its screens, where they are not in the core.
    #[cfg(feature = "csr")]
    pub chunk: Option<Chunk>,
    /// What the activity page says of one of its acts; `None` where another version of the app wrote it.
    #[cfg(feature = "csr")]
    pub describe: fn(AppState, &ActView, Lang) -> Option<Described>,
}

/// Writes an instant out.
pub type When<'a> = &'a dyn Fn(Timestamp) -> String;

impl Feature {
    /// A feature without words of its own for outcomes and acts.
    pub const fn of(owner: Owner) -> Feature {
        Feature {
            owner,
            refusal: |_, _, _| None,
            receipt: |_, _| None,
            #[cfg(feature = "csr")]
            chunk: None,
            #[cfg(feature = "csr")]
            describe: |_, _, _| None,
        }
    }
}

/// The text of an act, and the screen of its subject.
#[cfg(feature = "csr")]
pub struct Described {
    pub words: String,
    pub route: Option<Route>,
    /// Listed only if it failed.
    pub minor: bool,
}

pub const FEATURES: &[Feature] = &[
    activity::FEATURE,
    events::FEATURE,
    learning::FEATURE,
    ledger::FEATURE,
    members::FEATURE,
    notices::FEATURE,
    rewards::FEATURE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_collection_is_shown_by_one_feature() {
        for collection in domain::document::Collection::ALL {
            let owners = FEATURES
                .iter()
                .filter(|feature| feature.owner == collection.feature());
            assert_eq!(owners.count(), 1, "{collection:?}");
        }
    }
}
