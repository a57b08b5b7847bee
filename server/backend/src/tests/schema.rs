//! Both engines have the same tables and columns, and a copy includes the whole ledger.

use super::{order, populate, proof};
use crate::db::schema::{self, Table, Type};
use crate::db::{Kind, migrations, on};
use crate::testing::TestDb;
use crate::{both, copy};
use sqlx::AssertSqlSafe;

async fn tables(test: &TestDb) -> Vec<Table> {
    let mut tx = test.db.read().await.unwrap();
    schema::tables(&mut tx).await.unwrap()
}

/// Maps column types to those of SQLite, which has fewer.
fn alike(mut tables: Vec<Table>) -> Vec<Table> {
    for column in tables.iter_mut().flat_map(|table| &mut table.columns) {
        column.kind = match column.kind {
            Type::Small => Type::Int,
            Type::Id => Type::Bytes,
            kind => kind,
        };
    }
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_have_the_same_tables() {
    let Some(postgres) = TestDb::postgres().await else {
        return;
    };
    let sqlite = TestDb::sqlite().await;
    let tables = tables(&sqlite).await;
    assert_eq!(tables, alike(self::tables(&postgres).await));
    assert!(tables.len() >= 28, "{tables:#?}");
    assert_eq!(
        tables
            .iter()
            .find(|table| table.name == "registration")
            .unwrap()
            .key(),
        ["event_id", "member_id"]
    );
}

both! {
    async fn a_migration_of_one_text_makes_its_table(test) {
        const TEXT: &str = "CREATE TABLE sample (id {uuid} NOT NULL, hash {bytes}, member_id {uuid} REFERENCES member (id),\n\
            day INTEGER, at BIGINT NOT NULL, seen BOOLEAN, PRIMARY KEY (id)) {compact};\n\
            CREATE TABLE sample_line (number {number}, sample_id {uuid} REFERENCES sample (id));\n\
            -- only sqlite\nCREATE TRIGGER sample_no_delete BEFORE DELETE ON sample BEGIN SELECT RAISE(ABORT, 'no'); END;\n-- end\n\
            -- only postgres\nCREATE INDEX sample_day ON sample USING brin (day);\n-- end";
        let before = tables(test).await.len();
        let sql = migrations::expanded(TEXT, test.db.kind()).unwrap();
        let mut tx = test.db.write().await.unwrap();
        on!(tx, c => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(|_| ()).unwrap());
        tx.commit().await.unwrap();
        let tables = tables(test).await;
        assert_eq!(tables.len(), before + 2);
        let sample = alike(tables.into_iter().filter(|table| table.name == "sample").collect()).remove(0);
        let kinds: Vec<Type> = sample.columns.iter().map(|column| column.kind).collect();
        assert_eq!(kinds, [Type::Bytes, Type::Bytes, Type::Bytes, Type::Int, Type::Int, Type::Flag]);
        assert_eq!((sample.key(), &sample.refers_to), (vec!["id"], &["member".to_owned()].into()));
    }

    async fn the_ledger_cannot_be_rewritten(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2026-11-01,1,100.00,\n").await;
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
        let own = match test.db.kind() {
            Kind::Sqlite => [
                "INSERT OR REPLACE INTO entry SELECT * FROM entry",
                "INSERT OR REPLACE INTO lot SELECT * FROM lot",
                "UPDATE OR REPLACE lot SET points = 5",
            ],
            Kind::Postgres => ["TRUNCATE lot", "TRUNCATE entry CASCADE", "TRUNCATE entry, lot CASCADE"],
        };
        for sql in both.into_iter().chain(own) {
            let mut tx = test.db.write().await.unwrap();
            let error = on!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ())).unwrap_err();
            assert!(error.to_string().contains("append-only"), "{sql}: {error}");
        }
        proof(test).await;
    }

    async fn a_programme_moves_to_the_other_engine_and_back(test) {
        populate(test).await;
        order(test, "o-1,c-mill,2026-11-01,1,100.00,\no-2,c-site,2024-11-01,1,50.00,m-cat\n").await;
        let before = proof(test).await;
        let other = match test.db.kind() {
            Kind::Sqlite => TestDb::postgres().await,
            Kind::Postgres => Some(TestDb::sqlite().await),
        };
        let Some(other) = other else { return };
        let there = copy::copy(&test.db, &other.db, |_, _| {}).await.unwrap();
        assert!(there.rows > 20, "{there:?}");
        let after = proof(&other).await;
        assert_eq!((after.issued, after.expired, after.entries), (before.issued, before.expired, before.entries));
        // The copy continues where the original was.
        order(&other, "o-3,c-mill,2026-11-02,1,30.00,\n").await;
        assert_eq!(proof(&other).await.issued, before.issued + 30);
        let again = copy::copy(&test.db, &other.db, |_, _| {}).await;
        assert!(again.unwrap_err().to_string().contains("not empty"));
        let home = match test.db.kind() {
            Kind::Sqlite => TestDb::sqlite().await,
            Kind::Postgres => TestDb::postgres().await.unwrap(),
        };
        copy::copy(&other.db, &home.db, |_, _| {}).await.unwrap();
        assert_eq!(proof(&home).await.issued, before.issued + 30);
    }
}

/// The second migration keeps a ledger of the first release: its rows, their numbers and the references to them.
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
