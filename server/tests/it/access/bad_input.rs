//! Input that no page of ours sends: every route refuses it, and none returns a server error.

use super::commands::samples;
use super::fixtures::{ALL, Fixtures, Who, populate, request};
use crate::harness::{Answer, Harness, Phone};
use axum::http::{Method, StatusCode};
use backend::both;
use domain::command::Envelope;
use domain::sync::{Cursor, Reply};
use domain::{Command, Error, Outcome, Verdict};
use serde_json::value::RawValue;
use server::http::{MOST_FORM_BYTES, Route, Takes, routes};
use std::time::Duration;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Longer than any request can take: a hang fails the test.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

async fn ask(
    phone: &Phone<'_>,
    method: &Method,
    uri: &str,
    mime: Option<&str>,
    body: impl Into<Vec<u8>>,
) -> Answer {
    let request = request(phone, method, uri, mime, body.into());
    tokio::time::timeout(REQUEST_TIMEOUT, phone.quietly(request))
        .await
        .expect("an answer comes")
}

fn posts() -> impl Iterator<Item = Route> {
    routes().into_iter().filter(|route| route.method == Method::POST)
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// Returns texts that might break a database, a mail or a page.
fn oddities() -> Vec<String> {
    vec![
        "%00".into(),
        "a%00b%40example.com".into(),
        "%ff%fe".into(),
        "%C0%80".into(),
        "%ED%A0%80".into(),
        "%F0%9F%9A%80".into(),
        "%E2%80%AE%D9%A1%D9%A2".into(),
        "%0D%0ASet-Cookie%3A+session%3D1".into(),
        "%25s%25n".into(),
        "'%3B+DROP+TABLE+member%3B+--".into(),
        "0".repeat(8000),
        "%2B33+6+39+98+01+01".repeat(300),
        "-1".into(),
        "9".repeat(400),
        "%".into(),
        "%zz".into(),
        String::new(),
    ]
}

/// Returns the leaf values of a document, serialized.
fn leaves(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Object(fields) => fields.values().flat_map(leaves).collect(),
        serde_json::Value::Array(items) => items.iter().flat_map(leaves).collect(),
        end => vec![end.to_string()],
    }
}

fn refuses(answer: &Answer, at: &str) {
    assert!(answer.status.is_client_error(), "{at}: {}", answer.status);
}

fn survives(answer: &Answer, at: &str) {
    assert!(answer.status.as_u16() < 500, "{at}: {}", answer.status);
    let opened = answer
        .set_cookies()
        .iter()
        .any(|cookie| cookie.starts_with("session=") && !cookie.contains("=;"));
    assert!(!opened, "{at} opened a session");
}

