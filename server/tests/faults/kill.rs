//! `kill -9`: no act with a received outcome is missing, none counts twice.
//!
//! Not covered: power loss. The system keeps what a killed process has written, even without fsync.

use crate::audit::Audit;
use crate::harness::{Harness, until};
use crate::phones::Crowd;
use crate::rng::{Rng, number, seed};
use std::time::Duration;

/// Number of kills if `KILLS` is not set.
const ON_SQLITE: u64 = 50;
const ON_POSTGRES: u64 = 20;
const PHONES: usize = 12;
/// The server runs until phones have the outcomes of a random number of acts below `ACTS`, then for a random number of
/// milliseconds below `LONGER`.
const ACTS: u64 = 30;
const LONGER: u64 = 60;
/// Number of acts per phone that are replayed after a kill (`NEWEST`) and at the end (`OLDER`). All acts are looked up
/// in the log.
const NEWEST: usize = 3;
const OLDER: usize = 100;
/// One in this many starts is killed before it is up.
const STARTS: u64 = 6;

async fn killed_again_and_again(harness: &Harness, kills: u64) {
    let seed = seed();
    let rng = Rng::new(seed);
    let audit = Audit::begin(harness).await;
    let mut server = harness.serve().await;
    let busy = Crowd::sign_in(harness, server.address, PHONES, seed).await.go();
    let sessions = busy.sessions.clone();
    let (mut acts, mut found, mut all) = (0, 0, Vec::new());
    for kill in 1..=kills {
        let enough = rng.below(ACTS) as usize;
        until("phones are told", async || busy.net.told_so_far() >= enough).await;
        tokio::time::sleep(Duration::from_millis(rng.below(LONGER))).await;
        server.kill();
        if rng.below(STARTS) == 0 {
            let (mut starting, _) = harness.spawn(harness.command());
            tokio::time::sleep(Duration::from_millis(rng.below(100))).await;
            starting.kill().unwrap();
            starting.wait().unwrap();
        }
        // Gives responses in flight time to be read before the count.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let told = busy.net.take_told();
        let before = acts;
        acts += told.len();
        server = harness.serve().await;
        let log = audit.log().await;
        found += log.len().saturating_sub(acts);
        audit.has_all(&told).await;
        audit.sound().await;
        busy.net.address.set(server.address);
        audit.replay(&busy.net, &busy.sessions, &told, NEWEST).await;
        if kill % 10 == 0 {
            println!(
                "{kill} kills: {acts} acts told, {} since the last one",
                acts - before
            );
        }
        all.extend(told);
    }
    let unanswered = busy.net.unanswered.clone();
    let mut crowd = busy.stop().await;
    crowd.settle().await;
    crowd.assert_all_decided();
    all.extend(crowd.net.take_told());
    audit.has_all(&all).await;
    audit.replay(&crowd.net, &sessions, &all, OLDER).await;
    crowd.assert_equal_to_new_phones().await;
    audit.all_right(harness).await;
    let log = audit.log().await;
    assert_eq!(log.len(), crowd.made(), "each act is in the log once");
    println!(
        "{kills} kills: {} acts, {} refused; {} rounds with acts unanswered, {found} acts decided but not told at a kill",
        crowd.made(),
        crowd.refused(),
        unanswered.get(),
    );
    assert!(found > 0, "no kill came between a commit and its answer");
    server.kill();
}

#[tokio::test]
async fn on_sqlite() {
    let local = tokio::task::LocalSet::new();
    let harness = Harness::sqlite();
    local
        .run_until(killed_again_and_again(
            &harness,
            number("KILLS").unwrap_or(ON_SQLITE),
        ))
        .await;
}

#[tokio::test]
async fn on_postgres() {
    let local = tokio::task::LocalSet::new();
    if let Some(harness) = Harness::postgres().await {
        local
            .run_until(killed_again_and_again(
                &harness,
                number("KILLS").unwrap_or(ON_POSTGRES),
            ))
            .await;
    }
}
