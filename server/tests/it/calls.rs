//! Functions that the app calls: access, and requests refused before anything runs.

use crate::harness::{Answer, Harness, KARIM, MARIE, Phone};
use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, header};
use backend::both;
use backend::testing::TestDb;
use domain::members::{Colleague, Function};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const COLLEAGUES: &str = "/api/call/colleagues";
/// A member of Marie's company who is not its manager.
const LUCAS: &str = "+33 6 39 98 00 13";

/// Builds a request as the app sends it, with additional headers.
fn call(
    phone: &Phone<'_>,
    headers: &[(header::HeaderName, &str)],
    body: impl Into<Body>,
) -> axum::http::Request<Body> {
    let mut request = phone.json_request(COLLEAGUES, body);
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (status, Some(code))
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("location"), "");
}

both! {
    async fn a_manager_sees_who_is_in_their_company(test) {
        let harness = Harness::open(test).await;
        let karim = harness.signed_in(KARIM).await;
        let answer = karim.quietly(call(&karim, &[], "{}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "application/json");
        let listed: Vec<Colleague> = serde_json::from_slice(&answer.body).unwrap();
        let names: Vec<&str> = listed.iter().map(|colleague| colleague.name.as_str()).collect();
        assert_eq!(
            names,
            ["Élodie Marchand", "Fabrice Noël", "Isabelle Chanteloup", "Karim Benali", "Sanjay Patel"]
        );
        assert_eq!(
            listed[0],
            Colleague {
                name: "Élodie Marchand".into(),
                trade: "contractor".into(),
                function: Function::Buyer,
                manager: false,
            }
        );
        assert!(listed[2].manager && listed[3].manager && !listed[4].manager);
        // A member who is no longer a manager is refused, in the same session.
        let file = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-karim,c-chanteloup,Karim Benali,+33639980011,karim@example.com,foreman,prescriber,false,fr\n";
        let options = backend::import::Options { phone_country: "+33", ..Default::default() };
        let report = backend::import::members(&test.db, file.as_bytes(), options, |_| {}).await.unwrap();
        assert!(report.kept, "{:?}", report.bad);
        refused(&karim.quietly(call(&karim, &[], "{}")).await, StatusCode::FORBIDDEN, "not_allowed");
    }
}

#[tokio::test]
async fn what_is_refused_is_refused_before_its_body_is_read() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let nobody = harness.phone();
    let lucas = harness.signed_in(LUCAS).await;
    let marie = harness.signed_in(MARIE).await;
    let text = [(header::CONTENT_TYPE, "text/plain")];
    let form = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let foreign = [(header::HeaderName::from_static("sec-fetch-site"), "cross-site")];
    for (phone, headers, status, code) in [
        (&nobody, &[][..], StatusCode::UNAUTHORIZED, "signed_out"),
        (&nobody, &text, StatusCode::UNAUTHORIZED, "signed_out"),
        (&lucas, &[], StatusCode::FORBIDDEN, "not_allowed"),
        (&lucas, &text, StatusCode::FORBIDDEN, "not_allowed"),
        (&marie, &text, StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
        (&marie, &form, StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
        (&marie, &foreign, StatusCode::FORBIDDEN, "cross_site"),
    ] {
        let read = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&read);
        let body = Body::from_stream(futures_util::stream::once(async move {
            noted.store(true, Ordering::Relaxed);
            Ok::<_, Infallible>(Bytes::from_static(b"{}"))
        }));
        let answer = phone.quietly(call(phone, headers, body)).await;
        refused(&answer, status, code);
        assert!(!read.load(Ordering::Relaxed), "{code}: its body was read");
    }
    for body in ["", "{", "[]", "null", "{} {}", "\u{feff}{}"] {
        refused(
            &marie.quietly(call(&marie, &[], body)).await,
            StatusCode::BAD_REQUEST,
            "unreadable",
        );
    }
    let over = format!("{{\"x\":\"{}\"}}", "a".repeat(4096));
    refused(
        &marie.quietly(call(&marie, &[], over)).await,
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
    );
    let request = marie
        .request(Method::GET, COLLEAGUES)
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        marie.quietly(request).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    let request = marie.json_request("/api/call/nothing", "{}");
    refused(&marie.quietly(request).await, StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn a_browser_that_asks_for_a_page_is_not_sent_elsewhere() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let marie = harness.signed_in(MARIE).await;
    let headers = [
        (header::ACCEPT, "text/html"),
        (header::REFERER, "https://evil.example/"),
    ];
    let answer = marie.quietly(call(&marie, &headers, "{}")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::OK, ""));
    assert!(answer.json().is_array());
    refused(
        &marie.quietly(call(&marie, &headers, "[]")).await,
        StatusCode::BAD_REQUEST,
        "unreadable",
    );
}
