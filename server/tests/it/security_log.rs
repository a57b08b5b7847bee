//! What the log says of attacks, and what it never says.

use crate::harness::{Harness, KARIM, MARIE, Texts, gateway, settings};
use crate::sources;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use backend::sessions::{Address, Message};
use backend::testing::TestDb;
use domain::Lang;
use domain::id::SessionId;
use serde_json::Value;
use server::sending::Sending;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;

/// The log of this thread, as machines read it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn begin() -> (Log, DefaultGuard) {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Returns the one line of an event.
    fn one(&self, event: &str) -> Value {
        let all = self.lines();
        let found: Vec<&Value> = all.iter().filter(|line| line["event"] == event).collect();
        assert_eq!(found.len(), 1, "{event}: {}", self.text());
        found[0].clone()
    }
}

#[tokio::test]
async fn a_line_names_member_session_and_network() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let (log, _guard) = Log::begin();
    let mut phone = harness.phone_at("2001:db8:7:8:9::1");
    phone.sign_in(MARIE).await;
    let (member, session) = phone.who().await;
    let line = log.one("signed_in");
    assert_eq!(line["span"]["ip"], "2001:db8:7:8::/64");
    let lines = log.lines();
    let of = |route: &str| {
        let mut found = lines.iter().filter(|line| line["message"] == "answered");
        found.find(|line| line["span"]["route"] == route).unwrap().clone()
    };
    for line in [line, of("/api/session")] {
        assert_eq!(line["span"]["member"], member.to_string(), "{line}");
        assert_eq!(line["span"]["session"], session.to_string(), "{line}");
        assert_eq!(line["span"]["ip"], "2001:db8:7:8::/64", "{line}");
    }
    let asked = log.one("code_requested");
    assert!(
        asked["span"].get("member").is_none(),
        "an account is not told by the log: {asked}"
    );
    assert_eq!(
        phone.post("/api/sign-out", "").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(log.one("signed_out")["span"]["member"], member.to_string());
}

#[tokio::test]
async fn what_an_attacker_does_has_its_event() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut lost = harness.signed_in(MARIE).await;
    let (member, session) = lost.who().await;
    let (other, _) = harness.signed_in(KARIM).await.who().await;
    let body = lost.round(&domain::sync::Cursor::default(), &[]).await;
    let (log, _guard) = Log::begin();

    let foreign = body.replace(&member.to_string(), &other.to_string());
    assert_eq!(
        lost.post_json("/api/sync", foreign).await.status,
        StatusCode::FORBIDDEN
    );
    let line = log.one("access_refused");
    assert_eq!(
        (&line["code"], &line["level"]),
        (&"wrong_member".into(), &"WARN".into())
    );
    assert_eq!(line["span"]["member"], member.to_string());

    let mut phone = harness.signed_in(MARIE).await;
    let end = domain::members::Command::SignOutDevice {
        session: SessionId(session.0),
    };
    phone.act(domain::Command::Members(end)).await;
    lost.post_json("/api/sync", body.clone()).await;
    let line = log.one("ended_session_used");
    assert_eq!(line["span"]["member"], member.to_string());
    assert_eq!(line["span"]["session"], session.to_string());

    lost.cookies.insert("session".into(), "0".repeat(64));
    lost.post_json("/api/sync", body).await;
    log.one("unknown_session_used");

    let mut thief = harness.phone_at("198.51.100.1");
    thief.ask_code(KARIM).await;
    thief.post("/sign-in/code", "code=x").await;
    assert_eq!(log.one("code_wrong")["span"]["ip"], "198.51.100.1");
    for _ in 0..2 {
        thief.ask_code(KARIM).await;
    }
    log.one("code_request_limited");
    for _ in 0..30 {
        thief.post("/invitation", "code=WRONG").await;
    }
    log.one("sign_in_limited");

    let request = thief
        .request(Method::POST, "/api/sync")
        .header("sec-fetch-site", "cross-site");
    thief.quietly(request.body(Body::empty()).unwrap()).await;
    log.one("cross_site_refused");

    test.clock.advance(91 * domain::Timestamp::DAY);
    phone.get("/api/session").await;
    assert_eq!(
        log.one("expired_session_used")["span"]["member"],
        member.to_string()
    );
}

