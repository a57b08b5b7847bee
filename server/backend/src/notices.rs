//! Notices: events the member did not trigger.

use crate::Result;
use crate::caller::Caller;
use crate::db::{Tx, params};
use crate::stored;
use crate::stored::{Bodies, bodies};
use domain::document::Collection;
use domain::id::{MemberId, NoticeId};
use domain::notices::{About, Command, Notice};
use domain::{Receipt, Timestamp, fault};
use tracing::instrument;

/// Number of a member's notices on their phones, newest first.
const NEWEST: i64 = 50;

#[instrument(level = "debug", skip_all)]
pub(crate) async fn notify(tx: &mut Tx, member: MemberId, about: About) -> Result<()> {
    const INSERT: &str = "INSERT INTO notice (id, member_id, at, about) VALUES ($1, $2, $3, $4)";
    let (id, now, about) = (NoticeId(tx.uuid()), tx.now(), serde_json::to_string(&about)?);
    tx.execute(INSERT, params![id, member, now, &about]).await?;
    tx.mark_changed(member, Collection::Notice, id);
    const PUSHED_OUT: &str =
        "SELECT id FROM notice WHERE member_id = $1 ORDER BY at DESC, id DESC LIMIT 1 OFFSET $2";
    let pushed_out: Option<NoticeId> = tx
        .fetch_optional_scalar(PUSHED_OUT, params![member, NEWEST])
        .await?;
    if let Some(id) = pushed_out {
        tx.mark_changed(member, Collection::Notice, id);
    }
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn handle(tx: &mut Tx, caller: &Caller, command: Command) -> Result<Receipt> {
    let Command::MarkRead { notice } = command;
    const SET: &str = "UPDATE notice SET read_at = COALESCE(read_at, $3) WHERE id = $1 AND member_id = $2";
    let now = tx.now();
    let found = tx.execute(SET, params![notice, caller.member, now]).await?;
    if found == 0 {
        return Err(domain::Error::NotFound.into());
    }
    tx.mark_changed(caller.member, Collection::Notice, notice);
    Ok(Receipt::Noted)
}

/// Its documents as a member sees them.
pub(crate) async fn documents(tx: &mut Tx, member: MemberId) -> Result<Bodies> {
    bodies(list(tx, member).await?, |notice| notice.id)
}

/// Returns a member's newest notices.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list(tx: &mut Tx, member: MemberId) -> Result<Vec<Notice>> {
    let list = if fault!("notices-of-everybody-are-shown") {
        "SELECT id, at, read_at, about FROM notice WHERE $1 IS NOT NULL ORDER BY at DESC, id DESC LIMIT $2"
    } else {
        "SELECT id, at, read_at, about FROM notice WHERE member_id = $1 ORDER BY at DESC, id DESC LIMIT $2"
    };
    let rows: Vec<(NoticeId, Timestamp, Option<Timestamp>, String)> =
        tx.fetch_all(list, params![member, NEWEST]).await?;
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
