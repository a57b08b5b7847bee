//! Stories run through the real import of order files, each on its own wallet.

use crate::ledger::{self, Owner};
use crate::testing::TestDb;
use crate::tests::{OPTIONS, populate, proof};
use crate::{import, programme};
use domain::id::{CommandId, EntryId};
use domain::ledger::Wallet;
use domain::{Day, Text};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One step on the company's wallet.
#[derive(Clone, Debug)]
enum Step {
    /// An order (negative: a return) in euros, dated `days_ago` before today; an existing one of its sign is corrected.
    Order {
        name: u8,
        euros: i64,
        days_ago: i32,
    },
    Hold {
        points: i64,
    },
    /// Spends the points of the n-th hold; `Void` gives them back.
    Post {
        hold: usize,
    },
    Void {
        hold: usize,
    },
    /// Days pass, and points that are due expire.
    Wait {
        days: i32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..4, 0_i64..200, 0_i32..500).prop_map(|(name, euros, days_ago)| Step::Order { name, euros, days_ago }),
        1 => (4_u8..6, -80_i64..0, 0_i32..500).prop_map(|(name, euros, days_ago)| Step::Order { name, euros, days_ago }),
        3 => (1_i64..150).prop_map(|points| Step::Hold { points }),
        1 => (0_usize..4).prop_map(|hold| Step::Post { hold }),
        2 => (0_usize..4).prop_map(|hold| Step::Void { hold }),
        2 => (1_i32..200).prop_map(|days| Step::Wait { days }),
    ]
}

/// The wallet as a list of events.
#[derive(Default)]
struct Model {
    /// By order name: the day and the points (negative: a return).
    orders: BTreeMap<u8, (Day, i64)>,
    /// The member's acts, in order.
    acts: Vec<(Day, Act)>,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// The hold with this index takes this number of points.
    Hold(usize, i64),
    /// The hold with this index gives its points back.
    Back(usize),
}

/// The state of a wallet.
#[derive(Debug, PartialEq)]
struct Sum {
    available: i64,
    /// Day earned and points left, oldest first.
    lots: Vec<(Day, i64)>,
}

/// A lot during the computation: day earned, name of its order, points left.
type Lot = (Day, u8, i64);

