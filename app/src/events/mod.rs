//! Events: the list, joining and leaving, the ticket.

#[cfg(feature = "csr")]
mod card;
#[cfg(feature = "csr")]
mod detail_page;
#[cfg(feature = "csr")]
mod list_page;
pub mod text;
#[cfg(feature = "csr")]
mod ticket_page;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use {card::card, detail_page::detail_page, list_page::list_page, ticket_page::ticket_page};

pub const FEATURE: Feature = Feature {
    refusal: text::refusal,
    receipt: text::receipt,
    #[cfg(feature = "csr")]
    describe: text::describe,
    ..Feature::of(Owner::Events)
};
