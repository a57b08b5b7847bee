//! The sync call between phone and server, as bytes.

use crate::harness::{Harness, KARIM, MARIE, Phone, docs};
use axum::http::StatusCode;
use backend::testing::TestDb;
use backend::{both, ledger, rewards};
use domain::id::CommandId;
use domain::ledger::Wallet;
use domain::rewards::Reward;
use domain::sync::{Cursor, MOST_BYTES, MOST_COMMANDS};
use domain::{Command, Error, Outcome, Receipt, Verdict, notices, rewards as asked};
use serde_json::Value;

const LAST_ONE: &str = r#"
[[reward]]
ref = "last-one"
title = { fr = "Le dernier", en = "The last one" }
summary = { fr = "Un seul", en = "Only one" }
body = { fr = "Un seul.", en = "Only one." }
shelf = "work"
points = 100
stock = 1
delivery = "post"
tiers = []
"#;

async fn proven(test: &TestDb) -> ledger::Proof {
    let mut tx = test.db.read().await.unwrap();
    let settings = backend::programme::current(&mut tx).await.unwrap();
    let today = settings.day(tx.now()).unwrap();
    let proof = ledger::prove(&mut tx, today).await.unwrap();
    assert!(proof.ok, "{:?}", proof.amiss);
    proof
}

/// Imports and returns the reward with a stock of one.
async fn last_one(test: &TestDb, phone: &mut Phone<'_>) -> Reward {
    let mut tx = test.db.write().await.unwrap();
    rewards::import_file(&mut tx, LAST_ONE).await.unwrap();
    tx.commit().await.unwrap();
    let reply = phone.sync(&Cursor::default(), &[]).await;
    let all: Vec<Reward> = docs(&reply, "reward");
    all.into_iter()
        .find(|reward| reward.title.en == "The last one")
        .unwrap()
}

fn redeem(reward: &Reward, wallet: Wallet) -> Command {
    Command::Rewards(asked::Command::Redeem {
        reward: reward.id,
        points: reward.points,
        wallet,
    })
}

