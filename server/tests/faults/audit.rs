//! Compares the database with the outcomes phones received, over a separate connection while the server runs.

use crate::harness::Harness;
use crate::phones::{Net, Session, Told};
use domain::id::CommandId;
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::collections::HashMap;
use uuid::Uuid;

/// Number of commands per replay request.
const AT_ONCE: usize = 50;

enum Eye {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

macro_rules! look {
    ($eye:expr, $c:ident => $run:expr) => {
        match $eye {
            Eye::Sqlite($c) => $run.await.unwrap(),
            Eye::Postgres($c) => $run.await.unwrap(),
        }
    };
}

/// Queries that must return 0: each counts violations, or the difference of two counts that must be equal.
const PROMISES: [(&str, &str); 9] = [
    (
        "acts without an outcome",
        "SELECT COUNT(*) FROM command_log WHERE outcome = ''",
    ),
    (
        "events whose seats are not those of the members who joined",
        "SELECT COUNT(*) FROM event WHERE taken > capacity OR taken <> \
            (SELECT COUNT(*) FROM registration WHERE event_id = event.id AND state = 'joined')",
    ),
    (
        "tickets that two members have",
        "SELECT COUNT(ticket_id) - COUNT(DISTINCT ticket_id) FROM registration WHERE state = 'joined'",
    ),
    (
        "practice counted twice, or not at all",
        "SELECT CAST((SELECT COALESCE(SUM(times), 0) FROM practice) - (SELECT COUNT(*) FROM command_log \
            WHERE body LIKE '%\"finish_practice\"%' AND outcome LIKE '%\"confirmed\"%') AS BIGINT)",
    ),
    (
        "quizzes handed in without an attempt, or the other way round",
        "SELECT (SELECT COUNT(*) FROM attempt) - (SELECT COUNT(*) FROM command_log \
            WHERE body LIKE '%\"hand_in_quiz\"%' AND outcome LIKE '%\"confirmed\"%')",
    ),
    (
        "passed courses that were not paid once",
        "SELECT (SELECT COUNT(*) FROM course_payment) - (SELECT COUNT(*) FROM entry WHERE cause = 'course')",
    ),
    (
        "rewards asked for without a request, or the other way round",
        "SELECT (SELECT COUNT(*) FROM redemption) - (SELECT COUNT(*) FROM command_log \
            WHERE body LIKE '%\"redeem\"%' AND outcome LIKE '%\"confirmed\"%')",
    ),
    (
        "requests whose points are not held once",
        "SELECT (SELECT COUNT(*) FROM redemption) - (SELECT COUNT(*) FROM entry WHERE kind = 'hold')",
    ),
    (
        "requests taken back without their points, or the other way round",
        "SELECT (SELECT COUNT(*) FROM redemption WHERE step = 'taken_back') - (SELECT COUNT(*) FROM entry WHERE kind = 'void')",
    ),
];

pub struct Audit {
    pub url: String,
    /// Pieces of each reward: stock plus requested.
    pieces: Vec<(Uuid, i64)>,
}

impl Audit {
    /// Counts the pieces before anybody acts.
    pub async fn begin(harness: &Harness) -> Audit {
        let mut audit = Audit {
            url: harness.url.clone(),
            pieces: Vec::new(),
        };
        audit.pieces = audit.count_pieces().await;
        audit
    }

    async fn eye(&self) -> Eye {
        if self.url.starts_with("sqlite:") {
            Eye::Sqlite(SqliteConnection::connect(&self.url).await.unwrap())
        } else {
            Eye::Postgres(PgConnection::connect(&self.url).await.unwrap())
        }
    }

    async fn count_pieces(&self) -> Vec<(Uuid, i64)> {
        const COUNT: &str = "SELECT id, stock + (SELECT COUNT(*) FROM redemption WHERE reward_id = reward.id \
            AND step NOT IN ('taken_back', 'declined')) FROM reward WHERE stock IS NOT NULL ORDER BY id";
        look!(&mut self.eye().await, c => sqlx::query_as(COUNT).fetch_all(c))
    }

    /// Resends the `newest` last acts of each phone, all phones concurrently, and checks that the outcomes are the
    /// same, byte for byte.
    pub async fn replay(&self, net: &Net, sessions: &[Session], told: &[Told], newest: usize) {
        let mut asking = Vec::new();
        for (number, session) in sessions.iter().cloned().enumerate() {
            let own = told.iter().filter(|told| told.phone == number).rev().take(newest);
            let (net, own): (_, Vec<Told>) = (net.clone(), own.cloned().collect());
            asking.push(tokio::task::spawn_local(async move {
                for part in own.chunks(AT_ONCE) {
                    let bodies: Vec<&str> = part.iter().map(|told| told.body.as_str()).collect();
                    let outcomes = net.replay(&session, &bodies).await;
                    for (told, outcome) in part.iter().zip(outcomes) {
                        assert_eq!(told.outcome, outcome, "{} was told otherwise before", told.id);
                    }
                }
            }));
        }
        for asked in asking {
            asked.await.unwrap();
        }
    }

    /// Checks that every act whose outcome a phone received is in the log with that outcome.
    pub async fn has_all(&self, told: &[Told]) {
        let log = self.log().await;
        for told in told {
            assert_eq!(
                log.get(&told.id),
                Some(&told.outcome),
                "{} was told, and this is stored",
                told.id
            );
        }
    }

    pub async fn log(&self) -> HashMap<CommandId, String> {
        const LIST: &str = "SELECT id, outcome FROM command_log";
        let rows: Vec<(CommandId, String)> =
            look!(&mut self.eye().await, c => sqlx::query_as(LIST).fetch_all(c));
        rows.into_iter().collect()
    }

    /// Checks the integrity of the file and every count.
    pub async fn sound(&self) {
        let mut eye = self.eye().await;
        if let Eye::Sqlite(connection) = &mut eye {
            let said: Vec<String> = sqlx::query_scalar("PRAGMA quick_check")
                .fetch_all(connection)
                .await
                .unwrap();
            assert_eq!(said, ["ok"]);
        }
        for (what, count) in PROMISES {
            let count: i64 = look!(&mut eye, c => sqlx::query_scalar(count).fetch_one(c));
            assert_eq!(count, 0, "{what}");
        }
        assert_eq!(self.count_pieces().await, self.pieces, "pieces of rewards");
    }

    /// Runs [`Audit::sound`] and `ledger prove`.
    pub async fn all_right(&self, harness: &Harness) {
        self.sound().await;
        harness.good(&["ledger", "prove"]);
    }
}
