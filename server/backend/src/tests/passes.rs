use super::{apply, caller, documents, envelope, order, populate, request, send};
use crate::both;
use crate::passes::{self, Inspected, Retired, Standing};
use crate::testing::TestDb;
use crate::{events, rewards, signing};
use domain::document::Collection;
use domain::events::{Event, Registration, RegistrationState};
use domain::programme::Programme;
use domain::rewards::{Redemption, Reward, Step};
use domain::sync::Cursor;
use domain::{Command, Timestamp};

const EVENT: &str = r#"
[[event]]
ref = "oven-day"
title = { fr = "Jour du four", en = "Oven day" }
summary = { fr = "Pain", en = "Bread" }
body = { fr = "Venez.", en = "Come." }
starts = "+1 18:30"
minutes = 90
webinar = "https://example.com/oven"
seats = 9
register_until_hours = 1
"#;

const REWARD: &str = r#"
[[reward]]
ref = "hedge"
title = { fr = "Une haie", en = "A hedge" }
summary = { fr = "Plantée", en = "Planted" }
body = { fr = "Merci.", en = "Thank you." }
shelf = "solidarity"
points = 20
delivery = "voucher"
"#;

/// Cat has a ticket and an accepted voucher: returns both texts.
async fn passes(test: &TestDb) -> (String, String) {
    populate(test).await;
    order(test, "o-9,c-site,2026-11-01,1,50.00,m-cat\n").await;
    let mut tx = test.db.write().await.unwrap();
    events::import_file(&mut tx, EVENT).await.unwrap();
    rewards::import_file(&mut tx, REWARD).await.unwrap();
    tx.commit().await.unwrap();
    let cat = caller(test, "m-cat").await;
    let events: Vec<(String, Event)> = documents(test, &cat, Collection::Event).await;
    let rewards: Vec<(String, Reward)> = documents(test, &cat, Collection::Reward).await;
    let join = Command::Events(domain::events::Command::Join {
        event: events[0].1.id,
    });
    let redeem = Command::Rewards(domain::rewards::Command::Redeem {
        reward: rewards[0].1.id,
        points: 20,
        wallet: domain::ledger::Wallet::Own,
    });
    for (number, command) in [(1, join), (2, redeem)] {
        let body = envelope(&cat, number, command, test.db.now());
        let decided = apply(&test.sync, &cat, &[body]).await.unwrap();
        let verdict = &decided[0].outcome.verdict;
        assert!(matches!(verdict, domain::Verdict::Confirmed(_)), "{verdict:?}");
    }
    advance(test, Step::Accepted).await;
    // A ticket is good from a day before.
    test.clock.advance(12 * Timestamp::HOUR);
    (ticket(test).await, voucher(test).await)
}

