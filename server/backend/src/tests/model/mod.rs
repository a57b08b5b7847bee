//! The ledger against a reference model: the same story run on both must give the same points.
//!
//! A story runs in one transaction that is rolled back, so thousands of them share one database; [`parallel`] and
//! [`imports`] use real commits.

mod arrival;
mod imports;
mod parallel;
mod reference;
mod runner;
mod steps;

use crate::testing::TestDb;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use runner::{Fixture, Runner};
use steps::Story;

/// Runs a property on stories, the same ones each time. A failing story is shrunk and printed.
fn check<S: proptest::strategy::Strategy>(
    cases: u32,
    seed: u8,
    max_shrink_iters: u32,
    stories: &S,
    tell: impl Fn(S::Value) -> Result<(), String>,
) {
    let config = Config {
        cases,
        max_shrink_iters,
        failure_persistence: None,
        ..Config::default()
    };
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let told = TestRunner::new_with_rng(config, chance)
        .run(stories, |story| tell(story).map_err(TestCaseError::fail));
    if let Err(error) = told {
        panic!("{error}");
    }
}

/// Maximum shrink iterations: enough to reach the shortest story.
const SHRINK: u32 = 10_000;

/// Blocks on a future inside a proptest runner.
fn wait<F: Future>(future: F) -> F::Output {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// Runs stories in transactions that are rolled back.
async fn run_stories(test: &TestDb, cases: u32, seed: u8) {
    super::populate(test).await;
    let fixture = Fixture::of(test, "").await;
    check(cases, seed, SHRINK, &steps::story(1..16), |story: Story| {
        wait(async {
            let mut tx = test.db.write().await.map_err(|error| error.to_string())?;
            let told = Runner::new(&mut tx, &fixture).run_story(&story).await;
            tx.roll_back().await.map_err(|error| error.to_string())?;
            told
        })
    });
}

/// Number of databases: one per core of the usual machine.
const SHARES: u8 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_stories_on_sqlite() {
    let shares = (0..SHARES).map(|seed| {
        // Why not `tokio::spawn`: the compiler cannot prove that the future is `Send`.
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            runtime.block_on(async {
                let test = TestDb::sqlite().await;
                run_stories(&test, 10_000 / u32::from(SHARES), seed).await;
            });
        })
    });
    for told in futures_util::future::join_all(shares).await {
        told.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_stories_on_postgres() {
    if let Some(test) = TestDb::postgres().await {
        run_stories(&test, 1_000, SHARES).await;
    }
}
