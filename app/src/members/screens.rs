//! The screens of this feature that call the server each time, in a separate chunk. The others are in the core.

use super::colleagues_page;
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
pub fn screen(_: Route) -> Result<AnyView, Missing> {
    Ok(colleagues_page::colleagues_page())
}
