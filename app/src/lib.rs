//! What a person sees of Compagnon, and what their phone keeps.
//!
//! Built twice: with `csr` it is the member app in WebAssembly, with `ssr` the pages the server renders. With
//! neither, what remains is plain Rust: [`phone`], the features' views, [`routes`], [`calendar`] and [`text`].
//!
//! # How to add a screen
//! 1. Its line in [`routes`]: the segments of its path, its tab, the screen above it, and what makes it.
//! 2. A `…_page` function in the module of its feature; where the feature's screens are a chunk (`learning/screens.rs`), its
//!    arm there.
//! 3. Its words in the feature's `text.rs`, in every language.
//!
//! A screen that needs the network asks the server through `calls`.

#[macro_use]
pub mod text;

pub mod activity;
pub mod calendar;
pub mod feature;
pub mod notices;
pub mod phone;
pub mod routes;
pub mod samples;

#[cfg(feature = "csr")]
mod actions;
#[cfg(feature = "csr")]
mod address;
#[cfg(feature = "csr")]
pub mod browser;
#[cfg(any(feature = "csr", feature = "ssr"))]
pub mod calls;
#[cfg(feature = "csr")]
mod chunk;
pub mod events;
#[cfg(feature = "csr")]
mod format;
pub mod home;
#[cfg(feature = "csr")]
mod icon;
pub mod learning;
pub mod ledger;
pub mod members;
#[cfg(feature = "ssr")]
pub mod public;
pub mod rewards;
#[cfg(feature = "csr")]
mod shell;
#[cfg(feature = "csr")]
mod start;
#[cfg(feature = "csr")]
mod ui;

#[cfg(feature = "csr")]
pub use start::start;
