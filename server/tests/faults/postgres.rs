//! PostgreSQL restarts under load, or is read-only for a while. The same server process continues.

use crate::audit::Audit;
use crate::harness::Harness;
use crate::phones::Crowd;
use crate::rng::seed;
use sqlx::{Connection, PgConnection};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const PHONES: usize = 12;
const LOAD: Duration = Duration::from_millis(800);

/// A PostgreSQL server for this test only.
///
/// Why with durable settings: after an immediate shutdown it recovers from its log, and with `synchronous_commit=off`
/// the log may lack acts whose outcomes were sent. As in production, it must not.
struct Cluster {
    folder: tempfile::TempDir,
    url: String,
}

fn script() -> Command {
    Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.ci/postgres"))
}

impl Cluster {
    fn start() -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let output = script()
            .arg("start")
            .arg(folder.path())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "PostgreSQL does not start");
        let url = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Cluster { folder, url }
    }

    /// Restarts PostgreSQL without blocking the phones.
    async fn restart(&self, how: &str) {
        let mut command = script();
        command.arg("restart").arg(self.folder.path()).arg(how);
        let done = tokio::task::spawn_blocking(move || command.status());
        assert!(
            done.await.unwrap().unwrap().success(),
            "PostgreSQL does not start again"
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = script().arg("stop").arg(self.folder.path()).status();
    }
}

async fn goes_away(cluster: &Cluster) {
    let harness = Harness::at(cluster.url.clone(), None);
    let audit = Audit::begin(&harness).await;
    let mut server = harness.serve().await;
    let crowd = Crowd::sign_in(&harness, server.address, PHONES, seed()).await;
    let busy = crowd.go();
    for how in ["immediate", "fast", "immediate", "fast"] {
        tokio::time::sleep(LOAD).await;
        let before = busy.net.unanswered.get();
        cluster.restart(how).await;
        harness.readyz(&busy.net, 200).await;
        println!("{how}: {} rounds unanswered", busy.net.unanswered.get() - before);
    }
    // Read-only, like a standby or a provider that has run out of space.
    for (setting, status) in [("on", 503), ("off", 200)] {
        let mut admin = PgConnection::connect(&cluster.url).await.unwrap();
        const SETTINGS: [&str; 2] = [
            "ALTER SYSTEM SET default_transaction_read_only = on",
            "ALTER SYSTEM SET default_transaction_read_only = off",
        ];
        sqlx::query("SET default_transaction_read_only = off")
            .execute(&mut admin)
            .await
            .unwrap();
        sqlx::query(SETTINGS[usize::from(setting == "off")])
            .execute(&mut admin)
            .await
            .unwrap();
        sqlx::query("SELECT pg_reload_conf()")
            .execute(&mut admin)
            .await
            .unwrap();
        let said = harness.readyz(&busy.net, status).await;
        assert_eq!(said == "the database is read-only\n", status == 503, "{said}");
        tokio::time::sleep(LOAD).await;
    }
    assert!(busy.net.unanswered.get() > 0, "no act was hit");
    let mut crowd = busy.stop().await;
    crowd.settle().await;
    crowd.assert_all_decided();
    crowd.assert_equal_to_new_phones().await;
    audit.has_all(&crowd.net.take_told()).await;
    assert_eq!(
        audit.log().await.len(),
        crowd.made(),
        "each act is in the log once"
    );
    audit.all_right(&harness).await;
    assert!(server.is_alive(), "it was not started again");
    println!("{} acts, {} refused", crowd.made(), crowd.refused());
}

#[tokio::test]
async fn goes_away_and_comes_back() {
    if std::env::var("TEST_POSTGRES_URL").is_err() {
        assert!(
            std::env::var("CI").is_err(),
            "TEST_POSTGRES_URL must be set in CI"
        );
        eprintln!("SKIPPED on PostgreSQL: TEST_POSTGRES_URL is not set");
        return;
    }
    let local = tokio::task::LocalSet::new();
    let cluster = Cluster::start();
    local.run_until(goes_away(&cluster)).await;
}
