//! What the core knows of a feature. It iterates over [`FEATURES`] and names none of them.

use crate::{activity, events, learning, ledger, members, notices, rewards};
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
use crate::activity::view::ActView;
#[cfg(feature = "csr")]
use crate::browser::app_state::AppState;
#[cfg(feature = "csr")]
use crate::routes::Route;
#[cfg(feature = "csr")]
use domain::Lang;

#[derive(Clone, Copy)]
pub struct Feature {
    /// Its documents are what its view is made of, and its tag is that of its commands.
    pub owner: Owner,
    /// What the activity page says of one of its acts; `None` where another version of the app wrote it.
    #[cfg(feature = "csr")]
    pub describe: fn(AppState, &ActView, Lang) -> Option<Described>,
}

/// An act in words, and where what it is about is shown.
#[cfg(feature = "csr")]
pub struct Described {
    pub words: String,
    pub route: Option<Route>,
    /// Not worth a line unless something is wrong with it.
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
