use super::{caller, day, documents, order, populate, proof};
use crate::both;
use crate::changes::of_members_since;
use crate::ledger::{Booked, Owner, Transfer, merge, take_back, transfer, unmerge};
use domain::document::Collection;
use domain::ledger::{Balance, Month, Reason, Wallet};
use domain::notices::{About, Notice};
use domain::status::Status;

async fn balance(test: &crate::testing::TestDb, member: &str, wallet: Wallet) -> Balance {
    let caller = caller(test, member).await;
    let balances: Vec<(String, Balance)> = documents(test, &caller, Collection::Balance).await;
    balances
        .into_iter()
        .find(|(id, _)| id == wallet.code())
        .unwrap()
        .1
}

both! {
    async fn members_are_told_of_falls_before_and_when_they_come_and_of_a_rise_once(test) {
        populate(test).await;
        let told = async || -> Vec<String> {
            let ann = caller(test, "m-ann").await;
            let mut notices: Vec<(String, Notice)> = documents(test, &ann, Collection::Notice).await;
            notices.sort_by_key(|(_, notice)| (notice.at, notice.id));
            notices.into_iter().map(|(_, notice)| match notice.about {
                About::TierReached { tier } => format!("reached {}", tier.en),
                About::TierLost { tier } => format!("lost, now {}", tier.en),
                About::TierAtRisk { tier, on, missing } => format!("{} at risk on {on}, {missing} missing", tier.en),
                other => format!("{other:?}"),
            }).collect()
        };
        let daily = async || {
            let mut tx = test.db.write().await.unwrap();
            crate::daily::work(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
        };
        let amount = async |euros: i64| {
            test.clock.advance(1);
            let report = order(test, &format!("o-1,c-mill,2026-02-10,1,{euros}.00,\n")).await;
            assert!(report.kept, "{:?}", report.bad);
        };
        // Corrections of one day: up, down, up, down, up.
        for euros in [600, 10, 600, 10, 600] {
            amount(euros).await;
        }
        daily().await;
        assert_eq!(told().await, ["reached Brick"]);
        // A correction that takes it away for good is told with the day.
        amount(10).await;
        daily().await;
        daily().await;
        assert_eq!(told().await, ["reached Brick", "lost, now Clay"]);
        amount(600).await;
        daily().await;
        let mut expected = vec!["reached Brick".to_owned(), "lost, now Clay".into(), "reached Brick".into()];
        assert_eq!(told().await, expected);
        // The order leaves the last twelve months on 2027-02-10: 30 and 7 days before that, and then.
        let until = |date: &str| i64::from(day(date).0 - day("2026-11-21").0) * 86_400_000;
        let mut now = 0;
        for (date, news) in [
            ("2027-01-10", None),
            ("2027-01-11", Some("Brick at risk on 2027-02-10, 500 missing")),
            ("2027-02-02", None),
            ("2027-02-03", Some("Brick at risk on 2027-02-10, 500 missing")),
            ("2027-02-09", None),
            ("2027-02-10", Some("lost, now Clay")),
            ("2027-02-11", None),
        ] {
            test.clock.advance(until(date) - now);
            now = until(date);
            daily().await;
            daily().await;
            expected.extend(news.map(str::to_owned));
            assert_eq!(told().await, expected, "{date}");
        }
    }

    async fn orders_go_where_the_companys_policy_says(test) {
        populate(test).await;
        let report = order(test, "o-1,c-mill,2026-11-01,1,29.99,m-bob\no-2,c-site,2026-11-02,1,10.00,m-cat\n\
            o-3,c-site,2026-11-02,1,5.00,\n").await;
        assert_eq!((report.new, report.bad.len()), (3, 0));
        assert_eq!(balance(test, "m-ann", Wallet::Company).await.available, 29);
        assert_eq!(balance(test, "m-bob", Wallet::Own).await.available, 0);
        assert_eq!(balance(test, "m-cat", Wallet::Own).await.available, 10);
        assert_eq!(balance(test, "m-cat", Wallet::Company).await.available, 5);
        let bob = caller(test, "m-bob").await;
        let seen: Vec<(String, Balance)> = documents(test, &bob, Collection::Balance).await;
        assert_eq!(seen.len(), 1, "only managers see the company's wallet");
        assert_eq!(proof(test).await.issued, 44);
    }

    async fn any_order_of_arrival_gives_the_same(test) {
        let rows = [
            "o-1,c-mill,2025-09-01,1,100.00,",
            "o-2,c-mill,2025-12-01,1,80.00,",
            "r-1,c-mill,2026-02-01,-1,-120.00,",
            "o-3,c-mill,2026-02-01,1,60.00,",
            "o-4,c-mill,2026-11-20,1,7.70,",
        ];
        let orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1], [1, 3, 0, 4, 2]];
        let mut results = Vec::new();
        for (turn, arrival) in orders.into_iter().enumerate() {
            let fresh = if turn == 0 { None } else { Some(match test.db.kind() {
                crate::db::Kind::Sqlite => crate::testing::TestDb::sqlite().await,
                crate::db::Kind::Postgres => crate::testing::TestDb::postgres().await.unwrap(),
            }) };
            let test = fresh.as_ref().unwrap_or(test);
            populate(test).await;
            for place in arrival {
                let report = order(test, &format!("{}\n", rows[place])).await;
                assert!(report.kept, "{:?}", report.bad);
            }
            let balance = balance(test, "m-ann", Wallet::Company).await;
            let lots: Vec<_> = balance.lots.iter().map(|lot| (lot.earned_on, lot.expires_on, lot.left)).collect();
            let ann = caller(test, "m-ann").await;
            let status: Vec<(String, Status)> = documents(test, &ann, Collection::Status).await;
            let proof = proof(test).await;
            results.push((balance.available, lots, status[0].1.clone(), proof.issued, proof.expired, proof.taken_back));
        }
        assert_eq!(results[0].0, 127);
        assert_eq!(results[0].1, [(day("2025-12-01"), Some(day("2026-12-01")), 60),
            (day("2026-02-01"), Some(day("2027-02-01")), 60), (day("2026-11-20"), Some(day("2027-11-20")), 7)]);
        for result in &results[1..] {
            assert_eq!(*result, results[0]);
        }
    }

    async fn a_corrected_order_counts_once(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2026-11-01,1,100.00,\n").await;
        let again = order(test, "o-1,c-mill,2026-11-01,1,100.00,\n").await;
        assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 1));
        let corrected = order(test, "o-1,c-mill,2026-11-03,1,40.00,\n").await;
        assert_eq!((corrected.new, corrected.changed, corrected.unchanged), (0, 1, 0));
        assert_eq!(balance(test, "m-ann", Wallet::Company).await.available, 40);
        let ann = caller(test, "m-ann").await;
        let status: Vec<(String, Status)> = documents(test, &ann, Collection::Status).await;
        assert_eq!(status[0].1.points, 40);
        order(test, "o-1,c-site,2026-11-03,1,40.00,m-cat\n").await;
        assert_eq!(balance(test, "m-ann", Wallet::Company).await.available, 0);
        assert_eq!(balance(test, "m-cat", Wallet::Own).await.available, 40);
        assert_eq!(proof(test).await.available, 40);
        let months: Vec<(String, Month)> = documents(test, &ann, Collection::Month).await;
        assert_eq!(months[0].1.lines.len(), 4, "{months:#?}");
    }

    async fn points_expire_on_their_day_and_status_moves_with_it(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2025-11-23,1,600.00,\no-2,c-mill,2026-06-01,1,50.00,\n").await;
        let ann = caller(test, "m-ann").await;
        assert_eq!(ann.tier, "brick");
        let status: Vec<(String, Status)> = documents(test, &ann, Collection::Status).await;
        assert_eq!((status[0].1.points, status[0].1.review_on), (650, day("2026-11-23")));
        test.clock.advance(2 * domain::Timestamp::DAY);
        let mut tx = test.db.write().await.unwrap();
        let settings = crate::programme::current(&mut tx).await.unwrap();
        let today = settings.day(tx.now()).unwrap();
        assert_eq!(crate::ledger::expire(&mut tx, today).await.unwrap(), 1);
        crate::status::refresh_all(&mut tx, &settings).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(balance(test, "m-ann", Wallet::Company).await.available, 50);
        assert_eq!(proof(test).await.expired, 600);
        assert_eq!(caller(test, "m-ann").await.tier, "clay");
    }

    async fn a_return_of_spent_points_is_made_up_later(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2026-11-01,1,100.00,\n").await;
        let mut tx = test.db.write().await.unwrap();
        let ann = caller(test, "m-ann").await;
        let today = day("2026-11-21");
        let id = domain::id::CommandId(uuid::Uuid::from_u128(9));
        let owner = crate::ledger::Owner::Company(ann.company);
        let hold = crate::ledger::hold(&mut tx, owner, 80, today, id, &domain::Text::default()).await.unwrap();
        crate::ledger::post(&mut tx, hold, today).await.unwrap();
        tx.commit().await.unwrap();
        order(test, "r-1,c-mill,2026-11-05,-1,-100.00,\n").await;
        assert_eq!(balance(test, "m-ann", Wallet::Company).await.available, -80);
        proof(test).await;
        order(test, "o-2,c-mill,2026-11-06,1,200.00,\n").await;
        let balance = balance(test, "m-ann", Wallet::Company).await;
        assert_eq!((balance.available, balance.lots.len(), balance.lots[0].left), (120, 1, 120));
        proof(test).await;
        let mut tx = test.db.write().await.unwrap();
        let twice = crate::ledger::void(&mut tx, hold, today).await;
        assert!(twice.is_err(), "a posted hold cannot be voided");
    }

    async fn points_given_stay_as_old_as_they_are(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2026-01-10,1,100.00,\no-2,c-mill,2026-10-01,1,50.00,\n").await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        let gift = Transfer {
            from: Owner::Company(ann.company),
            to: Owner::Member(bob.member),
            points: 120,
            reference: "gift-1".into(),
            reason: domain::Text { fr: "Prime".into(), en: "Bonus".into() },
        };
        let today = day("2026-11-21");
        for booked in [Booked::Now, Booked::Before] {
            let mut tx = test.db.write().await.unwrap();
            assert_eq!(transfer(&mut tx, today, &gift).await.unwrap(), booked);
            tx.commit().await.unwrap();
        }
        let own = balance(test, "m-bob", Wallet::Own).await;
        let lots: Vec<_> = own.lots.iter().map(|lot| (lot.earned_on, lot.expires_on, lot.left)).collect();
        assert_eq!(lots, [(day("2026-01-10"), Some(day("2027-01-10")), 100),
            (day("2026-10-01"), Some(day("2027-10-01")), 20)]);
        assert_eq!(balance(test, "m-ann", Wallet::Company).await.available, 30);
        let status: Vec<(String, Status)> = documents(test, &ann, Collection::Status).await;
        assert_eq!(status[0].1.points, 150, "what is given away was still earned");
        let months: Vec<(String, Month)> = documents(test, &bob, Collection::Month).await;
        let lines: Vec<_> = months[0].1.lines.iter().map(|line| (line.points, line.reason.clone())).collect();
        let reason = Reason::Transfer { title: gift.reason.clone() };
        assert_eq!(lines, [(20, reason.clone()), (100, reason)]);
        proof(test).await;

        // Refused: another transfer with the same reference, more points than available, a transfer to oneself.
        let mut tx = test.db.write().await.unwrap();
        let other = Transfer { points: 5, ..gift.clone() };
        assert!(matches!(transfer(&mut tx, today, &other).await, Err(crate::Error::Input(_))));
        let much = Transfer { points: 31, reference: "gift-2".into(), ..gift.clone() };
        assert!(matches!(transfer(&mut tx, today, &much).await,
            Err(crate::Error::Rejected(domain::Error::NotEnoughPoints { missing: 1 }))));
        let own = Transfer { to: gift.from, reference: "gift-3".into(), ..gift.clone() };
        assert!(matches!(transfer(&mut tx, today, &own).await, Err(crate::Error::Input(_))));
        take_back(&mut tx, today, "gift-1").await.unwrap();
        assert!(matches!(take_back(&mut tx, today, "gift-1").await, Err(crate::Error::Input(_))));
        tx.commit().await.unwrap();
        assert_eq!(balance(test, "m-bob", Wallet::Own).await.available, 0);
        assert_eq!(balance(test, "m-ann", Wallet::Company).await.available, 150);
        proof(test).await;
    }

    async fn a_merged_wallet_hands_on_what_comes_into_it(test) {
        populate(test).await;
        let (ann, bob, cat) =
            (caller(test, "m-ann").await, caller(test, "m-bob").await, caller(test, "m-cat").await);
        let (from, into) = (Owner::Member(cat.member), Owner::Member(bob.member));
        order(test, "o-1,c-site,2026-02-01,1,60.00,m-cat\no-2,c-site,2026-03-01,1,40.00,m-cat\n").await;
        let today = day("2026-11-21");
        let mut tx = test.db.write().await.unwrap();
        let id = domain::id::CommandId(uuid::Uuid::from_u128(9));
        let hold = crate::ledger::hold(&mut tx, from, 70, today, id, &domain::Text::default()).await.unwrap();
        assert!(merge(&mut tx, today, from, Owner::Company(ann.company)).await.is_err());
        assert_eq!(merge(&mut tx, today, from, into).await.unwrap(), Booked::Now);
        assert_eq!(merge(&mut tx, today, from, into).await.unwrap(), Booked::Before);
        assert!(merge(&mut tx, today, into, from).await.is_err(), "no circle");
        tx.commit().await.unwrap();
        let own = balance(test, "m-bob", Wallet::Own).await;
        assert_eq!((own.available, own.lots[0].earned_on), (30, day("2026-03-01")));
        proof(test).await;

        // The hold is voided, an order arrives late, another is corrected.
        let mut tx = test.db.write().await.unwrap();
        crate::ledger::void(&mut tx, hold, today).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(balance(test, "m-bob", Wallet::Own).await.available, 100);
        order(test, "o-3,c-site,2026-01-15,1,7.00,m-cat\no-1,c-site,2026-02-01,1,50.00,m-cat\n").await;
        let own = balance(test, "m-bob", Wallet::Own).await;
        // The points passed on in the merge are fixed: the late order covers part of them, the younger points follow.
        let lots: Vec<_> = own.lots.iter().map(|lot| (lot.earned_on, lot.left)).collect();
        assert_eq!(lots, [(day("2026-02-01"), 44), (day("2026-03-01"), 30), (day("2026-03-01"), 10), (day("2026-03-01"), 13)]);
        let empty = balance(test, "m-cat", Wallet::Own).await;
        assert_eq!((empty.available, empty.reserved, empty.lots.len()), (0, 0, 0));
        let months: Vec<(String, Month)> = documents(test, &bob, Collection::Month).await;
        assert!(months[0].1.lines.iter().all(|line| line.reason == Reason::Merged));
        assert_eq!(months[0].1.lines.iter().map(|line| line.points).sum::<i64>(), 97);
        proof(test).await;

        let mut tx = test.db.write().await.unwrap();
        unmerge(&mut tx, today, from).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(balance(test, "m-cat", Wallet::Own).await.available, 97);
        assert_eq!(balance(test, "m-bob", Wallet::Own).await.available, 0);
        proof(test).await;
    }

    async fn phones_hear_of_a_transfer(test) {
        populate(test).await;
        order(test, "o-1,c-site,2026-11-02,1,10.00,m-cat\n").await;
        let (bob, cat) = (caller(test, "m-bob").await, caller(test, "m-cat").await);
        let gift = Transfer {
            from: Owner::Member(cat.member),
            to: Owner::Member(bob.member),
            points: 4,
            reference: "gift-1".into(),
            reason: domain::Text::default(),
        };
        let mut tx = test.db.write().await.unwrap();
        transfer(&mut tx, day("2026-11-21"), &gift).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = test.db.read().await.unwrap();
        for member in [bob.member, cat.member] {
            let (newest, _) = of_members_since(&mut tx, &[(member, 0)]).await.unwrap().remove(0);
            let (_, mut changed) =
                of_members_since(&mut tx, &[(member, newest.own - 1)]).await.unwrap().remove(0);
            changed.sort();
            let changed: Vec<_> = changed.iter().map(|(collection, id)| format!("{collection} {id}")).collect();
            assert_eq!(changed, ["balance own", "month own:2026-11"]);
        }
    }
}
