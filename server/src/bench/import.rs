//! Imports orders from a file, against a bare loop of prepared inserts of the same rows.

use crate::fixture::Engine;
use crate::rounds::prove;
use crate::table;
use backend::clock::System;
use backend::import::{self, Options};
use backend::{Db, programme};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ORDERS: &str = include_str!("../../tests/data/cdnow_sample.csv");
/// Odd, because the median is printed.
const TURNS: usize = 5;

const TABLE: &str = "CREATE TABLE bare_order (order_ref TEXT NOT NULL PRIMARY KEY, company_ref TEXT NOT NULL, \
    ordered_on INTEGER NOT NULL, quantity BIGINT NOT NULL, amount BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO bare_order (order_ref, company_ref, ordered_on, quantity, amount) \
    VALUES ($1, $2, $3, $4, $5)";

/// Prints all lines about imports.
pub async fn lines(engine: &Engine) -> anyhow::Result<()> {
    for (what, expiry_months) in [
        ("import of 6,919 orders", None),
        ("the same, points expire", Some(24)),
    ] {
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            let fixture = engine.fixture().await?;
            let ours = import_orders(&fixture.url, expiry_months).await?;
            let bare = match engine {
                Engine::Sqlite => bare_sqlite(&fixture.url).await?,
                Engine::Postgres(_) => bare_postgres(&fixture.url).await?,
            };
            turns.push((ours, bare));
            fixture.leave().await?;
        }
        print(engine, what, &mut turns);
    }
    Ok(())
}

/// Times the import of the real orders into an empty programme, creating companies on the way.
async fn import_orders(url: &str, expiry_months: Option<u32>) -> anyhow::Result<Duration> {
    let db = Db::open(url, Arc::new(System::default()), Arc::new(System::default())).await?;
    backend::migrate(&db).await?;
    let mut tx = db.write().await?;
    let mut settings = programme::current(&mut tx).await?;
    settings.points.expiry_months = expiry_months;
    programme::apply::apply(&mut tx, &settings, programme::apply::Past::Keeps).await?;
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
    prove(&db).await?;
    db.close().await;
    Ok(took)
}

type Row = (String, String, i32, i64, i64);

/// Parses the same rows, with the same checks.
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

/// Runs one prepared insert per row in one transaction; returns the elapsed time.
///
/// Why a macro: a function would have to name the bounds of both engines.
macro_rules! insert_rows {
    ($connection:ident) => {{
        let start = Instant::now();
        let mut transaction = $connection.begin().await?;
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
    }};
}

/// The bare loop: one prepared insert per row in one transaction, same file, same durability.
async fn bare_sqlite(url: &str) -> anyhow::Result<Duration> {
    let mut connection = SqliteConnection::connect(url).await?;
    sqlx::query("PRAGMA synchronous = FULL")
        .execute(&mut connection)
        .await?;
    sqlx::query(TABLE).execute(&mut connection).await?;
    insert_rows!(connection)
}

async fn bare_postgres(url: &str) -> anyhow::Result<Duration> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(TABLE).execute(&mut connection).await?;
    insert_rows!(connection)
}

fn print(engine: &Engine, what: &str, turns: &mut [(Duration, Duration)]) {
    let ratio = |(ours, bare): &(Duration, Duration)| bare.as_secs_f64() / ours.as_secs_f64();
    turns.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let median = &turns[turns.len() / 2];
    let rate = |took: Duration| 6_919.0 / took.as_secs_f64();
    // Why so little: it stages the rows, and rests between slices.
    table::line(engine, what, rate(median.0), rate(median.1), 0.2);
}
