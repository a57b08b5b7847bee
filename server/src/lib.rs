//! The programme's server: HTTP, settings, sending, the command line, the daily job. Rules live in `domain`, use cases
//! and SQL in `backend`, pages in `app`.
//!
//! # How to add a setting
//! A field with a doc comment and an `env` in [`settings`]; `compagnon config sample > .env.sample` regenerates the
//! sample, and a test checks that it is up to date.
//!
//! # How to add a route
//! A handler in [`http`], its route in [`http::routes()`]. Every route gets the request id, the headers, the refusal of
//! other sites' posts, the limits and the metrics from `http::middleware` and the other layers of [`http::router`].

#[macro_use]
mod console;

pub mod cli;
pub mod connections;
pub mod daily;
pub mod demo;
pub mod generate;
pub mod http;
pub mod plaintext;
pub mod private_files;
pub mod sending;
pub mod serve;
pub mod settings;
pub mod site;
pub mod tasks;
pub mod unfinished;
