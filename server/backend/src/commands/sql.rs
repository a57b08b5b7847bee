use super::{Decided, Sent};
use crate::Result;
use crate::db::{Tx, on, params, push_list};
use domain::id::{CommandId, MemberId};
use domain::{Timestamp, fault};
use sqlx::QueryBuilder;
use tracing::instrument;

/// Inserts commands with their outcomes into the log; returns how many of them were new.
#[instrument(level = "debug", skip_all)]
pub async fn insert(tx: &mut Tx, commands: &[(&Sent<'_>, Decided)]) -> Result<usize> {
    if commands.is_empty() {
        return Ok(0);
    }
    let now = tx.now();
    // Why not the bytes that came: beside what is understood they may hold anything, and all of it would be kept.
    let bodies: Vec<String> = commands
        .iter()
        .map(|(sent, _)| serde_json::to_string(sent.envelope))
        .collect::<Result<_, _>>()?;
    let rows: Vec<_> = commands.iter().zip(&bodies).collect();
    let inserted = on!(tx, c => {
        let mut insert = QueryBuilder::new(
            "INSERT INTO command_log (id, member_id, device_id, seq, made_at, at, body_hash, body, outcome) ");
        insert.push_values(&rows, |mut row, ((sent, decided), body)| {
            let Sent { envelope, received, .. } = sent;
            row.push_bind(envelope.id).push_bind(envelope.member).push_bind(envelope.device).push_bind(envelope.seq)
                .push_bind(envelope.made_at).push_bind(now).push_bind(&received.hash).push_bind(body.as_str())
                .push_bind(decided.json());
        });
        insert.push(if fault!("log-forgets-a-command") {
            " ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome"
        } else {
            " ON CONFLICT (id) DO NOTHING"
        });
        insert.build().execute(c).await?.rows_affected()
    });
    Ok(inserted as usize)
}

/// A logged command: its member, the hash of its bytes, its outcome.
pub type Known = (MemberId, Vec<u8>, String);

#[instrument(level = "debug", skip_all)]
pub async fn find(tx: &mut Tx, id: CommandId) -> Result<Option<Known>> {
    const FIND: &str = "SELECT member_id, body_hash, outcome FROM command_log WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(id).fetch_optional(c).await?))
}

/// Returns a member's newest commands as (id, body, outcome), limited to `ids` if given.
#[instrument(level = "debug", skip_all)]
pub async fn list(
    tx: &mut Tx,
    member: MemberId,
    ids: Option<&[CommandId]>,
    most: usize,
) -> Result<Vec<(CommandId, String, String)>> {
    Ok(on!(tx, c => {
        let mut list = QueryBuilder::new("SELECT id, body, outcome FROM command_log WHERE body <> '' AND member_id = ");
        list.push_bind(member);
        if let Some(ids) = ids {
            list.push(" AND id IN (");
            push_list!(list, ids);
        }
        list.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(most as i64);
        list.build_query_as().fetch_all(c).await?
    }))
}

/// Lists up to `most` commands decided before a time whose body is not blank, oldest first: id and member.
#[instrument(level = "debug", skip_all)]
pub async fn list_bodies_before(
    tx: &mut Tx,
    before: Timestamp,
    most: usize,
) -> Result<Vec<(CommandId, MemberId)>> {
    const LIST: &str =
        "SELECT id, member_id FROM command_log WHERE body <> '' AND at < $1 ORDER BY at, id LIMIT $2";
    tx.fetch_all(LIST, params![before, most as i64]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn blank(tx: &mut Tx, ids: &[CommandId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    on!(tx, c => {
        let mut set = QueryBuilder::new("UPDATE command_log SET body = '' WHERE id IN (");
        push_list!(set, ids);
        set.build().execute(c).await?;
    });
    Ok(())
}
