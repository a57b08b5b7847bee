//! `kill -9` of an import of orders, again and again, while a server and its phones act: no order is lost or booked twice.

use crate::audit::Audit;
use crate::harness::{Harness, until};
use crate::phones::Crowd;
use crate::rng::{Rng, seed};
use std::fmt::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

const ORDERS: usize = 3_000;
const PHONES: usize = 4;
/// Kills for each of two files.
const KILLS: usize = 3;
/// An import is killed after a random number of milliseconds below this, and perhaps done before.
const LONGEST: u64 = 3_000;
const COMPANIES: [&str; 3] = ["c-fournil-saone", "c-halle", "c-trois-epis"];

fn file(euros: u32) -> String {
    let mut file = String::from("order_ref,company_ref,ordered_on,quantity,amount\n");
    for number in 0..ORDERS {
        let company = COMPANIES[number % COMPANIES.len()];
        writeln!(
            file,
            "kill-{number},{company},2026-0{}-10,1,{euros}.00",
            1 + number % 9
        )
        .unwrap();
    }
    file
}

fn import(harness: &Harness, arguments: &[&str]) -> Child {
    let mut command = harness.command();
    command.args(["import", "orders", "orders.csv"]).args(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs an import to its end, while phones act; returns what it printed.
async fn whole(harness: &Harness, arguments: &[&str]) -> String {
    let mut child = import(harness, arguments);
    until("the import is done", async || child.try_wait().unwrap().is_some()).await;
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{:?}",
        String::from_utf8(output.stderr)
    );
    said
}

async fn killed_in_the_middle(harness: &Harness) {
    let seed = seed();
    let rng = Rng::new(seed);
    let audit = Audit::begin(harness).await;
    let server = harness.serve().await;
    let busy = Crowd::sign_in(harness, server.address, PHONES, seed).await.go();
    let mut killed = 0;
    for euros in [20, 21] {
        harness.write("orders.csv", &file(euros));
        for _ in 0..KILLS {
            let mut child = import(harness, &[]);
            tokio::time::sleep(Duration::from_millis(rng.below(LONGEST))).await;
            killed += usize::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
            audit.sound().await;
        }
        whole(harness, &[]).await;
        let said = whole(harness, &["--dry-run"]).await;
        assert!(
            said.contains(&format!("0 new, 0 changed, {ORDERS} unchanged, 0 bad")),
            "{said}"
        );
    }
    let mut crowd = busy.stop().await;
    crowd.settle().await;
    crowd.assert_all_decided();
    audit.has_all(&crowd.net.take_told()).await;
    crowd.assert_equal_to_new_phones().await;
    audit.all_right(harness).await;
    println!("{killed} imports killed, {} acts meanwhile", crowd.made());
    assert!(killed > 0, "no import was killed before its end");
    server.kill();
}

#[tokio::test]
async fn on_sqlite() {
    let local = tokio::task::LocalSet::new();
    let harness = Harness::sqlite();
    local.run_until(killed_in_the_middle(&harness)).await;
}

#[tokio::test]
async fn on_postgres() {
    let local = tokio::task::LocalSet::new();
    if let Some(harness) = Harness::postgres().await {
        local.run_until(killed_in_the_middle(&harness)).await;
    }
}
