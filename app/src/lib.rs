//! The user interface of Compagnon, and the phone's data and logic.
//!
//! Built twice: with `csr` it is the member app in WebAssembly, with `ssr` the pages the server renders. With neither,
//! the rest is plain Rust: [`phone`], the features' views, [`routes`], [`calendar`] and [`text`].
//!
//! # How to add a screen
//! 1. A variant of [`routes::Route`] with its path.
//! 2. A `…_page` function in the module of its feature, and its line in `shell::screen`; or, if the feature's screens
//!    are a chunk (`learning/mod.rs`), in the feature's own `screen`.
//! 3. Its texts in [`text`], in every language.
//!
//! A screen that needs the network calls the server through `calls`.

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
