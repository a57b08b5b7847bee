//! Files of orders that are applied in slices: what a crash leaves, who may apply, and that others act meanwhile.

use super::{OPTIONS, caller, day, populate, proof};
use crate::clock::Fixed;
use crate::db::on;
use crate::db::{Kind, params};
use crate::import::{Options, Pace, Report, go_on, members as members_file, orders_at};
use crate::ledger::{self, Owner};
use crate::testing::TestDb;
use crate::{Db, Result, both, members, programme, status};
use domain::Text;
use domain::id::CommandId;
use domain::input::InputCode;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Slices of `rows` rows, whatever they take.
fn slices_of(rows: usize) -> Pace {
    Pace {
        at_once: 0,
        first: rows,
        least: rows,
        most: rows,
        pause: Duration::ZERO,
        ..Pace::DEFAULT
    }
}

/// The same, with time for others between them.
fn patient(rows: usize) -> Pace {
    Pace {
        pause: Duration::from_millis(60),
        ..slices_of(rows)
    }
}

const HEAD: &str = "order_ref,company_ref,ordered_on,quantity,amount,member_ref,returns_ref\n";

/// Longer than an import holds its turn, in milliseconds.
const LAPSE: i64 = 120_000;

async fn import(db: &Db, rows: &str, pace: Pace) -> Result<Report> {
    let file = format!("{HEAD}{rows}");
    orders_at(db, file.as_bytes(), OPTIONS, pace, |_| {}).await
}

/// The state of orders and wallets, without its history.
async fn stored(test: &TestDb) -> Vec<String> {
    const ORDERS: &str =
        "SELECT ref, ordered_on, quantity, amount, COALESCE(returns_ref, '-') FROM orders ORDER BY ref";
    const WALLETS: &str = "SELECT COALESCE(member.ref, company.ref), balance FROM account \
        LEFT JOIN member ON member.id = member_id LEFT JOIN company ON company.id = account.company_id \
        WHERE account.kind = 'wallet' ORDER BY 1";
    const TIERS: &str = "SELECT ref, tier, status_points FROM company ORDER BY ref";
    let mut tx = test.db.read().await.unwrap();
    let orders: Vec<(String, i32, i64, i64, String)> = tx.fetch_all(ORDERS, params![]).await.unwrap();
    let wallets: Vec<(String, i64)> = tx.fetch_all(WALLETS, params![]).await.unwrap();
    let tiers: Vec<(String, String, i64)> = tx.fetch_all(TIERS, params![]).await.unwrap();
    let orders = orders.iter().map(|row| format!("{row:?}"));
    let wallets = wallets.iter().map(|row| format!("{row:?}"));
    orders
        .chain(wallets)
        .chain(tiers.iter().map(|row| format!("{row:?}")))
        .collect()
}

async fn count(test: &TestDb, sql: &'static str) -> i64 {
    let mut tx = test.db.read().await.unwrap();
    tx.fetch_scalar(sql, params![]).await.unwrap()
}

const STAGED: &str = "SELECT COUNT(*) FROM import_row";
const RUNS: &str = "SELECT COUNT(*) FROM import_run";
const WAITING: &str = "SELECT COUNT(*) FROM import_run WHERE state = 'marked'";

/// Orders of both companies, some with returns that stand before and after them.
const FIRST: &str = "o-1,c-mill,2026-01-10,1,600.00,,\no-2,c-site,2026-06-10,1,100.00,m-cat,\n\
    r-1,c-mill,2026-11-05,-1,-30.00,,o-1\no-3,c-mill,2026-11-01,1,50.00,,\n\
    r-4,c-site,2026-11-06,-1,-20.00,,o-4\no-4,c-site,2026-11-02,1,90.00,m-cat,\n\
    o-5,c-mill,2025-12-01,1,70.00,,\n";
/// What was wrong with them, and an order that is new.
const SECOND: &str = "o-1,c-mill,2026-01-10,1,580.00,,\no-2,c-site,2026-06-11,1,110.00,m-cat,\n\
    r-1,c-mill,2026-11-05,-1,-31.00,,o-5\no-3,c-mill,2026-11-01,1,50.00,,\n\
    r-4,c-site,2026-11-06,-1,-90.00,,o-4\no-6,c-mill,2026-10-01,1,20.00,,\n";

