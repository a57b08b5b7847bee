//! The programme's server: HTTP, settings, sending, the command line, daily work. Rules live in `domain`, use
//! cases and SQL in `backend`, pages in `app`.
//!
//! # How to add a setting
//! A field with a doc comment and an `env` in [`settings`]; `compagnon config sample > .env.sample` writes the
//! sample anew, and a test holds it equal.
//!
//! # How to add a route
//! A handler in [`http`], its route in [`http::router`]. Every route has the request id, the headers, the refusal
//! of other sites' posts, the limits and the metrics of `http::front` without doing anything for it.

#[macro_use]
mod console;

pub mod cli;
pub mod daily;
pub mod demo;
pub mod generate;
pub mod http;
pub mod sending;
pub mod serve;
pub mod settings;
pub mod site;
