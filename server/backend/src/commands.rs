//! One way to change something as a member: a command, applied once, with its outcome kept.

mod sql;

use crate::caller::Caller;
use crate::db::Tx;
use crate::{Db, Error, Result, events, learning, members, notices, rewards, stored};
use domain::document::{Act, Collection};
use domain::id::{CommandId, MemberId};
use domain::{Command, Envelope, Outcome, Receipt, Timestamp, Verdict, fault};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Acts of a member that a phone is sent.
const MOST_ACTS: usize = 200;

/// A command as it came.
struct Sent<'a> {
    caller: &'a Caller,
    body: &'a str,
    hash: Vec<u8>,
    envelope: Envelope,
}

/// Applies commands in their order and in one transaction; answers one outcome each, as JSON, once it is committed.
///
/// Each is atomic for itself: a refused one leaves nothing but its outcome, a failed one leaves nothing at all, and
/// neither keeps the next from being applied.
///
/// # Errors
/// Where nothing is known of any of them: the phones keep them and send them again.
///
/// Why tried all at once first: nearly all commands are new and confirmed, and most of their time is the number of
/// statements.
pub(crate) async fn together(db: &Db, commands: &[(&Caller, &RawValue)]) -> Result<Vec<Box<RawValue>>> {
    let (tx, outcomes) = uncommitted(db, commands).await?;
    tx.commit().await?;
    Ok(outcomes)
}

/// The same, except that the commit is left to who asked; until then no outcome may leave the server.
pub(crate) async fn uncommitted(
    db: &Db,
    commands: &[(&Caller, &RawValue)],
) -> Result<(Tx, Vec<Box<RawValue>>)> {
    let mut tx = db.write().await?;
    let sent: Vec<std::result::Result<Sent, Outcome>> = commands
        .iter()
        .map(|(caller, body)| read(tx.now(), caller, body.get()))
        .collect();
    if let Some(outcomes) = all_at_once(&mut tx, &sent).await? {
        return Ok((tx, outcomes));
    }
    if fault!("first-try-is-left-open") {
        std::mem::forget(tx);
    } else {
        tx.roll_back().await?;
    }
    let mut tx = db.write().await?;
    let mut outcomes = Vec::with_capacity(sent.len());
    for sent in &sent {
        outcomes.push(match sent {
            Ok(sent) => apply_one(&mut tx, sent).await?,
            Err(outcome) => answer(outcome)?,
        });
    }
    Ok((tx, outcomes))
}

