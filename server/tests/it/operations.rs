//! Operations: readiness, daily work, metrics, crash reports, pictures.

use crate::harness::{Harness, MARIE};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use backend::both;
use backend::testing::TestDb;
use domain::Timestamp;
use domain::sync::Cursor;

both! {
    async fn ready_means_that_the_database_answers(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.phone();
        assert_eq!(phone.get("/readyz").await.status, StatusCode::OK);
        harness.app.ending.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(phone.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
        harness.app.ending.store(false, std::sync::atomic::Ordering::Relaxed);
        let mut member = harness.signed_in(MARIE).await;
        test.db.close().await;
        assert_eq!(phone.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(phone.get("/healthz").await.status, StatusCode::OK);
        // Members get only the hint to retry.
        let answer = member.get("/api/session").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.header("retry-after").is_empty());
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
        let page = member.get("/sign-in/code").await;
        let _ = page;
        assert_eq!(member.get("/app").await.status, StatusCode::OK, "the shell needs no database");
    }

    async fn the_daily_work_is_done_once_a_day(test) {
        Harness::open(test).await;
        let today = server::daily::one_day(test.db.clone(), None).await.unwrap();
        assert_eq!(server::daily::one_day(test.db.clone(), Some(today)).await.unwrap(), today);
        test.clock.advance(800 * Timestamp::DAY);
        let later = server::daily::one_day(test.db.clone(), Some(today)).await.unwrap();
        assert!(later > today);
        let mut tx = test.db.read().await.unwrap();
        let proof = backend::ledger::prove(&mut tx, later).await.unwrap();
        assert!(proof.ok, "{:?}", proof.amiss);
        assert!(proof.expired > 0 && proof.available == 0, "{proof:?}");
    }
}

#[tokio::test]
async fn metrics_are_for_those_who_may() {
    server::http::recorder();
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut member = harness.signed_in(MARIE).await;
    member.sync(&Cursor::default(), &[]).await;
    assert_eq!(
        member.get("/metrics").await.status,
        StatusCode::NOT_FOUND,
        "from another machine"
    );
    let mut near = harness.phone_at("127.0.0.1");
    let answer = near.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    for line in [
        "compagnon_requests_total{",
        "compagnon_sync_rounds_total{",
        "compagnon_sign_ins_total{",
        "compagnon_request_seconds_bucket{",
    ] {
        assert!(answer.text().contains(line), "{line}\n{}", answer.text());
    }
    let proxied = near
        .request(Method::GET, "/metrics")
        .header("x-forwarded-for", "203.0.113.9")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        near.quietly(proxied).await.status,
        StatusCode::NOT_FOUND,
        "through a proxy"
    );

    for (name, value) in [
        ("host", "club.example.com"),
        ("x-forwarded-host", "club.example.com"),
        ("forwarded", "for=203.0.113.9"),
    ] {
        let mut proxied = near.request(Method::GET, "/metrics").body(Body::empty()).unwrap();
        proxied.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(
            near.quietly(proxied).await.status,
            StatusCode::NOT_FOUND,
            "{name}"
        );
    }
    let old = near
        .request(Method::GET, "/metrics")
        .version(axum::http::Version::HTTP_10);
    let answer = near.quietly(old.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "as some proxies ask");
    let test = TestDb::sqlite().await;
    let harness = Harness::with(&test, &["--public-url", "https://club.example.com"]).await;
    let answer = harness.phone_at("127.0.0.1").get("/metrics").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "a proxy must be in front");

    let test = TestDb::sqlite().await;
    let harness = Harness::with(&test, &["--metrics-token", "sesame"]).await;
    let mut near = harness.phone_at("127.0.0.1");
    assert_eq!(near.get("/metrics").await.status, StatusCode::NOT_FOUND);
    for (token, status) in [("sesame", StatusCode::OK), ("sesamo", StatusCode::NOT_FOUND)] {
        let phone = harness.phone();
        let asked = phone
            .request(Method::GET, "/metrics")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        assert_eq!(
            phone.quietly(asked.body(Body::empty()).unwrap()).await.status,
            status
        );
    }
}

#[tokio::test]
async fn crashes_are_taken_in_measure() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut phone = harness.phone();
    let report = r#"{"build":"abc","message":"panicked"}"#;
    assert_eq!(
        phone.post_json("/api/crash", report).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        phone.post_json("/api/crash", "no").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        phone.post("/api/crash", "a=b").await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(5000));
    assert_eq!(
        phone.post_json("/api/crash", long).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let mut last = StatusCode::NO_CONTENT;
    for _ in 0..60 {
        last = phone.post_json("/api/crash", report).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    test.clock.advance(60_000);
    assert_eq!(
        phone.post_json("/api/crash", report).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn pictures_are_for_members() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut phone = harness.signed_in(MARIE).await;
    let reply = phone.sync(&Cursor::default(), &[]).await;
    let course: Vec<serde_json::Value> = crate::harness::docs(&reply, "course");
    let all = serde_json::to_string(&course).unwrap();
    let path = all.split("/media/").nth(1).unwrap();
    let path = format!(
        "/media/{}",
        path.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap()
    );
    let picture = phone.get(&path).await;
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (StatusCode::OK, "image/png")
    );
    assert!(picture.header("cache-control").contains("private"));
    assert!(picture.header("content-security-policy").contains("sandbox"));
    assert_eq!(phone.get("/media/no").await.status, StatusCode::NOT_FOUND);
    assert_eq!(harness.phone().get(&path).await.status, StatusCode::UNAUTHORIZED);
}
