//! Connections over real sockets: bounds, timeouts, malformed requests.

use crate::harness::Harness;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use backend::testing::TestDb;
use server::connections::Bounds;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Serves the harness's programme with these bounds, until the test ends.
async fn serve(harness: &Harness, bounds: Bounds) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = harness.app.clone();
    tokio::spawn(server::serve::run(listener, app, bounds, std::future::pending()));
    address
}

/// Sends raw bytes and returns all that comes back.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A server that closes before it has read all resets the connection.
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The real binary with 256 files: other connections leave room for those that come later.
#[cfg(unix)]
#[test]
fn idle_connections_end_nobodys_service() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Command::new("/bin/sh")
        .args([
            "-c",
            "ulimit -n 256; exec \"$0\" serve --listen 127.0.0.1:0",
            env!("CARGO_BIN_EXE_compagnon"),
        ])
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = serving.stdout.take().unwrap();
    let mut text = String::new();
    while !text.contains('\n') {
        let mut byte = [0];
        out.read_exact(&mut byte).unwrap();
        text.push(char::from(byte[0]));
    }
    let address = text.trim().rsplit("http://").next().unwrap().to_owned();
    let ask = || {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        write!(
            stream,
            "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    let mut idle = Vec::new();
    for _ in 0..400 {
        let mut stream = TcpStream::connect(&address).unwrap();
        // Half of a head, from which nothing follows.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost");
        idle.push(stream);
        if idle.len() % 50 == 0 {
            ask();
        }
    }
    ask();
    serving.kill().unwrap();
    let output = serving.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("Too many open files"), "{log}");
    assert_eq!(log.matches("connections_full").count(), 1, "{log}");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_left() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let bounds = Bounds {
        writing: Duration::from_millis(300),
        ..Bounds::of_this_process(false)
    };
    let address = serve(&harness, bounds).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let ask = "GET /legal HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100);
    let flood = async { while stream.write_all(ask.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), flood)
        .await
        .expect("the connection is closed");
}

#[tokio::test]
async fn a_slow_body_is_the_clients_fault() {
    let test = TestDb::sqlite().await;
    let harness = Harness::with(&test, &["--request-timeout", "1"]).await;
    let phone = harness.phone();
    for (path, mime) in [
        ("/sign-in", "application/x-www-form-urlencoded"),
        ("/api/crash", "application/json"),
    ] {
        let never = futures_util::stream::pending::<Result<axum::body::Bytes, std::io::Error>>();
        let request = phone
            .request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, mime)
            .body(Body::from_stream(never))
            .unwrap();
        let answer = phone.quietly(request).await;
        assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT, "{path}");
    }
    assert!(
        !harness.app.failed.load(Ordering::Relaxed),
        "nothing is wrong with the database"
    );
}

#[tokio::test]
async fn a_request_names_one_host_and_is_not_endless() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let address = serve(&harness, Bounds::of_this_process(false)).await;
    let head = |lines: &str| format!("GET /healthz HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
    let big = format!("Host: a\r\nX-Long: {}\r\n", "x".repeat(40_000));
    for (lines, status) in [
        ("Host: club.example.com\r\n", "200"),
        ("Host: [::1]:3000\r\n", "200"),
        ("", "400"),
        ("Host: a\r\nHost: a\r\n", "400"),
        ("Host: a\r\nHost: b\r\n", "400"),
        ("Host:\r\n", "400"),
        ("Host: a b\r\n", "400"),
        (&big, "431"),
    ] {
        let answer = raw(address, head(lines).as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{lines:.40}: {answer:.200}"
        );
    }
    // HTTP/1.0 knows no hosts: a load balancer's check.
    let answer = raw(address, b"GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
}
