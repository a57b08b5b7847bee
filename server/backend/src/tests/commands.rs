use super::{apply, caller, documents, envelope, populate, request, send};
use crate::both;
use crate::caller::Caller;
use crate::db::on;
use domain::document::{Act, Collection};
use domain::id::{CommandId, DeviceId, MemberId, SessionId};
use domain::members::{Command, Me};
use domain::sync::Cursor;
use domain::{Envelope, Error, Lang, Receipt, Timestamp, Verdict};

fn speak(language: Lang) -> domain::Command {
    domain::Command::Members(Command::SetLanguage { language })
}

both! {
    async fn a_command_counts_once_however_often_it_comes(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let body = envelope(&ann, 1, speak(Lang::En), test.db.now());
        let first = apply(&test.sync, &ann, std::slice::from_ref(&body)).await.unwrap();
        test.clock.advance(60_000);
        let twice = apply(&test.sync, &ann, &[body.clone(), body.clone()]).await.unwrap();
        assert_eq!((first[0].json(), first[0].json()), (twice[0].json(), twice[1].json()), "the same bytes");
        let other = envelope(&ann, 1, speak(Lang::Fr), test.db.now());
        let reuse = apply(&test.sync, &ann, &[other]).await.unwrap();
        assert!(reuse[0].json().contains("id_reuse"));
        let me: Vec<(String, Me)> = documents(test, &ann, Collection::Me).await;
        assert_eq!(me[0].1.language, Lang::En);
        let acts: Vec<(String, Act)> = documents(test, &ann, Collection::Act).await;
        assert_eq!(acts.len(), 1);
        assert_eq!(acts[0].1.outcome.verdict, Verdict::Confirmed(Receipt::Noted));
    }

    async fn only_what_was_understood_of_an_act_is_kept(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let plain = envelope(&ann, 1, speak(Lang::En), test.db.now());
        let padded = |with: &str| {
            let json = plain.get().replacen('{', &format!("{{\"pad\":\"{}\",", with.repeat(10_000)), 1);
            serde_json::value::RawValue::from_string(json).unwrap()
        };
        let first = apply(&test.sync, &ann, &[padded("x")]).await.unwrap();
        assert!(matches!(first[0].outcome.verdict, Verdict::Confirmed(_)));
        assert_eq!(apply(&test.sync, &ann, &[padded("x")]).await.unwrap()[0].json(), first[0].json());
        for other in [padded("y"), plain.clone()] {
            let reuse = apply(&test.sync, &ann, &[other]).await.unwrap();
            assert_eq!(reuse[0].outcome.verdict, Verdict::Refused(Error::IdReuse));
        }
        let mut tx = test.db.read().await.unwrap();
        let kept: String = on!(tx, c => sqlx::query_scalar("SELECT body FROM command_log").fetch_one(c).await.unwrap());
        assert_eq!(kept, plain.get());
    }

    async fn what_a_command_of_long_ago_said_is_blanked_and_it_still_counts_once(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let old = envelope(&ann, 1, speak(Lang::En), test.db.now());
        let first = apply(&test.sync, &ann, std::slice::from_ref(&old)).await.unwrap();
        test.clock.advance(90 * Timestamp::DAY);
        crate::daily::blank_bodies(&test.db).await.unwrap();
        assert_eq!(documents::<Act>(test, &ann, Collection::Act).await.len(), 1, "kept for 90 days");
        let have = test.sync.round(&ann, request(&ann, Cursor::default(), vec![])).await.unwrap().cursor.unwrap();
        test.clock.advance(1);
        crate::daily::blank_bodies(&test.db).await.unwrap();
        let bodies = async || -> Vec<String> {
            let mut tx = test.db.read().await.unwrap();
            on!(tx, c => sqlx::query_scalar("SELECT body FROM command_log ORDER BY seq").fetch_all(c).await.unwrap())
        };
        assert_eq!(bodies().await, [""]);
        let again = apply(&test.sync, &ann, std::slice::from_ref(&old)).await.unwrap();
        assert_eq!(again[0].json(), first[0].json());
        let reply = test.sync.round(&ann, request(&ann, have, vec![])).await.unwrap();
        assert_eq!(reply.gone, [("act".to_owned(), first[0].outcome.id.to_string())]);
        assert_eq!(documents::<Act>(test, &ann, Collection::Act).await.len(), 0);
        apply(&test.sync, &ann, &[envelope(&ann, 2, speak(Lang::Fr), test.db.now())]).await.unwrap();
        crate::daily::blank_bodies(&test.db).await.unwrap();
        assert!(bodies().await[1].contains("set_language"));
    }

    async fn the_same_command_at_once_from_two_tabs_counts_once(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let body = envelope(&ann, 1, speak(Lang::En), test.db.now());
        let tasks: Vec<_> = (0..8).map(|_| {
            let (server, ann, body) = (test.sync.clone(), ann.clone(), body.clone());
            tokio::spawn(async move { apply(&server, &ann, &[body]).await.unwrap()[0].json().to_owned() })
        }).collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let mut tx = test.db.read().await.unwrap();
        let logged: i64 = on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM command_log").fetch_one(c).await.unwrap());
        assert_eq!(logged, 1);
    }

    async fn the_log_names_the_installation_whatever_the_session(test) {
        populate(test).await;
        let device = DeviceId(uuid::Uuid::from_u128(7));
        for number in 1..=2 {
            let session = SessionId(uuid::Uuid::from_u128(10 + number));
            let ann = Caller { session, ..caller(test, "m-ann").await };
            let envelope = Envelope {
                id: CommandId(uuid::Uuid::from_u128(number)),
                member: ann.member,
                device,
                seq: number as i64,
                made_at: test.db.now(),
                command: speak(Lang::En),
            };
            let body = serde_json::value::to_raw_value(&envelope).unwrap();
            let decided = apply(&test.sync, &ann, &[body]).await.unwrap();
            assert_eq!(decided[0].outcome.verdict, Verdict::Confirmed(Receipt::Noted));
        }
        let mut tx = test.db.read().await.unwrap();
        let logged: Vec<DeviceId> = on!(tx, c =>
            sqlx::query_scalar("SELECT device_id FROM command_log ORDER BY seq").fetch_all(c).await.unwrap());
        assert_eq!(logged, [device, device]);
    }

    async fn a_bad_one_does_not_block_the_next(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let somebody = Caller { member: MemberId(uuid::Uuid::nil()), ..ann.clone() };
        let bodies = [
            serde_json::value::RawValue::from_string(r#"{"id":"00000000-0000-0000-0000-000000000007","command":{"fly":1}}"#.into()).unwrap(),
            serde_json::value::RawValue::from_string("[1]".into()).unwrap(),
            envelope(&somebody, 2, speak(Lang::En), test.db.now()),
            envelope(&ann, 3, speak(Lang::En), test.db.now()),
        ];
        let decided = apply(&test.sync, &ann, &bodies).await.unwrap();
        let outcomes: Vec<_> = decided.into_iter().map(|decided| decided.outcome).collect();
        assert_eq!((outcomes[0].id.0.as_u128(), &outcomes[0].verdict), (7, &Verdict::Failed));
        assert_eq!(outcomes[1].verdict, Verdict::Failed);
        assert_eq!(outcomes[2].verdict, Verdict::Refused(Error::WrongMember));
        assert_eq!(outcomes[3].verdict, Verdict::Confirmed(Receipt::Noted));
    }

    async fn a_failure_leaves_nothing_and_can_be_tried_again(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let mut tx = test.db.write().await.unwrap();
        on!(tx, c => sqlx::query("UPDATE programme SET settings = 'damaged'").execute(c).await.map(|_| ()).unwrap());
        tx.commit().await.unwrap();
        let reward = domain::rewards::Command::Redeem {
            reward: domain::id::RewardId(uuid::Uuid::nil()), points: 1, wallet: domain::ledger::Wallet::Own };
        // NotFound is decided before the settings are read: a rule, so the outcome is sent and stored.
        assert_eq!(send(test, &ann, 1, domain::Command::Rewards(reward)).await, Verdict::Refused(Error::NotFound));
        let mut tx = test.db.write().await.unwrap();
        on!(tx, c => sqlx::query("DROP TABLE notice").execute(c).await.map(|_| ()).unwrap());
        tx.commit().await.unwrap();
        let read = domain::Command::Notices(domain::notices::Command::MarkRead { notice: domain::id::NoticeId(uuid::Uuid::nil()) });
        let bodies = [envelope(&ann, 2, read, test.db.now()), envelope(&ann, 3, speak(Lang::En), test.db.now())];
        let outcomes = apply(&test.sync, &ann, &bodies).await.unwrap();
        assert!(outcomes[0].json().contains("failed") && outcomes[1].json().contains("noted"));
        let mut tx = test.db.read().await.unwrap();
        let logged: i64 = on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM command_log").fetch_one(c).await.unwrap());
        assert_eq!(logged, 2, "the failed one left nothing");
    }
}
