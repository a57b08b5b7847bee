use super::{OPTIONS, PROGRAMME, apply, caller, day, documents, envelope, order, populate, proof, send};
use crate::import::{Options, Report, companies, members, orders};
use crate::members::{EndedBy, find_member};
use crate::sessions::{self, Address, Checked, Limits, Origin, Started, Way};
use crate::testing::TestDb;
use crate::{both, daily, events, ledger, members as people, membership, rewards, status};
use domain::document::Collection;
use domain::events::{self as event_rules, Event, Registration, RegistrationState};
use domain::id::MemberId;
use domain::input::InputCode;
use domain::ledger::Wallet;
use domain::members::Me;
use domain::rewards::{self as reward_rules, Reward};
use domain::{Command, Lang, Receipt, Timestamp, Verdict, members as member_rules};
use uuid::Uuid;

const COLUMNS: &str = "member_ref,company_ref,name,phone,email,trade,function,manager,language";
const ANN: &str = "m-ann,c-mill,Ann Mill,06 39 98 00 10,ann@example.com,baker,decider,true,fr";
const BOB: &str = "m-bob,c-mill,Bob Crumb,,bob@example.com,baker,user,false,en";
const CAT: &str = "m-cat,c-site,Cat Brick,+33639980012,,foreman,user,true,fr";
const SHOP: &str = r#"
[[reward]]
ref = "apron"
title = { fr = "Tablier", en = "Apron" }
summary = { fr = "Pour le fournil", en = "For the bakehouse" }
body = { fr = "Utile.", en = "Useful." }
shelf = "work"
points = 30
stock = 2
delivery = "advisor"
"#;
const CALENDAR: &str = r#"
[[event]]
ref = "oven"
title = { fr = "Four", en = "Oven" }
summary = { fr = "Pain", en = "Bread" }
body = { fr = "Venez.", en = "Come." }
starts = "+2 18:30"
minutes = 90
place = { name = "Mill", address = "Lyon" }
seats = 1
"#;

async fn file(test: &TestDb, columns: &str, rows: &[&str], options: Options) -> Report {
    let file = format!("{columns}\n{}\n", rows.join("\n"));
    members(&test.db, file.as_bytes(), options, |_| {}).await.unwrap()
}

async fn imported(test: &TestDb, rows: &[&str]) -> Report {
    let report = file(test, COLUMNS, rows, OPTIONS).await;
    assert!(report.kept, "{:?}", report.bad);
    report
}

fn origin(ip: &str) -> Origin<'_> {
    Origin {
        ip,
        device: "Firefox",
        replaces: None,
    }
}

/// Signs a member in; returns the session's token.
async fn session(test: &TestDb, member: MemberId) -> String {
    let mut tx = test.db.write().await.unwrap();
    let (code, _) = sessions::issue_code(&mut tx, member, Way::Desk).await.unwrap();
    let checked = sessions::redeem_invitation(&mut tx, &code, origin("192.0.2.1"), Limits::STRICT)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    match checked {
        Checked::Open(opened) => opened.token,
        other => panic!("{other:?}"),
    }
}

async fn is_live(test: &TestDb, token: &str) -> bool {
    sessions::caller(&test.db, token).await.unwrap().is_some()
}

/// Asks for a code as somebody types the address; the code is `None` if there is no such member.
async fn ask(test: &TestDb, typed: &str) -> (Uuid, Option<String>) {
    let address = Address::read(typed, "+33").unwrap();
    let mut tx = test.db.write().await.unwrap();
    let started = sessions::start(&mut tx, &address, "192.0.2.2", None, Limits::DEMO)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    match started {
        Started::Asked { request, message, .. } => (request, message.map(|message| message.code)),
        Started::TooMany => panic!("too many"),
    }
}

async fn opens(test: &TestDb, request: Uuid, code: &str) -> bool {
    let mut tx = test.db.write().await.unwrap();
    let checked = sessions::check(&mut tx, Some(request), code, origin("192.0.2.3"), Limits::STRICT)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    matches!(checked, Checked::Open(_))
}

