use crate::Result;
use crate::db::{Tx, params};
use tracing::instrument;

#[instrument(level = "debug", skip_all)]
pub async fn insert_system(tx: &mut Tx, epoch: &str) -> Result<()> {
    const INSERT: &str = "INSERT INTO system (id, epoch, content) VALUES (1, $1, 1) ON CONFLICT DO NOTHING";
    tx.execute(INSERT, params![epoch]).await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_epoch(tx: &mut Tx, epoch: &str) -> Result<()> {
    tx.execute("UPDATE system SET epoch = $1 WHERE id = 1", params![epoch])
        .await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_signing_key(tx: &mut Tx, secret: &[u8]) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO signing_key (id, secret, made_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
    let now = tx.now();
    tx.execute(INSERT, params![secret, now]).await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_phone_secret(tx: &mut Tx, secret: &[u8]) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO phone_secret (id, secret, made_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
    let now = tx.now();
    tx.execute(INSERT, params![secret, now]).await?;
    Ok(())
}

/// Returns the secret from which the keys of phones follow.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn phone_secret(tx: &mut Tx) -> Result<Vec<u8>> {
    tx.fetch_scalar("SELECT secret FROM phone_secret WHERE id = 1", params![])
        .await
}

#[instrument(level = "debug", skip_all)]
pub async fn find(tx: &mut Tx) -> Result<Option<String>> {
    const FIND: &str = "SELECT settings FROM programme WHERE id = 1";
    tx.fetch_optional_scalar(FIND, params![]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn set(tx: &mut Tx, settings: &str) -> Result<()> {
    const SET: &str = "INSERT INTO programme (id, settings, applied_at) VALUES (1, $1, $2) \
        ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, applied_at = excluded.applied_at";
    let now = tx.now();
    tx.execute(SET, params![settings, now]).await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn list_trades_in_use(tx: &mut Tx) -> Result<Vec<String>> {
    const LIST: &str = "SELECT DISTINCT trade FROM member ORDER BY trade";
    tx.fetch_scalars(LIST, params![]).await
}

/// Counts companies, courses, events and rewards together: 0 in a new database.
pub(crate) const COUNT_PEOPLE: &str = "SELECT CAST((SELECT COUNT(*) FROM company) + (SELECT COUNT(*) FROM course) \
    + (SELECT COUNT(*) FROM event) + (SELECT COUNT(*) FROM reward) AS BIGINT)";

#[instrument(level = "debug", skip_all)]
pub async fn count_people(tx: &mut Tx) -> Result<i64> {
    tx.fetch_scalar(COUNT_PEOPLE, params![]).await
}