/// The outcomes, where all commands are new and confirmed; otherwise `None`, and the transaction is to be undone.
async fn all_at_once(
    tx: &mut Tx,
    sent: &[std::result::Result<Sent<'_>, Outcome>],
) -> Result<Option<Vec<Box<RawValue>>>> {
    let mut decided = Vec::with_capacity(sent.len());
    for sent in sent.iter().flatten() {
        let verdict = match obey(tx, sent.caller, &sent.envelope).await {
            Ok(receipt) => Verdict::Confirmed(receipt),
            Err(Error::Rejected(error)) if fault!("batch-keeps-what-a-refused-command-did") => {
                Verdict::Refused(error)
            }
            Err(_) => return Ok(None),
        };
        decided.push((sent, outcome(tx, sent, verdict)?));
    }
    if sql::insert(tx, &decided).await? < decided.len() && !fault!("batch-obeys-known-commands") {
        return Ok(None);
    }
    let mut decided = decided.into_iter().map(|(_, outcome)| outcome);
    let mut outcomes = Vec::with_capacity(sent.len());
    for sent in sent {
        match sent {
            Ok(_) => outcomes.extend(decided.next()),
            Err(unread) => outcomes.push(answer(unread)?),
        }
    }
    Ok(Some(outcomes))
}

async fn apply_one(tx: &mut Tx, sent: &Sent<'_>) -> Result<Box<RawValue>> {
    if let Some(known) = sql::find(tx, sent.envelope.id).await? {
        return again(tx, sent, known);
    }
    let start = tx.savepoint().await?;
    let verdict = match obey(tx, sent.caller, &sent.envelope).await {
        Ok(receipt) => Verdict::Confirmed(receipt),
        Err(Error::Rejected(error)) => {
            if fault!("refusal-is-not-kept") {
                tx.go_back(start).await?;
                return unkept(tx, sent, Verdict::Refused(error));
            }
            if !fault!("refusal-leaves-what-was-done") {
                tx.undo_since(&start).await?;
            }
            Verdict::Refused(error)
        }
        // No command has failed: all of them are to come again.
        Err(error) if error.is_of_the_database() && !fault!("acts-fail-while-the-database-fails") => {
            return Err(error);
        }
        Err(error) => {
            tracing::error!(command = %sent.envelope.id, %error, "a command failed");
            tx.go_back(start).await?;
            return unkept(tx, sent, Verdict::Failed);
        }
    };
    let outcome = outcome(tx, sent, verdict)?;
    if sql::insert(tx, &[(sent, outcome.clone())]).await? == 0 {
        // It came twice at the same time, and the other was faster.
        tx.go_back(start).await?;
        return match sql::find(tx, sent.envelope.id).await? {
            Some(known) => again(tx, sent, known),
            None => Err(Error::Broken("a command is in the log and is not".into())),
        };
    }
    tx.go_on(start).await?;
    Ok(outcome)
}

/// The answer to a command that is in the log.
fn again(tx: &Tx, sent: &Sent<'_>, (member, hash, outcome): sql::Known) -> Result<Box<RawValue>> {
    if member != sent.caller.member || hash != sent.hash {
        tracing::warn!(command = %sent.envelope.id, "a command id came with other bytes");
        return unkept(tx, sent, Verdict::Refused(domain::Error::IdReuse));
    }
    if fault!("known-command-is-answered-anew") {
        let known: Outcome = serde_json::from_str(&outcome)?;
        return answer(&Outcome {
            at: tx.now(),
            ..known
        });
    }
    Ok(RawValue::from_string(outcome)?)
}

/// An outcome that is not written into the log.
fn unkept(tx: &Tx, sent: &Sent<'_>, verdict: Verdict) -> Result<Box<RawValue>> {
    answer(&Outcome {
        id: sent.envelope.id,
        at: tx.now(),
        verdict,
    })
}

/// The outcome of a command, which its member is told.
fn outcome(tx: &mut Tx, sent: &Sent<'_>, verdict: Verdict) -> Result<Box<RawValue>> {
    tx.touch(sent.caller.member, Collection::Act, sent.envelope.id);
    unkept(tx, sent, verdict)
}

/// The command that a body is; its outcome, where nothing is to be kept of it.
fn read<'a>(now: Timestamp, caller: &'a Caller, body: &'a str) -> std::result::Result<Sent<'a>, Outcome> {
    #[derive(serde::Deserialize)]
    struct OnlyId {
        id: CommandId,
    }
    let outcome = |id, verdict| Outcome { id, at: now, verdict };
    let Ok(envelope) = serde_json::from_str::<Envelope>(body) else {
        // Nothing is stored: a newer server may understand it.
        let id = serde_json::from_str(body).map_or(CommandId(uuid::Uuid::nil()), |OnlyId { id }| id);
        return Err(outcome(id, Verdict::Failed));
    };
    if envelope.member != caller.member {
        return Err(outcome(envelope.id, Verdict::Refused(domain::Error::WrongMember)));
    }
    Ok(Sent {
        caller,
        body,
        hash: Sha256::digest(body).to_vec(),
        envelope,
    })
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

/// A member's newest commands with their outcomes; of them, those of `ids` alone where they are named.
pub(crate) async fn acts(
    tx: &mut Tx,
    member: MemberId,
    ids: Option<&BTreeSet<String>>,
) -> Result<Vec<(CommandId, Act)>> {
    let ids: Option<Vec<CommandId>> = ids
        .filter(|ids| (1..=MOST_ACTS).contains(&ids.len()))
        .map(|ids| ids.iter().filter_map(|id| id.parse().ok()).collect());
    let rows = sql::list(tx, member, ids.as_deref(), MOST_ACTS).await?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, body, outcome)| {
            let envelope: Envelope = stored::read("command_log", id, &body)?;
            let outcome = stored::read("command_log", id, &outcome)?;
            let act = Act {
                made_at: envelope.made_at,
                command: envelope.command,
                outcome,
            };
            Some((id, act))
        })
        .collect())
}
