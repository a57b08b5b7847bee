//! A bad network: 30 % of the connections are cut in the middle of a request or of its response.

use crate::audit::Audit;
use crate::harness::{Harness, Running, until};
use crate::phones::{Crowd, Net};
use crate::rng::{Rng, seed};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

const CUT_PERCENT: u64 = 30;
const PHONES: usize = 12;
/// Number of connections before the network recovers.
const CONNECTIONS: u64 = 400;

/// Counters of the proxy.
#[derive(Clone, Default)]
struct Count {
    connections: Rc<Cell<u64>>,
    in_requests: Rc<Cell<u64>>,
    in_answers: Rc<Cell<u64>>,
}

/// Starts a proxy between phones and server; returns its address.
async fn proxy(server: SocketAddr, seed: u64, count: Count) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let rng = Rng::new(seed);
    tokio::task::spawn_local(async move {
        while let Ok((phone, _)) = listener.accept().await {
            count.connections.update(|count| count + 1);
            // Mostly within the headers and the first documents, sometimes far into a large response.
            let after = 1 + match rng.below(4) {
                0 => rng.below(20_000),
                _ => rng.below(600),
            };
            let (request, answer) = match rng.below(100) {
                cut if cut < CUT_PERCENT / 2 => (after.min(600), u64::MAX),
                cut if cut < CUT_PERCENT => (u64::MAX, after),
                _ => (u64::MAX, u64::MAX),
            };
            tokio::task::spawn_local(pass(phone, server, request, answer, count.clone()));
        }
    });
    address
}

/// Forwards bytes in both directions; at the limit of either direction both ends lose the connection.
async fn pass(phone: TcpStream, server: SocketAddr, request: u64, answer: u64, count: Count) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_phone, to_phone) = phone.into_split();
    let (from_server, to_server) = server.into_split();
    let up = tokio::task::spawn_local(pump(from_phone, to_server, request));
    let down = tokio::task::spawn_local(pump(from_server, to_phone, answer));
    let (stop_up, stop_down) = (up.abort_handle(), down.abort_handle());
    tokio::select! {
        cut = up => if cut.unwrap_or(false) {
            count.in_requests.update(|count| count + 1);
            stop_down.abort();
        },
        cut = down => {
            if cut.unwrap_or(false) {
                count.in_answers.update(|count| count + 1);
            }
            stop_up.abort();
        }
    }
}

/// Forwards bytes in one direction; `true` if the limit was reached.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut left: u64) -> bool {
    let mut buffer = [0; 4096];
    while let Ok(read) = from.read(&mut buffer).await {
        let passed = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        if read == 0 || to.write_all(&buffer[..passed]).await.is_err() {
            return false;
        }
        left -= passed as u64;
        if left == 0 {
            return true;
        }
    }
    false
}

async fn connections_are_cut(harness: &Harness) {
    let seed = seed();
    let audit = Audit::begin(harness).await;
    let server = harness.serve().await;
    let crowd = Crowd::sign_in(harness, server.address, PHONES, seed).await;
    let count = Count::default();
    crowd
        .net
        .address
        .set(proxy(server.address, seed, count.clone()).await);
    let busy = crowd.go();
    until("enough connections", async || {
        count.connections.get() >= CONNECTIONS
    })
    .await;
    busy.net.address.set(server.address);
    let unanswered = busy.net.unanswered.clone();
    let mut crowd = busy.stop().await;
    crowd.settle().await;
    crowd.assert_all_decided();
    crowd.assert_equal_to_new_phones().await;
    let told = crowd.net.take_told();
    audit.has_all(&told).await;
    assert_eq!(
        audit.log().await.len(),
        crowd.made(),
        "each act is in the log once"
    );
    audit.all_right(harness).await;
    let (all, up, down) = (
        count.connections.get(),
        count.in_requests.get(),
        count.in_answers.get(),
    );
    println!(
        "{all} connections, {up} cut in the request, {down} in the answer; {} acts, {} rounds with acts unanswered",
        crowd.made(),
        unanswered.get()
    );
    assert!((up + down) * 100 > all * 20, "too few were cut");
    assert!(unanswered.get() > 0, "no act was hit");
    assert_healthy(harness, &crowd.net, &server, crowd.made()).await;
}

/// Checks that no transaction, lock or connection is left open, and that the metrics are right.
async fn assert_healthy(harness: &Harness, net: &Net, server: &Running, acts: usize) {
    assert_eq!(net.get("/readyz").await.0, 200);
    if harness.url.starts_with("sqlite:") {
        let mut other = SqliteConnection::connect(&harness.url).await.unwrap();
        sqlx::query("PRAGMA busy_timeout = 1000")
            .execute(&mut other)
            .await
            .unwrap();
        let locked = other.begin_with("BEGIN IMMEDIATE").await;
        locked.expect("nobody holds the lock").rollback().await.unwrap();
    } else {
        let mut other = PgConnection::connect(&harness.url).await.unwrap();
        const STUCK: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND state LIKE 'idle in transaction%'";
        until("no transaction is idle", async || {
            let stuck: i64 = sqlx::query_scalar(STUCK).fetch_one(&mut other).await.unwrap();
            stuck == 0
        })
        .await;
    }
    until("connections are closed", async || connections(server) == 0).await;
    let (status, metrics) = net.get("/metrics").await;
    assert_eq!(status, 200);
    let sum = |name: &str| -> f64 {
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
            .sum()
    };
    assert!(sum("compagnon_commands_total{") >= acts as f64, "{metrics}");
    assert!(sum("compagnon_sync_rounds_total{") > 0.0, "{metrics}");
    assert!(!metrics.contains("status=\"500\""), "{metrics}");
    assert_eq!(harness.log().matches("panic").count(), 0, "{}", harness.log());
}

/// Returns the number of phone connections the server has not closed; 0 if the system does not report them.
fn connections(server: &Running) -> usize {
    const LISTENS: &str = "0A";
    const IS_OVER: &str = "06";
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let port = format!(":{:04X}", server.address.port());
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 3 && row[1].ends_with(&port) && row[3] != LISTENS && row[3] != IS_OVER)
        .count()
}

#[tokio::test]
async fn on_sqlite() {
    let local = tokio::task::LocalSet::new();
    local.run_until(connections_are_cut(&Harness::sqlite())).await;
}

#[tokio::test]
async fn on_postgres() {
    let local = tokio::task::LocalSet::new();
    if let Some(harness) = Harness::postgres().await {
        local.run_until(connections_are_cut(&harness)).await;
    }
}
