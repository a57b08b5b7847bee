//! Every route of the server's own list × every caller × own and foreign ids.

use super::fixtures::{ALL, Caller, Fixtures, Who, populate, request};
use crate::harness::{Answer, Harness};
use axum::http::{Method, StatusCode};
use backend::both;
use backend::testing::TestDb;
use server::http::{Access, Route, Takes, routes};

/// One request to a route.
struct Asking {
    uri: String,
    mime: Option<&'static str>,
    body: String,
    /// The member whose id is in it.
    names: Option<Who>,
}

fn plainly(uri: impl Into<String>) -> Asking {
    Asking {
        uri: uri.into(),
        mime: None,
        body: String::new(),
        names: None,
    }
}

/// Returns all requests to a route: one for each id it could get.
fn askings(route: &Route, fixtures: &Fixtures<'_>) -> Vec<Asking> {
    if route.method == Method::GET {
        let mut uris = vec![route.path.to_owned()];
        for part in route.path.split('/').filter(|part| part.starts_with('{')) {
            uris = uris
                .iter()
                .flat_map(|uri| {
                    ids(part, fixtures)
                        .into_iter()
                        .map(|id| uri.replacen(part, &id, 1))
                })
                .collect();
        }
        return uris.into_iter().map(plainly).collect();
    }
    let form = |body: String| Asking {
        mime: Some("application/x-www-form-urlencoded"),
        body,
        ..plainly(route.path)
    };
    match route.path {
        "/sign-in" => {
            let addresses = [
                "quillon-ann%40example.com",
                "quorate-bea%40example.com",
                "nobody%40example.com",
            ];
            addresses
                .iter()
                .map(|address| form(format!("address={address}")))
                .collect()
        }
        "/sign-in/code" => vec![form("code=000000".into())],
        "/sign-in/who" => {
            let members = ALL.iter().map(|who| fixtures.things[who].member.to_string());
            members.map(|member| form(format!("member={member}"))).collect()
        }
        "/sign-in/again" | "/api/sign-out" => vec![plainly(route.path)],
        // No valid code: it would sign the caller in as another member.
        "/invitation" => vec![form("code=WRONG".into())],
        "/api/crash" => vec![Asking {
            mime: Some("application/json"),
            body: r#"{"message":"x"}"#.into(),
            ..plainly(route.path)
        }],
        "/api/call/colleagues" => vec![Asking {
            mime: Some("application/json"),
            body: "{}".into(),
            ..plainly(route.path)
        }],
        "/api/sync" => ALL
            .iter()
            .map(|&named| Asking {
                mime: Some("application/json"),
                body: format!(
                    r#"{{"proto":1,"member":"{}","device":"{}","commands":[]}}"#,
                    fixtures.things[&named].member, fixtures.things[&named].session
                ),
                names: Some(named),
                ..plainly(route.path)
            })
            .collect(),
        other => panic!("{other} is new: say here what it can be sent"),
    }
}

/// Returns ids of own and foreign things, unknown ids and ids of the wrong kind.
fn ids(part: &str, fixtures: &Fixtures<'_>) -> Vec<String> {
    match part {
        "{code}" => fixtures
            .invitations
            .iter()
            .cloned()
            .chain(["WRONG".into()])
            .collect(),
        "{*rest}" => ALL
            .iter()
            .map(|who| format!("rewards/request/{}", fixtures.things[who].redemption))
            .chain(["learn".into(), format!("learn/{}", fixtures.course)])
            .collect(),
        "{event}" => vec![
            fixtures.event.to_string(),
            fixtures.other_event.to_string(),
            "event".into(),
            "other-event".into(),
            uuid::Uuid::nil().to_string(),
            "%00".into(),
        ],
        "{build}" => vec![fixtures.build.clone(), "0000".into()],
        "{*path}" => vec!["boot.js".into(), "no.js".into(), "..%2F..%2Fetc%2Fpasswd".into()],
        "{name}" => vec!["icon-192.png".into(), "no.png".into(), "%00".into()],
        "{hash}" => vec![
            fixtures.picture.clone(),
            "0".repeat(32),
            fixtures.things[&Who::Bea].redemption.to_string(),
            "%00".into(),
            "%F0%9F%9A%80".into(),
        ],
        other => panic!("{other} is new: say here what ids it can be given"),
    }
}

