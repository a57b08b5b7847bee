//! Converts a WebAssembly file of rustc to browser files: splits off its chunks and writes the script that starts it.
//!
//! `bundle INPUT.wasm FOLDER NAME` writes `FOLDER/NAME.js`, `FOLDER/NAME.wasm`, and for chunks their `split_….wasm` and
//! the script that loads them. `.ci/client` calls it and minifies the files.

use anyhow::{Context, Result, anyhow};
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

/// The script that loads chunks, named as by cargo-leptos.
const LOADER: &str = "./__wasm_split.______________________.js";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().with_context(|| format!("{what} is missing"));
    let (input, folder, name) = (next("the input")?, next("the folder")?, next("the name")?);
    let folder = PathBuf::from(folder);
    let core = split(Path::new(&input), &folder, &name)?;
    bind(&core, &folder, &name)
}

/// Splits the chunks off; returns the path of the remaining WebAssembly.
fn split(input: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let wasm = std::fs::read(input).with_context(|| input.display().to_string())?;
    let core = input.with_file_name(format!("{name}.core.wasm"));
    let script = format!("./{name}.js");
    let mut options = Options::new(&wasm);
    options.output_dir = folder;
    options.main_out_path = &core;
    options.main_module = &script;
    options.link_name = LOADER;
    wasm_split_cli_support::transform(options).map_err(|error| anyhow!("{error:?}"))?;
    Ok(core)
}

/// Writes the script next to the WebAssembly.
fn bind(core: &Path, folder: &Path, name: &str) -> Result<()> {
    Bindgen::new()
        .input_path(core)
        .web(true)?
        .out_name(name)
        .typescript(false)
        .demangle(false)
        .keep_lld_exports(true)
        .generate(folder)?;
    std::fs::rename(
        folder.join(format!("{name}_bg.wasm")),
        folder.join(format!("{name}.wasm")),
    )?;
    Ok(())
}
