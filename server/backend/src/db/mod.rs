//! Two engines, one SQL text: connections, transactions, savepoints, and the list of what a transaction changed.
//!
//! All work happens in a [`Tx`]; [`Db::read`] and [`Db::write`] are the only ways to get one. Dropping it without
//! [`Tx::commit`] rolls it back. A single read needs none: `query_once!`. No network call and no rendering inside a
//! write.
//!
//! Nothing here knows a feature: the consequences of a change are worked out above, in `unit_of_work`.

pub(crate) mod migrations;
mod query;
pub(crate) mod schema;
pub(crate) mod sqlite;

pub(crate) use query::{Value, params};

use crate::clock::{Clock, Rng};
use crate::{Error, Result};
use domain::document::Collection;
use domain::id::{CompanyId, MemberId};
use domain::{Timestamp, fault};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Postgres, Transaction};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Runs a query on the transaction's engine: expands to one arm per engine.
macro_rules! on {
    ($tx:expr, $c:ident => $run:expr) => {{
        $tx.step().await;
        match &mut $tx.engine {
            $crate::db::Engine::Sqlite(transaction) => {
                let $c = &mut **transaction;
                $run
            }
            $crate::db::Engine::Postgres(transaction) => {
                let $c = &mut **transaction;
                $run
            }
        }
    }};
}
pub(crate) use on;

/// Runs one statement outside a transaction, on the database's engine.
macro_rules! query_once {
    ($db:expr, $c:ident => $run:expr) => {{
        $db.step().await;
        match &$db.pools {
            $crate::db::Pools::Sqlite { read, .. } => {
                let mut connection = $crate::db::sqlite::get(read).await?;
                let $c = connection.begin_use();
                let answer = $run;
                connection.mark_clean();
                answer
            }
            $crate::db::Pools::Postgres($c) => $run,
        }
    }};
}
pub(crate) use query_once;

/// Ends a query that reads `… IN (` with the values and the closing parenthesis.
///
/// Why a macro: a function would have to name the bounds of both engines.
macro_rules! push_list {
    ($query:ident, $values:expr) => {
        let mut list = $query.separated(", ");
        for value in $values {
            list.push_bind(*value);
        }
        $query.push(")");
    };
}
pub(crate) use push_list;

/// Fetches all rows of a query that begins with `… IN (` and ends with `$end`, for any number of values.
macro_rules! list_in {
    ($tx:expr, $begin:expr, $values:expr, $end:expr) => {{
        let mut rows = Vec::with_capacity($values.len());
        for part in $values.chunks($crate::db::LIST) {
            rows.append(&mut $crate::db::on!($tx, c => {
                let mut list = sqlx::QueryBuilder::new($begin);
                $crate::db::push_list!(list, part);
                list.push($end).build_query_as().fetch_all(c).await?
            }));
        }
        rows
    }};
}
pub(crate) use list_in;

/// Maximum values in one list of a statement, or rows written by one; longer input is split. Far below the engines'
/// parameter limits, large enough to be fast.
pub(crate) const LIST: usize = 500;

/// A programme's database.
#[derive(Clone)]
pub struct Db {
    pub(crate) pools: Pools,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    steps: Option<Arc<dyn Steps>>,
}

/// Test hook between two steps of the server: it can delay the server there, or never continue. The binary sets none.
pub trait Steps: Send + Sync {
    /// Called before each statement and around each commit.
    fn step(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

#[derive(Clone)]
pub(crate) enum Pools {
    /// Why two pools: SQLite has one writer, and readers must not queue behind it.
    Sqlite {
        read: sqlite::Pool,
        write: sqlite::Pool,
    },
    Postgres(PgPool),
}

pub(crate) enum Engine {
    Sqlite(sqlite::Transaction),
    Postgres(Transaction<'static, Postgres>),
}

/// The engine of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A transaction, with one `now` for all it does.
pub struct Tx {
    pub(crate) engine: Engine,
    /// In the order they were marked.
    changed: Vec<Changed>,
    depth: usize,
    now: Timestamp,
    rng: Arc<dyn Rng>,
    steps: Option<Arc<dyn Steps>>,
}

/// A document that a transaction changed, and its owner; recorded as a change on commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Changed {
    Content(Document),
    Member(MemberId, Document),
    Company(CompanyId, Document),
}

pub(crate) type Document = (Collection, String);

impl Db {
    /// Opens `sqlite:PATH` (created if missing) or `postgres://…`.
    ///
    /// # Errors
    /// If the address is of neither kind, the database cannot be reached, or SQLite is older than 3.51.3.
    pub async fn open(url: &str, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Db> {
        let pools = if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)?
                .application_name("compagnon")
                .options([
                    ("idle_in_transaction_session_timeout", "60000"),
                    ("lock_timeout", "30000"),
                ]);
            Pools::Postgres(
                PgPoolOptions::new()
                    .max_connections(16)
                    .acquire_timeout(Duration::from_secs(10))
                    .test_before_acquire(true)
                    .connect_with(options)
                    .await?,
            )
        } else if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                // Why: otherwise the statement journal goes to a file once a transaction has grown.
                .pragma("temp_store", "memory")
                .statement_cache_capacity(400)
                // Rows per hand-over; each hand-over wakes another thread.
                .row_buffer_size(1000);
            // In KiB: keeps an import's pages in memory until its commit.
            let write = sqlite::pool(options.clone().pragma("cache_size", "-65536"), 1)?;
            let read = sqlite::pool(options, 8)?;
            let version: String = sqlx::query_scalar("SELECT sqlite_version()")
                .fetch_one(&mut **sqlite::get(&write).await?)
                .await?;
            if !at_least(&version, [3, 51, 3]) {
                return Err(Error::Setup(format!(
                    "SQLite {version} may lose commits when its log is reset; 3.51.3 or newer is needed"
                )));
            }
            Pools::Sqlite { read, write }
        } else {
            return Err(Error::Setup(format!(
                "DATABASE_URL must begin with sqlite: or postgres:, it begins with {:?}",
                url.split(':').next().unwrap_or_default()
            )));
        };
        Ok(Db {
            pools,
            clock,
            rng,
            steps: None,
        })
    }

