//! The baseline: the minimum that could do the same work on the same engine.

use anyhow::{Context, Result};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use domain::id::{CourseId, MemberId};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, PgPool, SqliteConnection, SqlitePool};
use std::str::FromStr;
use std::time::{Duration, Instant};
use uuid::Uuid;

#[derive(serde::Deserialize)]
struct Asked {
    member: MemberId,
}

#[derive(serde::Serialize)]
struct Answered {
    own: i64,
    content: i64,
}

const OWN: &str = "SELECT own FROM member WHERE id = $1";
const CONTENT: &str = "SELECT content FROM system WHERE id = 1";

macro_rules! handler {
    ($name:ident, $pool:ty) => {
        async fn $name(State(pool): State<$pool>, Json(asked): Json<Asked>) -> Json<Answered> {
            let own = sqlx::query_scalar(OWN)
                .bind(asked.member.0)
                .fetch_one(&pool)
                .await;
            let content = sqlx::query_scalar(CONTENT).fetch_one(&pool).await;
            Json(Answered {
                own: own.unwrap_or(-1),
                content: content.unwrap_or(-1),
            })
        }
    };
}
handler!(on_sqlite, SqlitePool);
handler!(on_postgres, PgPool);

fn sqlite(url: &str) -> Result<SqliteConnectOptions> {
    Ok(SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true))
}

/// Serves the bare handler until this process ends.
pub async fn serve() -> Result<()> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL")?;
    let listener = tokio::net::TcpListener::bind(std::env::var("LISTEN").context("LISTEN")?).await?;
    let routes = if url.starts_with("sqlite:") {
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            .connect_with(sqlite(&url)?)
            .await?;
        Router::new().route("/bare", post(on_sqlite)).with_state(pool)
    } else {
        let pool = PgPoolOptions::new().max_connections(16).connect(&url).await?;
        Router::new().route("/bare", post(on_postgres)).with_state(pool)
    };
    axum::serve(listener, routes).await?;
    Ok(())
}

/// Writes the rows of one finished practice, in the server's order.
macro_rules! one_act {
    ($transaction:ident, $member:ident, $course:ident, $number:ident) => {{
        let id = Uuid::from_u128(0xBA2E_u128 << 64 | $number as u128);
        let body = format!(
            r#"{{"id":"{id}","member":"{member}","device":"{member}","seq":{number},"made_at":1795251600000,"command":{{"learning":{{"finish_practice":{{"course":"{course}"}}}}}}}}"#,
            member = $member,
            number = $number,
            course = $course,
        );
        let outcome = format!(r#"{{"id":"{id}","at":1795251600000,"verdict":{{"confirmed":"noted"}}}}"#);
        sqlx::query(
            "INSERT INTO command_log (id, member_id, device_id, seq, made_at, at, body_hash, body, outcome) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(id)
        .bind($member.0)
        .bind($member.0)
        .bind($number)
        .bind(1_795_251_600_000_i64)
        .bind(1_795_251_600_000_i64)
        .bind(vec![7_u8; 32])
        .bind(body)
        .bind(outcome)
        .execute(&mut *$transaction)
        .await?;
        sqlx::query(
            "INSERT INTO practice (member_id, course_id, times) VALUES ($1, $2, 1) \
             ON CONFLICT (member_id, course_id) DO UPDATE SET times = practice.times + 1",
        )
        .bind($member.0)
        .bind($course.0)
        .execute(&mut *$transaction)
        .await?;
        let seq: i64 = sqlx::query_scalar("UPDATE member SET own = own + 1 WHERE id = $1 RETURNING own")
            .bind($member.0)
            .fetch_one(&mut *$transaction)
            .await?;
        sqlx::query(
            "INSERT INTO member_change (member_id, collection, id, seq) VALUES ($1, 'act', $2, $4), \
             ($1, 'progress', $3, $4) ON CONFLICT (member_id, collection, id) DO UPDATE SET seq = excluded.seq",
        )
        .bind($member.0)
        .bind(id.to_string())
        .bind($course.to_string())
        .bind(seq)
        .execute(&mut *$transaction)
        .await?;
    }};
}

/// Returns the acts per second of a loop that commits them one by one, for members in turn.
pub async fn acts(url: &str, members: &[MemberId], course: CourseId, lasting: Duration) -> Result<f64> {
    let begun = Instant::now();
    let mut number = 0_i64;
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect_with(&sqlite(url)?).await?;
        while begun.elapsed() < lasting {
            let member = members[number as usize % members.len()];
            number += 1;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            one_act!(transaction, member, course, number);
            transaction.commit().await?;
        }
    } else {
        let mut connection = PgConnection::connect(url).await?;
        while begun.elapsed() < lasting {
            let member = members[number as usize % members.len()];
            number += 1;
            let mut transaction = connection.begin().await?;
            one_act!(transaction, member, course, number);
            transaction.commit().await?;
        }
    }
    Ok(number as f64 / begun.elapsed().as_secs_f64())
}
