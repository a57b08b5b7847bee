//! Checks that the database can be written. Why not just read: reads succeed even on a full disk.

use crate::db::on;
use crate::{Db, Result};

/// Writes a row to disk, and deletes it, in one transaction.
///
/// # Errors
/// If a member's act would fail as well.
pub async fn write_through(db: &Db) -> Result<()> {
    const PUT: &str = "INSERT INTO content_change (collection, id, seq) VALUES ('probe', 'probe', 0)";
    const TAKE: &str = "DELETE FROM content_change WHERE collection = 'probe'";
    let mut tx = db.write().await?;
    on!(tx, c => sqlx::query(PUT).execute(c).await.map(|_| ())?);
    on!(tx, c => sqlx::query(TAKE).execute(c).await.map(|_| ())?);
    tx.commit().await
}
