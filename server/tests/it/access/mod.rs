//! Who may see and do what: every route, every command, every collection, as every caller, with ids of their own and of
//! others. What is expected stands beside the route, or in a `match` that a new variant does not compile without.

mod bad_input;
mod commands;
mod documents;
mod fixtures;
mod routes;
mod staff;
