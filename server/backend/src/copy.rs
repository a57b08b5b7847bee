//! Moves a programme from one database to another, also from one engine to the other.

use crate::db::{Engine, on};
use crate::{Db, Error, Result, Tx, programme};
use domain::fault;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, QueryBuilder, Row};
use std::time::Duration;

/// What was copied.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copied {
    pub tables: usize,
    pub rows: u64,
}

/// Every table, in an order in which rows never refer to later ones, and every column with its type. A test compares
/// this list with what the migrations make.
pub(crate) const TABLES: &[(&str, &str, Columns)] = &[
    ("system", "id", &[("id", Int), ("epoch", Str), ("content", Int)]),
    (
        "signing_key",
        "id",
        &[("id", Small), ("secret", Bytes), ("made_at", Int)],
    ),
    (
        "programme",
        "id",
        &[("id", Int), ("settings", Str), ("applied_at", Int)],
    ),
    (
        "staff",
        "id",
        &[
            ("id", Id),
            ("ref", Str),
            ("name", Str),
            ("email", Str),
            ("phone", Str),
            ("role", Str),
        ],
    ),
    (
        "company",
        "id",
        &[
            ("id", Id),
            ("ref", Str),
            ("name", Str),
            ("town", Str),
            ("joined_on", Small),
            ("order_points", Str),
            ("advisor_id", Id),
            ("tier", Str),
            ("status_points", Int),
            ("review_on", Small),
        ],
    ),
    (
        "member",
        "id",
        &[
            ("id", Id),
            ("ref", Str),
            ("company_id", Id),
            ("name", Str),
            ("phone", Str),
            ("email", Str),
            ("trade", Str),
            ("function", Str),
            ("manager", Flag),
            ("language", Str),
            ("own", Int),
        ],
    ),
    (
        "sign_in",
        "id",
        &[
            ("id", Id),
            ("way", Str),
            ("address", Str),
            ("member_id", Id),
            ("code_hash", Bytes),
            ("made_at", Int),
            ("expires_at", Int),
            ("tries", Int),
            ("used_at", Int),
            ("ip", Str),
        ],
    ),
    (
        "session",
        "id",
        &[
            ("id", Id),
            ("token_hash", Bytes),
            ("member_id", Id),
            ("name", Str),
            ("made_at", Int),
            ("expires_at", Int),
            ("ended_at", Int),
            ("synced_at", Int),
        ],
    ),
    (
        "account",
        "id",
        &[
            ("id", Id),
            ("kind", Str),
            ("member_id", Id),
            ("company_id", Id),
            ("balance", Int),
            ("moved_until", Small),
            ("settled_on", Small),
            ("merged_into", Id),
        ],
    ),
    (
        "entry",
        "number",
        &[
            ("number", Int),
            ("id", Id),
            ("at", Int),
            ("on_day", Small),
            ("kind", Str),
            ("from_account", Id),
            ("to_account", Id),
            ("points", Int),
            ("company_id", Id),
            ("status_points", Int),
            ("cause", Str),
            ("cause_ref", Str),
            ("title", Str),
            ("rule", Int),
            ("command_id", Id),
            ("reverses", Id),
            ("expires_on", Small),
            ("earned_on", Small),
        ],
    ),
    (
        "lot",
        "entry_id",
        &[
            ("entry_id", Id),
            ("account_id", Id),
            ("points", Int),
            ("earned_on", Small),
            ("expires_on", Small),
            ("remaining", Int),
        ],
    ),
    (
        "orders",
        "ref",
        &[
            ("ref", Str),
            ("company_id", Id),
            ("member_id", Id),
            ("ordered_on", Small),
            ("quantity", Int),
            ("amount", Int),
            ("entry_id", Id),
            ("imported_at", Int),
        ],
    ),
    (
        "course",
        "id",
        &[("id", Id), ("ref", Str), ("version", Int), ("withdrawn_at", Int)],
    ),
    (
        "course_version",
        "course_id, version",
        &[
            ("course_id", Id),
            ("version", Int),
            ("document", Str),
            ("answers", Str),
            ("made_at", Int),
        ],
    ),
    (
        "picture",
        "hash",
        &[("hash", Str), ("mime", Str), ("bytes", Bytes)],
    ),
    (
        "lesson_read",
        "member_id, course_id, lesson",
        &[("member_id", Id), ("course_id", Id), ("lesson", Str), ("at", Int)],
    ),
    (
        "practice",
        "member_id, course_id",
        &[("member_id", Id), ("course_id", Id), ("times", Int)],
    ),
    (
        "attempt",
        "id",
        &[
            ("id", Id),
            ("member_id", Id),
            ("course_id", Id),
            ("version", Int),
            ("at", Int),
            ("result", Str),
        ],
    ),
    (
        "course_pass",
        "member_id, course_id, version",
        &[
            ("member_id", Id),
            ("course_id", Id),
            ("version", Int),
            ("attempt_id", Id),
            ("passed_on", Small),
        ],
    ),
    (
        "event",
        "id",
        &[
            ("id", Id),
            ("ref", Str),
            ("document", Str),
            ("starts_at", Int),
            ("ends_at", Int),
            ("register_until", Int),
            ("capacity", Int),
            ("taken", Int),
            ("waiting_number", Int),
            ("tiers", Str),
            ("cancelled_at", Int),
        ],
    ),
    (
        "registration",
        "event_id, member_id",
        &[
            ("event_id", Id),
            ("member_id", Id),
            ("state", Str),
            ("waiting_number", Int),
            ("ticket_id", Id),
            ("at", Int),
        ],
    ),
    (
        "reward",
        "id",
        &[
            ("id", Id),
            ("ref", Str),
            ("document", Str),
            ("points", Int),
            ("stock", Int),
            ("delivery", Str),
            ("tiers", Str),
            ("withdrawn_at", Int),
        ],
    ),
    (
        "redemption",
        "id",
        &[
            ("id", Id),
            ("member_id", Id),
            ("reward_id", Id),
            ("title", Str),
            ("points", Int),
            ("wallet", Str),
            ("delivery", Str),
            ("hold_id", Id),
            ("step", Str),
            ("asked_at", Int),
        ],
    ),
    (
        "redemption_step",
        "redemption_id, step",
        &[("redemption_id", Id), ("step", Str), ("at", Int)],
    ),
    (
        "notice",
        "id",
        &[
            ("id", Id),
            ("member_id", Id),
            ("at", Int),
            ("read_at", Int),
            ("about", Str),
        ],
    ),
    (
        "command_log",
        "id",
        &[
            ("id", Id),
            ("member_id", Id),
            ("device_id", Id),
            ("seq", Int),
            ("made_at", Int),
            ("at", Int),
            ("body_hash", Bytes),
            ("body", Str),
            ("outcome", Str),
        ],
    ),
    (
        "content_change",
        "collection, id",
        &[("collection", Str), ("id", Str), ("seq", Int)],
    ),
    (
        "member_change",
        "member_id, collection, id",
        &[("member_id", Id), ("collection", Str), ("id", Str), ("seq", Int)],
    ),
];

