//! A phone in wrong hands: what the server tells it, and what it gives to whom.

use crate::harness::{Harness, KARIM, MARIE, Phone, docs};
use axum::http::StatusCode;
use backend::{both, membership, sessions};
use domain::Command;
use domain::id::SessionId;
use domain::members::Me;
use domain::sync::Cursor;

/// The status and the code of a round.
async fn round(phone: &mut Phone<'_>, body: &str) -> (StatusCode, String) {
    let answer = phone.post_json("/api/sync", body.to_owned()).await;
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status, code)
}

fn refused(code: &str) -> (StatusCode, String) {
    (StatusCode::UNAUTHORIZED, code.to_owned())
}

async fn key(phone: &mut Phone<'_>, device: u128) -> serde_json::Value {
    let device = uuid::Uuid::from_u128(device);
    phone.get(&format!("/api/session?device={device}")).await.json()["key"].clone()
}

both! {
    async fn a_phone_is_told_that_its_session_was_ended_and_not_that_it_ran_out(test) {
        let harness = Harness::open(test).await;
        // Signed out from another phone.
        let mut lost = harness.signed_in(MARIE).await;
        let body = lost.round(&Cursor::default(), &[]).await;
        let (_, session) = lost.who().await;
        let mut phone = harness.signed_in(MARIE).await;
        let end = domain::members::Command::SignOutDevice { session: SessionId(session.0) };
        phone.act(Command::Members(end)).await;
        assert_eq!(round(&mut lost, &body).await, refused("session_ended"));
        assert_eq!(round(&mut phone, &body).await.0, StatusCode::OK);
        // By an operator.
        let mut tx = test.db.write().await.unwrap();
        let marie = lost_member(&body);
        membership::sign_out(&mut tx, marie).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(round(&mut phone, &body).await, refused("session_ended"));
        // Run out, unknown, or none.
        let mut late = harness.signed_in(MARIE).await;
        test.clock.advance(sessions::SESSION_LIFE);
        assert_eq!(round(&mut late, &body).await, refused("signed_out"));
        late.cookies.insert("session".into(), "0".repeat(64));
        assert_eq!(round(&mut late, &body).await, refused("signed_out"));
        late.cookies.clear();
        assert_eq!(round(&mut late, &body).await, refused("signed_out"));
    }

    async fn somebody_else_under_the_ref_ends_the_sessions_as_a_lost_phone(test) {
        let harness = Harness::open(test).await;
        let mut lost = harness.signed_in(MARIE).await;
        let me: Vec<Me> = docs(&lost.sync(&Cursor::default(), &[]).await, "me");
        let body = lost.round(&Cursor::default(), &[]).await;
        let mut tx = test.db.write().await.unwrap();
        let mut row = backend::members::find_member(&mut tx, "m-marie").await.unwrap().unwrap().row;
        assert_eq!(row.name, me[0].name);
        row.name = "Somebody Else".into();
        row.phone = Some("+33639980077".into());
        row.email = None;
        let today = backend::programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
        membership::save(&mut tx, &row, today).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(round(&mut lost, &body).await, refused("session_ended"));
    }

    async fn a_dead_session_is_not_sent_to_the_app(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let home = phone.get("/").await;
        assert_eq!((home.status, home.header("location")), (StatusCode::SEE_OTHER, "/app"));
        let mut ended = phone.clone();
        phone.post("/api/sign-out", "").await;
        let mut late = harness.signed_in(KARIM).await;
        test.clock.advance(sessions::SESSION_LIFE);
        for dead in [&mut ended, &mut late] {
            assert!(dead.cookies.contains_key("session"));
            let home = dead.get("/").await;
            assert_eq!(home.status, StatusCode::OK);
            assert!(home.text().contains("/sign-in"), "{}", home.text());
        }
    }

    async fn the_key_of_what_a_phone_keeps_is_given_to_its_member_alone(test) {
        let harness = Harness::open(test).await;
        let mut marie = harness.signed_in(MARIE).await;
        let mut karim = harness.signed_in(KARIM).await;
        let first = key(&mut marie, 7).await;
        assert_eq!(first.as_str().map(str::len), Some(64), "{first}");
        // Each member of a phone, and each phone of a member, has its own; it stays over sign-ins.
        let all = [first.clone(), key(&mut karim, 7).await, key(&mut marie, 8).await, key(&mut karim, 8).await];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{all:?}");
        }
        marie.post("/api/sign-out", "").await;
        let mut again = harness.signed_in(MARIE).await;
        assert_eq!(key(&mut again, 7).await, first);
        // Nobody without a live session gets one.
        let mut gone = again.clone();
        again.post("/api/sign-out", "").await;
        for nobody in [&mut gone, &mut again, &mut harness.phone()] {
            let device = uuid::Uuid::from_u128(7);
            assert!(nobody.get(&format!("/api/session?device={device}")).await.json().is_null());
        }
        // Phones of before do not ask, and an id that is none is not answered.
        let mut before = harness.signed_in(MARIE).await;
        for path in ["/api/session", "/api/session?device=", "/api/session?device=x"] {
            let answer = before.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(answer.json()["member"].is_string() && answer.json()["key"].is_null(), "{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }

    async fn a_restored_backup_still_opens_what_phones_keep(test) {
        let harness = Harness::open(test).await;
        let mut marie = harness.signed_in(MARIE).await;
        let before = key(&mut marie, 7).await;
        let mut tx = test.db.write().await.unwrap();
        backend::programme::begin_epoch(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        backend::migrate(&test.db).await.unwrap();
        assert_eq!(key(&mut marie, 7).await, before);
    }
}

fn lost_member(body: &str) -> domain::id::MemberId {
    let round: serde_json::Value = serde_json::from_str(body).unwrap();
    round["member"].as_str().unwrap().parse().unwrap()
}
