//! The two counters and what moved them: published content, and the documents of one member.

use crate::Result;
use crate::db::{Tx, on};
use domain::document::Collection;
use domain::id::MemberId;
use sqlx::QueryBuilder;
use std::collections::BTreeSet;

type Documents = BTreeSet<(Collection, String)>;

pub(crate) async fn of_member(tx: &mut Tx, member: MemberId, documents: Documents) -> Result<()> {
    const NEXT: &str = "UPDATE member SET own = own + 1 WHERE id = $1 RETURNING own";
    let seq: i64 = on!(tx, c => sqlx::query_scalar(NEXT).bind(member).fetch_one(c).await?);
    let documents: Vec<_> = documents.into_iter().collect();
    for part in documents.chunks(500) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new("INSERT INTO member_change (member_id, collection, id, seq) ");
            insert.push_values(part, |mut row, (collection, id)| {
                row.push_bind(member).push_bind(collection.code()).push_bind(id.clone()).push_bind(seq);
            });
            insert.push(" ON CONFLICT (member_id, collection, id) DO UPDATE SET seq = excluded.seq");
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

pub(crate) async fn of_content(tx: &mut Tx, documents: Documents) -> Result<()> {
    const NEXT: &str = "UPDATE system SET content = content + 1 WHERE id = 1 RETURNING content";
    let seq: i64 = on!(tx, c => sqlx::query_scalar(NEXT).fetch_one(c).await?);
    let documents: Vec<_> = documents.into_iter().collect();
    for part in documents.chunks(500) {
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

/// Content that changed after `have`, oldest first.
pub(crate) async fn content_since(tx: &mut Tx, have: i64) -> Result<Vec<(String, String)>> {
    const SINCE: &str =
        "SELECT collection, id FROM content_change WHERE seq > $1 ORDER BY seq, collection, id";
    Ok(on!(tx, c => sqlx::query_as(SINCE).bind(have).fetch_all(c).await?))
}

/// Documents of a member that changed after `have`, oldest first.
pub(crate) async fn of_member_since(
    tx: &mut Tx,
    member: MemberId,
    have: i64,
) -> Result<Vec<(String, String)>> {
    const SINCE: &str = "SELECT collection, id FROM member_change WHERE member_id = $1 AND seq > $2 ORDER BY seq, collection, id";
    Ok(on!(tx, c => sqlx::query_as(SINCE).bind(member).bind(have).fetch_all(c).await?))
}