async fn advance(test: &TestDb, step: Step) {
    let mut tx = test.db.write().await.unwrap();
    let id = domain::id::CommandId(uuid::Uuid::from_u128(2));
    rewards::advance(&mut tx, id, step).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ticket(test: &TestDb) -> String {
    let cat = caller(test, "m-cat").await;
    let seats: Vec<(String, Registration)> = documents(test, &cat, Collection::Registration).await;
    match &seats[0].1.state {
        RegistrationState::Joined(ticket) => ticket.text.clone(),
        other => panic!("{other:?}"),
    }
}

async fn voucher(test: &TestDb) -> String {
    let cat = caller(test, "m-cat").await;
    let requests: Vec<(String, Redemption)> = documents(test, &cat, Collection::Redemption).await;
    requests[0].1.voucher.clone().unwrap().text
}

async fn inspect(test: &TestDb, text: &str) -> Inspected {
    let mut tx = test.db.read().await.unwrap();
    passes::inspect(&mut tx, text).await.unwrap()
}

async fn standing(test: &TestDb, text: &str) -> (Standing, u8) {
    match inspect(test, text).await {
        Inspected::Signed { pass, standing, .. } => (standing, pass.key),
        other => panic!("{other:?}"),
    }
}

async fn rotate(test: &TestDb) -> u8 {
    let mut tx = test.db.write().await.unwrap();
    let id = signing::rotate(&mut tx).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    id
}

async fn retire(test: &TestDb, id: u8) -> Retired {
    let mut tx = test.db.write().await.unwrap();
    let retired = passes::retire_key(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    retired
}

/// The ids of the public keys on a phone.
async fn on_phones(test: &TestDb) -> Vec<u8> {
    let cat = caller(test, "m-cat").await;
    let programme: Vec<(String, Programme)> = documents(test, &cat, Collection::Programme).await;
    programme[0].1.keys.iter().map(|key| key.id).collect()
}

both! {
    async fn a_pass_of_the_former_key_verifies_until_it_ends(test) {
        let (ticket_before, voucher_before) = passes(test).await;
        assert_eq!(standing(test, &ticket_before).await, (Standing::Good, 1));
        assert_eq!(on_phones(test).await, [1]);
        assert_eq!(rotate(test).await, 2);
        assert_eq!(on_phones(test).await, [1, 2]);
        let (after, voucher_after) = (ticket(test).await, voucher(test).await);
        assert_ne!(after, ticket_before);
        for (text, key) in [(&ticket_before, 1), (&voucher_before, 1), (&after, 2), (&voucher_after, 2)] {
            assert_eq!(standing(test, text).await, (Standing::Good, key));
        }
        test.clock.advance(4 * Timestamp::DAY);
        assert_eq!(standing(test, &ticket_before).await, (Standing::Over, 1));
    }

    async fn a_phone_verifies_with_the_key_it_was_sent(test) {
        let (ticket, _) = passes(test).await;
        let cat = caller(test, "m-cat").await;
        let programme: Vec<(String, Programme)> = documents(test, &cat, Collection::Programme).await;
        let public = &programme[0].1.keys[0].public;
        let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&public[2 * at..2 * at + 2], 16).unwrap()).collect();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes.try_into().unwrap()).unwrap();
        assert!(signing::verify(&ticket, &key).is_some());
    }

    async fn a_retired_key_counts_for_nothing_and_phones_are_sent_new_passes(test) {
        let (before, _) = passes(test).await;
        assert_eq!(retire(test, 1).await, Retired::StillSigns);
        assert_eq!(retire(test, 9).await, Retired::NoSuchKey);
        rotate(test).await;
        let cat = caller(test, "m-cat").await;
        let seen = test.sync.round(&cat, request(&cat, Cursor::default(), vec![])).await.unwrap().cursor.unwrap();
        assert_eq!(retire(test, 1).await, Retired::Done { renewed: 2 });
        assert_eq!(retire(test, 1).await, Retired::Already);
        assert_eq!(inspect(test, &before).await, Inspected::KeyRetired(1));
        assert_eq!(on_phones(test).await, [2]);
        let told = test.sync.round(&cat, request(&cat, seen, vec![])).await.unwrap();
        let mut told: Vec<&str> = told.docs.iter().map(|doc| doc.collection.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["programme", "redemption", "registration"]);
        assert_eq!(standing(test, &ticket(test).await).await, (Standing::Good, 2));
    }

    async fn what_a_pass_is_worth_is_asked_of_the_database(test) {
        let (seat, gift) = passes(test).await;
        let Inspected::Signed { holder: Some(holder), .. } = inspect(test, &format!(" {seat}\n")).await else {
            panic!("nobody has it");
        };
        assert_eq!(holder.title.en, "Oven day");
        // Left, and taken again: only the new ticket is good.
        let cat = caller(test, "m-cat").await;
        let events: Vec<(String, Event)> = documents(test, &cat, Collection::Event).await;
        let event = events[0].1.id;
        send(test, &cat, 3, Command::Events(domain::events::Command::Leave { event })).await;
        assert_eq!(standing(test, &seat).await.0, Standing::SeatLeft);
        send(test, &cat, 4, Command::Events(domain::events::Command::Join { event })).await;
        assert_eq!(standing(test, &seat).await.0, Standing::SeatLeft);
        let seat = ticket(test).await;
        assert_eq!(standing(test, &seat).await.0, Standing::Good);
        let mut tx = test.db.write().await.unwrap();
        events::cancel(&mut tx, "oven-day").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(standing(test, &seat).await.0, Standing::CalledOff);
        // Handed over.
        assert_eq!(standing(test, &gift).await.0, Standing::Good);
        advance(test, Step::Delivered).await;
        assert_eq!(standing(test, &gift).await.0, Standing::Used);
        // Damaged, foreign, or no pass at all.
        let key = rotate(test).await;
        let mut changed = gift.clone().into_bytes();
        *changed.last_mut().unwrap() = if gift.ends_with('0') { b'1' } else { b'0' };
        for text in [String::from_utf8(changed).unwrap(), "CPG1:".into(), "hello".into(), format!("CPG1:{key}")] {
            assert_eq!(inspect(test, &text).await, Inspected::NotOurs, "{text}");
        }
    }
}