/// Checks a response against the access declared with the route. `bare`: the response without any session.
fn judge(route: &Route, caller: &Caller<'_>, asking: &Asking, answer: &Answer, bare: &Answer) {
    let at = format!("{} {} as {}", route.method, asking.uri, caller.name);
    let code = || answer.json()["code"].as_str().unwrap_or_default().to_owned();
    let signed_out = || {
        assert_eq!(
            (answer.status, code().as_str()),
            (StatusCode::UNAUTHORIZED, "signed_out"),
            "{at}"
        );
    };
    let like_anybody = || {
        assert_eq!(answer.status, bare.status, "{at}");
        assert!(answer.body == bare.body, "{at}: {}", answer.text());
        assert_eq!(answer.header("location"), bare.header("location"), "{at}");
        let opened = answer
            .set_cookies()
            .iter()
            .any(|cookie| cookie.starts_with("session="));
        assert!(!opened, "{at} opened a session");
    };
    assert!(answer.status.as_u16() < 500, "{at}: {}", answer.status);
    match route.access {
        Access::Everybody | Access::SigningIn => like_anybody(),
        Access::Visitors if caller.who.is_some() => {
            assert_eq!(
                (answer.status, answer.header("location")),
                (StatusCode::SEE_OTHER, "/app"),
                "{at}"
            );
        }
        Access::Visitors => like_anybody(),
        Access::Members if caller.who.is_some() => {
            assert!(
                [StatusCode::OK, StatusCode::NOT_FOUND].contains(&answer.status),
                "{at}: {}",
                answer.status
            );
        }
        Access::Own if caller.who.is_some() && caller.who == asking.names => {
            assert_eq!(answer.status, StatusCode::OK, "{at}");
        }
        Access::Own if caller.who.is_some() => {
            assert_eq!(
                (answer.status, code().as_str()),
                (StatusCode::FORBIDDEN, "wrong_member"),
                "{at}"
            );
        }
        Access::Managers if caller.who.is_some_and(Who::is_manager) => {
            assert_eq!(answer.status, StatusCode::OK, "{at}: {}", answer.text());
        }
        Access::Managers if caller.who.is_some() => {
            assert_eq!(
                (answer.status, code().as_str()),
                (StatusCode::FORBIDDEN, "not_allowed"),
                "{at}"
            );
        }
        // A phone that may be in wrong hands is told so; see `sessions.rs`.
        Access::Own if caller.name == "an ended session" => assert_eq!(
            (answer.status, code().as_str()),
            (StatusCode::UNAUTHORIZED, "session_ended"),
            "{at}"
        ),
        Access::Members | Access::Managers | Access::Own => signed_out(),
        Access::Oneself => {
            assert_eq!(answer.status, StatusCode::OK, "{at}");
            assert_eq!(
                answer.json().is_null(),
                caller.who.is_none(),
                "{at}: {}",
                answer.text()
            );
        }
        Access::Leaving => assert_eq!(
            (answer.status, answer.body.len()),
            (StatusCode::NO_CONTENT, 0),
            "{at}"
        ),
        Access::Operators => assert_eq!(answer.status, StatusCode::NOT_FOUND, "{at}"),
    }
}

both! {
    async fn every_route_answers_every_caller_as_declared(test) {
        populate(test).await;
        let harness = Harness::bare(test, &["--metrics-token", "the-token"]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        let (leaving, staying): (Vec<Route>, Vec<Route>) =
            routes().into_iter().partition(|route| route.access == Access::Leaving);
        let mut asked = 0;
        // Routes that sign out come last: they end the sessions the others need.
        for route in staying.iter().chain(&leaving) {
            for asking in askings(route, &fixtures) {
                let mut bare = None;
                for caller in &fixtures.callers {
                    asked += 1;
                    // Each from its own network, an hour after the last, so that no rate limit applies.
                    if route.takes == Takes::Form {
                        test.clock.advance(domain::Timestamp::HOUR);
                    }
                    let mut phone = harness.phone_at(&format!("10.{}.{}.1", asked / 250, asked % 250));
                    phone.cookies = caller.phone.cookies.clone();
                    let body = asking.body.clone().into_bytes();
                    let answer = phone.quietly(request(&phone, &route.method, &asking.uri, asking.mime, body)).await;
                    let bare = bare.get_or_insert_with(|| answer.clone());
                    judge(route, caller, &asking, &answer, bare);
                    caller.assert_told_nothing_foreign(&answer, &asking.uri);
                    if let (Access::Oneself, Some(who)) = (route.access, caller.who) {
                        assert_eq!(answer.json()["member"], fixtures.things[&who].member.to_string());
                    }
                }
            }
        }
        assert!(asked > 400, "{asked}");
        // The sessions that signed out are over; the members' other phones stay signed in.
        for caller in &fixtures.callers {
            assert_eq!(caller.phone.clone().status().await, StatusCode::UNAUTHORIZED, "{}", caller.name);
        }
        let mut tx = test.db.write().await.unwrap();
        let ann = fixtures.things[&Who::Ann].member;
        let (code, _) = backend::sessions::issue_code(&mut tx, ann, backend::sessions::Way::Desk).await.unwrap();
        tx.commit().await.unwrap();
        let mut phone = harness.phone();
        phone.post("/invitation", &format!("code={code}")).await;
        let devices = crate::harness::docs::<domain::members::Device>(&phone.sync(&Default::default(), &[]).await, "device");
        assert!(devices.iter().any(|device| device.session == fixtures.things[&Who::Ann].session));
    }

    async fn a_path_answers_no_other_method(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let phone = harness.signed_in(Who::Ann.phone()).await;
        let all = routes();
        for route in &all {
            let uri = route.path.replace("{*rest}", "x").replace("{*path}", "x").replace(['{', '}'], "");
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                if all.iter().any(|other| other.path == route.path && other.method == method) {
                    continue;
                }
                let answer = phone.quietly(request(&phone, &method, &uri, None, vec![])).await;
                assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {uri}");
            }
        }
    }
}

#[tokio::test]
async fn only_the_operators_token_opens_the_metrics() {
    let test = TestDb::sqlite().await;
    populate(&test).await;
    let harness = Harness::bare(&test, &["--metrics-token", "the-token"]).await;
    for route in routes().iter().filter(|route| route.access == Access::Operators) {
        for (token, status) in [
            ("Bearer the-token", StatusCode::OK),
            ("Bearer other", StatusCode::NOT_FOUND),
        ] {
            let phone = harness.phone();
            let request = phone
                .request(Method::GET, route.path)
                .header("authorization", token);
            let answer = phone
                .quietly(request.body(axum::body::Body::empty()).unwrap())
                .await;
            assert_eq!(answer.status, status, "{token}");
        }
    }
}

/// Why: the tests of bad input do not cover a handler that reads a body without declaring it.
#[test]
fn only_posts_take_a_body() {
    for route in routes() {
        let reads = route.takes != Takes::Nothing;
        assert!(!reads || route.method == Method::POST, "{}", route.path);
    }
}