async fn has_left(test: &TestDb, reference: &str) -> bool {
    let mut tx = test.db.read().await.unwrap();
    find_member(&mut tx, reference)
        .await
        .unwrap()
        .unwrap()
        .ended
        .is_some()
}

async fn end(test: &TestDb, member: MemberId) {
    let mut tx = test.db.write().await.unwrap();
    membership::end(&mut tx, member, day("2026-11-21"), EndedBy::Hand)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn balance(test: &TestDb, owner: ledger::Owner, wallet: Wallet) -> (i64, i64) {
    let mut tx = test.db.read().await.unwrap();
    let balance = ledger::balance(&mut tx, owner, wallet).await.unwrap();
    (balance.available, balance.reserved)
}

async fn company(test: &TestDb, reference: &str) -> (String, String) {
    let mut tx = test.db.read().await.unwrap();
    let stored = people::list_company_keys(&mut tx, &[reference])
        .await
        .unwrap()
        .remove(0);
    let tier: String = crate::db::on!(tx, c => sqlx::query_scalar("SELECT tier FROM company WHERE ref = $1")
        .bind(reference).fetch_one(c).await.unwrap());
    (stored.joined_on.to_string(), tier)
}

both! {
    async fn who_leaves_has_no_way_in_and_gives_up_what_is_undecided(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2026-11-01,1,100.00,\n").await;
        let mut tx = test.db.write().await.unwrap();
        rewards::import_file(&mut tx, SHOP).await.unwrap();
        events::import_file(&mut tx, CALENDAR).await.unwrap();
        tx.commit().await.unwrap();
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        let apron: Vec<(String, Reward)> = documents(test, &ann, Collection::Reward).await;
        let oven: Vec<(String, Event)> = documents(test, &ann, Collection::Event).await;
        let redeem = reward_rules::Command::Redeem { reward: apron[0].1.id, points: 30, wallet: Wallet::Company };
        let join = event_rules::Command::Join { event: oven[0].1.id };
        assert_eq!(send(test, &ann, 1, Command::Rewards(redeem)).await, Verdict::Confirmed(Receipt::Reserved { points: 30 }));
        assert_eq!(send(test, &ann, 2, Command::Events(join.clone())).await, Verdict::Confirmed(Receipt::Joined));
        assert_eq!(send(test, &bob, 3, Command::Events(join)).await, Verdict::Confirmed(Receipt::Waiting { position: 1 }));
        let token = session(test, ann.member).await;
        let (asked, sent) = ask(test, "ann@example.com").await;
        let mut tx = test.db.write().await.unwrap();
        let (card, _) = sessions::issue_code(&mut tx, ann.member, Way::Card).await.unwrap();
        tx.commit().await.unwrap();
        let owner = ledger::Owner::Company(ann.company);
        assert_eq!(balance(test, owner, Wallet::Company).await, (70, 30));

        end(test, ann.member).await;
        assert!(!is_live(test, &token).await);
        assert!(!opens(test, asked, &sent.unwrap()).await, "a code under way");
        let mut tx = test.db.write().await.unwrap();
        let checked = sessions::redeem_invitation(&mut tx, &card, origin("192.0.2.4"), Limits::STRICT).await.unwrap();
        assert!(matches!(checked, Checked::Stale), "a card");
        tx.commit().await.unwrap();
        assert_eq!(ask(test, "ann@example.com").await.1, None);
        assert_eq!(ask(test, "06 39 98 00 10").await.1, None);
        assert_eq!(balance(test, owner, Wallet::Company).await, (100, 0));
        let stock: Vec<(String, Registration)> = documents(test, &bob, Collection::Registration).await;
        assert!(matches!(stock[0].1.state, RegistrationState::Joined(_)), "the seat passes on");
        let left: Vec<(String, Registration)> = documents(test, &ann, Collection::Registration).await;
        assert!(left.is_empty());
        assert_eq!(proof(test).await.held, 0);

        // A file that still has the member changes nothing, and says so; the phone is free for somebody else.
        let report = imported(test, &[ANN, BOB]).await;
        assert_eq!((report.unchanged, report.stay_ended), (2, vec!["m-ann".to_owned()]));
        assert_eq!(ask(test, "ann@example.com").await.1, None);
        let heir = "m-dan,c-mill,Dan Rye,06 39 98 00 10,dan@example.com,baker,user,false,fr";
        assert_eq!(imported(test, &[heir]).await.new, 1);
        assert!(ask(test, "0639980010").await.1.is_some());
        proof(test).await;
    }

    async fn own_points_stay_in_the_ledger(test) {
        populate(test).await;
        order(test, "o-1,c-site,2026-11-01,1,50.00,m-cat\n").await;
        let cat = caller(test, "m-cat").await;
        end(test, cat.member).await;
        assert_eq!(balance(test, ledger::Owner::Member(cat.member), Wallet::Own).await, (50, 0));
        assert_eq!(proof(test).await.available, 50);
        let mut tx = test.db.write().await.unwrap();
        membership::bring_back(&mut tx, cat.member).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(imported(test, &[CAT]).await.changed, 1);
        assert!(ask(test, "+33639980012").await.1.is_some());
    }

    async fn signing_out_ends_sessions_and_codes_and_nothing_else(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let (first, second) = (session(test, ann.member).await, session(test, ann.member).await);
        let bob = session(test, caller(test, "m-bob").await.member).await;
        let (asked, sent) = ask(test, "ann@example.com").await;
        let mut tx = test.db.write().await.unwrap();
        assert_eq!(membership::sign_out(&mut tx, ann.member).await.unwrap(), 2);
        tx.commit().await.unwrap();
        assert!(!is_live(test, &first).await && !is_live(test, &second).await && is_live(test, &bob).await);
        assert!(!opens(test, asked, &sent.unwrap()).await);
        let (asked, sent) = ask(test, "ann@example.com").await;
        assert!(opens(test, asked, &sent.unwrap()).await);
    }

    async fn a_day_in_the_file_ends_the_membership_on_that_day(test) {
        populate(test).await;
        let columns = format!("{COLUMNS},left_on");
        let (ann, bob, cat) = (format!("{ANN},2026-11-20"), format!("{BOB},2026-11-23"), format!("{CAT},"));
        let rows = [ann.as_str(), bob.as_str(), cat.as_str()];
        let token = session(test, caller(test, "m-ann").await.member).await;
        let report = file(test, &columns, &rows, OPTIONS).await;
        assert!(report.kept, "{:?}", report.bad);
        assert!(!is_live(test, &token).await);
        assert!(has_left(test, "m-ann").await && !has_left(test, "m-bob").await && !has_left(test, "m-cat").await);
        let again = file(test, &columns, &rows, OPTIONS).await;
        assert_eq!((again.unchanged, again.stay_ended.len()), (3, 0));

        // A file without the column leaves the day alone.
        imported(test, &[BOB]).await;
        let token = session(test, caller(test, "m-bob").await.member).await;
        test.clock.advance(Timestamp::DAY);
        work(test).await;
        assert!(is_live(test, &token).await, "the day before");
        test.clock.advance(Timestamp::DAY);
        work(test).await;
        assert!(!is_live(test, &token).await && has_left(test, "m-bob").await);
        assert!(!has_left(test, "m-cat").await);

        // A day that was wrong is corrected by the file.
        let report = file(test, &columns, &[&format!("{ANN},"), &format!("{BOB},2027-01-31")], OPTIONS).await;
        assert_eq!(report.changed, 2);
        assert!(!has_left(test, "m-ann").await && !has_left(test, "m-bob").await);
        assert!(ask(test, "ann@example.com").await.1.is_some());

        let report = file(test, &columns, &[&format!("{ANN},2027-31-01")], OPTIONS).await;
        assert_eq!(report.bad[0].error.field(), Some("left_on"));
        proof(test).await;
    }

    async fn who_is_missing_in_a_complete_file_is_named_and_ended_only_if_wanted(test) {
        populate(test).await;
        let told = Options { complete: true, ..OPTIONS };
        let ended = Options { complete: true, end_missing: true, ..OPTIONS };
        let report = file(test, COLUMNS, &[ANN, CAT], told).await;
        assert_eq!((report.missing.clone(), report.ended), (vec!["m-bob".to_owned()], 0));
        assert!(!has_left(test, "m-bob").await);
        // A bad row may be the one that is missing.
        let bad = Options { skip_bad: true, ..ended };
        let report = file(test, COLUMNS, &[ANN, CAT, "m-bob,c-mill"], bad).await;
        assert_eq!((report.kept, report.missing.len(), report.ended), (true, 1, 0));
        let tried = Options { dry_run: true, ..ended };
        assert_eq!(file(test, COLUMNS, &[ANN, CAT], tried).await.ended, 1);
        assert_eq!(members(&test.db, format!("{COLUMNS}\n").as_bytes(), ended, |_| {}).await.unwrap().ended, 0);
        assert!(!has_left(test, "m-bob").await);
        assert_eq!(file(test, COLUMNS, &[ANN, CAT], ended).await.ended, 1);
        assert!(has_left(test, "m-bob").await && !has_left(test, "m-ann").await);
        // Who is in the file again is a member again.
        assert_eq!(imported(test, &[BOB]).await.changed, 1);
        assert!(!has_left(test, "m-bob").await);
    }

    async fn a_new_address_ends_codes_and_a_new_person_ends_sessions(test) {
        populate(test).await;
        let token = session(test, caller(test, "m-ann").await.member).await;
        let (asked, sent) = ask(test, "ann@example.com").await;
        imported(test, &[&ANN.replace("ann@example.com", "ann.mill@example.com")]).await;
        assert!(!opens(test, asked, &sent.unwrap()).await, "the old address");
        assert!(is_live(test, &token).await);
        let (asked, sent) = ask(test, "ann.mill@example.com").await;
        imported(test, &["m-ann,c-mill,Eve Flour,06 39 98 00 77,eve@example.com,baker,user,false,fr"]).await;
        assert!(!is_live(test, &token).await);
        assert!(!opens(test, asked, &sent.unwrap()).await);
        // With one address alone, that one counts.
        let token = session(test, caller(test, "m-bob").await.member).await;
        imported(test, &[&BOB.replace("Bob Crumb", "Bob Crumbs")]).await;
        assert!(is_live(test, &token).await, "a corrected name");
        imported(test, &["m-bob,c-mill,Gus Oat,,gus@example.com,baker,user,false,en"]).await;
        assert!(!is_live(test, &token).await);
    }

    async fn a_language_chosen_in_the_app_stays(test) {
        populate(test).await;
        let language = async |reference: &str| {
            let me: Vec<(String, Me)> = documents(test, &caller(test, reference).await, Collection::Me).await;
            me[0].1.language
        };
        imported(test, &[&BOB.replace(",en", ",fr")]).await;
        assert_eq!(language("m-bob").await, Lang::Fr, "nobody chose");
        let ann = caller(test, "m-ann").await;
        let choose = |language| Command::Members(member_rules::Command::SetLanguage { language });
        send(test, &ann, 1, choose(Lang::En)).await;
        assert_eq!(imported(test, &[ANN]).await.unchanged, 1);
        assert_eq!(language("m-ann").await, Lang::En);
        imported(test, &[&ANN.replace("Ann Mill", "Ann Miller")]).await;
        assert_eq!(language("m-ann").await, Lang::En, "beside another change");
        let bodies = [envelope(&ann, 2, choose(Lang::Fr), test.db.now())];
        apply(&test.sync, &ann, &bodies).await.unwrap();
        imported(test, &[&ANN.replace(",fr", ",en")]).await;
        assert_eq!(language("m-ann").await, Lang::Fr, "also what was there before");
    }

    async fn a_first_day_given_by_a_file_stays(test) {
        populate(test).await;
        let file = "company_ref,name,town,joined_on,order_points\nROUX,ROUX,,2025-01-01,company\n";
        companies(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        order(test, "o-1,ROUX,2024-03-01,1,10.00,\n").await;
        assert_eq!(company(test, "ROUX").await.0, "2025-01-01");
        // Known from orders alone: an earlier order moves it, until a file gives the same.
        let made = Options { create_companies: true, ..OPTIONS };
        let head = "order_ref,company_ref,ordered_on,quantity,amount\n";
        for (row, joined_on) in [("o-2,NOIR,2025-06-01,1,10.00", "2025-06-01"), ("o-3,NOIR,2025-02-01,1,10.00", "2025-02-01")] {
            let report = orders(&test.db, format!("{head}{row}\n").as_bytes(), made, |_| {}).await.unwrap();
            assert!(report.kept, "{:?}", report.bad);
            assert_eq!(company(test, "NOIR").await.0, joined_on);
        }
        let file = "company_ref,name,town,joined_on,order_points\nNOIR,NOIR,,2025-02-01,company\n";
        companies(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
        order(test, "o-4,NOIR,2025-01-05,1,10.00,\n").await;
        assert_eq!(company(test, "NOIR").await.0, "2025-02-01");
    }

    async fn a_corrected_first_day_is_worked_out_at_once(test) {
        let anniversary = PROGRAMME.replace("\"rolling\"", "\"anniversary\"");
        populate(test).await;
        let mut tx = test.db.write().await.unwrap();
        let settings = crate::programme::Settings::parse(&anniversary).unwrap();
        crate::programme::apply::apply(&mut tx, &settings, crate::programme::apply::Past::Keeps).await.unwrap();
        tx.commit().await.unwrap();
        order(test, "o-1,c-mill,2025-03-15,1,900.00,\n").await;
        let before = company(test, "c-mill").await.1;
        for joined_on in ["2020-06-01", "2020-02-01", "2020-11-25"] {
            let file = format!("company_ref,name,town,joined_on,order_points,advisor_ref\n\
                c-mill,Mill & Sons,Lyon,{joined_on},company,s-lea\n");
            companies(&test.db, file.as_bytes(), OPTIONS, |_| {}).await.unwrap();
            let mut tx = test.db.read().await.unwrap();
            let now = status::of_company(&mut tx, &settings, "c-mill", day("2026-11-21")).await.unwrap();
            drop(tx);
            assert_eq!(company(test, "c-mill").await.1, now.tier, "{joined_on}, before {before}");
        }
    }

    async fn a_file_and_the_sign_in_read_addresses_alike(test) {
        populate(test).await;
        let gwen = "m-gwen,c-mill,Gwen Isle,0690\u{a0}11\u{202f}22 33,\u{200b}mailto:Gwen@B\u{e4}ckerei.example,baker,user,false,fr";
        assert_eq!(imported(test, &[gwen]).await.new, 1);
        for typed in ["0690 11 22 33", "+590 690 11 22 33", "00590690112233", "\u{202a}0690-11-22-33",
            "gwen@bäckerei.example", "gwen@xn--bckerei-5wa.example", " GWEN@BÄCKEREI.example\u{feff}"] {
            assert!(ask(test, typed).await.1.is_some(), "{typed:?}");
        }
        let report = file(test, COLUMNS, &["m-huw,c-mill,Huw,0639982017.0,,baker,user,false,fr"], OPTIONS).await;
        assert_eq!(report.bad[0].error.code, InputCode::NotAPhoneNumber);
        assert_eq!(report.bad[0].error.value.as_deref(), Some("0639982017.0"), "as it was typed");
    }

    async fn stored_numbers_that_are_none_are_listed(test) {
        populate(test).await;
        let mut tx = test.db.write().await.unwrap();
        assert_eq!(people::unreadable_phones(&mut tx).await.unwrap(), []);
        const SET: &str = "UPDATE member SET phone = $1 WHERE ref = $2";
        for (phone, reference) in [("+33690112233", "m-ann"), ("+00000000", "m-bob")] {
            tx.execute(SET, crate::db::params![phone, reference]).await.unwrap();
        }
        let wrong = people::unreadable_phones(&mut tx).await.unwrap();
        let expected = [("m-ann", "+33690112233"), ("m-bob", "+00000000")];
        assert_eq!(wrong, expected.map(|(member, phone)| (member.to_owned(), phone.to_owned())));
    }
}

async fn work(test: &TestDb) {
    let mut tx = test.db.write().await.unwrap();
    daily::work(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}
