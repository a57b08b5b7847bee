use super::{OPTIONS, PROGRAMME, day, populate, proof};
use crate::import::{Difference, Report, orders};
use crate::ledger::{self, Owner};
use crate::programme::apply::Past;
use crate::testing::TestDb;
use crate::{both, members, programme};
use domain::input::{InputCode, InputError, InputPlace};
use domain::ledger::Wallet;
use domain::money::{MOST_CENTS, MOST_ORDER_POINTS};
use domain::{Day, Points, Text};

async fn import(test: &TestDb, rows: &[String]) -> Report {
    let header = "order_ref,company_ref,ordered_on,quantity,amount,member_ref,returns_ref\n";
    let file = format!("{header}{}", rows.join("\n"));
    orders(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap()
}

async fn good(test: &TestDb, rows: &[String]) -> Report {
    let report = import(test, rows).await;
    assert!(report.kept, "{:?}", report.bad);
    report
}

fn row(reference: &str, on: &str, amount: &str, returns: &str) -> String {
    let quantity = if amount.starts_with('-') { -1 } else { 1 };
    format!("{reference},c-mill,{on},{quantity},{amount},,{returns}")
}

async fn company(test: &TestDb, reference: &str) -> Owner {
    let mut tx = test.db.read().await.unwrap();
    Owner::Company(members::list_company_keys(&mut tx, &[reference]).await.unwrap()[0].id)
}

async fn member(test: &TestDb, reference: &str) -> Owner {
    let mut tx = test.db.read().await.unwrap();
    Owner::Member(members::find_by_ref(&mut tx, reference).await.unwrap().unwrap().0)
}

/// Available points, and the lots: day earned, day of expiry, points left.
type Holding = (Points, Vec<(Day, Option<Day>, Points)>);

async fn holding(test: &TestDb, owner: Owner) -> Holding {
    proof(test).await;
    let mut tx = test.db.read().await.unwrap();
    let balance = ledger::balance(&mut tx, owner, Wallet::Own).await.unwrap();
    let lots = balance
        .lots
        .iter()
        .map(|lot| (lot.earned_on, lot.expires_on, lot.left));
    (balance.available, lots.collect())
}

fn wrong(report: &Report) -> Vec<InputError> {
    assert!(!report.kept);
    report.bad.iter().map(|bad| bad.error.clone()).collect()
}

fn in_column(line: u64, column: &str, value: &str, code: InputCode) -> InputError {
    code.field(column).given(value).within(InputPlace::Line(line))
}

/// All orders of `count` things.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(count - 1);
    let with = |one: &Vec<usize>| {
        (0..=one.len())
            .map(|at| [&one[..at], &[count - 1], &one[at..]].concat())
            .collect::<Vec<_>>()
    };
    shorter.iter().flat_map(with).collect()
}

