use super::populate;
use crate::both;
use crate::db::Kind;
use crate::testing::TestDb;
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::time::Duration;

/// True if a transaction is still open: a reader's snapshot or a write lock.
async fn is_held(test: &TestDb) -> bool {
    match test.db.kind() {
        Kind::Sqlite => {
            let mut other = SqliteConnection::connect(&test.url).await.unwrap();
            sqlx::query("PRAGMA busy_timeout = 0")
                .execute(&mut other)
                .await
                .unwrap();
            // The WAL can be truncated only if it has no reader and no writer.
            let emptied = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut other)
                .await;
            let (busy, _, _): (i64, i64, i64) = match emptied {
                Err(sqlx::Error::Database(error)) if error.message().contains("locked") => return true,
                emptied => emptied.unwrap(),
            };
            busy == 1
        }
        Kind::Postgres => {
            const OPEN: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND state LIKE 'idle in transaction%'";
            let mut other = PgConnection::connect(&test.url).await.unwrap();
            let open: i64 = sqlx::query_scalar(OPEN).fetch_one(&mut other).await.unwrap();
            open > 0
        }
    }
}

async fn assert_free(test: &TestDb) {
    for _ in 0..100 {
        if !is_held(test).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a transaction is open that nobody has any more");
}

/// Drops a future after `polls` polls.
async fn cut_off(polls: usize, work: impl Future<Output = ()>) {
    let mut work = std::pin::pin!(work);
    let mut polled = 0;
    std::future::poll_fn(|context| {
        polled += 1;
        if work.as_mut().poll(context).is_ready() || polled == polls {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

both! {
    async fn one_that_is_dropped_is_undone_at_once(test) {
        populate(test).await;
        for _ in 0..20 {
            let mut look = test.db.read().await.unwrap();
            crate::programme::current(&mut look).await.unwrap();
            let mut change = test.db.write().await.unwrap();
            crate::programme::begin_epoch(&mut change).await.unwrap();
            assert!(is_held(test).await);
        }
        assert_free(test).await;
    }

    async fn one_that_is_cut_off_while_it_begins_is_undone(test) {
        populate(test).await;
        let first = test.db.write().await.unwrap();
        for _ in 0..20 {
            let late = async {
                let mut change = test.db.write().await.unwrap();
                crate::programme::begin_epoch(&mut change).await.unwrap();
                std::future::pending::<()>().await;
            };
            assert!(tokio::time::timeout(Duration::from_millis(5), late).await.is_err());
        }
        first.roll_back().await.unwrap();
        for polls in 1..30 {
            cut_off(polls, async {
                let mut change = test.db.write().await.unwrap();
                crate::programme::begin_epoch(&mut change).await.unwrap();
                change.commit().await.unwrap();
            })
            .await;
            assert_free(test).await;
        }
        let mut change = test.db.write().await.unwrap();
        crate::programme::begin_epoch(&mut change).await.unwrap();
        change.commit().await.unwrap();
    }
}
