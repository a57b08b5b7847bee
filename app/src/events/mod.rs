//! Events: the agenda, joining and leaving, the ticket.

#[cfg(feature = "csr")]
mod card;
#[cfg(feature = "csr")]
mod describe;
#[cfg(feature = "csr")]
mod detail_page;
#[cfg(feature = "csr")]
mod list_page;
#[cfg(feature = "csr")]
mod ticket_page;
pub mod view;

use crate::feature::Feature;

#[cfg(feature = "csr")]
pub use {card::card, detail_page::detail_page, list_page::list_page, ticket_page::ticket_page};

/// The tag of its commands.
pub const TAG: &str = "events";

pub const FEATURE: Feature = Feature {
    tag: TAG,
    collections: view::COLLECTIONS,
    #[cfg(feature = "csr")]
    describe: describe::describe,
};
