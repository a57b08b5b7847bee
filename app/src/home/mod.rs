//! The first screen: where the member stands, what the points are worth, what gets them further.

#[cfg(feature = "csr")]
mod home_page;
pub mod suggestions;
pub mod text;

#[cfg(feature = "csr")]
pub use home_page::{gain, home_page};