impl Model {
    /// Computes the wallet day by day, one point at a time: slow but simple.
    fn on(&self, today: Day) -> Sum {
        let days = self
            .orders
            .values()
            .map(|(day, _)| *day)
            .chain(self.acts.iter().map(|(day, _)| *day));
        let mut now = days.min().unwrap_or(today);
        let mut lots: Vec<Lot> = Vec::new();
        // Every single point taken: its taker and its lot (`None`: still owed).
        let mut points: Vec<(Taker, Option<(Day, u8)>)> = Vec::new();
        while now <= today {
            expire(&mut lots, now);
            for (name, (day, fresh)) in self
                .orders
                .iter()
                .filter(|(_, order)| order.0 == now && order.1 > 0)
            {
                lots.push((*day, *name, 0));
                lots.sort_by_key(|lot| (lot.0, lot.1));
                fill(&mut lots, &mut points, (*day, *name), *fresh);
            }
            for (name, (_, returned)) in self
                .orders
                .iter()
                .filter(|(_, order)| order.0 == now && order.1 < 0)
            {
                take(&mut lots, &mut points, Taker::Return(*name), -returned);
            }
            for (_, act) in self.acts.iter().filter(|(day, _)| *day == now) {
                match act {
                    Act::Hold(number, wanted) => take(&mut lots, &mut points, Taker::Hold(*number), *wanted),
                    Act::Back(number) => {
                        let (back, kept) = points
                            .into_iter()
                            .partition(|(taker, _)| *taker == Taker::Hold(*number));
                        points = kept;
                        let back: Vec<(Taker, Option<(Day, u8)>)> = back;
                        for lot in back.into_iter().filter_map(|(_, lot)| lot) {
                            fill(&mut lots, &mut points, lot, 1);
                        }
                    }
                }
            }
            expire(&mut lots, now);
            now = now.plus_days(1);
        }
        lots.retain(|lot| lot.2 > 0);
        let owed = points.iter().filter(|(_, lot)| lot.is_none()).count() as i64;
        Sum {
            available: lots.iter().map(|lot| lot.2).sum::<i64>() - owed,
            lots: lots.into_iter().map(|lot| (lot.0, lot.2)).collect(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Taker {
    Return(u8),
    Hold(usize),
}

fn expire(lots: &mut [Lot], now: Day) {
    for lot in lots.iter_mut().filter(|lot| lot.0.plus_months(12) <= now) {
        lot.2 = 0;
    }
}

/// Takes points one by one from the oldest non-empty lot.
fn take(lots: &mut [Lot], points: &mut Vec<(Taker, Option<(Day, u8)>)>, taker: Taker, wanted: i64) {
    for _ in 0..wanted {
        let from = lots.iter_mut().find(|lot| lot.2 > 0).map(|lot| {
            lot.2 -= 1;
            (lot.0, lot.1)
        });
        points.push((taker, from));
    }
}

/// Adds points to a lot one by one; the oldest owed points are covered first.
fn fill(lots: &mut [Lot], points: &mut [(Taker, Option<(Day, u8)>)], into: (Day, u8), fresh: i64) {
    for _ in 0..fresh {
        match points.iter_mut().find(|(_, lot)| lot.is_none()) {
            Some(owed) => owed.1 = Some(into),
            None => {
                if let Some(lot) = lots.iter_mut().find(|lot| (lot.0, lot.1) == into) {
                    lot.2 += 1;
                }
            }
        }
    }
}

/// Runs one story on the ledger and the model, and compares them after each step.
async fn run_story(test: &TestDb, company: &str, steps: &[Step]) {
    let mut model = Model::default();
    let mut holds: Vec<(EntryId, bool)> = Vec::new();
    let owner = owner(test, company).await;
    for step in steps {
        let mut tx = test.db.read().await.unwrap();
        let today = programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
        drop(tx);
        match step {
            Step::Order {
                name,
                euros,
                days_ago,
            } => {
                let on = today.plus_days(-days_ago);
                let file = format!(
                    "order_ref,company_ref,ordered_on,quantity,amount\n{company}-{name},{company},{on},{},{euros}.99\n",
                    if *euros < 0 { -1 } else { 1 }
                );
                let report = import::orders(&test.db, file.as_bytes(), OPTIONS, |_| {})
                    .await
                    .unwrap();
                assert!(report.kept, "{:?}", report.bad);
                // -0.99 is no point, -1.99 is one: the rule rounds towards zero.
                model.orders.insert(*name, (on, *euros));
            }
            Step::Hold { points } => {
                let mut tx = test.db.write().await.unwrap();
                let id = CommandId(tx.uuid());
                let available = model.on(today).available;
                match ledger::hold(&mut tx, owner, *points, today, id, &Text::default()).await {
                    Ok(hold) => {
                        assert!(available >= *points, "{available} points cannot hold {points}");
                        model.acts.push((today, Act::Hold(holds.len(), *points)));
                        holds.push((hold, true));
                        tx.commit().await.unwrap();
                    }
                    Err(crate::Error::Rejected(domain::Error::NotEnoughPoints { missing })) => {
                        assert_eq!(missing, points - available);
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            Step::Post { hold } | Step::Void { hold } => {
                let Some((entry, open)) = holds.get_mut(*hold) else {
                    continue;
                };
                let mut tx = test.db.write().await.unwrap();
                let done = match step {
                    Step::Post { .. } => ledger::post(&mut tx, *entry, today).await,
                    _ => ledger::void(&mut tx, *entry, today).await,
                };
                assert_eq!(done.is_ok(), *open, "a hold ends once: {done:?}");
                if std::mem::take(open) {
                    tx.commit().await.unwrap();
                    if matches!(step, Step::Void { .. }) {
                        model.acts.push((today, Act::Back(*hold)));
                    }
                }
            }
            Step::Wait { days } => {
                test.clock.advance(i64::from(*days) * domain::Timestamp::DAY);
                let mut tx = test.db.write().await.unwrap();
                let today = programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
                ledger::expire(&mut tx, today).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        compare(test, owner, &model, step).await;
    }
}

async fn owner(test: &TestDb, company: &str) -> Owner {
    let file = format!(
        "company_ref,name,town,joined_on,order_points\n{company},{company},Lyon,2020-01-01,company\n"
    );
    let report = import::companies(&test.db, file.as_bytes(), OPTIONS, |_| {})
        .await
        .unwrap();
    assert!(report.kept, "{:?}", report.bad);
    let mut tx = test.db.read().await.unwrap();
    let keys = crate::members::list_company_keys(&mut tx, &[company])
        .await
        .unwrap();
    Owner::Company(keys[0].id)
}

async fn compare(test: &TestDb, owner: Owner, model: &Model, step: &Step) {
    let mut tx = test.db.write().await.unwrap();
    let today = programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
    ledger::expire(&mut tx, today).await.unwrap();
    let balance = ledger::balance(&mut tx, owner, Wallet::Company).await.unwrap();
    tx.roll_back().await.unwrap();
    let lots = balance.lots.iter().map(|lot| (lot.earned_on, lot.left)).collect();
    assert_eq!(
        Sum {
            available: balance.available,
            lots
        },
        model.on(today),
        "after {step:?}"
    );
}

/// Runs `cases` stories, each on its own company; proves the ledger over all of them.
fn stories(test: &TestDb, cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let count = std::cell::Cell::new(0);
    let story = proptest::collection::vec(step(), 1..14);
    let told = runner.run(&story, |steps| {
        count.set(count.get() + 1);
        let company = format!("c-{}", count.get());
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(run_story(test, &company, &steps));
        });
        Ok(())
    });
    if let Err(error) = told {
        panic!("{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_and_the_model_agree_on_sqlite() {
    let test = TestDb::sqlite().await;
    populate(&test).await;
    stories(&test, 100);
    proof(&test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_and_the_model_agree_on_postgres() {
    let Some(test) = TestDb::postgres().await else {
        return;
    };
    populate(&test).await;
    stories(&test, 30);
    proof(&test).await;
}