both! {
    async fn an_order_returned_in_parts_leaves_nothing_however_they_arrive(test) {
        populate(test).await;
        good(test, &[row("other", "2026-11-02", "40.00", "")]).await;
        let owner = company(test, "c-mill").await;
        let before = holding(test, owner).await;
        for (number, permutation) in permutations(4).into_iter().enumerate() {
            let order = format!("o-{number}");
            let part = |part: u32, on: &str, amount: &str| row(&format!("r-{number}-{part}"), on, amount, &order);
            let rows = [
                row(&order, "2026-10-01", "100.70", ""),
                part(1, "2026-10-20", "-33.33"),
                part(2, "2026-11-05", "-33.33"),
                part(3, "2026-11-05", "-34.04"),
            ];
            for at in permutation {
                good(test, &rows[at..=at]).await;
            }
            assert_eq!(holding(test, owner).await, before, "{number}");
            assert_eq!(good(test, &rows).await.unchanged, 4);
        }
    }

    async fn a_return_takes_from_the_wallet_that_was_paid(test) {
        populate(test).await;
        let cat = member(test, "m-cat").await;
        good(test, &["o-1,c-site,2026-10-01,1,80.00,m-cat,".into()]).await;
        assert_eq!(holding(test, cat).await.0, 80);
        good(test, &["r-1,c-site,2026-10-20,-1,-30.00,,o-1".into()]).await;
        assert_eq!(holding(test, cat).await.0, 50);
        assert_eq!(holding(test, company(test, "c-site").await).await.0, 0);
    }

    async fn a_return_follows_the_rule_of_its_order(test) {
        populate(test).await;
        good(test, &[row("o-1", "2026-10-01", "10.00", ""), row("o-2", "2026-10-02", "10.00", "")]).await;
        let double = "\n[[earning]]\nversion = 2\nvalid_from = \"2026-11-01\"\npoints_per_unit = 2\n";
        let settings = programme::Settings::parse(&format!("{PROGRAMME}{double}")).unwrap();
        let mut tx = test.db.write().await.unwrap();
        programme::apply::apply(&mut tx, &settings, Past::Keeps).await.unwrap();
        tx.commit().await.unwrap();
        good(test, &[row("r-1", "2026-11-10", "-10.00", "o-1")]).await;
        assert_eq!(holding(test, company(test, "c-mill").await).await.0, 10);
        // The rule itself is changed: what was paid is taken back all the same, in proportion while a part is left.
        let triple = PROGRAMME.replace("points_per_unit = 1", "points_per_unit = 3");
        let mut tx = test.db.write().await.unwrap();
        programme::apply::apply(&mut tx, &programme::Settings::parse(&triple).unwrap(), programme::apply::Past::Keeps).await.unwrap();
        tx.commit().await.unwrap();
        good(test, &[row("r-2", "2026-11-10", "-4.00", "o-2")]).await;
        assert_eq!(holding(test, company(test, "c-mill").await).await.0, 6);
        good(test, &[row("r-3", "2026-11-10", "-6.00", "o-2")]).await;
        assert_eq!(holding(test, company(test, "c-mill").await).await.0, 0);
    }

    async fn rules_for_the_past_change_only_where_orders_are_worked_out_again(test) {
        populate(test).await;
        let (mill, site) = (company(test, "c-mill").await, company(test, "c-site").await);
        let apply = async |text: &str, past| {
            let mut tx = test.db.write().await.unwrap();
            let settings = programme::Settings::parse(text).unwrap();
            let changes = programme::apply::apply(&mut tx, &settings, past).await.unwrap();
            let today = settings.day(tx.now()).unwrap();
            let difference = crate::import::difference(&mut tx, &settings).await.unwrap();
            if past == Past::Follows {
                assert_eq!(crate::import::recompute(&mut tx, &settings, today).await.unwrap(), difference);
            }
            tx.commit().await.unwrap();
            (changes.past, difference)
        };
        let tenfold = PROGRAMME.replace("points_per_unit = 1", "points_per_unit = 10");
        apply(&tenfold, Past::Follows).await;
        let rows = [
            row("o-1", "2026-10-01", "50.00", ""),
            row("r-1", "2026-10-02", "-20.00", "o-1"),
            row("free", "2026-10-03", "-1.00", ""),
            "o-2,c-site,2026-10-01,1,30.00,,".into(),
        ];
        good(test, &rows).await;
        assert_eq!((holding(test, mill).await.0, holding(test, site).await.0), (290, 300));
        // A rule that holds from a day to come changes nothing of what was.
        let later = format!("{tenfold}\n[[earning]]\nversion = 2\nvalid_from = \"2026-11-21\"\npoints_per_unit = 3\n");
        assert_eq!(apply(&later, Past::Keeps).await, (false, Difference::default()));
        // Without working out again: booked and late orders keep the old rule, those of today have the new one.
        let expected = Difference { orders: 3, points: -50 * 9 - 30 * 9 + 9 };
        assert_eq!(apply(PROGRAMME, Past::Keeps).await, (true, expected));
        assert_eq!(good(test, &rows).await.unchanged, 4);
        good(test, &[row("late", "2026-10-05", "1.00", ""), row("today", "2026-11-21", "1.00", "")]).await;
        assert_eq!(holding(test, mill).await.0, 290 + 10 + 1);
        assert!(apply(PROGRAMME, Past::Keeps).await.0);
        assert_eq!(good(test, &rows).await.unchanged, 4);
        // With it, everything is as if the rule had always been so; a second time there is nothing to do.
        assert_eq!(apply(PROGRAMME, Past::Follows).await.1.orders, 4);
        assert_eq!((holding(test, mill).await.0, holding(test, site).await.0), (30 - 1 + 1 + 1, 30));
        assert_eq!(good(test, &rows).await.unchanged, 4);
        assert_eq!(apply(PROGRAMME, Past::Follows).await, (false, Difference::default()));
        good(test, &[row("r-2", "2026-10-06", "-30.00", "o-1")]).await;
        assert_eq!(holding(test, mill).await.0, 1);
    }

    async fn points_that_expired_are_not_taken_a_second_time(test) {
        populate(test).await;
        good(test, &[row("old", "2024-01-10", "50.00", ""), row("new", "2026-11-02", "20.00", "")]).await;
        let owner = company(test, "c-mill").await;
        let before = holding(test, owner).await;
        assert_eq!(before.0, 20);
        good(test, &[row("r-1", "2026-11-10", "-50.00", "old")]).await;
        assert_eq!(holding(test, owner).await, before);
    }

    async fn orders_and_returns_can_be_corrected(test) {
        populate(test).await;
        let owner = company(test, "c-mill").await;
        good(test, &[row("o-1", "2026-10-01", "100.00", ""), row("r-1", "2026-10-02", "-30.00", "o-1")]).await;
        assert_eq!(holding(test, owner).await.0, 70);
        good(test, &[row("o-1", "2026-10-01", "60.50", "")]).await;
        assert_eq!(holding(test, owner).await.0, 30);
        good(test, &[row("r-1", "2026-10-02", "-10.00", "o-1")]).await;
        assert_eq!(holding(test, owner).await.0, 50);
        good(test, &[row("o-2", "2026-10-05", "10.00", ""), row("r-1", "2026-10-02", "-10.00", "o-2")]).await;
        assert_eq!(holding(test, owner).await.0, 60);
        good(test, &[row("r-1", "2026-10-02", "0", "o-2")]).await;
        assert_eq!(holding(test, owner).await.0, 70);
        // A file without the column leaves the link as it is; one with it and nothing in it takes it away.
        good(test, &[row("r-1", "2026-10-02", "-10.00", "o-1")]).await;
        let old = "order_ref,company_ref,ordered_on,quantity,amount\nr-1,c-mill,2026-10-02,-1,-20.00\n";
        orders(&test.db, old.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        assert_eq!(holding(test, owner).await.0, 50);
        good(test, &[row("o-1", "2026-10-01", "30.00", ""), row("r-1", "2026-10-02", "-20.00", "")]).await;
        assert_eq!(holding(test, owner).await.0, 20);
        good(test, &[row("o-1", "2026-10-01", "0", "")]).await;
        assert_eq!(holding(test, owner).await.0, -10);
    }

    async fn what_does_not_fit_an_order_is_refused_by_line(test) {
        populate(test).await;
        good(test, &[row("o-1", "2026-10-01", "100.00", ""), row("r-1", "2026-10-02", "-30.00", "o-1")]).await;
        let report = import(test, &[
            row("r-2", "2026-10-03", "-70.01", "o-1"),
            row("r-3", "2026-10-03", "5.00", "o-1"),
            "r-4,c-site,2026-10-03,-1,-5.00,,o-1".into(),
            row("r-5", "2026-10-03", "-1.00", "r-1"),
            row("r-6", "2026-10-03", "-1.00", "r-6"),
            row("o-1", "2026-10-01", "29.99", ""),
            row("r-7", "2026-10-03", "-1.00", "later"),
            row("later", "2026-10-03", "0.99", ""),
        ]).await;
        assert_eq!(wrong(&report), [
            in_column(2, "amount", "-70.01", InputCode::MoreReturned { left: 7_000 }),
            in_column(3, "amount", "5.00", InputCode::ReturnNotNegative),
            in_column(4, "company_ref", "c-site", InputCode::ReturnOfAnotherCompany),
            in_column(5, "returns_ref", "r-1", InputCode::ReturnOfReturn),
            in_column(6, "returns_ref", "r-6", InputCode::ReturnOfReturn),
            in_column(7, "amount", "29.99", InputCode::MoreReturned { left: 2_999 }),
            in_column(9, "amount", "0.99", InputCode::MoreReturned { left: 99 }),
        ]);
        assert_eq!(holding(test, company(test, "c-mill").await).await.0, 70);
    }

    async fn contradictions_are_refused_by_line(test) {
        populate(test).await;
        let gold = PROGRAMME.replace("points_per_unit = 1", "points_per_unit = 1000000").replace("1970-01-01", "2019-03-01");
        let mut tx = test.db.write().await.unwrap();
        programme::apply::apply(&mut tx, &programme::Settings::parse(&gold).unwrap(), Past::Follows).await.unwrap();
        tx.commit().await.unwrap();
        good(test, &[row("o-1", "2026-10-01", "10.00", "")]).await;
        let report = import(test, &[
            "a-1,c-mill,2026-10-01,-2,10.00,,".into(),
            "a-2,c-mill,2026-10-01,2,-10.00,,".into(),
            row("o-1", "2026-10-01", "-2.00", ""),
            "o-1,c-site,2026-10-01,1,11.00,,".into(),
            row("a-3", "2018-12-31", "1.00", ""),
            row("a-4", "2026-10-01", "1000000000.01", ""),
            row("a-5", "2026-10-01", "1000001.00", ""),
        ]).await;
        assert_eq!(wrong(&report), [
            in_column(2, "amount", "10.00", InputCode::SignsDiffer),
            in_column(3, "amount", "-10.00", InputCode::SignsDiffer),
            in_column(4, "amount", "-2.00", InputCode::SignTurned),
            InputCode::Twice { first_line: Some(4) }.field("order_ref").given("o-1").within(InputPlace::Line(5)),
            in_column(6, "ordered_on", "2018-12-31", InputCode::BeforeProgramme { first: day("2019-01-01") }),
            in_column(7, "amount", "1000000000.01", InputCode::AmountTooLarge { most: MOST_CENTS }),
            in_column(8, "amount", "1000001.00", InputCode::TooManyPoints { most: MOST_ORDER_POINTS }),
        ]);
        let report = import(test, &["o-1,c-site,2026-10-01,1,11.00,,".into()]).await;
        assert_eq!(wrong(&report), [in_column(2, "order_ref", "o-1", InputCode::OtherOrder { company: "c-mill".into() })]);
        // The same order for another company, and a day in the programme's first year, are no contradictions.
        good(test, &["o-1,c-site,2026-10-01,1,10.00,,".into(), row("a-3", "2019-01-01", "1.00", "")]).await;
    }

    async fn returns_leave_what_smaller_orders_would_have_left(test) {
        populate(test).await;
        let mut state = 7_u64;
        let mut below = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let cents = |amount: i64| format!("{}{}.{:02}", if amount < 0 { "-" } else { "" }, amount.abs() / 100, amount.abs() % 100);
        // In the wallet of one company orders and their returns, in that of the other orders that were smaller.
        let (whole, smaller) = (company(test, "c-mill").await, company(test, "c-site").await);
        let (mut rows, mut net) = (Vec::new(), Vec::new());
        for order in 0..30 {
            let on = day("2024-09-01").plus_days(below(800) as i32);
            let mut left = below(20_000) as i64;
            rows.push(format!("w-{order:02},c-mill,{on},1,{},,", cents(left)));
            for part in 0..below(4) {
                let amount = below(left as u64 + 1) as i64;
                left -= amount;
                let later = on.plus_days(below(15) as i32).min(day("2026-11-21"));
                rows.push(format!("r-{order:02}-{part},c-mill,{later},-1,-{},,w-{order:02}", cents(amount)));
            }
            net.push(format!("s-{order:02},c-site,{on},1,{},,", cents(left)));
        }
        good(test, &net).await;
        for at in (1..rows.len()).rev() {
            rows.swap(at, below(at as u64 + 1) as usize);
        }
        let most = holding(test, smaller).await.0;
        assert!(most > 100, "{most}");
        let mut held = false;
        for part in rows.chunks(7) {
            good(test, part).await;
            // Both spend the same as soon as both have it.
            if !held && holding(test, whole).await.0 >= most / 2 {
                held = true;
                let mut tx = test.db.write().await.unwrap();
                for (number, owner) in [(1, whole), (2, smaller)] {
                    let command = domain::id::CommandId(uuid::Uuid::from_u128(number));
                    ledger::hold(&mut tx, owner, most / 2, day("2026-11-21"), command, &Text::default()).await.unwrap();
                }
                tx.commit().await.unwrap();
            }
        }
        assert!(held);
        assert_eq!(holding(test, whole).await, holding(test, smaller).await);
    }
}
