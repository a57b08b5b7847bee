//! The home screen: the member's status, what their points are worth, and ways to earn more.

#[cfg(feature = "csr")]
mod home_page;
pub mod suggestions;
pub mod text;

#[cfg(feature = "csr")]
pub use home_page::{gain, home_page};
