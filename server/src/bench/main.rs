//! `make bench`: speed as ratios within one run, on the same machine and engine, because machines differ and are noisy.

mod baseline;
mod beside;
mod client;
mod fixture;
mod import;
mod rounds;
mod scale;
mod table;
mod wallet;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use fixture::Engine;

const SMALL: u64 = 1_000;

/// Speed as ratios in one run.
#[derive(Parser)]
struct Arguments {
    /// Members of the larger programme, e.g. 100k or 1m.
    #[arg(long, env, default_value = "100k", value_parser = members)]
    scale: u64,
    /// Orders that are imported while a member acts.
    #[arg(long, env, default_value_t = 20_000)]
    orders: usize,
    /// One part of the table.
    #[arg(long, env)]
    only: Option<Part>,
    /// One database.
    #[arg(long, env)]
    engine: Option<Kind>,
    /// A PostgreSQL that takes new databases.
    #[arg(long, env)]
    test_postgres_url: Option<String>,
    /// Serves the bare handler.
    #[arg(long, hide = true)]
    bare: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    Rounds,
    Import,
    Wallet,
    Scale,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.bare {
        return baseline::serve().await;
    }
    let part = |part| arguments.only.is_none_or(|only| only == part);
    let kind = |kind| arguments.engine.is_none_or(|only| only == kind);
    let mut engines = Vec::new();
    if kind(Kind::Sqlite) {
        engines.push(Engine::Sqlite);
    }
    if kind(Kind::Postgres) {
        match arguments.test_postgres_url {
            Some(server) => engines.push(Engine::Postgres(server)),
            None => println!("PostgreSQL is left out: run it as .ci/with-postgres make bench"),
        }
    }
    table::head();
    for engine in &engines {
        if part(Part::Rounds) {
            rounds::lines(engine).await?;
        }
        if part(Part::Import) {
            import::lines(engine).await?;
            beside::lines(engine, arguments.orders).await?;
        }
    }
    if part(Part::Wallet) {
        for engine in &engines {
            wallet::lines(engine).await?;
        }
    }
    if part(Part::Scale) {
        for engine in &engines {
            scale::lines(engine, SMALL, arguments.scale).await?;
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
