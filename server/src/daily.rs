//! What happens once a day without anybody asking: points expire, statuses are worked out again, old sign-ins are
//! forgotten.

use crate::http::Shared;
use backend::{Db, daily, programme};
use domain::Day;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

const HOUR: Duration = Duration::from_secs(3600);

/// Looks every hour whether a new day of the programme has begun, until the server ends.
pub async fn run(app: Shared) {
    let mut done = None;
    let mut ticks = tokio::time::interval(HOUR);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Why tracked: the end of the server waits for it, and does not cut it off.
        let work = app.tasks.spawn(one_day(app.db.clone(), done));
        match work.await {
            Ok(Ok(day)) => done = Some(day),
            Ok(Err(error)) => tracing::error!(%error, "the daily work failed; it is tried again in an hour"),
            Err(error) => tracing::error!(%error, "the daily work failed; it is tried again in an hour"),
        }
    }
}

/// The work of today, unless it is `done`; answers the day.
///
/// # Errors
/// Where the database does not answer.
pub async fn one_day(db: Db, done: Option<Day>) -> backend::Result<Day> {
    let mut tx = db.write().await?;
    let today = programme::current(&mut tx).await?.day(tx.now())?;
    if done == Some(today) {
        return Ok(today);
    }
    let expired = daily::work(&mut tx).await?;
    tx.commit().await?;
    tracing::info!(%today, expired, "daily work done");
    Ok(today)
}
