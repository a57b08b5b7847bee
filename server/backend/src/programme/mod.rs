//! The programme: its current settings, its day, its epoch.

pub mod apply;
pub mod settings;
mod sql;

use crate::{Error, Result, Tx};
use domain::programme::Period;
use domain::{Timestamp, fault};
use tracing::instrument;

pub(crate) use settings::check_items;
pub use settings::{Brand, Settings};
pub(crate) use sql::{COUNT_PEOPLE, phone_secret};

/// Inserts the rows that every database needs, if missing.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn prepare(tx: &mut Tx) -> Result<()> {
    let epoch = uuid::Builder::from_random_bytes(tx.random_bytes())
        .into_uuid()
        .to_string();
    sql::insert_system(tx, &epoch).await?;
    let secret: [u8; 32] = tx.random_bytes();
    sql::insert_signing_key(tx, &secret).await?;
    let secret: [u8; 32] = tx.random_bytes();
    sql::insert_phone_secret(tx, &secret).await?;
    if sql::find(tx).await?.is_none() {
        let settings = Settings::parse(settings::DEFAULT)?;
        sql::set(tx, &serde_json::to_string(&settings)?).await?;
    }
    Ok(())
}

/// Returns the current settings.
///
/// # Errors
/// [`Error::Invariant`] if the database was never migrated.
#[instrument(level = "debug", skip_all)]
pub async fn current(tx: &mut Tx) -> Result<Settings> {
    let settings = sql::find(tx)
        .await?
        .ok_or_else(|| Error::Invariant("no programme settings".into()))?;
    let settings: Settings = serde_json::from_str(&settings)?;
    if settings.status.period == Period::Newer {
        return Err(Error::Invariant(
            "the programme counts status over a period that only a newer version knows".into(),
        ));
    }
    Ok(settings)
}

/// True if there are no companies, courses, events or rewards: a demo may then be loaded.
#[instrument(level = "debug", skip_all)]
pub async fn is_untouched(tx: &mut Tx) -> Result<bool> {
    Ok(sql::count_people(tx).await? == 0)
}

/// Returns the start of the programme's current day.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn day_began(tx: &mut Tx) -> Result<Timestamp> {
    let settings = current(tx).await?;
    settings.instant(settings.day(tx.now())?, 0)
}

/// Begins a new epoch, after a restore: phones then resend what they still have.
#[instrument(level = "debug", skip_all)]
pub async fn begin_epoch(tx: &mut Tx) -> Result<String> {
    let epoch = uuid::Builder::from_random_bytes(tx.random_bytes())
        .into_uuid()
        .to_string();
    if !fault!("restored-backup-keeps-its-epoch") {
        sql::set_epoch(tx, &epoch).await?;
    }
    Ok(epoch)
}
