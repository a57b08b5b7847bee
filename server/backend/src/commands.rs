//! One way to change something as a member: a command, applied once, with its outcome kept.

mod group;

use crate::caller::Caller;
use crate::db::{Kind, Savepoint, Tx, on, push_list};
use crate::{Db, Error, Result, events, learning, members, notices, rewards};
use domain::document::{Act, Collection};
use domain::id::{CommandId, MemberId};
use domain::{Command, Envelope, Outcome, Receipt, Timestamp, Verdict};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use sqlx::QueryBuilder;
use std::collections::BTreeSet;

pub(crate) use group::Group;

/// Acts of a member that a phone is sent.
const MOST_ACTS: usize = 200;

/// Applies commands in their order; answers one outcome each, as JSON.
///
/// Each is atomic for itself: a refused one leaves nothing but its outcome, a failed one leaves nothing at all, and
/// neither keeps the next from being applied. Nothing is answered before it is committed.
///
/// # Errors
/// Where nothing is known of any of them: the phone keeps them and sends them again.
pub async fn apply(db: &Db, caller: &Caller, bodies: &[Box<RawValue>]) -> Result<Vec<Box<RawValue>>> {
    match db.kind() {
        Kind::Sqlite => db.group.apply(db, caller, bodies).await,
        // Many writers: short transactions keep them from waiting for each other's locks.
        Kind::Postgres => {
            let mut outcomes = Vec::with_capacity(bodies.len());
            for body in bodies {
                let mut tx = db.write().await?;
                outcomes.push(apply_one(&mut tx, caller, body).await?);
                tx.commit().await?;
            }
            Ok(outcomes)
        }
    }
}

async fn apply_one(tx: &mut Tx, caller: &Caller, body: &RawValue) -> Result<Box<RawValue>> {
    #[derive(serde::Deserialize)]
    struct OnlyId {
        id: CommandId,
    }
    let Ok(envelope) = serde_json::from_str::<Envelope>(body.get()) else {
        // Nothing is stored: a newer server may understand it.
        let id = serde_json::from_str(body.get()).map_or(CommandId(uuid::Uuid::nil()), |OnlyId { id }| id);
        return answer(&Outcome {
            id,
            at: tx.now(),
            verdict: Verdict::Failed,
        });
    };
    let id = envelope.id;
    let refused = |tx: &Tx, error| {
        answer(&Outcome {
            id,
            at: tx.now(),
            verdict: Verdict::Refused(error),
        })
    };
    if envelope.member != caller.member {
        return refused(tx, domain::Error::WrongMember);
    }
    let hash: Vec<u8> = Sha256::digest(body.get()).to_vec();
    if !insert(tx, &envelope, &hash, body.get()).await? {
        let (member, known, outcome) = find(tx, id).await?;
        if member != caller.member || known != hash {
            tracing::warn!(command = %id, "a command id came with other bytes");
            return refused(tx, domain::Error::IdReuse);
        }
        return Ok(RawValue::from_string(outcome)?);
    }
    let start = tx.savepoint().await?;
    match decide(tx, caller, &envelope, &start).await {
        Ok(outcome) => {
            tx.go_on(start).await?;
            Ok(outcome)
        }
        Err(error) => {
            tracing::error!(command = %id, %error, "a command failed");
            tx.go_back(start).await?;
            forget(tx, id).await?;
            answer(&Outcome {
                id,
                at: tx.now(),
                verdict: Verdict::Failed,
            })
        }
    }
}

/// Runs the rules and stores the outcome; an error means that nothing may stay.
async fn decide(
    tx: &mut Tx,
    caller: &Caller,
    envelope: &Envelope,
    start: &Savepoint,
) -> Result<Box<RawValue>> {
    let verdict = match obey(tx, caller, envelope).await {
        Ok(receipt) => Verdict::Confirmed(receipt),
        Err(Error::Rejected(error)) => {
            tx.undo_since(start).await?;
            Verdict::Refused(error)
        }
        Err(other) => return Err(other),
    };
    let outcome = answer(&Outcome {
        id: envelope.id,
        at: tx.now(),
        verdict,
    })?;
    const SET: &str = "UPDATE command_log SET outcome = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(envelope.id).bind(outcome.get()).execute(c).await.map(|_| ())?);
    tx.touch(caller.member, Collection::Act, envelope.id);
    Ok(outcome)
}