#[tokio::test]
async fn a_crash_report_writes_no_line_of_its_own() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let (log, _guard) = Log::begin();
    let mut phone = harness.phone();
    let report = serde_json::json!({
        "build": "b\u{202E}\u{2066}1",
        "message": "1\n2026-11-25T01:00:00Z INFO signed in\u{2028} level=ERROR\u{200F}\u{feff}",
    });
    phone.post_json("/api/crash", report.to_string()).await;
    let line = log.one("app_crashed");
    assert_eq!(line["message"], "the app crashed on a phone");
    assert_eq!(line["said"], "12026-11-25T01:00:00Z INFO signed in level=ERROR");
    assert_eq!(line["build"], "b1");
    for line in log.text().lines() {
        assert!(line.matches("\"message\":").count() <= 1, "{line}");
    }
}

#[tokio::test]
async fn no_code_and_no_address_is_in_the_log() {
    let (log, _guard) = Log::begin();
    let to = |to| Message {
        to,
        language: Lang::En,
        code: "042917".into(),
    };
    let phone = || to(Address::Phone("+33639980012".into()));
    Sending::new(&settings(&[])).unwrap().send(&phone(), "Club").await;
    log.one("code_not_sent");
    // A gateway that refuses, and a mail server that repeats what it was given.
    let url = format!("http://{}/send", gateway(Texts::default()).await);
    let wrong = settings(&["--sms-url", &url, "--sms-token", "wrong"]);
    Sending::new(&wrong).unwrap().send(&phone(), "Club").await;
    let url = mail_server_that_repeats().await;
    let echoing = settings(&["--smtp-url", &url, "--mail-from", "club@example.com"]);
    let mail = to(Address::Email("tom@example.com".into()));
    Sending::new(&echoing).unwrap().send(&mail, "Club").await;
    let text = log.text();
    assert!(
        text.contains("code_send_retried") && text.contains("(address)"),
        "{text}"
    );
    for secret in ["042917", "33639980012", "tom@example.com"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

async fn mail_server_that_repeats() -> String {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 mail.example.com\r\n").await.unwrap();
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match line.split(':').next().unwrap() {
                    "RCPT TO" => format!("550 nobody is {line}\r\n"),
                    _ => "250 ok\r\n".to_owned(),
                };
                if write.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    format!("smtp://{address}")
}

/// Returns the values of `event = "…"` in the sources of the server.
fn events() -> BTreeSet<String> {
    let files = ["server/src", "server/backend/src"]
        .into_iter()
        .flat_map(sources::rust_files);
    let mut found = BTreeSet::new();
    for (_, text) in files {
        let parts = text.split("event = \"").skip(1);
        found.extend(parts.map(|part| part.split('"').next().unwrap().to_owned()));
    }
    found
}

#[test]
fn the_readme_lists_every_event() {
    let readme = include_str!("../../README.md");
    let listed: BTreeSet<String> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
    let events = events();
    assert!(events.len() > 10, "{events:?}");
    assert_eq!(listed, events);
}

/// Why: in JSON such a field would stand beside the line's own, under the same name.
#[test]
fn no_field_has_the_name_of_a_lines_own() {
    for (path, text) in ["server/src", "server/backend/src"]
        .into_iter()
        .flat_map(sources::rust_files)
    {
        for kind in ["trace!(", "debug!(", "info!(", "warn!(", "error!("] {
            for call in text.split(kind).skip(1) {
                let call = call.split(';').next().unwrap();
                for name in ["message", "level", "target", "timestamp", "span", "spans"] {
                    let named = call.contains(&format!(" {name} =")) || call.contains(&format!("({name} ="));
                    assert!(!named, "{}: {kind}{call}", path.display());
                }
            }
        }
    }
}
