//! Prepares a database for this version.

use crate::{Db, Result, programme};

/// Migrates the tables to the newest schema and inserts the rows that every programme starts with.
///
/// # Errors
/// If a migration fails or the database is newer than this program.
pub async fn migrate(db: &Db) -> Result<()> {
    db.migrate_tables().await?;
    let mut tx = db.write().await?;
    programme::prepare(&mut tx).await?;
    tx.commit().await
}
