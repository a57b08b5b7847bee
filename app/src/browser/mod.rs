//! The member app's life in a browser: its store, its rounds with the server, who uses it.

pub mod derived;
pub mod identity;
pub mod js;
pub mod live;
pub mod store;
