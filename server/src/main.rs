//! The binary `compagnon`.

use clap::Parser;
use server::settings::Settings;
use std::process::ExitCode;

fn main() -> ExitCode {
    server::private_files::keep_private();
    // Why by name: one in a folder above is somebody else's. Why a broken file is fatal: silently ignored settings would be worse.
    match dotenvy::from_path(".env") {
        Ok(_) => {}
        Err(dotenvy::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            eprintln!("error: .env: {error}");
            return ExitCode::FAILURE;
        }
    }
    let settings = Settings::parse();
    let language = server::cli::language(&settings.common);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(server::cli::run(settings)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", server::cli::in_one_line(&error, language));
            ExitCode::FAILURE
        }
    }
}
