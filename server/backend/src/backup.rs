//! Backup files: a whole programme in one SQLite database, whichever engine it comes from.

use crate::{Error, Result, programme};
use domain::fault;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;

/// Copies a consistent snapshot of a SQLite database, while others read and write it, into the empty file `to`.
///
/// # Errors
/// If `from` is not a database or cannot be read, or `to` cannot be written.
pub async fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(from)
        .read_only(true)
        .busy_timeout(Duration::from_secs(10));
    let mut connection = options.connect().await?;
    let to = to
        .to_str()
        .ok_or_else(|| Error::Setup(format!("{}: the name is not UTF-8", to.display())))?;
    if fault!("backup-copies-bytes-of-a-file-in-use") {
        std::fs::copy(from, to).map_err(sqlx::Error::Io)?;
        return Ok(connection.close().await?);
    }
    // Why not a copy of the bytes: the newest commits are in the WAL file, and both files change meanwhile.
    sqlx::query("VACUUM INTO $1")
        .bind(to)
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

/// Checks that `file` is a whole programme by itself, with nothing left in side files.
///
/// # Errors
/// [`Error::Setup`] if it is damaged or not a programme.
pub async fn check_file(file: &Path) -> Result<()> {
    let mut connection = connect_alone(file).await?;
    let said: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut connection)
        .await?;
    if said != "ok" {
        return Err(Error::Setup(format!("the file is damaged: {said}")));
    }
    const TABLES: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' \
        AND name IN ('system', 'programme', 'member', 'entry', 'command_log')";
    let tables: i64 = sqlx::query_scalar(TABLES).fetch_one(&mut connection).await?;
    if tables != 5 {
        return Err(Error::Setup("the file holds no programme".into()));
    }
    Ok(connection.close().await?)
}

/// Opens a SQLite file exclusively, and merges its WAL into it.
///
/// # Errors
/// [`Error::Setup`] if another process has it open.
pub async fn connect_alone(file: &Path) -> Result<SqliteConnection> {
    let mut connection = SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(Duration::from_secs(2))
        .connect()
        .await?;
    // Leaving WAL mode requires exclusive access.
    match sqlx::query("PRAGMA journal_mode = DELETE")
        .execute(&mut connection)
        .await
    {
        Ok(_) => Ok(connection),
        Err(sqlx::Error::Database(error)) if error.message().contains("locked") => Err(Error::Setup(
            "the database is in use: stop Compagnon first".into(),
        )),
        Err(error) => Err(error.into()),
    }
}

/// True if a SQLite database holds a programme; one that was never migrated holds none.
pub async fn holds_programme(connection: &mut SqliteConnection) -> Result<bool> {
    const MIGRATED: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'company'";
    let migrated: i64 = sqlx::query_scalar(MIGRATED).fetch_one(&mut *connection).await?;
    if migrated == 0 {
        return Ok(false);
    }
    let count: i64 = sqlx::query_scalar(programme::COUNT_PEOPLE)
        .fetch_one(connection)
        .await?;
    Ok(count > 0)
}
