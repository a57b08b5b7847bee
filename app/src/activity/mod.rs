//! Every act of the member, whatever feature it is of.

#[cfg(feature = "csr")]
mod activity_page;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use activity_page::activity_page;

pub const FEATURE: Feature = Feature {
    owner: Owner::Activity,
    #[cfg(feature = "csr")]
    describe: |_, _, _| None,
};
