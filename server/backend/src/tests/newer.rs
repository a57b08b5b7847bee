//! Rows written by a newer version: unreadable ones are left out, and every member's round still succeeds.

use super::{caller, documents, populate, request, send};
use crate::db::{Tx, on};
use crate::testing::TestDb;
use crate::{both, events, notices, rewards};
use domain::document::Collection;
use domain::notices::{About, Notice};
use domain::sync::Cursor;
use domain::{Command, Receipt, Verdict};

const REWARDS: &str = r#"
[[reward]]
ref = "knife"
title = { fr = "Couteau", en = "Knife" }
summary = { fr = "Utile", en = "Useful" }
body = { fr = "Utile.", en = "Useful." }
shelf = "work"
points = 30
delivery = "post"

[[reward]]
ref = "oven"
title = { fr = "Four", en = "Oven" }
summary = { fr = "Chaud", en = "Hot" }
body = { fr = "Chaud.", en = "Hot." }
shelf = "work"
points = 40
delivery = "post"
"#;

const EVENTS: &str = r#"
[[event]]
ref = "tasting"
title = { fr = "Dégustation", en = "Tasting" }
summary = { fr = "Pain", en = "Bread" }
body = { fr = "Venez.", en = "Come." }
starts = "+2 18:30"
minutes = 90
webinar = "https://example.com/a"
seats = 10

[[event]]
ref = "evening"
title = { fr = "Soirée", en = "Evening" }
summary = { fr = "Pain", en = "Bread" }
body = { fr = "Venez.", en = "Come." }
starts = "+3 18:30"
minutes = 90
webinar = "https://example.com/b"
seats = 10
"#;

async fn run(tx: &mut Tx, sql: &'static str) -> u64 {
    on!(tx, c => sqlx::query(sql).execute(c).await.unwrap().rows_affected())
}

async fn shop(test: &TestDb) {
    populate(test).await;
    let mut tx = test.db.write().await.unwrap();
    rewards::import_file(&mut tx, REWARDS).await.unwrap();
    events::import_file(&mut tx, EVENTS).await.unwrap();
    tx.commit().await.unwrap();
}

both! {
    async fn a_row_that_cannot_be_read_fails_nobodys_round(test) {
        shop(test).await;
        let ann = caller(test, "m-ann").await;
        let about = |name: &str| About::TierReached { tier: domain::Text { fr: name.into(), en: name.into() } };
        let mut tx = test.db.write().await.unwrap();
        notices::notify(&mut tx, ann.member, about("one")).await.unwrap();
        notices::notify(&mut tx, ann.member, about("two")).await.unwrap();
        tx.commit().await.unwrap();
        let event = documents::<domain::events::Event>(test, &ann, Collection::Event).await[0].1.id;
        for number in [1, 2] {
            let command = Command::Events(if number == 1 {
                domain::events::Command::Join { event }
            } else {
                domain::events::Command::Leave { event }
            });
            assert!(matches!(send(test, &ann, number, command).await, Verdict::Confirmed(_)));
        }

        let mut tx = test.db.write().await.unwrap();
        for broken in [
            "UPDATE reward SET document = '{\"id\":7}' WHERE ref = 'oven'",
            "UPDATE event SET document = '{\"form\":2}' WHERE ref = 'evening'",
            "UPDATE notice SET about = '{' WHERE about LIKE '%one%'",
            "UPDATE command_log SET body = '{\"form\":2}' WHERE seq = 1",
        ] {
            assert_eq!(run(&mut tx, broken).await, 1, "{broken}");
        }
        tx.commit().await.unwrap();

        let reply = test.sync.round(&ann, request(&ann, Cursor::default(), vec![])).await.unwrap();
        let count = |code: &str| reply.docs.iter().filter(|doc| doc.collection == code).count();
        for collection in ["reward", "event", "notice", "act"] {
            assert_eq!(count(collection), 1, "{collection}");
        }
        assert_eq!(count("me"), 1);
    }

    async fn cases_of_a_newer_version_travel_or_are_left_out(test) {
        shop(test).await;
        let ann = caller(test, "m-ann").await;
        let mut tx = test.db.write().await.unwrap();
        let known = About::TierReached { tier: domain::Text { fr: "un".into(), en: "one".into() } };
        notices::notify(&mut tx, ann.member, known.clone()).await.unwrap();
        notices::notify(&mut tx, ann.member, known).await.unwrap();
        for newer in [
            "UPDATE reward SET document = replace(document, '\"work\"', '\"by_air\"') WHERE ref = 'oven'",
            "UPDATE notice SET about = '{\"weather\":{\"degrees\":1.5}}' WHERE id = (SELECT id FROM notice ORDER BY id LIMIT 1)",
        ] {
            assert_eq!(run(&mut tx, newer).await, 1, "{newer}");
        }
        tx.commit().await.unwrap();
        let rewards: Vec<(String, domain::rewards::Reward)> = documents(test, &ann, Collection::Reward).await;
        let shelves: Vec<_> = rewards.iter().map(|(_, reward)| reward.shelf).collect();
        assert!(shelves.contains(&domain::rewards::Shelf::Newer), "{shelves:?}");
        let notices: Vec<(String, Notice)> = documents(test, &ann, Collection::Notice).await;
        assert_eq!(notices.len(), 1, "the other cannot be written");
        assert!(matches!(
            send(test, &ann, 9, Command::Notices(domain::notices::Command::MarkRead { notice: notices[0].1.id })).await,
            Verdict::Confirmed(Receipt::Noted)
        ));
    }
}
