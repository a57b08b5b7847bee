//! The tables of a database, read from its own catalogue.

use super::{Engine, Tx, params};
use crate::{Error, Result};
use std::collections::BTreeSet;

/// A table, with its columns in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Other tables that its foreign keys refer to.
    pub refers_to: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub name: String,
    pub kind: Type,
    /// Its position in the primary key, from 1; 0 if it is not part of it.
    pub key: i64,
}

/// Column types. SQLite has one integer and one byte string type, so an id is [`Type::Bytes`] there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// 64 bits.
    Int,
    /// 32 bits.
    Small,
    Str,
    Id,
    Bytes,
    Flag,
}

impl Table {
    /// Returns the columns of the primary key, in its order.
    pub fn key(&self) -> Vec<&str> {
        let mut key: Vec<&Column> = self.columns.iter().filter(|column| column.key > 0).collect();
        key.sort_by_key(|column| column.key);
        key.into_iter().map(|column| column.name.as_str()).collect()
    }
}

/// Returns every table of the programme, referenced tables before those that refer to them.
///
/// # Errors
/// [`Error::Invariant`] if a column has an unknown type, or tables refer to each other in a circle.
pub(crate) async fn tables(tx: &mut Tx) -> Result<Vec<Table>> {
    const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, c.type, CAST(c.pk AS BIGINT) FROM sqlite_schema t \
        JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
        AND t.name <> '_sqlx_migrations' ORDER BY t.name, c.cid";
    const SQLITE_REFERENCES: &str = "SELECT t.name, k.\"table\" FROM sqlite_schema t \
        JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'";
    const POSTGRES_COLUMNS: &str = "SELECT t.relname::text, c.attname::text, format_type(c.atttypid, NULL), \
        COALESCE(array_position(k.conkey, c.attnum), 0)::bigint FROM pg_class t \
        JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped \
        LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p' \
        WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND t.relname <> '_sqlx_migrations' \
        ORDER BY t.relname, c.attnum";
    const POSTGRES_REFERENCES: &str = "SELECT t.relname::text, o.relname::text FROM pg_constraint k \
        JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class o ON o.oid = k.confrelid \
        WHERE k.contype = 'f' AND t.relnamespace = current_schema()::regnamespace";
    let (columns, references, is_sqlite) = match tx.engine {
        Engine::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_REFERENCES, true),
        Engine::Postgres(_) => (POSTGRES_COLUMNS, POSTGRES_REFERENCES, false),
    };
    let columns: Vec<(String, String, String, i64)> = tx.fetch_all(columns, params![]).await?;
    let references: Vec<(String, String)> = tx.fetch_all(references, params![]).await?;
    let mut tables: Vec<Table> = Vec::new();
    for (table, name, kind, key) in columns {
        let kind = match (kind.to_ascii_uppercase().as_str(), is_sqlite) {
            ("BIGINT", _) | ("INTEGER", true) => Type::Int,
            ("INTEGER", false) => Type::Small,
            ("TEXT", _) => Type::Str,
            ("UUID", _) => Type::Id,
            ("BLOB" | "BYTEA", _) => Type::Bytes,
            ("BOOLEAN", _) => Type::Flag,
            (other, _) => {
                return Err(Error::Invariant(format!(
                    "column {table}.{name} has the type {other}"
                )));
            }
        };
        let column = Column { name, kind, key };
        match tables.last_mut().filter(|last| last.name == table) {
            Some(table) => table.columns.push(column),
            None => {
                let refers_to = references
                    .iter()
                    .filter(|(from, to)| *from == table && *to != table);
                tables.push(Table {
                    refers_to: refers_to.map(|(_, to)| to.clone()).collect(),
                    name: table,
                    columns: vec![column],
                });
            }
        }
    }
    in_order(tables)
}

fn in_order(mut left: Vec<Table>) -> Result<Vec<Table>> {
    let mut ordered: Vec<Table> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_ready = |table: &Table| {
            let known = |name: &String| ordered.iter().any(|before| before.name == *name);
            table.refers_to.iter().all(known)
        };
        let (ready, later): (Vec<Table>, Vec<Table>) = left.into_iter().partition(is_ready);
        if ready.is_empty() {
            return Err(Error::Invariant("tables refer to each other in a circle".into()));
        }
        ordered.extend(ready);
        left = later;
    }
    Ok(ordered)
}
