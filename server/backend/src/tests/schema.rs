//! Both engines have the same tables and columns, and the list that `copy` goes by names all of them.

use super::{order, populate, proof};
use crate::copy::TABLES;
use crate::db::on;
use crate::testing::World;
use crate::{both, copy};
use std::collections::BTreeMap;

async fn columns(world: &World) -> BTreeMap<String, Vec<String>> {
    const SQLITE: &str = "SELECT m.name, p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx_%' ORDER BY m.name, p.cid";
    const POSTGRES: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
        WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx\\_%' ORDER BY table_name, ordinal_position";
    let sql = match world.db.kind() {
        crate::db::Kind::Sqlite => SQLITE,
        crate::db::Kind::Postgres => POSTGRES,
    };
    let mut tx = world.db.read().await.unwrap();
    let rows: Vec<(String, String)> = on!(tx, c => sqlx::query_as(sql).fetch_all(c).await.unwrap());
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, column) in rows {
        tables.entry(table).or_default().push(column);
    }
    tables
}

both! {
    async fn copy_knows_every_table_and_column(world) {
        let listed: BTreeMap<String, Vec<String>> = TABLES
            .iter()
            .map(|(table, _, columns)| ((*table).to_owned(), columns.iter().map(|(name, _)| (*name).to_owned()).collect()))
            .collect();
        assert_eq!(columns(world).await, listed);
    }

    async fn the_ledger_cannot_be_rewritten(world) {
        populate(world).await;
        order(world, "o-1,c-mill,2026-11-01,1,100.00,\n").await;
        let both = [
            "UPDATE entry SET points = 5",
            "UPDATE entry SET earned_on = 5",
            "UPDATE entry SET points = points",
            "DELETE FROM entry",
            "DELETE FROM entry WHERE points = 100",
            "UPDATE lot SET points = 5",
            "UPDATE lot SET earned_on = 5",
            "UPDATE lot SET expires_on = NULL",
            "UPDATE lot SET account_id = entry_id",
            "DELETE FROM lot",
        ];
        let own = match world.db.kind() {
            crate::db::Kind::Sqlite => [
                "INSERT OR REPLACE INTO entry SELECT * FROM entry",
                "INSERT OR REPLACE INTO lot SELECT * FROM lot",
                "UPDATE OR REPLACE lot SET points = 5",
            ],
            crate::db::Kind::Postgres => ["TRUNCATE lot", "TRUNCATE entry CASCADE", "TRUNCATE entry, lot CASCADE"],
        };
        for sql in both.into_iter().chain(own) {
            let mut tx = world.db.write().await.unwrap();
            let error = on!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ())).unwrap_err();
            assert!(error.to_string().contains("append-only"), "{sql}: {error}");
        }
        proof(world).await;
    }

    async fn a_programme_moves_to_the_other_engine_and_back(world) {
        populate(world).await;
        order(world, "o-1,c-mill,2026-11-01,1,100.00,\no-2,c-site,2024-11-01,1,50.00,m-cat\n").await;
        let before = proof(world).await;
        let other = match world.db.kind() {
            crate::db::Kind::Sqlite => World::postgres().await,
            crate::db::Kind::Postgres => Some(World::sqlite().await),
        };
        let Some(other) = other else { return };
        let there = copy::copy(&world.db, &other.db, |_, _| {}).await.unwrap();
        assert!(there.rows > 20, "{there:?}");
        let after = proof(&other).await;
        assert_eq!((after.issued, after.expired, after.entries), (before.issued, before.expired, before.entries));
        // The copy goes on where the original stood.
        order(&other, "o-3,c-mill,2026-11-02,1,30.00,\n").await;
        assert_eq!(proof(&other).await.issued, before.issued + 30);
        let again = copy::copy(&world.db, &other.db, |_, _| {}).await;
        assert!(again.unwrap_err().to_string().contains("not empty"));
        let home = match world.db.kind() {
            crate::db::Kind::Sqlite => World::sqlite().await,
            crate::db::Kind::Postgres => World::postgres().await.unwrap(),
        };
        copy::copy(&other.db, &home.db, |_, _| {}).await.unwrap();
        assert_eq!(proof(&home).await.issued, before.issued + 30);
    }
}

/// A ledger of the first release comes through the second migration: its rows, their numbers, what refers to them.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_the_first_release_is_moved_over_on_sqlite() {
    use sqlx::Connection;
    const ROWS: &str = "INSERT INTO company (id, ref, name, town, joined_on, order_points, tier) \
            VALUES (x'0a', 'c', 'C', 'Lyon', 0, 'company', 'clay'); \
        INSERT INTO account (id, kind, company_id, balance, moved_until) VALUES (x'0b', 'wallet', x'0a', 0, 5); \
        INSERT INTO entry (number, id, at, on_day, kind, from_account, to_account, points, company_id, status_points, \
            cause, cause_ref, reverses) VALUES \
            (3, x'01', 1, 5, 'earn', x'00000000000000000000000000000001', x'0b', 7, x'0a', 7, 'order', 'o-1', NULL), \
            (8, x'02', 1, 5, 'undo', x'0b', x'00000000000000000000000000000001', 7, x'0a', -7, 'order', 'o-1', x'01'); \
        INSERT INTO lot (entry_id, account_id, points, earned_on, remaining) VALUES (x'01', x'0b', 7, 5, 0); \
        INSERT INTO orders (ref, company_id, ordered_on, quantity, amount, entry_id, imported_at) \
            VALUES ('o-1', x'0a', 5, 1, 700, x'01', 1)";
    let mut db = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::query("PRAGMA foreign_keys = ON")
        .execute(&mut db)
        .await
        .unwrap();
    let all = sqlx::migrate!("migrations/sqlite");
    let mut first = sqlx::migrate!("migrations/sqlite");
    first.migrations = all
        .iter()
        .filter(|migration| migration.version == 1)
        .cloned()
        .collect();
    first.run(&mut db).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut db).await.unwrap();
    all.run(&mut db).await.unwrap();

    let broken = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(&mut db)
        .await
        .unwrap();
    assert!(broken.is_empty());
    const LIST: &str = "SELECT number, kind, status_points, hex(reverses) FROM entry WHERE earned_on IS NULL ORDER BY number";
    let rows: Vec<(i64, String, i64, String)> = sqlx::query_as(LIST).fetch_all(&mut db).await.unwrap();
    assert_eq!(
        rows,
        [
            (3, "earn".to_owned(), 7, String::new()),
            (8, "undo".to_owned(), -7, "01".to_owned())
        ]
    );
    const NEXT: &str = "INSERT INTO entry (id, at, on_day, kind, from_account, to_account, points, cause, cause_ref, \
        earned_on) VALUES (x'03', 1, 6, 'transfer', x'0b', x'00000000000000000000000000000001', 1, 'transfer', 't', 5)";
    sqlx::query(NEXT).execute(&mut db).await.unwrap();
    let last: i64 = sqlx::query_scalar("SELECT MAX(number) FROM entry")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(last, 9, "numbers go on where they were");
    let refused = sqlx::query("DELETE FROM entry WHERE number = 9")
        .execute(&mut db)
        .await;
    assert!(refused.unwrap_err().to_string().contains("append-only"));
}
