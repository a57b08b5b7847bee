//! Components shared by several screens.

mod button;
mod label;
mod list;
mod text;

pub use button::*;
pub use label::*;
pub use list::*;
pub use text::*;

use crate::browser::app_state::AppState;
use leptos::prelude::*;

/// The app state from the Leptos context.
pub fn app() -> AppState {
    expect_context::<AppState>()
}
