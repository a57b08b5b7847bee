//! The learning screens, in a separate chunk.

use super::{course_page, lesson_page, list_page, practice_page, quiz_page};
use crate::chunk::{Chunk, Missing};
use crate::routes::Route;
use leptos::prelude::*;
use leptos::wasm_split::wasm_split;

/// The chunk with this feature's screens.
pub const CHUNK: Chunk = Chunk::new(|| Box::pin(load()));

/// Makes a screen of this feature.
///
/// # Errors
/// If the chunk is not cached and cannot be fetched.
#[wasm_split(learning, fallible, wasm_split_path = ::leptos::wasm_split, preload(load))]
pub fn screen(route: Route) -> Result<AnyView, Missing> {
    Ok(match route {
        Route::Course(course) => course_page::course_page(course),
        Route::Lesson(course, lesson) => lesson_page::lesson_page(course, lesson),
        Route::Practice(course) => practice_page::practice_page(course),
        Route::Quiz(course) => quiz_page::quiz_page(course),
        Route::Attempt(course, attempt) => quiz_page::attempt_page(course, attempt),
        _ => list_page::list_page(),
    })
}
