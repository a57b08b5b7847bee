//! Can the database be written? Reading tells nothing of that: a full disk reads as well as ever.

use crate::db::on;
use crate::{Db, Result};

/// Writes something through to the disk and takes it back.
///
/// # Errors
/// Where a member's act would fail as well.
pub async fn write_through(db: &Db) -> Result<()> {
    const PUT: &str = "INSERT INTO content_change (collection, id, seq) VALUES ('probe', 'probe', 0)";
    const TAKE: &str = "DELETE FROM content_change WHERE collection = 'probe'";
    let mut tx = db.write().await?;
    on!(tx, c => sqlx::query(PUT).execute(c).await.map(|_| ())?);
    on!(tx, c => sqlx::query(TAKE).execute(c).await.map(|_| ())?);
    tx.commit().await
}
