//! Courses: what to learn, the lessons, practice, and the quiz that counts.

#[cfg(feature = "csr")]
mod card;
#[cfg(feature = "csr")]
mod course_page;
#[cfg(feature = "csr")]
mod describe;
#[cfg(feature = "csr")]
mod lesson_page;
#[cfg(feature = "csr")]
mod list_page;
#[cfg(feature = "csr")]
mod practice_page;
#[cfg(feature = "csr")]
mod question;
#[cfg(feature = "csr")]
mod quiz_page;
#[cfg(feature = "csr")]
mod screens;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use {card::card, screens::CHUNK, screens::screen};

pub const FEATURE: Feature = Feature {
    owner: Owner::Learning,
    #[cfg(feature = "csr")]
    describe: describe::describe,
};
