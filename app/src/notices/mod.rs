//! Notices: what happened without the member.

#[cfg(feature = "csr")]
mod card;
pub mod view;

use crate::feature::Feature;

#[cfg(feature = "csr")]
pub use card::card;

/// The tag of its commands.
pub const TAG: &str = "notices";

pub const FEATURE: Feature = Feature {
    tag: TAG,
    collections: view::COLLECTIONS,
    #[cfg(feature = "csr")]
    describe: card::describe,
};
