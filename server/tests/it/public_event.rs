//! The public page of an event, without sign-in.

use crate::harness::Harness;
use axum::http::StatusCode;
use backend::both;
use backend::testing::TestDb;
use domain::Timestamp;

const EVENTS: &str = r#"
[[event]]
ref = "open-day"
title = { fr = "Portes <ouvertes>", en = "Open <day>" }
summary = { fr = "Venez voir.", en = "Come and see." }
body = { fr = "Mot de passe du portail : quokka", en = "The gate's password: quokka" }
starts = "2027-01-09 08:30"
minutes = 90
place = { name = "Hall & Cour", address = "12 rue du Port", latitude = 45.123456, longitude = 4.654321 }
seats = 37
register_until_hours = 24
trades = ["baker"]
public = true

[[event]]
ref = "open-webinar"
title = { fr = "En ligne pour tous", en = "Online for all" }
summary = { fr = "Venez voir.", en = "Come and see." }
body = { fr = "…", en = "…" }
starts = "2027-01-09 23:30"
minutes = 90
webinar = "https://meet.example/wombat"
seats = 3
tiers = ["gold"]
public = true

[[event]]
ref = "members-only"
title = { fr = "Entre nous", en = "Among ourselves" }
summary = { fr = "Venez voir.", en = "Come and see." }
body = { fr = "…", en = "…" }
starts = "2027-01-09 08:30"
minutes = 90
webinar = "https://meet.example/numbat"
seats = 3
"#;

async fn publish(test: &TestDb) {
    let tier = {
        let mut tx = test.db.read().await.unwrap();
        backend::programme::current(&mut tx).await.unwrap().tiers[1]
            .reference
            .clone()
    };
    let mut tx = test.db.write().await.unwrap();
    backend::events::import_file(&mut tx, &EVENTS.replace("gold", &tier))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

both! {
    async fn outsiders_see_what_is_public_of_what_is_public(test) {
        let harness = Harness::open(test).await;
        publish(test).await;
        let mut phone = harness.phone();
        let page = phone.get("/e/open-day").await;
        assert_eq!(page.status, StatusCode::OK);
        let html = page.text().to_owned();
        for told in [
            "<h1>Portes &lt;ouvertes",
            "Venez voir.",
            "samedi 9 janvier 2027, 08:30 – 10:00 (heure de Paris)",
            "Hall &amp; Cour, 12 rue du Port",
            "Places disponibles",
            "vendredi 8 janvier 2027, 08:30",
            "href=\"/sign-in\"",
            "href=\"/invitation\"",
            "href=\"/legal\"",
        ] {
            assert!(html.contains(told), "{told}: {html}");
        }
        for kept in ["quokka", "45.123", "37", "baker", "boulanger"] {
            assert!(!html.contains(kept), "{kept}: {html}");
        }
        let english = phone.get("/e/open-webinar?lang=en").await;
        let html = english.text();
        for told in ["Online for all", "Saturday 9 January 2027, 23:30", "Online<", "Last seats", "Sign in to join"] {
            assert!(html.contains(told), "{told}: {html}");
        }
        assert!(!html.contains("wombat") && !html.contains("meet.example"), "{html}");
        for path in ["/e/members-only", "/e/no-such", "/e/%00", "/e/00000000-0000-0000-0000-000000000000"] {
            let page = phone.get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(!page.text().contains("Among ourselves"), "{path}");
        }
    }
}

#[tokio::test]
async fn it_says_when_one_cannot_join_any_more_and_goes_with_the_event() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    publish(&test).await;
    let mut phone = harness.phone();
    let joins = |html: &str| html.contains("href=\"/sign-in\"");
    let starts = {
        let mut tx = test.db.read().await.unwrap();
        let event = backend::events::find_public(&mut tx, "open-day")
            .await
            .unwrap()
            .unwrap();
        // The page is available by id as well as by ref.
        let page = phone.get(&format!("/e/{}?lang=en", event.id)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(joins(page.text()));
        event.starts_at
    };
    for (at, said) in [
        (starts.plus(-Timestamp::HOUR), "Joining has closed"),
        (starts.plus(3 * Timestamp::HOUR), "It is over"),
    ] {
        test.clock.set(at);
        let page = phone.get("/e/open-day").await;
        assert!(
            page.text().contains(said) && !joins(page.text()),
            "{}",
            page.text()
        );
    }
    let mut tx = test.db.write().await.unwrap();
    backend::events::cancel(&mut tx, "open-day").await.unwrap();
    tx.commit().await.unwrap();
    let page = phone.get("/e/open-day").await;
    assert!(page.text().contains("This event is cancelled.") && !joins(page.text()));
    test.clock.set(starts.plus(16 * Timestamp::DAY));
    assert_eq!(phone.get("/e/open-day").await.status, StatusCode::NOT_FOUND);
}
