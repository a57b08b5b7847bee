//! A separate database for each test, on both engines.

use crate::clock::Fixed;
use crate::db::Steps;
use crate::{Db, Result, Tx, signing, sync};
use domain::Timestamp;
use ed25519_dalek::VerifyingKey;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A migrated database with a fixed clock and seeded random numbers.
pub struct TestDb {
    pub db: Db,
    /// The sync server on it.
    pub sync: sync::Server,
    pub clock: Arc<Fixed>,
    /// Lets others come to their turn at each step, and holds the server up where a test plans it.
    pub injector: Arc<FaultInjector>,
    pub url: String,
    folder: Option<std::path::PathBuf>,
}

/// Kills a server that runs in this process between any two steps: the planned step never returns. Or pauses it at a
/// step until it is resumed.
#[derive(Default)]
pub struct FaultInjector {
    /// Steps left before the kill; 0: none is planned.
    left: AtomicU64,
    ended: tokio::sync::Notify,
    left_to_pause: AtomicU64,
    paused: tokio::sync::Notify,
    resumed: tokio::sync::Notify,
}

impl FaultInjector {
    /// Kills the server `steps` steps from now (from 1).
    pub fn plan(&self, steps: u64) {
        self.left.store(steps, Ordering::SeqCst);
    }

    /// Cancels the kill; `true` if it was still pending.
    pub fn forget(&self) -> bool {
        self.left.swap(0, Ordering::SeqCst) > 0
    }

    /// Returns once the server has been killed.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Pauses the work `steps` steps from now (from 1).
    pub fn plan_pause(&self, steps: u64) {
        self.left_to_pause.store(steps, Ordering::SeqCst);
    }

    /// Returns once the work is paused.
    pub async fn paused(&self) {
        self.paused.notified().await;
    }

    /// Resumes the work; a pending pause is cancelled.
    pub fn resume(&self) {
        if self.left_to_pause.swap(0, Ordering::SeqCst) == 0 {
            self.resumed.notify_one();
        }
    }

    async fn pass(&self) {
        // Why: other tasks get their turn at each step, not only when the database happens to be slow.
        tokio::task::yield_now().await;
        let less = |left: u64| left.checked_sub(1);
        if self
            .left_to_pause
            .try_update(Ordering::SeqCst, Ordering::SeqCst, less)
            == Ok(1)
        {
            self.paused.notify_one();
            self.resumed.notified().await;
        }
        if self.left.try_update(Ordering::SeqCst, Ordering::SeqCst, less) == Ok(1) {
            self.ended.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl Steps for FaultInjector {
    fn step(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.pass())
    }
}

/// Saturday 21 November 2026, 10:00 in Paris.
pub const NOW: Timestamp = Timestamp(1_795_251_600_000);

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Returns a database name that is unique in this run.
fn name() -> String {
    format!(
        "compagnon_test_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

impl TestDb {
    /// On a new SQLite file.
    pub async fn sqlite() -> TestDb {
        let folder = std::env::temp_dir().join(name());
        std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
        let url = format!("sqlite:{}", folder.join("test.db").display());
        TestDb::open(url, Some(folder)).await
    }

    /// On a new PostgreSQL database; `None`, with a message, if `TEST_POSTGRES_URL` is not set.
    ///
    /// # Panics
    /// In CI (`CI` is set) without it: there, both engines must be tested.
    pub async fn postgres() -> Option<TestDb> {
        let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
            assert!(
                std::env::var("CI").is_err(),
                "TEST_POSTGRES_URL must be set in CI"
            );
            eprintln!("SKIPPED on PostgreSQL: TEST_POSTGRES_URL is not set");
            return None;
        };
        let name = name();
        let admin = sqlx::PgPool::connect(&server)
            .await
            .expect("TEST_POSTGRES_URL can be reached");
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&admin)
            .await
            .expect("a test database can be made");
        admin.close().await;
        let (base, _) = server
            .rsplit_once('/')
            .expect("TEST_POSTGRES_URL names a database");
        Some(TestDb::open(format!("{base}/{name}"), None).await)
    }

    async fn open(url: String, folder: Option<std::path::PathBuf>) -> TestDb {
        let clock = Arc::new(Fixed::new(NOW, 1));
        let injector = Arc::new(FaultInjector::default());
        let db = Db::open(&url, clock.clone(), clock.clone())
            .await
            .expect("the database opens")
            .with_steps(injector.clone());
        crate::migrate(&db).await.expect("the database migrates");
        TestDb {
            sync: sync::Server::new(db.clone()),
            db,
            clock,
            injector,
            url,
            folder,
        }
    }
}

/// Returns a ticket signed with the programme's key, and the public key to verify it.
///
/// # Errors
/// If the database has no valid key.
pub async fn signed_pass(tx: &mut Tx) -> Result<(String, VerifyingKey)> {
    let key = signing::key(tx).await?;
    let until = NOW.plus(Timestamp::DAY);
    let text = key.sign(signing::Kind::Ticket, tx.uuid(), tx.uuid(), NOW, until);
    Ok((text, key.public()))
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // A folder that cannot be removed may stay; the system clears its temporary files.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Expands each `async fn name(test)` to a test on SQLite and one on PostgreSQL.
#[macro_export]
macro_rules! both {
    ($(async fn $name:ident($test:ident) $body:block)*) => { $(
        mod $name {
            use super::*;

            async fn body($test: &$crate::testing::TestDb) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                body(&$crate::testing::TestDb::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if let Some(test) = $crate::testing::TestDb::postgres().await {
                    body(&test).await;
                }
            }
        }
    )* };
}
