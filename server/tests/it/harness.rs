//! A server with the demo loaded, and phones that use it.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::routing::post;
use backend::testing::TestDb;
use clap::Parser;
use domain::command::Envelope;
use domain::id::{CommandId, DeviceId, MemberId, uuid_v7};
use domain::sync::{Cursor, Reply};
use domain::{Command, Outcome, Verdict};
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::value::RawValue;
use server::http::{AppState, Shared, router};
use server::sending::Sending;
use server::settings::{Command as Run, Serve, Settings};
use server::site::ClientAssets;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

pub const MARIE: &str = "+33 6 39 98 00 10";
pub const KARIM: &str = "+33 6 39 98 00 11";
pub const TOM: &str = "+33 6 39 98 00 12";

/// The messages the SMS gateway received.
pub type Texts = Arc<Mutex<Vec<Value>>>;

pub struct Harness {
    pub app: Shared,
    pub texts: Texts,
    router: Router,
    /// Number of messages read per phone number.
    read: Mutex<BTreeMap<String, usize>>,
}

/// Parses the settings of `compagnon serve` with these flags.
pub fn settings(flags: &[&str]) -> Serve {
    // Tests send as many acts as they like, unless they say how many.
    let quota: &[&str] = match flags.contains(&"--acts-at-once") {
        true => &[],
        false => &["--acts-at-once", "0"],
    };
    let all = ["compagnon", "serve"].iter().chain(quota).chain(flags);
    match Settings::parse_from(all).command {
        Run::Serve(settings) => settings,
        other => panic!("{other:?}"),
    }
}

/// Returns client assets of a few bytes.
pub fn site() -> ClientAssets {
    let files = [
        ("pkg/compagnon.js", "export default async () => {};"),
        ("pkg/compagnon.wasm", "\0asm"),
        ("pkg/compagnon.css", "body {}"),
        ("pkg/compagnon.css.br", "not really brotli"),
        ("boot.js", "//"),
        ("store.js", "//"),
        ("watchdog.js", "//"),
        ("warm.js", "//"),
        ("sw.js", "const MANIFEST = /*MANIFEST*/null;"),
        ("favicon.svg", "<svg/>"),
        ("icons/icon-192.png", "png"),
        ("manifest.webmanifest", "{\"id\":\"/app\"}"),
    ];
    ClientAssets::from_files(
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect(),
    )
}

impl Harness {
    /// With the demo loaded, and a gateway that accepts every SMS.
    pub async fn open(test: &TestDb) -> Harness {
        Harness::with(test, &[]).await
    }

    pub async fn with(test: &TestDb, flags: &[&str]) -> Harness {
        server::demo::load(&test.db, true).await.expect("the demo loads");
        Harness::bare(test, flags).await
    }

    /// With only the test's own data in the database.
    pub async fn bare(test: &TestDb, flags: &[&str]) -> Harness {
        let texts = Texts::default();
        let address = gateway(texts.clone()).await;
        let url = format!("http://{address}/send");
        let flags: Vec<&str> = ["--sms-url", &url, "--sms-token", "secret"]
            .iter()
            .chain(flags)
            .copied()
            .collect();
        let settings = settings(&flags);
        let sending = Sending::new(&settings).expect("sending is set up");
        let app = AppState::new(test.db.clone(), site(), sending, &settings)
            .await
            .expect("the server starts");
        Harness {
            router: router(app.clone()),
            app,
            texts,
            read: Mutex::default(),
        }
    }

    pub fn phone(&self) -> Phone<'_> {
        Phone {
            harness: self,
            cookies: BTreeMap::new(),
            peer: "203.0.113.7:4000".parse().unwrap(),
            seq: 0,
        }
    }

    /// Returns a phone on another network.
    pub fn phone_at(&self, ip: &str) -> Phone<'_> {
        Phone {
            peer: SocketAddr::new(ip.parse().unwrap(), 4000),
            ..self.phone()
        }
    }

    /// Returns a phone of a member who has just signed in.
    pub async fn signed_in(&self, number: &str) -> Phone<'_> {
        let mut phone = self.phone();
        phone.sign_in(number).await;
        phone
    }

    /// Returns the newest code sent to a number; waits until one has arrived since the last call.
    pub async fn code_for(&self, number: &str) -> String {
        let number: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        for _ in 0..500 {
            let texts: Vec<Value> = self.texts.lock().unwrap().clone();
            let to: Vec<&Value> = texts
                .iter()
                .filter(|text| text["to"] == number.as_str())
                .collect();
            let before = self
                .read
                .lock()
                .unwrap()
                .insert(number.clone(), to.len())
                .unwrap_or(0);
            if to.len() > before {
                return digits(to[to.len() - 1]["text"].as_str().unwrap());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no code came for {number}");
    }
}

/// Returns the six-digit code in a message.
pub fn digits(message: &str) -> String {
    let words = message.split(|c: char| !c.is_ascii_digit());
    words
        .into_iter()
        .find(|word| word.len() == 6)
        .expect("a code in the message")
        .to_owned()
}

/// Starts a local SMS gateway.
pub async fn gateway(texts: Texts) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let take = move |headers: HeaderMap, body: axum::Json<Value>| async move {
        if headers
            .get(header::AUTHORIZATION)
            .is_none_or(|token| token != "Bearer secret")
        {
            return StatusCode::UNAUTHORIZED;
        }
        texts.lock().unwrap().push(body.0);
        StatusCode::ACCEPTED
    };
    let routes = Router::new().route("/send", post(take));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// A complete response.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("JSON: {:?}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    /// Returns the size on the wire: status line, headers, body.
    pub fn size(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        "HTTP/1.1 200 OK\r\n".len() + headers + 2 + self.body.len()
    }
}

