//! The WebAssembly entry point of the member app.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called once, when the browser has compiled the module.
#[wasm_bindgen(start)]
pub fn start() {
    app::start();
}
