//! The WebAssembly entry point of the member app.

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs once, when the browser has compiled this file.
#[wasm_bindgen(start)]
pub fn start() {
    app::start();
}
