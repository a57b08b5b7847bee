//! Points do not depend on the order in which orders arrive.

use super::runner::{Fixture, Known, act};
use super::steps::{self, Step, Story, WALLETS};
use super::{SHRINK, check, wait};
use crate::ledger;
use crate::testing::TestDb;
use crate::tests::populate;
use domain::ledger::Wallet;
use domain::{Day, Points};
use proptest::prelude::*;

/// The final state of the ledger: points and lots of each wallet, and all points that count for the status.
type Outcome = (
    Vec<(Points, Vec<(Day, Option<Day>, Points)>)>,
    Vec<Vec<(Day, Points)>>,
    Points,
);

async fn outcome(test: &TestDb, fixture: &Fixture, steps: &[Step]) -> Result<Outcome, String> {
    let mut tx = test.db.write().await.map_err(|error| error.to_string())?;
    let mut known = Known::default();
    // Enough points for every return and hold, so that none is refused in one order of arrival and not in another.
    let base = (0..WALLETS).map(|wallet| Step::Order {
        name: 100 + wallet as u8,
        wallet,
        points: 1_000,
        days_ago: 300,
    });
    for step in base.chain(steps.iter().cloned()) {
        let answer = act(&mut tx, fixture, &mut known, fixture.today, &step).await;
        if !matches!(answer, Ok(Ok(()))) {
            return Err(format!("{step}: {answer:?}"));
        }
    }
    let read = async {
        let (mut wallets, mut earned) = (Vec::new(), Vec::new());
        for purse in &fixture.wallets {
            let balance = ledger::balance(&mut tx, purse.owner, Wallet::Own).await?;
            let lots = balance
                .lots
                .iter()
                .map(|lot| (lot.earned_on, lot.expires_on, lot.left));
            wallets.push((balance.available, lots.collect()));
            earned.push(ledger::earned(&mut tx, purse.company, Day(0), fixture.today).await?);
        }
        let proof = ledger::prove(&mut tx, fixture.today).await?;
        assert!(proof.ok, "{:?}", proof.amiss);
        Ok::<_, crate::Error>((wallets, earned, proof.expired))
    };
    let outcome = read.await.map_err(|error| error.to_string())?;
    tx.roll_back().await.map_err(|error| error.to_string())?;
    Ok(outcome)
}

async fn any_arrival(test: &TestDb, cases: u32) {
    populate(test).await;
    let fixture = Fixture::of(test, "").await;
    let stories = steps::orders_and_holds(2..12).prop_flat_map(|Story(steps)| {
        (
            Just(Story(steps.clone())),
            Just(steps).prop_shuffle().prop_map(Story),
        )
    });
    check(cases, 11, SHRINK, &stories, |(one, other)| {
        wait(async {
            let (first, second) = (
                outcome(test, &fixture, &one.0).await?,
                outcome(test, &fixture, &other.0).await?,
            );
            if first != second {
                return Err(format!("{first:?} in one order, {second:?} in the other"));
            }
            Ok(())
        })
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn any_arrival_gives_the_same_on_sqlite() {
    any_arrival(&TestDb::sqlite().await, 500).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_arrival_gives_the_same_on_postgres() {
    if let Some(test) = TestDb::postgres().await {
        any_arrival(&test, 100).await;
    }
}