/// Another database on the same engine, with the same people.
async fn like(test: &TestDb) -> TestDb {
    let other = match test.db.kind() {
        Kind::Sqlite => TestDb::sqlite().await,
        Kind::Postgres => TestDb::postgres().await.unwrap(),
    };
    populate(&other).await;
    other
}

/// What is stored where each file is imported in one transaction.
async fn expected(test: &TestDb, files: &[&str]) -> Vec<String> {
    let other = like(test).await;
    for file in files {
        assert!(import(&other.db, file, Pace::DEFAULT).await.unwrap().kept);
    }
    stored(&other).await
}

/// Imports a file up to `step`, where its process is killed; true if it was done before.
async fn killed_at(test: &TestDb, file: &str, step: u64) -> bool {
    test.injector.plan(step);
    let done = tokio::select! {
        report = import(&test.db, file, slices_of(2)) => report.unwrap().kept,
        () = test.injector.ended() => false,
    };
    test.injector.forget();
    done
}

/// Imports a file until all of it is staged and marked, and nothing is applied.
async fn marked(test: &TestDb, file: &str) -> TestDb {
    for step in 1.. {
        let test = like(test).await;
        assert!(
            !killed_at(&test, file, step).await,
            "no step is between mark and slices"
        );
        if count(&test, WAITING).await == 1 {
            return test;
        }
    }
    unreachable!()
}

