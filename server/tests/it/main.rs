//! Tests of the real router and the real binary on both engines.

mod access;
mod calls;
mod command_line;
mod connections;
mod fuzz;
mod harness;
mod http_security;
mod lost_phone;
mod operations;
#[cfg(unix)]
mod private_files;
mod public_event;
mod security_log;
mod sending;
mod sign_in;
mod sources;
mod sync;
