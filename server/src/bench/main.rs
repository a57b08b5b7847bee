//! `make bench`: speed as ratios in one run, on the same machine and engine, because machines differ and are noisy.

mod bare;
mod client;
mod import;
mod place;
mod rounds;
mod scale;
mod table;

use anyhow::{Context, Result};
use place::Engine;

const SMALL: u64 = 1_000;

#[tokio::main]
async fn main() -> Result<()> {
    if std::env::args().any(|argument| argument == "--bare") {
        return bare::serve().await;
    }
    let large = match std::env::var("SCALE") {
        Ok(text) => members(&text)?,
        Err(_) => 100_000,
    };
    // `ONLY=scale`, `ENGINE=sqlite`: a part of it.
    let wanted = |variable: &str, name: &str| {
        let only = std::env::var(variable).unwrap_or_default();
        only.is_empty() || only == name
    };
    let mut engines = vec![Engine::Sqlite];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(server) => engines.push(Engine::Postgres(server)),
        Err(_) => println!("PostgreSQL is left out: run it as .ci/with-postgres make bench"),
    }
    engines.retain(|engine| wanted("ENGINE", engine.name()));
    table::head();
    for engine in &engines {
        if wanted("ONLY", "rounds") {
            rounds::lines(engine).await?;
        }
        if wanted("ONLY", "import") {
            import::lines(engine).await?;
        }
    }
    if wanted("ONLY", "scale") {
        for engine in &engines {
            scale::lines(engine, SMALL, large).await?;
        }
    }
    Ok(())
}

/// `100000`, `100k` or `1m`.
fn members(text: &str) -> Result<u64> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => match text.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        },
    };
    let number: u64 = digits
        .parse()
        .with_context(|| format!("SCALE must look like 100k or 1m, it is {text:?}"))?;
    anyhow::ensure!(number * factor > SMALL, "SCALE must be more than {SMALL} members");
    Ok(number * factor)
}
