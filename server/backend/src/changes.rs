//! The two change counters and the changes behind them: published content, and the documents of one member.

use crate::db::{Document, Engine, LIST, Tx, on, push_list};
use crate::{Error, Result, caller};
use domain::fault;
use domain::id::{CompanyId, MemberId};
use domain::sync::Cursor;
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, BTreeSet};
use tracing::instrument;

type Documents = BTreeSet<Document>;

/// Records what changed for members, and moves their counters.
///
/// A member whose changes span two chunks has their counter moved twice, which is harmless.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn of_members(tx: &mut Tx, changed: BTreeMap<MemberId, Documents>) -> Result<()> {
    let changed: Vec<(MemberId, &Document)> = changed
        .iter()
        .flat_map(|(member, documents)| documents.iter().map(|document| (*member, document)))
        .collect();
    for rows in changed.chunks(LIST) {
        let mut members: Vec<MemberId> = rows.iter().map(|(member, _)| *member).collect();
        members.dedup();
        // Why the SQL differs: this runs last in a transaction while others wait for its locks, so it must be one round
        // trip, and neither engine supports the other's way of doing that. SQLite counts the rows of both statements,
        // PostgreSQL those of the last.
        let (begin, then, moved, counted) = match tx.engine {
            Engine::Sqlite(_) => (
                if fault!("changes-do-not-move-the-counter") {
                    "UPDATE member SET own = own WHERE id IN ("
                } else {
                    "UPDATE member SET own = own + 1 WHERE id IN ("
                },
                "; ",
                "member",
                members.len(),
            ),
            // Why ORDER BY: two transactions that change the same members lock them in the same order. Why FOR NO KEY:
            // a writer of a row that refers to a member holds a lock on its key, and two such transactions would
            // deadlock.
            Engine::Postgres(_) => (
                "WITH moved AS (UPDATE member SET own = own + 1 WHERE id IN (SELECT id FROM member WHERE id IN (",
                " ORDER BY id FOR NO KEY UPDATE) RETURNING id, own) ",
                "moved",
                0,
            ),
        };
        let written = on!(tx, c => {
            let mut write = QueryBuilder::new(begin);
            push_list!(write, &members);
            write.push(then).push("INSERT INTO member_change (member_id, collection, id, seq) \
                SELECT new.column1, new.column2, new.column3, moved.own FROM (");
            write.push_values(rows, |mut row, (member, (collection, id))| {
                row.push_bind(*member).push_bind(collection.code()).push_bind(id.clone());
            });
            write.push(") AS new JOIN ").push(moved).push(" AS moved ON moved.id = new.column1 WHERE true \
                ON CONFLICT (member_id, collection, id) DO UPDATE SET seq = excluded.seq");
            write.build().execute(c).await?.rows_affected()
        });
        if written < (counted + rows.len()) as u64 {
            return Err(Error::Invariant(
                "a member is gone whose documents changed".into(),
            ));
        }
    }
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn of_content(tx: &mut Tx, documents: Documents) -> Result<()> {
    const NEXT: &str = "UPDATE system SET content = content + 1 WHERE id = 1 RETURNING content";
    let seq: i64 = on!(tx, c => sqlx::query_scalar(NEXT).fetch_one(c).await?);
    let documents: Vec<_> = documents.into_iter().collect();
    for part in documents.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new("INSERT INTO content_change (collection, id, seq) ");
            insert.push_values(part, |mut row, (collection, id)| {
                row.push_bind(collection.code()).push_bind(id.clone()).push_bind(seq);
            });
            insert.push(" ON CONFLICT (collection, id) DO UPDATE SET seq = excluded.seq");
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

/// Returns content that changed after `have`, oldest first.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn content_since(tx: &mut Tx, have: i64) -> Result<Vec<(String, String)>> {
    const SINCE: &str =
        "SELECT collection, id FROM content_change WHERE seq > $1 ORDER BY seq, collection, id";
    Ok(on!(tx, c => sqlx::query_as(SINCE).bind(have).fetch_all(c).await?))
}

/// The columns of the newest cursor, that of a phone that is up to date.
#[derive(sqlx::FromRow)]
pub(crate) struct Newest {
    pub epoch: String,
    pub content: i64,
    pub own: i64,
    pub company: CompanyId,
    pub trade: String,
    pub tier: String,
    pub manager: bool,
}

impl Newest {
    pub fn cursor(&self) -> Cursor {
        Cursor {
            epoch: self.epoch.clone(),
            content: self.content,
            own: self.own,
            audience: caller::audience(self.company, &self.trade, &self.tier, self.manager),
        }
    }
}

/// The newest cursor, and the member's changed documents as (collection, id).
pub(crate) type Delta = (Cursor, Vec<(String, String)>);

/// Returns the delta of each member since the given counter value, in the order of `asked`.
///
/// Why one statement, and one row each: every round that changes something pays for it.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn of_members_since(tx: &mut Tx, asked: &[(MemberId, i64)]) -> Result<Vec<Delta>> {
    #[derive(sqlx::FromRow)]
    struct Columns {
        #[sqlx(flatten)]
        newest: Newest,
        changed: Option<String>,
    }
    let rows: Vec<Columns> = on!(tx, c => {
        let mut since = QueryBuilder::new("SELECT epoch, content, own, company_id AS company, trade, tier, manager, \
            (SELECT string_agg(collection || ' ' || id, ',') FROM member_change \
            WHERE member_id = member.id AND seq > asked.column3) AS changed FROM (");
        since.push_values(asked.iter().enumerate(), |mut row, (place, (member, have))| {
            row.push_bind(place as i64).push_bind(*member).push_bind(*have);
        });
        since.push(") AS asked JOIN member ON member.id = asked.column2 JOIN company ON company.id = company_id \
            JOIN system ON system.id = 1 ORDER BY asked.column1");
        since.build_query_as().fetch_all(c).await?
    });
    if rows.len() < asked.len() {
        return Err(Error::Invariant("a member is gone who has a session".into()));
    }
    let deltas = rows.into_iter().map(|row| {
        let changed = row
            .changed
            .iter()
            .flat_map(|changed| changed.split(','))
            .filter_map(|document| document.split_once(' '))
            .map(|(collection, id)| (collection.to_owned(), id.to_owned()))
            .collect();
        (row.newest.cursor(), changed)
    });
    Ok(deltas.collect())
}
