//! Points: what there is, what expires next, and why it moved.

#[cfg(feature = "csr")]
mod points_page;
pub mod view;

use crate::feature::Feature;

#[cfg(feature = "csr")]
pub use points_page::points_page;

pub const FEATURE: Feature = Feature {
    tag: "",
    collections: view::COLLECTIONS,
    #[cfg(feature = "csr")]
    describe: |_, _, _| None,
};
