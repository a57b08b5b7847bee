//! The activity page: all acts of the member, of any feature.

#[cfg(feature = "csr")]
mod activity_page;
pub mod text;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use activity_page::activity_page;

pub const FEATURE: Feature = Feature::of(Owner::Activity);
