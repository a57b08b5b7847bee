//! Access control: every route, command and collection, as every caller, with own and foreign ids. The expectation is
//! declared with the route, or in an exhaustive `match` that must be extended for a new variant.

mod bad_input;
mod commands;
mod documents;
mod fixtures;
mod routes;
mod staff;