both! {
    async fn the_same_bytes_get_the_same_answer(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let reward = last_one(test, &mut phone).await;
        let (_, command) = phone.command(redeem(&reward, Wallet::Company)).await;
        let body = phone.round(&Cursor::default(), &[&command]).await;
        let outcomes = |answer: &crate::harness::Answer| answer.json()["outcomes"].clone();
        let first = phone.post_json("/api/sync", body.clone()).await;
        assert_eq!(first.json()["outcomes"][0]["verdict"]["confirmed"]["reserved"]["points"], 100);
        test.clock.advance(60_000);
        for _ in 0..3 {
            let again = phone.post_json("/api/sync", body.clone()).await;
            assert_eq!(outcomes(&again), outcomes(&first));
        }
        assert_eq!(proven(test).await.held, 100);
        // The same id with other bytes is refused.
        let other = command.replace("\"seq\":1", "\"seq\":2");
        assert_ne!(other, command);
        let reply = phone.sync(&Cursor::default(), &[&other]).await;
        assert_eq!(reply.outcomes[0].verdict, Verdict::Refused(Error::IdReuse));
        assert_eq!(proven(test).await.held, 100);
    }

    async fn one_gets_the_last_item(test) {
        let harness = Harness::open(test).await;
        let mut phones = Vec::new();
        // Managers of companies with enough points.
        for number in [MARIE, KARIM, "+33 6 39 98 00 19", "+33 6 39 98 00 36", "+33 6 39 98 00 39"] {
            phones.push(harness.signed_in(number).await);
        }
        let reward = last_one(test, &mut phones[0]).await;
        let before = proven(test).await;
        let mut bodies = Vec::new();
        for number in 0..100 {
            let phone = &mut phones[number % 5];
            let (_, command) = phone.command(redeem(&reward, Wallet::Company)).await;
            let body = phone.round(&Cursor::default(), &[&command]).await;
            // Only the outcome is requested.
            bodies.push(body.replacen("\"proto\":1", "\"proto\":1,\"push_only\":true", 1));
        }
        let requests = bodies.into_iter().enumerate().map(|(number, body)| {
            let phone = &phones[number % 5];
            phone.quietly(phone.json_request("/api/sync", body))
        });
        let answers = all(requests).await;
        let mut reserved = 0;
        for answer in answers {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            let outcome: Outcome = serde_json::from_value(answer.json()["outcomes"][0].clone()).unwrap();
            match outcome.verdict {
                Verdict::Confirmed(Receipt::Reserved { points: 100 }) => reserved += 1,
                Verdict::Refused(Error::SoldOut) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(reserved, 1);
        let after = proven(test).await;
        assert_eq!((after.held, after.available), (100, before.available - 100));
    }

    async fn a_round_with_nothing_new_is_small(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let first = phone.sync(&Cursor::default(), &[]).await;
        assert!(first.all_content && first.all_own && first.docs.len() > 30);
        let body = phone.round(&first.cursor.unwrap(), &[]).await;
        let idle = phone.post_json("/api/sync", body).await;
        assert!(idle.json().get("docs").is_none(), "{}", idle.text());
        assert!(idle.size() <= 1024, "{} bytes with its headers", idle.size());
    }

    async fn what_cannot_be_a_round_is_refused(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let good = phone.round(&Cursor::default(), &[]).await;
        let code = |answer: crate::harness::Answer| (answer.status.as_u16(), answer.json()["code"].as_str().unwrap().to_owned());
        let refused = |status: u16, code: &str| (status, code.to_owned());
        assert_eq!(code(harness.phone().post_json("/api/sync", good.clone()).await), refused(401, "signed_out"));
        let mut karim = harness.signed_in(KARIM).await;
        assert_eq!(code(karim.post_json("/api/sync", good.clone()).await), refused(403, "wrong_member"));
        let newer = good.replace("\"proto\":1", "\"proto\":2").replace("commands", "something_else");
        assert_eq!(code(phone.post_json("/api/sync", newer).await), refused(426, "unknown_proto"));
        assert_eq!(code(phone.post_json("/api/sync", "{\"proto\":1").await), refused(400, "unreadable"));
        assert_eq!(code(phone.post_json("/api/sync", "{\"proto\":1}").await), refused(400, "unreadable"));
        assert_eq!(code(phone.post("/api/sync", "a=b").await), refused(415, "not_json"));
        let large = good.replace("\"commands\":[", &format!("\"commands\":[{}", " ".repeat(MOST_BYTES)));
        assert_eq!(code(phone.post_json("/api/sync", large).await), refused(413, "too_large"));
        let many = vec!["{}"; MOST_COMMANDS + 1];
        let many = phone.round(&Cursor::default(), &many).await;
        assert_eq!(code(phone.post_json("/api/sync", many).await), refused(413, "too_many_commands"));
        // Another member's act among one's own is refused alone.
        let read = Command::Notices(notices::Command::MarkRead { notice: domain::id::NoticeId(uuid::Uuid::nil()) });
        let (_, foreign) = karim.command(read.clone()).await;
        let (_, own) = phone.command(read).await;
        let reply = phone.sync(&Cursor::default(), &[&foreign, &own]).await;
        assert_eq!(reply.outcomes[0].verdict, Verdict::Refused(Error::WrongMember));
        assert_ne!(reply.outcomes[1].verdict, Verdict::Refused(Error::WrongMember));
    }

    async fn an_act_that_cannot_be_read_does_not_hold_up_the_next(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let reward = last_one(test, &mut phone).await;
        let (_, good) = phone.command(redeem(&reward, Wallet::Company)).await;
        let id = CommandId("01a1fff8-ac6a-752c-9f98-c8b2e44eae05".parse().unwrap());
        let odd = format!(r#"{{"id":"{id}","command":{{"teleport":{{}}}}}}"#);
        let reply = phone.sync(&Cursor::default(), &[&odd, &good]).await;
        assert_eq!((reply.outcomes[0].id, &reply.outcomes[0].verdict), (id, &Verdict::Failed));
        assert_eq!(reply.outcomes[1].verdict, Verdict::Confirmed(Receipt::Reserved { points: 100 }));
    }

    async fn a_phone_of_version_0_1_is_understood(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let (member, device) = phone.who().await;
        let reward = last_one(test, &mut phone).await;
        // The bytes such a phone sends: the device is its session, and nothing declares what it can read.
        let id = CommandId("0198c5b2-7f00-7000-8000-000000000077".parse().unwrap());
        let body = format!(
            r#"{{"proto":1,"member":"{member}","device":"{device}","push_only":false,"have":{{"epoch":"","content":0,"own":0,"audience":""}},"commands":[{{"id":"{id}","member":"{member}","device":"{device}","seq":1,"made_at":1795251600000,"command":{{"rewards":{{"redeem":{{"reward":"{}","points":100,"wallet":"company"}}}}}}}}]}}"#,
            reward.id
        );
        let answer = phone.post_json("/api/sync", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.json()["outcomes"][0]["verdict"]["confirmed"]["reserved"]["points"], 100);
        // An outdated audience differs from the current one: all documents are sent again, in their current form.
        let have = r#"{"epoch":"e","content":1,"own":1,"audience":"x"}"#;
        let body = format!(r#"{{"proto":1,"member":"{member}","device":"{device}","have":{have},"commands":[]}}"#);
        let answer = phone.post_json("/api/sync", body).await.json();
        assert_eq!((&answer["all_content"], &answer["all_own"]), (&Value::Bool(true), &Value::Bool(true)));
    }

    async fn a_phone_of_a_newer_version_keeps_what_this_server_cannot_decide(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let reward = last_one(test, &mut phone).await;
        let (_, good) = phone.command(redeem(&reward, Wallet::Company)).await;
        let newer = [
            good.replace("\"company\"", "\"team\"").replace("\"seq\":1", "\"seq\":2"),
            good.replace("\"redeem\"", "\"reserve_for_friend\""),
            good.replace("\"rewards\"", "\"draws\""),
        ];
        let ids = ["0198c5b2-7f00-7000-8000-000000000081", "0198c5b2-7f00-7000-8000-000000000082", "0198c5b2-7f00-7000-8000-000000000083"];
        let (_, text) = good.split_once("\"id\":\"").unwrap();
        let (own, _) = text.split_once('"').unwrap();
        let mut acts: Vec<String> = newer.iter().zip(ids).map(|(act, id)| act.replace(own, id)).collect();
        acts.push(good.replace("{\"id\"", "{\"priority\":0.5,\"id\""));
        let acts: Vec<&str> = acts.iter().map(String::as_str).collect();
        let reply = phone.sync(&Cursor::default(), &acts).await;
        for outcome in &reply.outcomes[..3] {
            assert_eq!(outcome.verdict, Verdict::Failed, "the phone keeps it");
        }
        assert_eq!(reply.outcomes[3].verdict, Verdict::Confirmed(Receipt::Reserved { points: 100 }));
        assert_eq!(proven(test).await.held, 100);
    }

    async fn a_member_cannot_send_acts_without_end(test) {
        let harness = Harness::with(test, &["--acts-at-once", "3"]).await;
        let mut phone = harness.signed_in(MARIE).await;
        let reward = last_one(test, &mut phone).await;
        let mut acts = Vec::new();
        for _ in 0..3 {
            acts.push(phone.command(redeem(&reward, Wallet::Company)).await.1);
        }
        let round = phone.round(&Cursor::default(), &[&acts[0], &acts[1]]).await;
        assert_eq!(phone.post_json("/api/sync", round.clone()).await.status, StatusCode::OK);
        let again = phone.post_json("/api/sync", round).await;
        assert_eq!((again.status, again.json()["code"].as_str()), (StatusCode::TOO_MANY_REQUESTS, Some("too_many_acts")));
        assert_eq!(again.headers["retry-after"], "10");
        // Nothing is decided of them, others and rounds without acts go on, and later there is room.
        let idle = phone.round(&Cursor::default(), &[]).await;
        assert_eq!(phone.post_json("/api/sync", idle).await.status, StatusCode::OK);
        let mut other = harness.signed_in(KARIM).await;
        let (_, act) = other.command(redeem(&reward, Wallet::Own)).await;
        other.sync(&Cursor::default(), &[&act]).await;
        test.clock.advance(10_000);
        let later = phone.round(&Cursor::default(), &[&acts[1], &acts[2]]).await;
        assert_eq!(phone.post_json("/api/sync", later).await.status, StatusCode::OK);
    }

    async fn a_lost_connection_loses_no_act(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let reward = last_one(test, &mut phone).await;
        let (_, command) = phone.command(redeem(&reward, Wallet::Company)).await;
        let body = phone.round(&Cursor::default(), &[&command]).await;
        // The connection is lost while the server is in the transaction.
        test.injector.plan_pause(4);
        let request = Box::pin(phone.quietly(phone.json_request("/api/sync", body.clone())));
        tokio::select! {
            _ = request => panic!("the round ended before its fourth step"),
            () = test.injector.paused() => {}
        }
        assert_eq!(proven(test).await.held, 0);
        test.injector.resume();
        harness.app.tasks.close();
        harness.app.tasks.wait().await;
        assert_eq!(proven(test).await.held, 100);
        let again = phone.post_json("/api/sync", body).await;
        assert_eq!(again.json()["outcomes"][0]["verdict"]["confirmed"]["reserved"]["points"], Value::from(100));
        assert_eq!(proven(test).await.held, 100);
    }
}

/// Polls all futures concurrently.
async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    std::future::poll_fn(|context| {
        let mut left = 0;
        for (future, output) in &mut waiting {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => left += 1,
                }
            }
        }
        if left == 0 {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, output)| output).collect()
}
