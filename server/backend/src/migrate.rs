//! A database as this program needs it.

use crate::{Db, Result, programme};

/// Brings the tables to the newest form, and puts in what every programme has from its first day on.
///
/// # Errors
/// Where a migration fails or the database is newer than this program.
pub async fn migrate(db: &Db) -> Result<()> {
    db.migrate_tables().await?;
    let mut tx = db.write().await?;
    programme::prepare(&mut tx).await?;
    tx.commit().await
}
