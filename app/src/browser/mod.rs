//! The member app's life in a browser: its store, its rounds with the server, who uses it.

pub mod app_state;
pub mod derived;
mod drafts;
pub mod identity;
pub mod js;
pub mod store;
mod sync_loop;
