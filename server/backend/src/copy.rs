//! Copies a programme between databases, also between engines.

use crate::db::schema::{self, Table, Type};
use crate::db::{Engine, on, params};
use crate::{Db, Error, Result, Tx, programme};
use domain::fault;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, QueryBuilder, Row};
use std::time::Duration;
use uuid::Uuid;

/// Totals of a copy.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copied {
    pub tables: usize,
    pub rows: u64,
}

/// A value in transit: the engines differ in integer sizes and in the type of ids.
enum Value {
    Int(Option<i64>),
    Str(Option<String>),
    Bytes(Option<Vec<u8>>),
    Flag(Option<bool>),
}

/// Copies everything in one transaction on each side. Both databases must be migrated.
///
/// # Errors
/// [`Error::Setup`] if the target is not empty.
pub async fn copy(from: &Db, to: &Db, progress: impl FnMut(&str, u64)) -> Result<Copied> {
    let mut source = from.read().await?;
    let mut target = to.write().await?;
    if !programme::is_untouched(&mut target).await? {
        return Err(Error::Setup(
            "the target database is not empty; nothing was copied".into(),
        ));
    }
    let copied = fill(&mut source, &mut target, progress).await?;
    target.commit().await?;
    Ok(copied)
}

/// Restores a backup into a PostgreSQL database and begins a new epoch, all in one transaction. Both must be migrated.
///
/// # Errors
/// [`Error::Setup`] if another process uses the database, or it is not empty and `may_empty` is false.
pub async fn restore(backup: &Db, to: &Db, may_empty: bool) -> Result<Copied> {
    let mut source = backup.read().await?;
    let mut target = to.write().await?;
    // Why alone: TRUNCATE is not MVCC-safe, concurrent readers would see empty tables.
    wait_until_alone(&mut target).await?;
    if !programme::is_untouched(&mut target).await? {
        if !may_empty {
            return Err(Error::Setup("the database holds a programme already".into()));
        }
        // Why not DELETE: triggers forbid deleting entries, and that must hold for everything but replacing the whole
        // tables.
        let tables = schema::tables(&mut target).await?;
        let tables: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        let guards = |state| {
            ["entry", "lot"].map(|table| format!("ALTER TABLE {table} {state} TRIGGER {table}_no_truncate"))
        };
        let empty = format!("TRUNCATE {}", tables.join(", "));
        for statement in guards("DISABLE")
            .into_iter()
            .chain([empty])
            .chain(guards("ENABLE"))
        {
            on!(target, c => sqlx::query(AssertSqlSafe(statement)).execute(c).await.map(|_| ())?);
        }
    }
    let copied = fill(&mut source, &mut target, |_, _| {}).await?;
    if !fault!("restore-on-postgres-begins-no-epoch") {
        programme::begin_epoch(&mut target).await?;
    }
    target.commit().await?;
    Ok(copied)
}

/// Waits a moment, because connections just closed are still listed.
async fn wait_until_alone(tx: &mut Tx) -> Result<()> {
    const OTHERS: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND application_name = 'compagnon' AND pid <> pg_backend_pid()";
    for _ in 0..20 {
        let others: i64 = on!(tx, c => sqlx::query_scalar(OTHERS).fetch_one(c).await?);
        if others == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Error::Setup(
        "the database is in use: stop Compagnon first".into(),
    ))
}

