//! The daily job.

use crate::{Result, Tx, events, ledger, membership, programme, sessions, status};
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
