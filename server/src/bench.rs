//! `make bench`: speed as ratios in one run, on the same machine and engine, because machines differ and are noisy.

use backend::import::{self, Options};
use backend::moment::Machine;
use backend::{Db, programme};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ORDERS: &str = include_str!("../tests/data/cdnow_sample.csv");
/// An odd number: the median is printed.
const TURNS: usize = 5;

const TABLE: &str = "CREATE TABLE bare_order (order_ref TEXT NOT NULL PRIMARY KEY, company_ref TEXT NOT NULL, \
    ordered_on INTEGER NOT NULL, quantity BIGINT NOT NULL, amount BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO bare_order (order_ref, company_ref, ordered_on, quantity, amount) \
    VALUES ($1, $2, $3, $4, $5)";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    println!(
        "{:<12}{:<34}{:>14}{:>14}{:>8}",
        "engine", "what", "ours", "bare", "ratio"
    );
    for (what, expiry_months) in [
        ("import of 6,919 orders", None),
        ("the same, points expire", Some(24)),
    ] {
        on_sqlite(what, expiry_months).await?;
        match std::env::var("TEST_POSTGRES_URL") {
            Ok(server) => on_postgres(&server, what, expiry_months).await?,
            Err(_) => println!("postgres    left out: run it as .ci/with-postgres make bench"),
        }
    }
    Ok(())
}

async fn on_sqlite(what: &str, expiry_months: Option<u32>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut turns = Vec::new();
    for turn in 0..TURNS {
        let url = format!("sqlite:{}", folder.path().join(format!("{turn}.db")).display());
        let ours = import_orders(&url, expiry_months).await?;
        turns.push((ours, bare_sqlite(&url).await?));
    }
    print("sqlite", what, &mut turns);
    Ok(())
}

async fn on_postgres(server: &str, what: &str, expiry_months: Option<u32>) -> anyhow::Result<()> {
    let mut turns = Vec::new();
    for turn in 0..TURNS {
        let name = format!("compagnon_bench_{}_{turn}", std::process::id());
        let mut admin = PgConnection::connect(server).await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut admin)
            .await?;
        let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
        let url = format!("{base}/{name}");
        let ours = import_orders(&url, expiry_months).await?;
        turns.push((ours, bare_postgres(&url).await?));
        sqlx::query(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
            .execute(&mut admin)
            .await?;
    }
    print("postgres", what, &mut turns);
    Ok(())
}

/// The import of the real orders into an empty programme, companies made on the way.
async fn import_orders(url: &str, expiry_months: Option<u32>) -> anyhow::Result<Duration> {
    let db = Db::open(url, Arc::new(Machine::default()), Arc::new(Machine::default())).await?;
    db.migrate().await?;
    let mut tx = db.write().await?;
    let mut settings = programme::current(&mut tx).await?;
    settings.points.expiry_months = expiry_months;
    programme::apply(&mut tx, &settings).await?;
    tx.commit().await?;
    let options = Options {
        create_companies: true,
        ..Options::default()
    };
    let start = Instant::now();
    let report = import::orders(&db, ORDERS.as_bytes(), options, |_| {}).await?;
    let took = start.elapsed();
    anyhow::ensure!(
        report.kept && report.new == 6_919,
        "the import did not keep all orders"
    );
    let mut tx = db.read().await?;
    let today = programme::current(&mut tx).await?.day(tx.now())?;
    let proof = backend::ledger::prove(&mut tx, today).await?;
    anyhow::ensure!(proof.ok, "the ledger does not prove: {:?}", proof.amiss);
    drop(tx);
    db.close().await;
    Ok(took)
}

type Row = (String, String, i32, i64, i64);

/// The same rows, read and checked the same way.
fn rows() -> impl Iterator<Item = anyhow::Result<Row>> {
    ORDERS.lines().skip(1).map(|line| {
        let values: Vec<&str> = line.split(',').collect();
        let [reference, company, day, quantity, amount] = values[..] else {
            anyhow::bail!("{line}")
        };
        let day = domain::Day::parse(day).ok_or_else(|| anyhow::anyhow!("{line}"))?;
        let amount = domain::money::parse_cents(amount).ok_or_else(|| anyhow::anyhow!("{line}"))?;
        Ok((
            reference.to_owned(),
            company.to_owned(),
            day.0,
            quantity.parse()?,
            amount,
        ))
    })
}

/// The bare loop: one prepared insert a row, all in one transaction, same file, same durability.
async fn bare_sqlite(url: &str) -> anyhow::Result<Duration> {
    let mut connection = SqliteConnection::connect(url).await?;
    sqlx::query("PRAGMA synchronous = FULL")
        .execute(&mut connection)
        .await?;
    sqlx::query(TABLE).execute(&mut connection).await?;
    let start = Instant::now();
    let mut transaction = connection.begin().await?;
    for row in rows() {
        let (reference, company, day, quantity, amount) = row?;
        sqlx::query(INSERT)
            .bind(reference)
            .bind(company)
            .bind(day)
            .bind(quantity)
            .bind(amount)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(start.elapsed())
}

async fn bare_postgres(url: &str) -> anyhow::Result<Duration> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(TABLE).execute(&mut connection).await?;
    let start = Instant::now();
    let mut transaction = connection.begin().await?;
    for row in rows() {
        let (reference, company, day, quantity, amount) = row?;
        sqlx::query(INSERT)
            .bind(reference)
            .bind(company)
            .bind(day)
            .bind(quantity)
            .bind(amount)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(start.elapsed())
}

/// Ours against bare: how much of the bare loop's rate is left. The median of all turns.
fn print(engine: &str, what: &str, turns: &mut [(Duration, Duration)]) {
    let ratio = |(ours, bare): &(Duration, Duration)| bare.as_secs_f64() / ours.as_secs_f64();
    turns.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let median = &turns[turns.len() / 2];
    println!(
        "{engine:<12}{:<34}{:>12.0}/s{:>12.0}/s{:>8.2}",
        what,
        6_919.0 / median.0.as_secs_f64(),
        6_919.0 / median.1.as_secs_f64(),
        ratio(median)
    );
}