/// Holds a point of the company, so that old lots are drawn from.
async fn act(db: &Db, company: Owner, number: u128) {
    let mut tx = db.write().await.unwrap();
    let today = programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
    let id = CommandId(uuid::Uuid::from_u128(number));
    ledger::hold(&mut tx, company, 1, today, id, &Text::default())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn mill(test: &TestDb) -> Owner {
    let mut tx = test.db.read().await.unwrap();
    Owner::Company(members::list_company_keys(&mut tx, &["c-mill"]).await.unwrap()[0].id)
}

/// Another process on the same database, with the same clock and chance of its own.
async fn beside(test: &TestDb) -> Db {
    static SEED: AtomicU64 = AtomicU64::new(1_000);
    let chance = Arc::new(Fixed::new(test.db.now(), SEED.fetch_add(1, Ordering::Relaxed)));
    Db::open(&test.url, test.clock.clone(), chance).await.unwrap()
}

both! {
    async fn slices_end_where_one_transaction_ends(test) {
        let files = [FIRST, SECOND, FIRST, SECOND];
        let expected = expected(test, &files).await;
        populate(test).await;
        for (file, rows) in files.iter().zip([1, 2, 3, 100]) {
            assert!(import(&test.db, file, slices_of(rows)).await.unwrap().kept);
            proof(test).await;
        }
        assert_eq!(stored(test).await, expected);
        assert_eq!((count(test, STAGED).await, count(test, WAITING).await), (0, 0));
    }

    async fn a_kill_at_any_step_loses_and_doubles_nothing(test) {
        let (first, both) = (expected(test, &[FIRST]).await, expected(test, &[FIRST, SECOND]).await);
        let (mut unmarked, mut went_on) = (0, 0);
        for step in (1..).step_by(4) {
            let test = like(test).await;
            let before = stored(&test).await;
            if killed_at(&test, FIRST, step).await {
                break;
            }
            // Another process, whose clock is later.
            let other = beside(&test).await;
            let was_marked = count(&test, WAITING).await == 1;
            test.clock.advance(LAPSE);
            assert_eq!(go_on(&other, || false).await.unwrap(), usize::from(was_marked), "killed at {step}");
            let after = stored(&test).await;
            if was_marked {
                went_on += 1;
                assert_eq!(after, first, "killed at {step}");
            } else if after != first {
                unmarked += 1;
                assert_eq!(after, before, "killed at {step}");
            }
            assert_eq!((count(&test, STAGED).await, count(&test, WAITING).await), (0, 0), "killed at {step}");
            import(&other, FIRST, slices_of(3)).await.unwrap();
            let report = import(&other, SECOND, slices_of(3)).await.unwrap();
            assert_eq!((report.new, report.changed, report.unchanged), (1, 4, 1), "killed at {step}");
            assert_eq!(stored(&test).await, both, "killed at {step}");
            proof(&test).await;
            other.close().await;
        }
        assert!(unmarked > 2 && went_on > 2, "killed before the mark {unmarked} times, after it {went_on} times");
    }

    async fn the_next_import_first_finishes_one_that_was_cut_off(test) {
        let both = expected(test, &[FIRST, SECOND]).await;
        let test = marked(test, FIRST).await;
        test.clock.advance(LAPSE);
        let report = import(&beside(&test).await, SECOND, Pace::DEFAULT).await.unwrap();
        assert_eq!((report.new, report.changed, report.unchanged), (1, 4, 1));
        assert_eq!(stored(&test).await, both);
    }

    async fn what_was_staged_and_not_marked_is_never_applied(test) {
        let second = expected(test, &["o-9,c-mill,2026-11-01,1,5.00,,\n"]).await;
        for step in 1.. {
            let test = like(test).await;
            assert!(!killed_at(&test, FIRST, step).await, "no step is between the first row and the mark");
            if count(&test, STAGED).await == 0 || count(&test, WAITING).await == 1 {
                continue;
            }
            let other = beside(&test).await;
            assert_eq!(go_on(&other, || false).await.unwrap(), 0);
            assert!(count(&test, STAGED).await > 0, "its process may be alive");
            let report = import(&other, "o-9,c-mill,2026-11-01,1,5.00,,\n", slices_of(1)).await.unwrap();
            assert!(report.kept && report.new == 1);
            assert_eq!(stored(&test).await, second);
            test.clock.advance(LAPSE);
            assert_eq!(go_on(&other, || false).await.unwrap(), 0);
            assert_eq!((count(&test, STAGED).await, stored(&test).await), (0, second));
            return;
        }
    }

    async fn a_bad_last_row_writes_nothing(test) {
        populate(test).await;
        let before = stored(test).await;
        let mut rows = String::new();
        for number in 0..50 {
            writeln!(rows, "o-{number},c-mill,2026-11-01,1,10.00,,").unwrap();
        }
        rows.push_str("r-0,c-mill,2026-11-02,-1,-10.01,,o-0\n");
        let report = import(&test.db, &rows, slices_of(10)).await.unwrap();
        assert_eq!((report.kept, report.new, report.bad.len()), (false, 50, 1));
        assert_eq!(report.bad[0].error.code, InputCode::MoreReturned { left: 1_000 });
        assert_eq!((stored(test).await, count(test, RUNS).await), (before, 0));
        let file = format!("{HEAD}{rows}");
        let options = Options { skip_bad: true, ..OPTIONS };
        let report = orders_at(&test.db, file.as_bytes(), options, slices_of(10), |_| {}).await.unwrap();
        assert_eq!((report.kept, report.new, report.bad.len()), (true, 50, 1));
        assert_eq!(proof(test).await.issued, 500);
    }

    async fn a_dry_run_counts_what_the_import_then_does(test) {
        populate(test).await;
        import(&test.db, FIRST, slices_of(3)).await.unwrap();
        let file = format!("{HEAD}{SECOND}n-1,c-new,2026-11-01,1,10.00,,\nn-2,c-new,2026-10-01,1,10.00,,\nn-3,c-newer,2026-10-01,1,1.00,,\n");
        let mut told = Vec::new();
        let before = stored(test).await;
        for dry_run in [true, false, true] {
            let options = Options { dry_run, create_companies: true, ..OPTIONS };
            let report = orders_at(&test.db, file.as_bytes(), options, slices_of(2), |_| {}).await.unwrap();
            assert_eq!(report.kept, !dry_run);
            assert_eq!(stored(test).await == before, told.is_empty());
            told.push((report.rows, report.new, report.changed, report.unchanged, report.companies_created, report.bad.len()));
        }
        assert_eq!(told, [(9, 4, 4, 1, 2, 0), (9, 4, 4, 1, 2, 0), (9, 0, 0, 9, 0, 0)]);
        let mut tx = test.db.read().await.unwrap();
        let made = members::list_company_keys(&mut tx, &["c-new"]).await.unwrap();
        assert_eq!(made[0].joined_on, day("2026-10-01"));
    }

    async fn members_act_between_slices(test) {
        populate(test).await;
        import(&test.db, "o-0,c-mill,2026-01-01,1,90000.00,,\n", Pace::DEFAULT).await.unwrap();
        let (mill, other) = (mill(test).await, beside(test).await);
        let mut rows = String::new();
        for number in 1..=60 {
            writeln!(rows, "o-{number},c-mill,2026-02-{:02},1,10.00,,", 1 + number % 28).unwrap();
        }
        for amount in ["10.00", "11.00"] {
            let rows = rows.replace("10.00", amount);
            let pace = patient(1);
            let importing = import(&test.db, &rows, pace);
            let mut importing = std::pin::pin!(importing);
            let mut seen = std::collections::BTreeSet::new();
            let mut number = if amount == "10.00" { 0 } else { 1_000 };
            let report = loop {
                number += 1;
                tokio::select! {
                    biased;
                    report = &mut importing => break report.unwrap(),
                    left = async {
                        act(&other, mill, number).await;
                        count(test, STAGED).await
                    } => seen.insert(left),
                };
            };
            assert_eq!((report.new + report.changed, report.bad.len()), (60, 0));
            assert!(seen.iter().filter(|left| (1..60).contains(*left)).count() > 2, "acts saw so many rows left: {seen:?}");
            proof(test).await;
        }
        other.close().await;
    }

    async fn who_has_lost_the_turn_writes_nothing(test) {
        populate(test).await;
        let other = beside(test).await;
        let mut rows = String::new();
        for number in 0..60 {
            writeln!(rows, "o-{number},c-mill,2026-11-01,1,10.00,,").unwrap();
        }
        let pace = patient(1);
        let importing = import(&test.db, &rows, pace);
        let looking = async {
            while count(test, WAITING).await == 0 || count(test, STAGED).await > 55 {
                tokio::task::yield_now().await;
            }
            set_turn(&other, "UPDATE import_turn SET holder = $1, until = $2", LAPSE).await;
            let left = count(test, STAGED).await;
            assert!((1..=55).contains(&left), "{left}");
            // As many transactions as the import would need for the rest.
            for _ in 0..left {
                set_turn(&other, "UPDATE import_turn SET holder = $1, until = $2", LAPSE).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(count(test, STAGED).await, left);
            set_turn(&other, "UPDATE import_turn SET holder = NULL, until = 0 WHERE holder = $1 OR until = $2", LAPSE).await;
        };
        let (report, ()) = tokio::join!(importing, looking);
        assert_eq!(report.unwrap().new, 60);
        assert_eq!((count(test, STAGED).await, proof(test).await.issued), (0, 600));
        other.close().await;
    }

    async fn nobody_goes_on_with_what_a_live_process_applies(test) {
        let test = marked(test, FIRST).await;
        let (other, before) = (beside(&test).await, stored(&test).await);
        set_turn(&other, "UPDATE import_turn SET holder = $1, until = $2", LAPSE).await;
        assert_eq!(go_on(&other, || false).await.unwrap(), 0);
        assert_eq!(stored(&test).await, before);
        test.clock.advance(LAPSE);
        assert_eq!(go_on(&other, || false).await.unwrap(), 1);
        assert_ne!(stored(&test).await, before);
    }

    async fn three_imports_at_once_are_one_after_the_other(test) {
        let both = expected(test, &[FIRST, SECOND]).await;
        populate(test).await;
        let (one, two) = (beside(test).await, beside(test).await);
        let (a, b, c) = tokio::join!(
            import(&test.db, FIRST, slices_of(1)),
            import(&one, FIRST, slices_of(2)),
            import(&two, FIRST, Pace::DEFAULT),
        );
        let reports = [a.unwrap(), b.unwrap(), c.unwrap()];
        let mut new: Vec<_> = reports.iter().map(|report| (report.new, report.changed, report.unchanged)).collect();
        new.sort_unstable();
        assert_eq!(new, [(0, 0, 7), (0, 0, 7), (7, 0, 0)]);
        let report = import(&two, SECOND, slices_of(2)).await.unwrap();
        assert!(report.bad.is_empty(), "{:?}", report.bad);
        assert_eq!(stored(test).await, both);
        proof(test).await;
    }

    async fn a_row_that_no_longer_fits_is_refused_and_the_others_go_on(test) {
        let test = marked(test, FIRST).await;
        let moved = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-cat,c-mill,Cat Brick,+33639980012,,foreman,user,true,fr\n";
        members_file(&test.db, moved.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        // As if nobody knew that they were elsewhere before.
        let mut tx = test.db.write().await.unwrap();
        on!(tx, c => sqlx::query("DELETE FROM company_before").execute(c).await.map(|_| ()).unwrap());
        tx.commit().await.unwrap();
        test.clock.advance(LAPSE);
        assert_eq!(go_on(&test.db, || false).await.unwrap(), 1);
        assert_eq!(count(&test, "SELECT COUNT(*) FROM import_row WHERE refused LIKE '%not_of_company%'").await, 2);
        assert_eq!(count(&test, STAGED).await, 2);
        assert_eq!(count(&test, "SELECT COUNT(*) FROM orders").await, 5);
        proof(&test).await;
    }

    async fn a_row_that_the_ledger_cannot_book_is_reported_and_the_others_go_on(test) {
        populate(test).await;
        import(&test.db, "o-0,c-mill,2026-02-01,1,900.00,,\n", Pace::DEFAULT).await.unwrap();
        let mill = mill(test).await;
        act(&test.db, mill, 1).await;
        // An entry that no wallet can have: whoever reads all of them fails.
        const SPOIL: &str = "INSERT INTO entry (id, at, on_day, kind, from_account, to_account, points, cause, cause_ref) \
            VALUES ($1, 0, 0, 'post', $2, $3, 1, 'order', 'spoilt')";
        let mut tx = test.db.write().await.unwrap();
        let wallet = ledger::wallet(&mut tx, mill).await.unwrap();
        let (id, issuer) = (tx.uuid(), uuid::Uuid::from_u128(1));
        tx.execute(SPOIL, params![id, issuer, wallet]).await.unwrap();
        tx.commit().await.unwrap();
        let mut rows = String::from("o-1,c-mill,2026-01-02,1,9.00,,\n");
        for number in 2..40 {
            writeln!(rows, "o-{number},c-site,2026-01-03,1,9.00,,").unwrap();
        }
        let report = import(&test.db, &rows, slices_of(16)).await.unwrap();
        assert_eq!((report.kept, report.new, report.bad.len()), (true, 38, 1));
        assert!(matches!(&report.bad[0].error.code, InputCode::NotBooked { said } if said.contains("of kind post")));
        assert_eq!(report.bad[0].line, 2);
        assert_eq!(count(test, "SELECT COUNT(*) FROM orders").await, 39);
    }

    async fn members_are_told_of_a_tier_when_all_rows_are_applied(test) {
        populate(test).await;
        let mut rows = String::new();
        for number in 0..10 {
            writeln!(rows, "o-{number},c-mill,2026-11-{:02},1,5000.00,,", 1 + number).unwrap();
        }
        import(&test.db, &rows, slices_of(2)).await.unwrap();
        let ann = caller(test, "m-ann").await;
        let mut tx = test.db.read().await.unwrap();
        let told = crate::notices::list(&mut tx, ann.member).await.unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        let settings = programme::current(&mut tx).await.unwrap();
        let status = status::today(&mut tx, &settings, ann.company, day("2026-11-21")).await.unwrap();
        assert_eq!(status.points, 50_000);
    }
}

async fn set_turn(db: &Db, sql: &'static str, millis: i64) {
    let mut tx = db.write().await.unwrap();
    let until = tx.now().plus(millis);
    tx.execute(sql, params![uuid::Uuid::from_u128(42), until])
        .await
        .unwrap();
    tx.commit().await.unwrap();
}