    /// Lets `steps` delay or stop the server between any two of its steps.
    #[must_use]
    pub fn with_steps(mut self, steps: Arc<dyn Steps>) -> Db {
        self.steps = Some(steps);
        self
    }

    pub fn kind(&self) -> Kind {
        match self.pools {
            Pools::Sqlite { .. } => Kind::Sqlite,
            Pools::Postgres(_) => Kind::Postgres,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn random_bytes_into(&self, bytes: &mut [u8]) {
        self.rng.fill(bytes);
    }

    /// Migrates the tables to the newest schema.
    ///
    /// # Errors
    /// If a migration fails or the database is newer than this program.
    pub(crate) async fn migrate_tables(&self) -> Result<()> {
        let migrations = migrations::of(self.kind())?;
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                let mut connection = sqlite::get(write).await?;
                migrations.run(&mut **connection).await?;
            }
            Pools::Postgres(pool) => migrations.run(pool).await?,
        }
        Ok(())
    }

    /// Begins a read-only transaction on one snapshot.
    pub async fn read(&self) -> Result<Tx> {
        let engine = match &self.pools {
            Pools::Sqlite { read, .. } => Engine::Sqlite(sqlite::Transaction::begin(read, "BEGIN").await?),
            Pools::Postgres(pool) => {
                begin_postgres(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?
            }
        };
        Ok(self.tx(engine))
    }

    /// Begins a write transaction, saved by [`Tx::commit`].
    pub async fn write(&self) -> Result<Tx> {
        let engine = match &self.pools {
            // Why immediate: a transaction that reads first and writes later fails at once if another wrote meanwhile,
            // and no busy timeout helps.
            Pools::Sqlite { write, .. } => {
                Engine::Sqlite(sqlite::Transaction::begin(write, "BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres(pool) => begin_postgres(pool, "BEGIN").await?,
        };
        Ok(self.tx(engine))
    }

    fn tx(&self, engine: Engine) -> Tx {
        Tx {
            engine,
            changed: Vec::new(),
            depth: 0,
            now: self.clock.now(),
            rng: self.rng.clone(),
            steps: self.steps.clone(),
        }
    }

    pub(crate) async fn step(&self) {
        if let Some(steps) = &self.steps {
            steps.step().await;
        }
    }

    /// Returns once the database responds.
    pub async fn ping(&self) -> Result<()> {
        query_once!(self, c => sqlx::query("SELECT 1").execute(c).await.map(|_| ())?);
        Ok(())
    }

    /// Returns a description of the engine, and one text for each setting with a wrong value.
    pub async fn examine(&self) -> Result<(String, Vec<String>)> {
        let mut amiss = Vec::new();
        let mut must = |what: &str, is: &str, wanted: &[&str]| {
            if !wanted.contains(&is) {
                amiss.push(format!("{what} is {is}, it must be {}", wanted.join(" or ")));
            }
        };
        let said = match &self.pools {
            Pools::Sqlite { write, .. } => {
                let mut connection = sqlite::get(write).await?;
                let c = &mut **connection;
                let version: String = sqlx::query_scalar("SELECT sqlite_version()")
                    .fetch_one(&mut *c)
                    .await?;
                let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
                    .fetch_one(&mut *c)
                    .await?;
                let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
                    .fetch_one(&mut *c)
                    .await?;
                let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
                    .fetch_one(&mut *c)
                    .await?;
                let sound: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(c).await?;
                must("journal_mode", &journal, &["wal"]);
                must("synchronous", &synchronous.to_string(), &["2"]);
                must("foreign_keys", &foreign_keys.to_string(), &["1"]);
                must("quick_check", &sound, &["ok"]);
                format!("SQLite {version}, journal {journal}, synchronous {synchronous}, its file is {sound}")
            }
            Pools::Postgres(pool) => {
                let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(pool).await?;
                let commit: String = sqlx::query_scalar("SHOW synchronous_commit")
                    .fetch_one(pool)
                    .await?;
                let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(pool).await?;
                must(
                    "synchronous_commit",
                    &commit,
                    &["on", "remote_apply", "remote_write"],
                );
                must("fsync", &fsync, &["on"]);
                format!("PostgreSQL {version}, synchronous_commit {commit}, fsync {fsync}")
            }
        };
        Ok((said, amiss))
    }

    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                sqlite::close(read).await;
                sqlite::close(write).await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Why a separate task: if the future is dropped between the statement and its response, the driver does not know that
/// a transaction is open, and the pool hands the connection to others with it.
async fn begin_postgres(pool: &PgPool, begin: &'static str) -> Result<Engine> {
    if fault!("transaction-cut-off-while-it-begins-stays-open") {
        return Ok(Engine::Postgres(pool.begin_with(begin).await?));
    }
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(begin).await }).await;
    let begun = begun.map_err(|error| Error::Invariant(format!("a transaction did not begin: {error}")))?;
    Ok(Engine::Postgres(begun?))
}

fn at_least(version: &str, wanted: [u32; 3]) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0)) >= wanted
}