async fn obey(tx: &mut Tx, caller: &Caller, envelope: &Envelope) -> Result<Receipt> {
    let when = When {
        made_at: envelope.made_at,
        now: tx.now(),
        synced_at: caller.synced_at,
    };
    match envelope.command.clone() {
        Command::Events(command) => events::obey(tx, caller, when, command).await,
        Command::Learning(command) => learning::obey(tx, caller, envelope.id, command).await,
        Command::Members(command) => members::obey(tx, caller, command).await,
        Command::Notices(command) => notices::obey(tx, caller, command).await,
        Command::Rewards(command) => rewards::obey(tx, caller, envelope.id, command).await,
    }
}

/// When a command was made, by whom it is believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub made_at: Timestamp,
    pub now: Timestamp,
    pub synced_at: Option<Timestamp>,
}

impl When {
    /// How long a phone's clock is believed after the server last saw it.
    const BELIEVED: i64 = 72 * Timestamp::HOUR;

    /// Checks a rule with a deadline: by the server's clock, and by the phone's where it is believed.
    ///
    /// # Errors
    /// The rule's own refusal; [`domain::Error::LateAndUnproven`] where only a phone that is not believed was in time.
    pub fn in_time(
        &self,
        rule: impl Fn(Timestamp) -> Result<(), domain::Error>,
    ) -> Result<(), domain::Error> {
        let refusal = match rule(self.now) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        let domain::Error::RegistrationClosed { at } = refusal else {
            return Err(refusal);
        };
        if self.made_at > self.now || rule(self.made_at).is_err() {
            return Err(refusal);
        }
        if self
            .synced_at
            .is_some_and(|synced| self.now.0 - synced.0 <= Self::BELIEVED)
        {
            Ok(())
        } else {
            Err(domain::Error::LateAndUnproven { at })
        }
    }
}

fn answer(outcome: &Outcome) -> Result<Box<RawValue>> {
    Ok(serde_json::value::to_raw_value(outcome)?)
}

async fn insert(tx: &mut Tx, envelope: &Envelope, hash: &[u8], body: &str) -> Result<bool> {
    const INSERT: &str = "INSERT INTO command_log (id, member_id, device_id, seq, made_at, at, body_hash, body, outcome) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '') ON CONFLICT (id) DO NOTHING";
    let now = tx.now();
    let inserted = on!(tx, c => sqlx::query(INSERT).bind(envelope.id).bind(envelope.member).bind(envelope.device)
        .bind(envelope.seq).bind(envelope.made_at).bind(now).bind(hash).bind(body).execute(c).await?.rows_affected());
    Ok(inserted == 1)
}

async fn forget(tx: &mut Tx, id: CommandId) -> Result<()> {
    const DELETE: &str = "DELETE FROM command_log WHERE id = $1";
    on!(tx, c => sqlx::query(DELETE).bind(id).execute(c).await.map(|_| ())?);
    Ok(())
}

async fn find(tx: &mut Tx, id: CommandId) -> Result<(MemberId, Vec<u8>, String)> {
    const FIND: &str = "SELECT member_id, body_hash, outcome FROM command_log WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(id).fetch_one(c).await?))
}

/// A member's newest commands with their outcomes; of them, those of `ids` alone where they are named.
pub(crate) async fn acts(
    tx: &mut Tx,
    member: MemberId,
    ids: Option<&BTreeSet<String>>,
) -> Result<Vec<(CommandId, Act)>> {
    let ids = ids.filter(|ids| (1..=MOST_ACTS).contains(&ids.len()));
    let rows: Vec<(CommandId, String, String)> = on!(tx, c => {
        let mut list = QueryBuilder::new("SELECT id, body, outcome FROM command_log WHERE member_id = ");
        list.push_bind(member);
        if let Some(ids) = ids {
            let ids: Vec<CommandId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            list.push(" AND id IN (");
            push_list!(list, &ids);
        }
        list.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(MOST_ACTS as i64);
        list.build_query_as().fetch_all(c).await?
    });
    rows.into_iter()
        .map(|(id, body, outcome)| {
            let envelope: Envelope = serde_json::from_str(&body)?;
            let outcome = serde_json::from_str(&outcome)?;
            Ok((
                id,
                Act {
                    made_at: envelope.made_at,
                    command: envelope.command,
                    outcome,
                },
            ))
        })
        .collect()
}
