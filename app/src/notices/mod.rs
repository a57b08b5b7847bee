//! Notices: what happened without the member.

#[cfg(feature = "csr")]
mod card;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use card::card;

pub const FEATURE: Feature = Feature {
    owner: Owner::Notices,
    #[cfg(feature = "csr")]
    describe: card::describe,
};