/// A browser, with its cookies.
#[derive(Clone)]
pub struct Phone<'a> {
    harness: &'a Harness,
    pub cookies: BTreeMap<String, String>,
    peer: SocketAddr,
    seq: i64,
}

static CHANCE: AtomicU64 = AtomicU64::new(1);

impl Phone<'_> {
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::ACCEPT, "text/html,*/*")
            .header(
                header::USER_AGENT,
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
            );
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        request
    }

    pub async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.quietly(request).await;
        for cookie in answer.set_cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Sends a request without keeping the cookies of the response.
    pub async fn quietly(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let answer = self.harness.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    pub async fn post(&mut self, path: &str, form: &str) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    pub fn json_request(&self, path: &str, json: impl Into<Body>) -> Request<Body> {
        self.request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/json")
            .body(json.into())
            .unwrap()
    }

    pub async fn post_json(&mut self, path: &str, json: impl Into<Body>) -> Answer {
        let request = self.json_request(path, json);
        self.send(request).await
    }

    pub async fn ask_code(&mut self, address: &str) -> Answer {
        let encoded = address.replace('+', "%2B").replace(' ', "+").replace('@', "%40");
        self.post("/sign-in", &format!("address={encoded}")).await
    }

    pub async fn sign_in(&mut self, number: &str) {
        let asked = self.ask_code(number).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
        let code = self.harness.code_for(number).await;
        let entered = self.post("/sign-in/code", &format!("code={code}")).await;
        assert_eq!(
            (entered.status, entered.header("location")),
            (StatusCode::SEE_OTHER, "/app")
        );
    }

    /// Returns 200 if somebody is signed in, else 401.
    pub async fn status(&mut self) -> StatusCode {
        let session = self.get("/api/session").await;
        match (session.status, session.json()) {
            (StatusCode::OK, serde_json::Value::Null) => StatusCode::UNAUTHORIZED,
            (status, _) => status,
        }
    }

    pub async fn who(&mut self) -> (MemberId, DeviceId) {
        let session = self.get("/api/session").await;
        assert_eq!(session.status, StatusCode::OK);
        let session = session.json();
        let id = |name: &str| session[name].as_str().unwrap().parse().unwrap();
        (MemberId(id("member")), DeviceId(id("device")))
    }

    /// Returns the id and bytes of a new command.
    pub async fn command(&mut self, command: Command) -> (CommandId, String) {
        let (member, device) = self.who().await;
        self.seq += 1;
        let now = self.harness.app.db.now();
        let mut chance = [0; 10];
        chance[..8].copy_from_slice(&CHANCE.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let id = CommandId(uuid_v7(now, chance));
        let envelope = Envelope {
            id,
            member,
            device,
            seq: self.seq,
            made_at: now,
            command,
        };
        (id, serde_json::to_string(&envelope).unwrap())
    }

    /// Returns the body of a round with these commands.
    pub async fn round(&mut self, have: &Cursor, commands: &[&str]) -> String {
        let (member, device) = self.who().await;
        let have = serde_json::to_string(have).unwrap();
        let commands = commands.join(",");
        format!(
            r#"{{"proto":1,"member":"{member}","device":"{device}","have":{have},"commands":[{commands}]}}"#
        )
    }

    pub async fn sync(&mut self, have: &Cursor, commands: &[&str]) -> Reply<Outcome, Box<RawValue>> {
        let body = self.round(have, commands).await;
        let answer = self.post_json("/api/sync", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Sends one command and returns the verdict.
    pub async fn act(&mut self, command: Command) -> Verdict {
        let (id, body) = self.command(command).await;
        let reply = self.sync(&Cursor::default(), &[&body]).await;
        assert_eq!(reply.outcomes.len(), 1);
        assert_eq!(reply.outcomes[0].id, id);
        reply.outcomes[0].verdict.clone()
    }
}

/// Returns the documents of a collection in a reply.
pub fn docs<T: serde::de::DeserializeOwned>(
    reply: &Reply<Outcome, Box<RawValue>>,
    collection: &str,
) -> Vec<T> {
    let of = reply.docs.iter().filter(|doc| doc.collection == collection);
    of.map(|doc| serde_json::from_str(doc.body.get()).unwrap())
        .collect()
}
