//! Movements that go on from a settled wallet, without its entries, and end where all entries end.

use super::{OPTIONS, caller, day, documents, order, populate, proof};
use crate::both;
use crate::import::orders;
use crate::ledger::{self, Owner};
use crate::testing::TestDb;
use crate::{db::on, members, programme};
use domain::document::Collection;
use domain::id::{CommandId, EntryId};
use domain::ledger::{Balance, Month, Wallet};
use domain::{Day, Points, Text};
use std::fmt::Write;

const TODAY: &str = "2026-11-21";

async fn mill(test: &TestDb) -> Owner {
    let mut tx = test.db.read().await.unwrap();
    Owner::Company(members::list_company_keys(&mut tx, &["c-mill"]).await.unwrap()[0].id)
}

async fn hold(test: &TestDb, owner: Owner, points: Points, number: u128) -> EntryId {
    let mut tx = test.db.write().await.unwrap();
    let id = CommandId(uuid::Uuid::from_u128(number));
    let hold = ledger::hold(&mut tx, owner, points, day(TODAY), id, &Text::default())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    hold
}

async fn void(test: &TestDb, hold: EntryId) {
    let mut tx = test.db.write().await.unwrap();
    ledger::void(&mut tx, hold, day(TODAY)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn post(test: &TestDb, hold: EntryId) {
    let mut tx = test.db.write().await.unwrap();
    ledger::post(&mut tx, hold, day(TODAY)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn lots(test: &TestDb, owner: Owner) -> Vec<(Day, Points)> {
    let mut tx = test.db.read().await.unwrap();
    let balance: Balance = ledger::balance(&mut tx, owner, Wallet::Own).await.unwrap();
    balance.lots.iter().map(|lot| (lot.earned_on, lot.left)).collect()
}

async fn good_orders(test: &TestDb, rows: &str) {
    let report = order(test, rows).await;
    assert!(report.kept, "{:?}", report.bad);
}

/// Books an entry that no wallet can have: whoever reads all entries of this wallet fails.
async fn spoil(test: &TestDb, owner: Owner) {
    const SPOIL: &str = "INSERT INTO entry (id, at, on_day, kind, from_account, to_account, points, cause, cause_ref) \
        VALUES ($1, 0, 0, 'post', $2, $3, 1, 'order', 'spoilt')";
    let mut tx = test.db.write().await.unwrap();
    let wallet = ledger::wallet(&mut tx, owner).await.unwrap();
    let issuer = uuid::Uuid::from_u128(1);
    let id = tx.uuid();
    on!(tx, c => sqlx::query(SPOIL).bind(id).bind(issuer).bind(wallet).execute(c).await.map(|_| ()).unwrap());
    tx.commit().await.unwrap();
}

both! {
    async fn what_comes_last_in_a_wallet_reads_none_of_its_entries(test) {
        populate(test).await;
        good_orders(test, "o-1,c-mill,2026-01-10,1,600.00,\no-2,c-mill,2026-06-10,1,100.00,\no-3,c-mill,2026-11-01,1,50.00,\n").await;
        let owner = mill(test).await;
        spoil(test, owner).await;
        let first = hold(test, owner, 400, 1).await;
        let second = hold(test, owner, 250, 2).await;
        void(test, first).await;
        assert_eq!(lots(test, owner).await, [(day("2026-01-10"), 400), (day("2026-06-10"), 50), (day("2026-11-01"), 50)]);
        post(test, second).await;
        // Nothing was drawn from lots this young.
        good_orders(test, "o-4,c-mill,2026-10-05,1,70.00,\n").await;
        good_orders(test, "o-4,c-mill,2026-10-05,1,30.00,\n").await;
        let returned = "order_ref,company_ref,ordered_on,quantity,amount,member_ref,returns_ref\n\
            r-3,c-mill,2026-11-20,-1,-20.00,,o-3\n";
        let report = orders(&test.db, returned.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert!(report.kept, "{:?}", report.bad);
        let left = [(day("2026-01-10"), 400), (day("2026-06-10"), 50), (day("2026-10-05"), 30), (day("2026-11-01"), 30)];
        assert_eq!(lots(test, owner).await, left);
        // What is due goes by itself, too.
        let mut tx = test.db.write().await.unwrap();
        let expiry = programme::current(&mut tx).await.unwrap().expiry(day("2026-01-10")).unwrap();
        assert_eq!(ledger::expire(&mut tx, expiry).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(lots(test, owner).await, left[1..]);
        // An order that is older than what was drawn from is worked in from all entries.
        let rows = "order_ref,company_ref,ordered_on,quantity,amount,member_ref\no-0,c-mill,2026-01-02,1,9.00,\n";
        let failed = orders(&test.db, rows.as_bytes(), OPTIONS, |_| {}).await.unwrap_err();
        assert!(failed.to_string().contains("of kind post in a wallet"), "{failed}");
    }

    async fn what_goes_on_from_a_settled_wallet_ends_where_all_entries_end(test) {
        populate(test).await;
        let owner = mill(test).await;
        // More lots than are read at once; several of a day, whose refs decide, in the wrong order.
        let mut rows = String::new();
        for number in (0..70).rev() {
            writeln!(rows, "o-{number:02},c-mill,2026-{:02}-10,1,10.00,", 1 + number / 14).unwrap();
        }
        good_orders(test, &rows).await;
        let mut holds = Vec::new();
        for (number, points) in [333, 7, 150, 1].into_iter().enumerate() {
            holds.push(hold(test, owner, points, number as u128 + 1).await);
            proof(test).await;
        }
        void(test, holds[0]).await;
        proof(test).await;
        // Worked in from all entries: the open holds now draw from other lots, and go back there.
        good_orders(test, "early,c-mill,2026-01-02,1,45.00,\no-03,c-mill,2026-01-10,1,4.00,\n").await;
        proof(test).await;
        void(test, holds[2]).await;
        proof(test).await;
        post(test, holds[1]).await;
        good_orders(test, "o-69,c-mill,2026-05-10,1,99.00,\nlate,c-mill,2026-11-20,1,5.00,\n").await;
        proof(test).await;
        let available = proof(test).await.available;
        assert_eq!(available, 700 + 45 - 6 + 89 + 5 - 7 - 1);
    }

    async fn a_phone_gets_the_latest_of_a_busy_wallet_and_one_figure_for_the_rest(test) {
        populate(test).await;
        let mut rows = String::new();
        for number in 0..130 {
            writeln!(rows, "o-{number:03},c-mill,2026-10-{:02},1,10.00,", 1 + number / 5).unwrap();
        }
        good_orders(test, &rows).await;
        let ann = caller(test, "m-ann").await;
        let balances: Vec<(String, Balance)> = documents(test, &ann, Collection::Balance).await;
        let company = &balances.iter().find(|(id, _)| id == "company").unwrap().1;
        let listed: Points = company.lots.iter().map(|lot| lot.left).sum();
        assert_eq!((company.available, company.lots.len(), company.later), (1300, 50, 1300 - listed));
        let months: Vec<(String, Month)> = documents(test, &ann, Collection::Month).await;
        let october = &months.iter().find(|(id, _)| id == "company:2026-10").unwrap().1;
        assert_eq!((october.lines.len(), october.cut), (100, true));
        assert_eq!(october.lines[0].on, day("2026-10-26"));
        assert!(months.iter().all(|(id, month)| !month.cut || id == "company:2026-10"));
    }
}
