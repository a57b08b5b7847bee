//! The programme: its settings in force, its day, its epoch.

pub mod apply;
pub mod settings;
mod sql;

use crate::{Error, Result, Tx};
use domain::programme::Period;
use domain::{Timestamp, fault};
use tracing::instrument;

pub use settings::{Brand, Settings};
pub(crate) use sql::{COUNT_PEOPLE, signing_secret};

/// Puts the rows every database needs where they are missing.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn prepare(tx: &mut Tx) -> Result<()> {
    let epoch = uuid::Builder::from_random_bytes(tx.random_bytes())
        .into_uuid()
        .to_string();
    sql::insert_system(tx, &epoch).await?;
    let secret: [u8; 32] = tx.random_bytes();
    sql::insert_signing_key(tx, &secret).await?;
    if sql::find(tx).await?.is_none() {
        let settings = Settings::parse(settings::DEFAULT)?;
        sql::set(tx, &serde_json::to_string(&settings)?).await?;
    }
    Ok(())
}

/// The settings in force.
///
/// # Errors
/// [`Error::Invariant`] where the database was never migrated.
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

/// Has a `programme.toml` been applied, or members been made? Then a demo would be in the way.
#[instrument(level = "debug", skip_all)]
pub async fn is_untouched(tx: &mut Tx) -> Result<bool> {
    Ok(sql::count_people(tx).await? == 0)
}

/// When the programme's day began.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn day_began(tx: &mut Tx) -> Result<Timestamp> {
    let settings = current(tx).await?;
    settings.instant(settings.day(tx.now())?, 0)
}

/// A restored backup begins a new epoch: phones then send again what they still have.
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
