//! The member app in a browser: its store, its sync loop, its identity.

pub mod app_state;
pub mod derived;
mod drafts;
pub mod identity;
pub mod js;
pub mod store;
mod sync_loop;
