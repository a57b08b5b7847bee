//! Several people act concurrently, each act in its own commit: the result must equal that of some serial order.
//!
//! Each act takes a number while it still holds its locks. Run on the model in the order of these numbers, every act
//! must have the same outcome, and every wallet the same final state.

use super::reference::Model;
use super::runner::{Answer, Fixture, Known, act, compare_wallets, imagine};
use super::steps::{self, Step, Story, WALLETS};
use super::{check, wait};
use crate::Error;
use crate::testing::TestDb;
use crate::tests::{OPTIONS, populate, proof};
use crate::{Db, import};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PEOPLE: u8 = 4;

/// Imports new members and companies for a story.
async fn newcomers(test: &TestDb, story: u32) -> Fixture {
    let prefix = format!("p{story}-");
    let companies = format!(
        "company_ref,name,town,joined_on,order_points\n\
        {prefix}x,X,Lyon,2020-01-01,company\n{prefix}y,Y,Lyon,2020-01-01,company\n"
    );
    let report = import::companies(&test.db, companies.as_bytes(), OPTIONS, |_| {})
        .await
        .unwrap();
    assert!(report.kept, "{:?}", report.bad);
    let members = format!(
        "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
        {prefix}a,{prefix}x,A,,{prefix}a@example.com,baker,user,false,fr\n\
        {prefix}b,{prefix}x,B,,{prefix}b@example.com,baker,user,false,fr\n\
        {prefix}c,{prefix}y,C,,{prefix}c@example.com,baker,user,false,fr\n"
    );
    let report = import::members(&test.db, members.as_bytes(), OPTIONS, |_| {})
        .await
        .unwrap();
    assert!(report.kept, "{:?}", report.bad);
    Fixture::of(test, &prefix).await
}

/// The steps before people act: every wallet gets points and a hold.
fn beginning() -> Vec<Step> {
    (0..WALLETS)
        .flat_map(|wallet| {
            [
                Step::Order {
                    name: 100 + wallet as u8,
                    wallet,
                    points: 30,
                    days_ago: 200,
                },
                Step::Hold { wallet, points: 5 },
            ]
        })
        .collect()
}

/// Runs one person's acts; returns each with its number and outcome. Order and transfer names are unique per person.
async fn live(
    db: Db,
    fixture: Arc<Fixture>,
    mut known: Known,
    acts: Vec<Step>,
    numbers: Arc<AtomicU64>,
) -> Result<Vec<(u64, Step, Answer)>, String> {
    let mut answers = Vec::new();
    for step in acts {
        let mut tries = 0;
        answers.push(loop {
            let mut tx = db.write().await.map_err(|error| error.to_string())?;
            let mut learnt = known.clone();
            let answer = act(&mut tx, &fixture, &mut learnt, fixture.today, &step).await;
            let number = numbers.fetch_add(1, Ordering::SeqCst);
            match answer {
                Ok(Ok(())) => {
                    tx.commit().await.map_err(|error| error.to_string())?;
                    known = learnt;
                    break (number, step, Ok(Ok(())));
                }
                // PostgreSQL aborts one of two deadlocked transactions; nothing of it remains, so it is retried.
                Err(Error::Database(error)) if is_deadlock(&error) && tries < 5 => tries += 1,
                other => {
                    tx.roll_back().await.map_err(|error| error.to_string())?;
                    break (number, step, other);
                }
            }
        });
    }
    Ok(answers)
}

fn is_deadlock(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| code == "40P01")
}

async fn run_story(test: &TestDb, fixture: Fixture, people: Vec<Story>) -> Result<(), String> {
    let broken = |error: Error| error.to_string();
    let (mut model, mut known) = (Model::on(fixture.today), Known::default());
    let mut tx = test.db.write().await.map_err(broken)?;
    for step in beginning() {
        let expected = imagine(&mut model, &fixture, &step);
        let done = act(&mut tx, &fixture, &mut known, fixture.today, &step)
            .await
            .map_err(broken)?;
        assert_eq!(done, expected, "{step}");
    }
    tx.commit().await.map_err(broken)?;

    let fixture = Arc::new(fixture);
    let numbers = Arc::new(AtomicU64::new(0));
    let lives = people.into_iter().map(|Story(acts)| {
        let (db, fixture, known) = (test.db.clone(), fixture.clone(), known.clone());
        tokio::spawn(live(db, fixture, known, acts, numbers.clone()))
    });
    let mut acts = Vec::new();
    for lived in futures_util::future::join_all(lives).await {
        acts.extend(lived.map_err(|error| error.to_string())??);
    }
    acts.sort_by_key(|(number, ..)| *number);

    let mut told = String::new();
    for (_, step, answer) in acts {
        let answer = answer.map_err(|error| format!("after{told}\n{step}: {error}"))?;
        let expected = imagine(&mut model, &fixture, &step);
        told = format!("{told}\n  {step}: {answer:?}");
        if answer != expected {
            return Err(format!(
                "in the order{told}\nthe model says {expected:?} to the last"
            ));
        }
    }
    let mut tx = test.db.write().await.map_err(broken)?;
    let compared = compare_wallets(&mut tx, &fixture, &model).await.map_err(broken)?;
    tx.roll_back().await.map_err(broken)?;
    compared.map_err(|error| format!("in the order{told}\n{error}"))?;
    // Proves zero sum, held points, lots and balances over all stories so far.
    proof(test).await;
    Ok(())
}

async fn at_once(test: &TestDb, cases: u32) {
    populate(test).await;
    let people: Vec<_> = (0..PEOPLE).map(|person| steps::person(person, 1..6)).collect();
    let count = Cell::new(0);
    // Few shrink iterations: the same acts may pass the next time.
    check(cases, 21, 20, &people, |people: Vec<Story>| {
        count.set(count.get() + 1);
        wait(async { run_story(test, newcomers(test, count.get()).await, people).await })
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn people_act_at_once_on_sqlite() {
    at_once(&TestDb::sqlite().await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_act_at_once_on_postgres() {
    if let Some(test) = TestDb::postgres().await {
        at_once(&test, 100).await;
    }
}
