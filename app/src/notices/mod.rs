//! Notices: events the member did not cause.

#[cfg(feature = "csr")]
mod card;
pub mod text;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use card::card;

pub const FEATURE: Feature = Feature {
    #[cfg(feature = "csr")]
    describe: text::describe,
    ..Feature::of(Owner::Notices)
};
