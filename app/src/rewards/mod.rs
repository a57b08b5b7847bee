//! Rewards: the catalogue, requests and their delivery.

#[cfg(feature = "csr")]
mod detail_page;
#[cfg(feature = "csr")]
mod list_page;
#[cfg(feature = "csr")]
mod request_page;
pub mod text;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use {detail_page::detail_page, list_page::list_page, request_page::request_page};

pub const FEATURE: Feature = Feature {
    refusal: text::refusal,
    receipt: text::receipt,
    #[cfg(feature = "csr")]
    describe: text::describe,
    ..Feature::of(Owner::Rewards)
};
