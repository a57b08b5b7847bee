//! Goes on with imports of orders whose own process is gone.

use crate::http::Shared;
use crate::tasks;
use backend::import;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// Time between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Looks for imports that were cut off after they were staged, until the server ends.
pub async fn run(app: Shared) {
    let mut ticks = tokio::time::interval(LOOK_AGAIN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let work = tasks::caught("imports", finish(app.clone()));
        // Why tracked: shutdown waits for the slice under way. Panics are logged already.
        let _ = app.tasks.spawn(work).await;
    }
}

async fn finish(app: Shared) {
    let ending = || app.ending.load(Ordering::Relaxed);
    match import::go_on(&app.db, ending).await {
        Ok(0) => {}
        Ok(imports) => tracing::info!(imports, "imports that were cut off are done"),
        Err(error) => tracing::error!(%error, "an import that was cut off waits; it is tried again"),
    }
}
