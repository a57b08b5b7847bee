//! The screens of this feature that are seldom opened or call the server each time, in a separate chunk. The others are
//! in the core.

use super::{colleagues_page, devices_page, privacy_page};
use crate::chunk::{Chunk, Missing};
use crate::routes::Route;
use leptos::prelude::*;
use leptos::wasm_split::wasm_split;

pub const CHUNK: Chunk = Chunk::new(|| Box::pin(load()));

/// Makes the screen.
///
/// # Errors
/// If the chunk is not cached and cannot be fetched.
#[wasm_split(members, fallible, wasm_split_path = ::leptos::wasm_split, preload(load))]
pub fn screen(route: Route) -> Result<AnyView, Missing> {
    Ok(match route {
        Route::Devices => devices_page::devices_page(),
        Route::Privacy => privacy_page::privacy_page(),
        _ => colleagues_page::colleagues_page(),
    })
}