both! {
    async fn a_body_that_is_none_is_refused(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let phone = harness.signed_in(Who::Ann.phone()).await;
        for route in posts() {
            let path = route.path;
            let (wrong_mimes, right, most): (&[Option<&str>], _, usize) = match route.takes {
                Takes::Nothing => continue,
                Takes::Form => (&[None, Some(JSON), Some("text/plain"), Some("multipart/form-data; boundary=x")], FORM, MOST_FORM_BYTES),
                Takes::Json { most } => (&[None, Some(FORM), Some("text/plain"), Some("application/jsonp"), Some("multipart/form-data; boundary=x")], JSON, most),
            };
            for mime in wrong_mimes {
                let answer = ask(&phone, &Method::POST, path, *mime, "{}").await;
                assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {mime:?}");
            }
            for (kind, over) in [("blanks", vec![b' '; most + 1]), ("letters", vec![b'a'; most + 1]), ("much more", vec![b'['; 4 * 1024 * 1024])] {
                let answer = ask(&phone, &Method::POST, path, Some(right), over).await;
                assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path} {kind}");
            }
            if right == JSON {
                let bodies: [Vec<u8>; 18] = [
                    b"".to_vec(),
                    b"null".to_vec(),
                    b"7".to_vec(),
                    b"[7]".to_vec(),
                    b"\"x\"".to_vec(),
                    b"{".to_vec(),
                    b"{}}".to_vec(),
                    b"{\"message\":7,\"proto\":\"1\"}".to_vec(),
                    b"{\"message\":\"a\0b\",\"proto\":1}".to_vec(),
                    b"{\"message\":\"\xff\",\"proto\":1}".to_vec(),
                    b"{\"message\":\"\xed\xa0\x80\",\"proto\":1}".to_vec(),
                    b"{\"message\":\"\\ud800\",\"proto\":1}".to_vec(),
                    b"{\"message\":1e999,\"proto\":1e999}".to_vec(),
                    b"{\"message\":[],\"proto\":99999999999999999999}".to_vec(),
                    b"\xff\xfe{\0}\0".to_vec(),
                    b"\xef\xbb\xbf{}".to_vec(),
                    nested(1000).into_bytes(),
                    nested(100_000).into_bytes(),
                ];
                for body in bodies {
                    let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
                    // A function ignores unknown fields of its arguments object.
                    let arguments = path.starts_with("/api/call/") && body.starts_with(b"{\"");
                    let answer = ask(&phone, &Method::POST, path, Some(right), body).await;
                    if arguments {
                        survives(&answer, &format!("{path} {shown}"));
                    } else {
                        refuses(&answer, &format!("{path} {shown}"));
                    }
                }
            }
        }
    }

    async fn odd_texts_in_forms_paths_and_cookies_are_survived(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let ann = harness.signed_in(Who::Ann.phone()).await;
        let mut number = 0;
        for text in oddities() {
            for route in routes() {
                number += 1;
                let mut phone = harness.phone_at(&format!("10.1.{}.{}", number / 250, number % 250));
                phone.cookies = ann.cookies.clone();
                let at = format!("{} {} {text}", route.method, route.path);
                if route.takes == Takes::Form {
                    // Starts a sign-in, so that a code is looked up.
                    phone.ask_code("nobody@example.com").await;
                    for field in ["address", "code", "?"] {
                        let body = format!("{field}={text}");
                        survives(&ask(&phone, &Method::POST, route.path, Some(FORM), body.clone()).await, &at);
                        let twice = format!("{body}&{body}");
                        survives(&ask(&phone, &Method::POST, route.path, Some(FORM), twice).await, &at);
                    }
                    test.clock.advance(domain::Timestamp::HOUR);
                }
                if route.method == Method::GET {
                    let end = route.path.find('{').unwrap_or(route.path.len());
                    // In a path without an id the text goes into the query string.
                    let uris = [
                        format!("{}{text}", &route.path[..end]).replace("{build}", &text),
                        format!("{}?lang={text}&again={text}", route.path.replace(['{', '}', '*'], "")),
                    ];
                    for uri in uris.iter().filter(|uri| uri.parse::<axum::http::Uri>().is_ok()) {
                        survives(&ask(&phone, &Method::GET, uri, None, "").await, &at);
                    }
                }
            }
        }
        for cookie in ["session", "sign_in", "lang", "signed_in"] {
            for value in ["", "0", "\"", "\u{e9}", "00000000-0000-0000-0000-000000000000", &"z".repeat(64), &"0".repeat(9000)] {
                for route in routes() {
                    let mut phone = harness.phone();
                    phone.cookies.insert(cookie.into(), value.into());
                    let at = format!("{} {} {cookie}={value}", route.method, route.path);
                    let mime = if route.takes == Takes::Form { FORM } else { JSON };
                    let body = if route.takes == Takes::Form { "" } else { "{}" };
                    let uri = route.path.replace(['{', '}', '*'], "");
                    survives(&ask(&phone, &route.method, &uri, Some(mime), body).await, &at);
                }
            }
        }
    }

    async fn a_round_of_the_wrong_kind_is_refused(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        let mut phone = fixtures.phone(Who::Ann);
        let good = phone.round(&Cursor::default(), &[]).await;
        let ann = &fixtures.things[&Who::Ann];
        let member = format!("\"member\":\"{}\"", ann.member);
        for (instead_of, this) in [
            (member.as_str(), "\"member\":7".to_owned()),
            (&member, "\"member\":\"7\"".to_owned()),
            (&member, "\"member\":\"\\u0000\"".to_owned()),
            (&member, "\"member\":null".to_owned()),
            (&member, format!("\"member\":\"{}\"", ann.company)),
            (&member, format!("\"member\":\"{}\"", ann.session)),
            (&member, "\"member\":\"00000000-0000-0000-0000-000000000000\"".to_owned()),
            (&member, format!("{member},{member}")),
            ("\"commands\":[]", "\"commands\":{}".to_owned()),
            ("\"commands\":[]", "\"commands\":null".to_owned()),
            ("\"commands\":[]", "\"command\":[]".to_owned()),
            ("\"have\":{", "\"have\":[{".to_owned()),
            ("\"own\":0", "\"own\":1e400".to_owned()),
            ("\"own\":0", "\"own\":9223372036854775808".to_owned()),
            ("\"own\":0", "\"own\":0.5".to_owned()),
            ("\"epoch\":\"\"", "\"epoch\":\"\\ud800\"".to_owned()),
        ] {
            let body = good.replace(instead_of, &this);
            assert_ne!(body, good, "{instead_of} is in a round");
            refuses(&ask(&phone, &Method::POST, "/api/sync", Some(JSON), body).await, &this);
        }
        for (instead_of, this) in [
            ("\"own\":0", "\"own\":9223372036854775807".to_owned()),
            ("\"own\":0", "\"own\":-9223372036854775808".to_owned()),
            ("\"content\":0", "\"content\":-9223372036854775808".to_owned()),
            ("\"epoch\":\"\"", "\"epoch\":\"\\u0000\"".to_owned()),
            ("\"audience\":\"\"", "\"audience\":\"\\u0000'\"".to_owned()),
            ("\"proto\":1", format!("\"proto\":1,\"x\":{}", nested(100_000))),
            ("\"commands\":[]", "\"commands\":[null,7,\"x\",{},[[]]]".to_owned()),
            ("\"commands\":[]", format!("\"commands\":[{}]", nested(100_000))),
        ] {
            let body = good.replace(instead_of, &this);
            assert_ne!(body, good, "{instead_of} is in a round");
            let answer = ask(&phone, &Method::POST, "/api/sync", Some(JSON), body).await;
            assert_eq!(answer.status, StatusCode::OK, "{} {}", &this[..this.len().min(60)], answer.text());
            let reply: Reply<Outcome, Box<RawValue>> = serde_json::from_slice(&answer.body).unwrap();
            assert!(reply.outcomes.iter().all(|outcome| outcome.verdict == Verdict::Failed));
        }
    }

    async fn an_act_of_the_wrong_kind_is_refused_and_not_failed(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        let mut phone = fixtures.phone(Who::Ann);
        let mut things = vec![fixtures.course.0, fixtures.event.0, fixtures.reward.0, uuid::Uuid::nil(), uuid::Uuid::max()];
        for who in ALL {
            let own = &fixtures.things[&who];
            things.extend([own.member.0, own.company.0, own.session.0, own.notice.0, own.redemption.0]);
        }
        let texts = ["\\u0000", "", "\\ud83d\\ude80", "\\u202e", "lesson\\u0000", "'; DROP TABLE member; --"];
        let numbers = ["0", "-1", "9223372036854775807", "-9223372036854775808"];
        let mut commands = Vec::new();
        let ids: Vec<String> = things.iter().map(|id| format!("\"{id}\"")).collect();
        let texts: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
        for sample in samples(&fixtures, Who::Ann) {
            let written = serde_json::to_string(&sample).unwrap();
            for leaf in leaves(&serde_json::from_str(&written).unwrap()) {
                for odd in ids.iter().chain(&texts).chain(&numbers.map(str::to_owned)) {
                    let command = written.replacen(&leaf, odd, 1);
                    // Unreadable commands stay undecided; this test keeps readable commands with nonsense values.
                    if serde_json::from_str::<Command>(&command).is_ok() {
                        commands.push(command);
                    }
                }
            }
        }
        for given in ["{\"single\":255}", "{\"multiple\":[]}", "{\"ordering\":[0,0,0]}", "{\"number\":-9223372036854775808}"] {
            commands.push(format!(
                r#"{{"learning":{{"hand_in_quiz":{{"course":"{}","version":1,"answers":[{{"question":"q","given":{given}}}]}}}}}}"#,
                fixtures.course
            ));
        }
        let many = vec![r#"{"question":"q","given":{"true_false":true}}"#; 1000].join(",");
        for version in ["0", "2", "4294967295"] {
            commands.push(format!(
                r#"{{"learning":{{"hand_in_quiz":{{"course":"{}","version":{version},"answers":[{many}]}}}}}}"#,
                fixtures.course
            ));
        }
        let mut refused = 0;
        for (at, command) in commands.iter().enumerate() {
            // Readable commands are decided, whatever numbers their envelope holds.
            let (_, act) = phone.command(serde_json::from_str(command).expect(command)).await;
            let number = numbers[at % numbers.len()];
            let (before, after) = act.split_once(",\"command\":").unwrap();
            let (before, _) = before.split_once(",\"seq\":").unwrap();
            let act = format!(r#"{before},"seq":{number},"made_at":{number},"command":{after}"#);
            serde_json::from_str::<Envelope>(&act).expect(&act);
            let reply = phone.sync(&Cursor::default(), &[&act]).await;
            match &reply.outcomes[0].verdict {
                Verdict::Failed | Verdict::Newer => panic!("failed: {act}"),
                Verdict::Refused(Error::WrongMember | Error::IdReuse) => panic!("not asked at all: {act}"),
                Verdict::Refused(_) => refused += 1,
                Verdict::Confirmed(_) => {}
            }
            if phone.clone().status().await != StatusCode::OK {
                panic!("{act} signed out");
            }
        }
        // Some are valid: practising the course, reading the own notice, taking back the own request.
        assert!(refused > commands.len() * 3 / 4, "{refused} of {}", commands.len());
        let mut tx = test.db.read().await.unwrap();
        let today = backend::programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
        let proof = backend::ledger::prove(&mut tx, today).await.unwrap();
        assert!(proof.ok, "{:?}", proof.amiss);
    }
}
