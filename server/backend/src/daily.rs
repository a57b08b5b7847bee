//! The daily job.

use crate::{Db, Result, Tx, commands, events, ledger, membership, programme, sessions, status};
use tracing::instrument;

/// Expires points, recomputes statuses and tells of falls, removes past events from phones, and deletes old sign-ins. Returns the number
/// of wallets in which points expired. Idempotent within a day.
#[instrument(level = "debug", skip_all)]
pub async fn work(tx: &mut Tx) -> Result<usize> {
    let settings = programme::current(tx).await?;
    let today = settings.day(tx.now())?;
    sessions::tidy(tx).await?;
    membership::end_due(tx, today).await?;
    events::expire_from_replicas(tx).await?;
    let expired = ledger::expire(tx, today).await?;
    status::refresh_all(tx, &settings).await?;
    status::tell_falls(tx, &settings).await?;
    Ok(expired)
}

/// Blanks what commands of long ago said, in transactions short enough for phones not to wait.
///
/// # Errors
/// If the database fails; what is left is blanked by the next call.
#[instrument(level = "debug", skip_all)]
pub async fn blank_bodies(db: &Db) -> Result<()> {
    loop {
        let mut tx = db.write().await?;
        let more = commands::blank_bodies(&mut tx).await?;
        tx.commit().await?;
        if !more {
            return Ok(());
        }
    }
}