impl Tx {
    /// Called before each statement and around the commit.
    pub(crate) async fn step(&self) {
        if let Some(steps) = &self.steps {
            steps.step().await;
        }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id.
    pub(crate) fn uuid(&self) -> uuid::Uuid {
        domain::id::uuid_v7(self.now, self.random_bytes())
    }

    pub(crate) fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes);
        bytes
    }

    /// Marks a published document as changed, for every phone that may see it.
    pub(crate) fn mark_content_changed(&mut self, collection: Collection, id: impl ToString) {
        self.changed.push(Changed::Content((collection, id.to_string())));
    }

    /// Marks a document of one member as changed.
    pub(crate) fn mark_changed(&mut self, member: MemberId, collection: Collection, id: impl ToString) {
        self.changed
            .push(Changed::Member(member, (collection, id.to_string())));
    }

    /// Marks a document of a company's members as changed; which of them see it is decided when it is sent.
    pub(crate) fn mark_company_changed(
        &mut self,
        company: CompanyId,
        collection: Collection,
        id: impl ToString,
    ) {
        self.changed
            .push(Changed::Company(company, (collection, id.to_string())));
    }

    /// Takes the changes marked since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<Changed> {
        std::mem::take(&mut self.changed)
    }

    /// Commits on the engine only; everything else uses [`Tx::commit`].
    pub(crate) async fn commit_on_engine(self) -> Result<()> {
        self.step().await;
        let steps = self.steps;
        match self.engine {
            Engine::Sqlite(transaction) => transaction.commit().await?,
            Engine::Postgres(transaction) => transaction.commit().await?,
        }
        if let Some(steps) = steps {
            steps.step().await;
        }
        Ok(())
    }

    pub async fn roll_back(self) -> Result<()> {
        match self.engine {
            Engine::Sqlite(transaction) => transaction.roll_back().await?,
            Engine::Postgres(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }

    /// Sets a savepoint. Savepoints can be nested, two deep.
    pub(crate) async fn savepoint(&mut self) -> Result<Savepoint> {
        let mark = Savepoint {
            depth: self.depth,
            changed: self.changed.len(),
        };
        self.run_at(&SET, mark.depth).await?;
        self.depth += 1;
        Ok(mark)
    }

    /// Rolls back to the savepoint, later savepoints included; it stays set.
    pub(crate) async fn rollback_to(&mut self, mark: &Savepoint) -> Result<()> {
        self.run_at(&ROLLBACK_TO, mark.depth).await?;
        self.changed.truncate(mark.changed);
        Ok(())
    }

    /// Rolls back to the savepoint and releases it.
    pub(crate) async fn rollback_to_and_release(&mut self, mark: Savepoint) -> Result<()> {
        self.rollback_to(&mark).await?;
        self.release(mark).await
    }

    /// Releases the savepoint and keeps the changes since.
    pub(crate) async fn release(&mut self, mark: Savepoint) -> Result<()> {
        self.run_at(&RELEASE, mark.depth).await?;
        self.depth = mark.depth;
        Ok(())
    }

    async fn run_at(&mut self, texts: &[&'static str; 2], depth: usize) -> Result<()> {
        let text = *texts
            .get(depth)
            .ok_or_else(|| Error::Invariant("marks are nested too deep".into()))?;
        on!(self, c => sqlx::query(text).execute(c).await.map(|_| ())?);
        Ok(())
    }
}

const SET: [&str; 2] = ["SAVEPOINT mark_0", "SAVEPOINT mark_1"];
const ROLLBACK_TO: [&str; 2] = ["ROLLBACK TO SAVEPOINT mark_0", "ROLLBACK TO SAVEPOINT mark_1"];
const RELEASE: [&str; 2] = ["RELEASE SAVEPOINT mark_0", "RELEASE SAVEPOINT mark_1"];

/// A savepoint, and the number of changes marked before it.
pub(crate) struct Savepoint {
    depth: usize,
    changed: usize,
}
