//! Tests of the real router and the real binary on both engines.

mod access;
mod calls;
mod command_line;
mod fuzz;
mod harness;
mod http_security;
mod operations;
mod public_event;
mod sending;
mod sign_in;
mod sources;
mod sync;
