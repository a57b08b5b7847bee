//! Courses: the list, the lessons, practice and the graded quiz.

#[cfg(feature = "csr")]
mod card;
#[cfg(feature = "csr")]
mod course_page;
#[cfg(any(feature = "csr", test))]
pub(crate) mod draft;
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
pub mod text;
pub mod view;

use crate::feature::Feature;
use domain::document::Feature as Owner;

#[cfg(feature = "csr")]
pub use {card::card, screens::CHUNK, screens::screen};

pub const FEATURE: Feature = Feature {
    refusal: text::refusal,
    receipt: text::receipt,
    #[cfg(feature = "csr")]
    chunk: Some(CHUNK),
    #[cfg(feature = "csr")]
    describe: text::describe,
    ..Feature::of(Owner::Learning)
};