async fn fill(source: &mut Tx, target: &mut Tx, mut progress: impl FnMut(&str, u64)) -> Result<Copied> {
    // Rows that migration inserts into an empty database are replaced by those of the source.
    for table in [
        "system",
        "signing_key",
        "phone_secret",
        "programme",
        "account",
        "import_turn",
    ] {
        on!(target, c => sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(c).await.map(|_| ())?);
    }
    let mut copied = Copied::default();
    let there = schema::tables(target).await?;
    for from in schema::tables(source).await? {
        let to = there
            .iter()
            .find(|to| to.name == from.name && names(to) == names(&from));
        let to = to.ok_or_else(|| {
            Error::Setup(format!("the two databases have not the same table {}", from.name))
        })?;
        let rows = copy_table(source, target, &from, to).await?;
        progress(&from.name, rows);
        copied.tables += 1;
        copied.rows += rows;
    }
    if let Engine::Postgres(_) = target.engine {
        const NUMBERED: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
            WHERE table_schema = current_schema() AND is_identity = 'YES'";
        let numbered: Vec<(String, String)> = target.fetch_all(NUMBERED, params![]).await?;
        for (table, column) in numbered {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), \
                    GREATEST((SELECT MAX(\"{column}\") FROM \"{table}\"), 1))"
            );
            on!(target, c => sqlx::query(AssertSqlSafe(next)).execute(c).await.map(|_| ())?);
        }
    }
    Ok(copied)
}

/// Returns the quoted column list of a table.
fn names(table: &Table) -> String {
    let names: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    names.join(", ")
}

async fn copy_table(source: &mut Tx, target: &mut Tx, from: &Table, to: &Table) -> Result<u64> {
    // Why ordered: a row may refer to an earlier one of its table.
    let order: Vec<String> = from.key().iter().map(|column| format!("\"{column}\"")).collect();
    let select = format!(
        "SELECT {} FROM {} ORDER BY {}",
        names(from),
        from.name,
        order.join(", ")
    );
    let rows_at_once = 5_000 / from.columns.len();
    let mut copied = 0;
    on!(source, c => {
        let mut stream = sqlx::query(AssertSqlSafe(select)).fetch(c);
        let mut rows: Vec<Vec<Value>> = Vec::new();
        while let Some(row) = stream.try_next().await? {
            let mut values = Vec::with_capacity(from.columns.len());
            for (place, column) in from.columns.iter().enumerate() {
                values.push(match column.kind {
                    Type::Int => Value::Int(row.try_get(place)?),
                    Type::Small => Value::Int(row.try_get::<Option<i32>, _>(place)?.map(i64::from)),
                    Type::Str => Value::Str(row.try_get(place)?),
                    Type::Id => Value::Bytes(row.try_get::<Option<Uuid>, _>(place)?.map(|id| id.as_bytes().to_vec())),
                    Type::Bytes => Value::Bytes(row.try_get(place)?),
                    Type::Flag => Value::Flag(row.try_get(place)?),
                });
            }
            rows.push(values);
            copied += 1;
            if rows.len() == rows_at_once {
                insert(target, to, std::mem::take(&mut rows)).await?;
            }
        }
        insert(target, to, rows).await?;
    });
    Ok(copied)
}

async fn insert(target: &mut Tx, table: &Table, rows: Vec<Vec<Value>>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut amiss = None;
    on!(target, c => {
        let mut insert = QueryBuilder::new(format!("INSERT INTO {} ({}) ", table.name, names(table)));
        insert.push_values(rows, |mut row, values| {
            for (value, column) in values.into_iter().zip(&table.columns) {
                match (value, column.kind) {
                    (Value::Int(value), Type::Int) => row.push_bind(value),
                    (Value::Int(value), Type::Small) => row.push_bind(value.map(|value| {
                        i32::try_from(value).unwrap_or_else(|_| {
                            amiss = Some(column);
                            0
                        })
                    })),
                    (Value::Str(value), Type::Str) => row.push_bind(value),
                    (Value::Bytes(value), Type::Bytes) => row.push_bind(value),
                    (Value::Bytes(value), Type::Id) => row.push_bind(value.map(|value| {
                        Uuid::from_slice(&value).unwrap_or_else(|_| {
                            amiss = Some(column);
                            Uuid::nil()
                        })
                    })),
                    (Value::Flag(value), Type::Flag) => row.push_bind(value),
                    _ => {
                        amiss = Some(column);
                        row.push("NULL")
                    }
                };
            }
        });
        if let Some(column) = amiss {
            return Err(Error::Invariant(format!("a value of {}.{} has no place there", table.name, column.name)));
        }
        insert.build().execute(c).await.map(|_| ())?
    });
    Ok(())
}
