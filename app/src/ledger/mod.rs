//! Points: the balance, the next expiry, and the history.

#[cfg(feature = "csr")]
mod points_page;
pub mod text;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use points_page::points_page;

pub const FEATURE: Feature = Feature::of(Owner::Ledger);
