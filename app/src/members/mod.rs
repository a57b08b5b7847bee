//! The member: company, devices, language, data, help, signing out.

#[cfg(any(feature = "csr", feature = "ssr"))]
pub mod calls;
#[cfg(feature = "csr")]
mod colleagues_page;
#[cfg(feature = "csr")]
mod company_page;
#[cfg(feature = "csr")]
mod devices_page;
#[cfg(feature = "csr")]
mod help_page;
#[cfg(feature = "csr")]
mod language_page;
#[cfg(feature = "csr")]
mod me_page;
#[cfg(feature = "csr")]
mod privacy_page;
#[cfg(feature = "csr")]
mod screens;
#[cfg(feature = "csr")]
mod sign_out_page;
#[cfg(feature = "csr")]
mod status_card;
pub mod text;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use {
    company_page::company_page, help_page::help_page, language_page::language_page, me_page::me_page,
    screens::CHUNK, screens::screen, sign_out_page::sign_out_page, status_card::status_card,
};

pub const FEATURE: Feature = Feature {
    #[cfg(feature = "csr")]
    chunk: Some(CHUNK),
    #[cfg(feature = "csr")]
    describe: text::describe,
    ..Feature::of(Owner::Members)
};
