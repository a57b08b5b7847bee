//! Notices: what happened without the member.

use crate::Result;
use crate::caller::Caller;
use crate::db::{Tx, on};
use crate::stored;
use domain::document::Collection;
use domain::id::{MemberId, NoticeId};
use domain::notices::{About, Command, Notice};
use domain::{Receipt, Timestamp, fault};

/// So many of a member's notices are on their phones, the newest.
const NEWEST: i64 = 50;

pub(crate) async fn tell(tx: &mut Tx, member: MemberId, about: About) -> Result<()> {
    const INSERT: &str = "INSERT INTO notice (id, member_id, at, about) VALUES ($1, $2, $3, $4)";
    let (id, now, about) = (NoticeId(tx.uuid()), tx.now(), serde_json::to_string(&about)?);
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(member).bind(now).bind(&about).execute(c).await.map(|_| ())?);
    tx.touch(member, Collection::Notice, id);
    const PUSHED_OUT: &str =
        "SELECT id FROM notice WHERE member_id = $1 ORDER BY at DESC, id DESC LIMIT 1 OFFSET $2";
    let pushed_out: Option<NoticeId> =
        on!(tx, c => sqlx::query_scalar(PUSHED_OUT).bind(member).bind(NEWEST).fetch_optional(c).await?);
    if let Some(id) = pushed_out {
        tx.touch(member, Collection::Notice, id);
    }
    Ok(())
}

pub(crate) async fn obey(tx: &mut Tx, caller: &Caller, command: Command) -> Result<Receipt> {
    let Command::MarkRead { notice } = command;
    const SET: &str = "UPDATE notice SET read_at = COALESCE(read_at, $3) WHERE id = $1 AND member_id = $2";
    let now = tx.now();
    let found = on!(tx, c => sqlx::query(SET).bind(notice).bind(caller.member).bind(now).execute(c).await?.rows_affected());
    if found == 0 {
        return Err(domain::Error::NotFound.into());
    }
    tx.touch(caller.member, Collection::Notice, notice);
    Ok(Receipt::Noted)
}

/// A member's newest notices.
pub(crate) async fn list(tx: &mut Tx, member: MemberId) -> Result<Vec<Notice>> {
    let list = if fault!("notices-of-everybody-are-shown") {
        "SELECT id, at, read_at, about FROM notice WHERE $1 IS NOT NULL ORDER BY at DESC, id DESC LIMIT $2"
    } else {
        "SELECT id, at, read_at, about FROM notice WHERE member_id = $1 ORDER BY at DESC, id DESC LIMIT $2"
    };
    let rows: Vec<(NoticeId, Timestamp, Option<Timestamp>, String)> =
        on!(tx, c => sqlx::query_as(list).bind(member).bind(NEWEST).fetch_all(c).await?);
    Ok(rows
        .into_iter()
        .filter_map(|(id, at, read_at, about)| {
            Some(Notice {
                id,
                at,
                read: read_at.is_some(),
                about: stored::read("notice", id, &about)?,
            })
        })
        .collect())
}
