use super::{apply, caller, envelope, order, populate, request};
use crate::caller::Caller;
use crate::testing::TestDb;
use crate::{both, members, notices, programme, rewards};
use domain::document::{Collection, Family};
use domain::members::Command;
use domain::notices::About;
use domain::sync::Cursor;
use domain::{Day, Lang, Verdict};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A phone: its cursor and documents after each round.
#[derive(Default)]
struct Phone {
    have: Cursor,
    docs: BTreeMap<(String, String), String>,
}

impl Phone {
    /// Runs one round; returns the number of documents and tombstones received.
    async fn round(
        &mut self,
        test: &TestDb,
        caller: &Caller,
        commands: Vec<Box<RawValue>>,
    ) -> (usize, usize) {
        let request = request(caller, self.have.clone(), commands);
        let reply = test.sync.round(caller, request).await.unwrap();
        let family = |code: &str| Collection::from_code(code).map(Collection::family);
        self.docs.retain(|(collection, _), _| match family(collection) {
            Some(Family::Content) => !reply.all_content,
            Some(Family::Own) => !reply.all_own,
            None => true,
        });
        let counts = (reply.docs.len(), reply.gone.len());
        for doc in reply.docs {
            self.docs
                .insert((doc.collection, doc.id), doc.body.get().to_owned());
        }
        for gone in reply.gone {
            self.docs.remove(&gone);
        }
        self.have = reply.cursor.unwrap();
        counts
    }
}

/// Returns all documents of a phone that starts empty.
async fn whole(test: &TestDb, caller: &Caller) -> BTreeMap<(String, String), String> {
    let mut phone = Phone::default();
    phone.round(test, caller, vec![]).await;
    phone.docs
}

const WEBINAR: &str = r#"
[[event]]
ref = "sourdough"
title = { fr = "Levain", en = "Sourdough" }
summary = { fr = "En ligne", en = "Online" }
body = { fr = "Venez.", en = "Come." }
starts = "+9 14:00"
minutes = 45
webinar = "https://meet.example/room-1"
seats = 1
"#;

async fn publish_webinar(test: &TestDb, address: &str) {
    let mut tx = test.db.write().await.unwrap();
    let file = WEBINAR.replace("room-1", address);
    crate::events::import_file(&mut tx, &file).await.unwrap();
    tx.commit().await.unwrap();
}