/// Names and types of a table's columns.
type Columns = &'static [(&'static str, Type)];

/// Types of columns, as both engines have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Small,
    Str,
    Id,
    Bytes,
    Flag,
}
use Type::{Bytes, Flag, Id, Int, Small, Str};

enum Value {
    Int(Option<i64>),
    Small(Option<i32>),
    Str(Option<String>),
    Id(Option<uuid::Uuid>),
    Bytes(Option<Vec<u8>>),
    Flag(Option<bool>),
}

/// Copies everything in one transaction on each side. Both databases must be migrated.
///
/// # Errors
/// [`Error::Input`] where the target is not empty.
pub async fn copy(from: &Db, to: &Db, progress: impl FnMut(&str, u64)) -> Result<Copied> {
    let mut source = from.read().await?;
    let mut target = to.write().await?;
    if !programme::is_untouched(&mut target).await? {
        return Err(Error::Input(
            "the target database is not empty; nothing was copied".into(),
        ));
    }
    let copied = fill(&mut source, &mut target, progress).await?;
    target.commit().await?;
    Ok(copied)
}

/// Puts a backup into a PostgreSQL database and begins a new epoch, all in one transaction. Both must be migrated.
///
/// # Errors
/// [`Error::Input`] where somebody else uses the database, or it is not empty and may not be emptied.
pub async fn restore(backup: &Db, to: &Db, may_empty: bool) -> Result<Copied> {
    let mut source = backup.read().await?;
    let mut target = to.write().await?;
    // Why nobody else: who reads while tables are emptied sees nothing in them, as if nothing had ever been there.
    wait_until_alone(&mut target).await?;
    if !programme::is_untouched(&mut target).await? {
        if !may_empty {
            return Err(Error::Input("the database holds a programme already".into()));
        }
        // Why not DELETE: nobody may delete entries, and that holds for the tables, not for what replaces them whole.
        let tables: Vec<&str> = TABLES.iter().map(|(table, ..)| *table).collect();
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

/// Connections that were just closed are listed for a moment longer.
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
    Err(Error::Input(
        "the database is in use: stop Compagnon first".into(),
    ))
}

async fn fill(source: &mut Tx, target: &mut Tx, mut progress: impl FnMut(&str, u64)) -> Result<Copied> {
    // What a migration puts into an empty database comes from the source instead.
    for table in ["system", "signing_key", "programme", "account"] {
        on!(target, c => sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(c).await.map(|_| ())?);
    }
    let mut copied = Copied::default();
    for (table, order, columns) in TABLES {
        let rows = copy_table(source, target, table, order, columns).await?;
        progress(table, rows);
        copied.tables += 1;
        copied.rows += rows;
    }
    if let Engine::Postgres(_) = target.engine {
        const NEXT: &str = "SELECT setval(pg_get_serial_sequence('entry', 'number'), \
            GREATEST((SELECT MAX(number) FROM entry), 1))";
        on!(target, c => sqlx::query(NEXT).execute(c).await.map(|_| ())?);
    }
    Ok(copied)
}

async fn copy_table(
    source: &mut Tx,
    target: &mut Tx,
    table: &str,
    order: &str,
    columns: Columns,
) -> Result<u64> {
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let select = format!("SELECT {names} FROM {table} ORDER BY {order}");
    let rows_at_once = 5_000 / columns.len();
    let mut copied = 0;
    on!(source, c => {
        let mut stream = sqlx::query(AssertSqlSafe(select)).fetch(c);
        let mut rows: Vec<Vec<Value>> = Vec::new();
        while let Some(row) = stream.try_next().await? {
            let mut values = Vec::with_capacity(columns.len());
            for (place, (_, kind)) in columns.iter().enumerate() {
                values.push(match kind {
                    Int => Value::Int(row.try_get(place)?),
                    Small => Value::Small(row.try_get(place)?),
                    Str => Value::Str(row.try_get(place)?),
                    Id => Value::Id(row.try_get(place)?),
                    Bytes => Value::Bytes(row.try_get(place)?),
                    Flag => Value::Flag(row.try_get(place)?),
                });
            }
            rows.push(values);
            copied += 1;
            if rows.len() == rows_at_once {
                insert(target, table, &names, std::mem::take(&mut rows)).await?;
            }
        }
        insert(target, table, &names, rows).await?;
    });
    Ok(copied)
}

async fn insert(target: &mut Tx, table: &str, names: &str, rows: Vec<Vec<Value>>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    on!(target, c => {
        let mut insert = QueryBuilder::new(format!("INSERT INTO {table} ({names}) "));
        insert.push_values(rows, |mut row, values| {
            for value in values {
                match value {
                    Value::Int(value) => row.push_bind(value),
                    Value::Small(value) => row.push_bind(value),
                    Value::Str(value) => row.push_bind(value),
                    Value::Id(value) => row.push_bind(value),
                    Value::Bytes(value) => row.push_bind(value),
                    Value::Flag(value) => row.push_bind(value),
                };
            }
        });
        insert.build().execute(c).await.map(|_| ())?
    });
    Ok(())
}
