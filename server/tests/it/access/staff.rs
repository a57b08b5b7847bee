//! The staff of the brand cannot sign in, whatever their role.

use super::fixtures::{STAFF, Who, populate};
use crate::harness::Harness;
use axum::http::StatusCode;
use backend::testing::TestDb;
use backend::{both, db, members};
use std::time::Duration;

/// Inserts a session for the first staff member with this role directly into the database.
async fn forge(test: &TestDb, role: &str, token_hash: &[u8]) -> Result<(), sqlx::Error> {
    const FORGE: &str = "INSERT INTO session (id, token_hash, member_id, name, made_at, expires_at) \
        SELECT id, $1, id, 'forged', 0, 9000000000000 FROM staff WHERE role = $2 ORDER BY ref LIMIT 1";
    match test.db.kind() {
        db::Kind::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&test.url).await?;
            sqlx::query(FORGE)
                .bind(token_hash)
                .bind(role)
                .execute(&pool)
                .await?;
        }
        db::Kind::Postgres => {
            let pool = sqlx::PgPool::connect(&test.url).await?;
            sqlx::query(FORGE)
                .bind(token_hash)
                .bind(role)
                .execute(&pool)
                .await?;
        }
    }
    Ok(())
}

both! {
    async fn no_role_of_the_staff_has_a_way_in(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        for (number, (role, address)) in STAFF.into_iter().enumerate() {
            // Asking for a code looks the same as for a member, but none is sent.
            let mut phone = harness.phone_at(&format!("10.0.0.{number}"));
            let asked = phone.ask_code(address).await;
            assert_eq!(asked.status, StatusCode::SEE_OTHER);
            let entered = phone.post("/sign-in/code", "code=000000").await;
            assert_eq!(entered.status, StatusCode::OK);
            assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED);
            // No invitation either: codes are for members.
            let mut tx = test.db.read().await.unwrap();
            for reference in ["s-osprey", "s-heron", "s-egret", "s-bittern"] {
                assert_eq!(members::find_by_ref(&mut tx, reference).await.unwrap(), None);
            }
            drop(tx);
            // A foreign key refuses a session without a member.
            let refused = forge(test, role, &[number as u8; 32]).await.unwrap_err();
            let refused = refused.into_database_error().expect("a refusal of the database");
            assert!(refused.is_foreign_key_violation(), "{role}: {refused}");
        }
        // Once a member's message has arrived, the staff's would have arrived too.
        let mut ann = harness.phone();
        ann.sign_in(Who::Ann.phone()).await;
        harness.app.tasks.close();
        tokio::time::timeout(Duration::from_secs(10), harness.app.tasks.wait()).await.unwrap();
        let texts = harness.texts.lock().unwrap().clone();
        assert_eq!(texts.len(), 1, "{texts:?}");
    }
}

/// Even with foreign keys off, a session without a member gives no access.
#[tokio::test]
async fn a_session_without_a_member_is_none() {
    use sha2::Digest;
    let test = TestDb::sqlite().await;
    populate(&test).await;
    let harness = Harness::bare(&test, &[]).await;
    let options: sqlx::sqlite::SqliteConnectOptions = test.url.parse().unwrap();
    let pool = sqlx::SqlitePool::connect_with(options.foreign_keys(false))
        .await
        .unwrap();
    for (role, _) in STAFF {
        let token = sha2::Sha256::digest(role)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        sqlx::query(
            "INSERT INTO session (id, token_hash, member_id, name, made_at, expires_at) \
            SELECT id, $1, id, 'forged', 0, 9000000000000 FROM staff WHERE role = $2 ORDER BY ref LIMIT 1",
        )
        .bind(sha2::Sha256::digest(&token).to_vec())
        .bind(role)
        .execute(&pool)
        .await
        .unwrap();
        let mut phone = harness.phone();
        phone.cookies.insert("session".into(), token);
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED, "{role}");
        let sync = phone.post_json("/api/sync", "{}").await;
        assert_eq!(sync.status, StatusCode::UNAUTHORIZED, "{role}");
    }
    let forged: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM session")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(forged, 4);
}