both! {
    async fn the_address_of_a_webinar_goes_only_to_who_has_a_seat(test) {
        populate(test).await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        publish_webinar(test, "room-1").await;
        let knows = |phone: &Phone, word: &str| phone.docs.values().any(|body| body.contains(word));
        let (mut anns, mut bobs) = (Phone::default(), Phone::default());
        anns.round(test, &ann, vec![]).await;
        bobs.round(test, &bob, vec![]).await;
        assert!(knows(&anns, "online") && !knows(&anns, "meet.example"));
        let event: domain::id::EventId = anns.docs.keys().find(|(of, _)| of == "event").unwrap().1.parse().unwrap();
        let join = |id, who: &Caller| {
            envelope(who, id, domain::Command::Events(domain::events::Command::Join { event }), test.db.now())
        };
        anns.round(test, &ann, vec![join(1, &ann)]).await;
        bobs.round(test, &bob, vec![join(2, &bob)]).await;
        assert!(knows(&anns, "room-1"));
        assert!(knows(&bobs, "waiting") && !knows(&bobs, "meet.example"));
        // Another address is told to who has it, and the seat takes the address along.
        publish_webinar(test, "room-2").await;
        anns.round(test, &ann, vec![]).await;
        bobs.round(test, &bob, vec![]).await;
        assert!(knows(&anns, "room-2") && !knows(&anns, "room-1") && !knows(&bobs, "meet.example"));
        let leave = domain::Command::Events(domain::events::Command::Leave { event });
        anns.round(test, &ann, vec![envelope(&ann, 3, leave, test.db.now())]).await;
        bobs.round(test, &bob, vec![]).await;
        assert!(!knows(&anns, "room-2") && knows(&bobs, "room-2"));
        assert_eq!(bobs.docs, whole(test, &bob).await);
    }

    async fn a_phone_follows_and_an_idle_round_brings_nothing(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let mut phone = Phone::default();
        assert!(phone.round(test, &ann, vec![]).await.0 >= 4);
        assert_eq!(phone.round(test, &ann, vec![]).await, (0, 0));
        order(test, "o-1,c-mill,2026-11-01,1,120.00,\n").await;
        assert_eq!(phone.round(test, &ann, vec![]).await.0, 3, "status, balance, month");
        assert_eq!(phone.docs, whole(test, &ann).await);
        let speak = domain::Command::Members(Command::SetLanguage { language: Lang::En });
        let body = envelope(&ann, 1, speak, test.db.now());
        assert_eq!(phone.round(test, &ann, vec![body]).await.0, 2, "me and the act");
        assert_eq!(phone.docs, whole(test, &ann).await);
        assert_eq!(phone.round(test, &ann, vec![]).await, (0, 0));
    }

    async fn a_notice_that_newer_ones_push_out_leaves_the_phone(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let mut phone = Phone::default();
        for _ in 0..3 {
            phone.round(test, &ann, vec![]).await;
            let mut tx = test.db.write().await.unwrap();
            for _ in 0..20 {
                let about = About::TierReached { tier: Default::default() };
                notices::notify(&mut tx, ann.member, about).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        phone.round(test, &ann, vec![]).await;
        assert_eq!(phone.docs, whole(test, &ann).await);
        let notices = phone.docs.keys().filter(|(collection, _)| collection == Collection::Notice.code());
        assert_eq!(notices.count(), 50);
    }

    async fn a_new_status_brings_what_is_seen_with_it(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let mut phone = Phone::default();
        phone.round(test, &ann, vec![]).await;
        let before = phone.have.audience.clone();
        order(test, "o-1,c-mill,2026-11-01,1,600.00,\n").await;
        phone.round(test, &ann, vec![]).await;
        assert_ne!(phone.have.audience, before);
        assert!(phone.docs.keys().any(|(collection, _)| collection == "notice"), "told of the new status");
        assert_eq!(phone.docs, whole(test, &ann).await);
    }

    async fn who_is_no_longer_manager_loses_the_companys_wallet(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2026-11-01,1,100.00,\n").await;
        let ann = caller(test, "m-ann").await;
        let mut phone = Phone::default();
        phone.round(test, &ann, vec![]).await;
        assert!(phone.docs.contains_key(&("balance".into(), "company".into())));
        let file = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-ann,c-mill,Ann Mill,06 39 98 00 10,ann@example.com,baker,decider,false,fr\n";
        members_import(test, file).await;
        phone.round(test, &ann, vec![]).await;
        assert!(!phone.docs.keys().any(|(_, id)| id.starts_with("company")), "{:?}", phone.docs.keys());
        assert_eq!(phone.docs, whole(test, &caller(test, "m-ann").await).await);
    }

    async fn content_reaches_phones_and_a_restored_backup_sends_all_again(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let mut phone = Phone::default();
        phone.round(test, &ann, vec![]).await;
        let mut tx = test.db.write().await.unwrap();
        let reward = "[[reward]]\nref = \"a\"\ntitle = { fr = \"A\", en = \"A\" }\nsummary = { fr = \"A\" }\n\
            body = { fr = \"A\" }\nshelf = \"work\"\npoints = 10\ndelivery = \"post\"\n";
        rewards::import_file(&mut tx, reward).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(phone.round(test, &ann, vec![]).await, (1, 0));
        let epoch = phone.have.epoch.clone();
        let mut tx = test.db.write().await.unwrap();
        programme::begin_epoch(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(phone.round(test, &ann, vec![]).await.0 > 4);
        assert_ne!(phone.have.epoch, epoch);
        assert_eq!(phone.docs, whole(test, &ann).await);
    }

    async fn phones_that_come_together_are_told_what_is_theirs(test) {
        populate(test).await;
        let mut phones = Vec::new();
        for reference in ["m-ann", "m-bob", "m-cat", "m-ann"] {
            let caller = caller(test, reference).await;
            let mut phone = Phone::default();
            phone.round(test, &caller, vec![]).await;
            phones.push((caller, phone));
        }
        // An open write transaction blocks the rounds, so that they end up in one batch.
        let held = test.db.write().await.unwrap();
        let rounds = phones.into_iter().enumerate().map(|(place, (caller, mut phone))| async move {
            let language = domain::Command::Members(Command::SetLanguage { language: Lang::En });
            let body = envelope(&caller, place as u128 + 1, language, test.db.now());
            phone.round(test, &caller, vec![body]).await;
            (caller, phone)
        });
        let let_go = async {
            tokio::task::yield_now().await;
            held.roll_back().await.unwrap();
        };
        let (phones, ()) = futures_util::future::join(futures_util::future::join_all(rounds), let_go).await;
        let ann = phones[0].0.member;
        for (caller, mut phone) in phones {
            let mut fresh = Phone::default();
            fresh.round(test, &caller, vec![]).await;
            // One of Ann's two phones may have its reply before the other's act.
            if caller.member != ann {
                assert_eq!(phone.have, fresh.have);
                assert_eq!(phone.docs, fresh.docs);
            }
            phone.round(test, &caller, vec![]).await;
            assert_eq!(phone.docs, fresh.docs);
            assert_eq!(phone.round(test, &caller, vec![]).await, (0, 0));
        }
    }

    async fn a_long_round_takes_several_commits_and_keeps_its_order(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let language = |place: u128| if place.is_multiple_of(2) { Lang::En } else { Lang::Fr };
        let mut bodies = Vec::new();
        for place in 1..=25 {
            let command = domain::Command::Members(Command::SetLanguage { language: language(place) });
            bodies.push(envelope(&ann, place, command, test.db.now()));
        }
        let decided = apply(&test.sync, &ann, &bodies).await.unwrap();
        let ids: Vec<u128> = decided.iter().map(|decided| decided.outcome.id.0.as_u128()).collect();
        assert_eq!(ids, (1..=25).collect::<Vec<_>>());
        assert!(decided.iter().all(|decided| matches!(decided.outcome.verdict, Verdict::Confirmed(_))));
        // Sent again, with more behind: the known ones keep their outcome.
        let command = domain::Command::Members(Command::SetLanguage { language: Lang::En });
        bodies.push(envelope(&ann, 26, command, test.db.now()));
        let again = apply(&test.sync, &ann, &bodies).await.unwrap();
        let json = |decided: &[crate::commands::Decided]| -> Vec<String> {
            decided.iter().map(|decided| decided.json().to_owned()).collect()
        };
        assert_eq!(json(&again)[..25], json(&decided));
        assert_eq!(again.len(), 26);
    }

    async fn an_idle_reply_is_small(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        let mut phone = Phone::default();
        phone.round(test, &ann, vec![]).await;
        let request = request(&ann, phone.have.clone(), vec![]);
        assert!(serde_json::to_string(&request).unwrap().len() < 512);
        let reply = serde_json::to_string(&test.sync.round(&ann, request).await.unwrap()).unwrap();
        assert!(reply.len() < 512, "{} bytes: {reply}", reply.len());
    }
}

async fn members_import(test: &TestDb, file: &str) {
    let report = crate::import::members(&test.db, file.as_bytes(), super::OPTIONS, |_| {})
        .await
        .unwrap();
    assert!(report.kept, "{:?}", report.bad);
    let mut tx = test.db.read().await.unwrap();
    assert!(members::find_by_ref(&mut tx, "m-ann").await.unwrap().is_some());
    let _today: Day = programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
}
