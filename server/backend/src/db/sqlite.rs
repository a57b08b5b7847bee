//! SQLite connections and transactions.
//!
//! Why not the driver's: each statement is handed to a connection's thread and back, which is most of the cost of a
//! small one. The driver hands over `BEGIN` and `COMMIT` twice, and pings a connection whenever it is returned to the
//! pool.

use deadpool::Runtime;
use deadpool::managed::{
    BuildError, Manager, Metrics, Object, PoolConfig, PoolError, QueueMode, RecycleResult, Timeouts,
};
use domain::fault;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection as _};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

pub(crate) type Pool = deadpool::managed::Pool<File>;

/// Timeout for getting a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// The database file to connect to.
pub(crate) struct File(SqliteConnectOptions);

pub(crate) struct Connection {
    driver: SqliteConnection,
    /// The last statement did not report completion; a transaction may be open or the worker thread gone.
    dirty: bool,
}

/// A pool of at most `most` connections, opened on demand.
pub(crate) fn pool(options: SqliteConnectOptions, most: usize) -> Result<Pool, BuildError> {
    Pool::builder(File(options))
        .config(PoolConfig {
            max_size: most,
            timeouts: Timeouts {
                wait: Some(ACQUIRE_TIMEOUT),
                ..Timeouts::default()
            },
            // Why LIFO: the last used connection has its pages in memory.
            queue_mode: QueueMode::Lifo,
        })
        .runtime(Runtime::Tokio1)
        .build()
}

impl Manager for File {
    type Type = Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Connection, sqlx::Error> {
        let driver = self.0.connect().await?;
        Ok(Connection { driver, dirty: false })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        Ok(connection.roll_back().await?)
    }
}

/// Gets a connection from the pool.
pub(crate) async fn get(pool: &Pool) -> Result<Object<File>, sqlx::Error> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(_) => sqlx::Error::PoolTimedOut,
        _ => sqlx::Error::PoolClosed,
    })
}

/// Waits until all connections are returned, and closes them.
pub(crate) async fn close(pool: &Pool) {
    while pool.status().size > 0 {
        for connection in pool.retain(|_, _| false).removed {
            if let Err(error) = connection.driver.close().await {
                tracing::warn!(%error, "a connection was not closed well");
            }
        }
        if pool.status().size > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    pool.close();
}

impl Connection {
    /// Marks the connection dirty; call [`Connection::mark_clean`] after the statement succeeded.
    pub(crate) fn begin_use(&mut self) -> &mut SqliteConnection {
        self.dirty = true;
        &mut self.driver
    }

    pub(crate) fn mark_clean(&mut self) {
        self.dirty = false;
    }

    /// Rolls back an open transaction. On an error either none was open or the state is unknown: the connection is
    /// discarded.
    async fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        if self.dirty {
            if !fault!("failed-transaction-stays-open") {
                sqlx::query("ROLLBACK").execute(&mut self.driver).await?;
            }
            self.mark_clean();
        }
        Ok(())
    }
}

/// A transaction, rolled back if dropped before its end.
pub(crate) struct Transaction {
    /// `None` only during drop.
    connection: Option<Object<File>>,
}

impl Transaction {
    pub(crate) async fn begin(pool: &Pool, begin: &'static str) -> Result<Transaction, sqlx::Error> {
        let mut begun = Transaction {
            connection: Some(get(pool).await?),
        };
        // Dirty before BEGIN: if this future is dropped we cannot know whether it ran.
        sqlx::query(begin).execute(begun.connection().begin_use()).await?;
        Ok(begun)
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::query("COMMIT").execute(&mut *self).await?;
        self.connection().mark_clean();
        Ok(())
    }

    pub(crate) async fn roll_back(mut self) -> Result<(), sqlx::Error> {
        self.connection().roll_back().await
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect(IS_THERE)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let open = self.connection.take().filter(|connection| {
            connection.dirty && !fault!("dropped-transaction-stays-open-until-it-is-needed")
        });
        if let (Some(mut connection), Ok(runtime)) = (open, tokio::runtime::Handle::try_current()) {
            // Why now, and not when the connection is next needed: its snapshot prevents the WAL from being reset, and
            // its writes block other writers.
            runtime.spawn(async move {
                if let Err(error) = connection.roll_back().await {
                    tracing::warn!(%error, "a transaction could not be rolled back, its connection is closed");
                }
            });
        }
    }
}

impl Deref for Transaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect(IS_THERE)
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection()
    }
}

const IS_THERE: &str = "a connection is there until it is dropped";

impl Deref for Connection {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.driver
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.driver
    }
}
