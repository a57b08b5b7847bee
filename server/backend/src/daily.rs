//! What a new day brings without anybody asking.

use crate::{Result, Tx, events, ledger, programme, sessions, status};
use tracing::instrument;

/// Points expire, statuses are worked out again, what is over leaves the phones, old sign-ins are forgotten. Answers in
/// how many wallets points expired. Doing it twice on a day does no harm.
#[instrument(level = "debug", skip_all)]
pub async fn work(tx: &mut Tx) -> Result<usize> {
    let settings = programme::current(tx).await?;
    let today = settings.day(tx.now())?;
    sessions::tidy(tx).await?;
    events::expire_from_replicas(tx).await?;
    let expired = ledger::expire(tx, today).await?;
    status::refresh_all(tx, &settings).await?;
    Ok(expired)
}
