//! Runs the daily job: points expire, statuses are recomputed, old sign-ins are deleted.

use crate::http::Shared;
use crate::tasks;
use backend::{Db, daily, programme};
use domain::Day;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

const HOUR: Duration = Duration::from_secs(3600);

/// Checks every hour whether a new day of the programme has begun, until the server ends.
pub async fn run(app: Shared) {
    let mut done = None;
    let mut ticks = tokio::time::interval(HOUR);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Why tracked: shutdown waits for it and does not abort it.
        let work = tasks::caught("daily", one_day(app.db.clone(), done));
        match app.tasks.spawn(work).await {
            Ok(Ok(Ok(day))) => done = Some(day),
            Ok(Ok(Err(error))) => {
                tracing::error!(%error, "the daily work failed; it is tried again in an hour")
            }
            Ok(Err(error)) => tracing::error!(%error, "the daily work failed; it is tried again in an hour"),
            Err(error) => tracing::error!(%error, "the daily work failed; it is tried again in an hour"),
        }
    }
}

/// Runs the daily job unless `done` is today; returns today.
///
/// # Errors
/// If the database does not respond.
pub async fn one_day(db: Db, done: Option<Day>) -> backend::Result<Day> {
    let mut tx = db.write().await?;
    let today = programme::current(&mut tx).await?.day(tx.now())?;
    if done == Some(today) {
        return Ok(today);
    }
    let expired = daily::work(&mut tx).await?;
    tx.commit().await?;
    daily::blank_bodies(&db).await?;
    tracing::info!(%today, expired, "daily work done");
    Ok(today)
}
