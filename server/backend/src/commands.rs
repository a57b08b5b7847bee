//! Commands, the only way for a member to change something: each is applied once and its outcome is stored.

mod sql;

use crate::caller::{Caller, CommandTime};
use crate::db::Tx;
use crate::{Db, Error, Result, events, learning, members, notices, rewards, sessions, stored};
use domain::document::{Act, Collection};
use domain::id::{CommandId, MemberId};
use domain::members::Command as MemberCommand;
use domain::{Command, Envelope, Outcome, Receipt, Timestamp, Verdict, fault};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use tracing::instrument;

/// Maximum number of a member's acts sent to a phone.
const MOST_ACTS: usize = 200;
/// Time for which the log keeps the body of a command; its hash and outcome stay, so that a repeated command is recognised.
const BODY_KEPT: i64 = 90 * Timestamp::DAY;
/// Bodies blanked in one transaction.
const BLANKED_AT_ONCE: usize = 1_000;

/// A command as received, parsed once.
pub(crate) struct Received {
    hash: Vec<u8>,
    /// `Err` if it cannot be parsed: its id, or the nil id if that cannot be read either.
    envelope: std::result::Result<Envelope, CommandId>,
}

/// A command's outcome, with its JSON byte for byte as stored in the log and sent to the phone.
#[derive(Clone, Debug)]
pub struct Decided {
    pub outcome: Outcome,
    json: Box<RawValue>,
}

impl Received {
    pub(crate) fn read(body: &RawValue) -> Received {
        #[derive(serde::Deserialize)]
        struct OnlyId {
            id: CommandId,
        }
        let unknown = || {
            let id = serde_json::from_str(body.get());
            id.map_or(CommandId(uuid::Uuid::nil()), |OnlyId { id }| id)
        };
        Received {
            hash: Sha256::digest(body.get()).to_vec(),
            envelope: serde_json::from_str(body.get()).map_err(|_| unknown()),
        }
    }

    /// Returns the act to send to the member's phones, if the command was confirmed.
    pub(crate) fn confirmed(&self, outcome: &Outcome) -> Option<(CommandId, Act)> {
        let envelope = self.envelope.as_ref().ok()?;
        matches!(outcome.verdict, Verdict::Confirmed(_)).then(|| {
            let act = Act {
                made_at: envelope.made_at,
                command: envelope.command.clone(),
                outcome: outcome.clone(),
            };
            (envelope.id, act)
        })
    }
}

impl Decided {
    fn new(outcome: Outcome) -> Result<Decided> {
        Ok(Decided {
            json: serde_json::value::to_raw_value(&outcome)?,
            outcome,
        })
    }

    /// Parses an outcome stored in the log.
    fn kept(text: String) -> Result<Decided> {
        Ok(Decided {
            outcome: serde_json::from_str(&text)?,
            json: RawValue::from_string(text)?,
        })
    }

    pub fn json(&self) -> &str {
        self.json.get()
    }
}

impl serde::Serialize for Decided {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

/// A command of a member that can be applied.
struct Sent<'a> {
    caller: &'a Caller,
    received: &'a Received,
    envelope: &'a Envelope,
}

/// Applies commands in order in one transaction; returns one outcome each, after the commit.
///
/// Each is atomic: a refused command leaves nothing but its outcome, a failed one leaves nothing, and neither prevents
/// the next from being applied.
///
/// # Errors
/// If the outcome of all of them is unknown: phones keep them and retry.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn apply_batch(db: &Db, commands: &[(&Caller, &Received)]) -> Result<Vec<Decided>> {
    let (tx, decided) = apply_batch_uncommitted(db, commands).await?;
    tx.commit().await?;
    Ok(decided)
}

/// Like [`apply_batch`], but leaves the commit to the caller; no outcome may leave the server before it.
///
/// Why a fast path without savepoints first: nearly all commands are new and confirmed, and the number of statements
/// dominates their cost.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn apply_batch_uncommitted(
    db: &Db,
    commands: &[(&Caller, &Received)],
) -> Result<(Tx, Vec<Decided>)> {
    let mut tx = db.write().await?;
    let sent: Vec<std::result::Result<Sent, Outcome>> = commands
        .iter()
        .map(|(caller, received)| sendable(tx.now(), caller, received))
        .collect();
    if let Some(decided) = try_fast_path(&mut tx, &sent).await? {
        return Ok((tx, decided));
    }
    if fault!("first-try-is-left-open") {
        std::mem::forget(tx);
    } else {
        tx.roll_back().await?;
    }
    let mut tx = db.write().await?;
    let mut decided = Vec::with_capacity(sent.len());
    for sent in &sent {
        decided.push(match sent {
            Ok(sent) => apply_in_savepoint(&mut tx, sent).await?,
            Err(outcome) => Decided::new(outcome.clone())?,
        });
    }
    Ok((tx, decided))
}

/// Returns the outcomes if all commands are new and confirmed; otherwise `None`, and the caller must roll back.
async fn try_fast_path(
    tx: &mut Tx,
    sent: &[std::result::Result<Sent<'_>, Outcome>],
) -> Result<Option<Vec<Decided>>> {
    let mut decided = Vec::with_capacity(sent.len());
    for sent in sent.iter().flatten() {
        let verdict = match handle(tx, sent.caller, sent.envelope).await {
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
    let mut decided = decided.into_iter().map(|(_, decided)| decided);
    let mut all = Vec::with_capacity(sent.len());
    for sent in sent {
        match sent {
            Ok(_) => all.extend(decided.next()),
            Err(outcome) => all.push(Decided::new(outcome.clone())?),
        }
    }
    Ok(Some(all))
}

async fn apply_in_savepoint(tx: &mut Tx, sent: &Sent<'_>) -> Result<Decided> {
    if let Some(known) = sql::find(tx, sent.envelope.id).await? {
        return replay(tx, sent, known);
    }
    let start = tx.savepoint().await?;
    let verdict = match handle(tx, sent.caller, sent.envelope).await {
        Ok(receipt) => Verdict::Confirmed(receipt),
        Err(Error::Rejected(error)) => {
            if fault!("refusal-is-not-kept") {
                tx.rollback_to_and_release(start).await?;
                return unkept(tx, sent, Verdict::Refused(error));
            }
            if !fault!("refusal-leaves-what-was-done") {
                tx.rollback_to(&start).await?;
            }
            Verdict::Refused(error)
        }
        // Transient: no command is marked failed, the phones retry all of them.
        Err(error) if error.is_transient() && !fault!("acts-fail-while-the-database-fails") => {
            return Err(error);
        }
        Err(error) => {
            tracing::error!(command = %sent.envelope.id, %error, "a command failed");
            tx.rollback_to_and_release(start).await?;
            return unkept(tx, sent, Verdict::Failed);
        }
    };
    let new = [(sent, outcome(tx, sent, verdict)?)];
    if sql::insert(tx, &new).await? == 0 {
        // A concurrent transaction inserted the same command first.
        tx.rollback_to_and_release(start).await?;
        return match sql::find(tx, sent.envelope.id).await? {
            Some(known) => replay(tx, sent, known),
            None => Err(Error::Invariant("a command is in the log and is not".into())),
        };
    }
    tx.release(start).await?;
    let [(_, decided)] = new;
    Ok(decided)
}

/// Returns the stored outcome of a command that is already in the log.
fn replay(tx: &Tx, sent: &Sent<'_>, (member, hash, outcome): sql::Known) -> Result<Decided> {
    if member != sent.caller.member || hash != sent.received.hash {
        tracing::warn!(command = %sent.envelope.id, "a command id came with other bytes");
        return unkept(tx, sent, Verdict::Refused(domain::Error::IdReuse));
    }
    let kept = Decided::kept(outcome)?;
    if fault!("known-command-is-answered-anew") {
        return Decided::new(Outcome {
            at: tx.now(),
            ..kept.outcome
        });
    }
    Ok(kept)
}

/// Builds an outcome without writing it to the log.
fn unkept(tx: &Tx, sent: &Sent<'_>, verdict: Verdict) -> Result<Decided> {
    Decided::new(Outcome {
        id: sent.envelope.id,
        at: tx.now(),
        verdict,
    })
}

/// Builds the outcome of a command and marks the act as changed for its member.
fn outcome(tx: &mut Tx, sent: &Sent<'_>, verdict: Verdict) -> Result<Decided> {
    tx.mark_changed(sent.caller.member, Collection::Act, sent.envelope.id);
    unkept(tx, sent, verdict)
}

/// Returns a command that can be applied, or its outcome if nothing of it is stored.
fn sendable<'a>(
    now: Timestamp,
    caller: &'a Caller,
    received: &'a Received,
) -> std::result::Result<Sent<'a>, Outcome> {
    let outcome = |id, verdict| Outcome { id, at: now, verdict };
    let envelope = match &received.envelope {
        Ok(envelope) => envelope,
        // Nothing is stored: a newer server may understand it.
        Err(id) => return Err(outcome(*id, Verdict::Failed)),
    };
    if envelope.member != caller.member {
        return Err(outcome(envelope.id, Verdict::Refused(domain::Error::WrongMember)));
    }
    Ok(Sent {
        caller,
        received,
        envelope,
    })
}

async fn handle(tx: &mut Tx, caller: &Caller, envelope: &Envelope) -> Result<Receipt> {
    let when = CommandTime {
        made_at: envelope.made_at,
        now: tx.now(),
        synced_at: caller.synced_at,
    };
    match envelope.command.clone() {
        Command::Events(command) => events::handle(tx, caller, when, command).await,
        Command::Learning(command) => learning::handle(tx, caller, when, envelope.id, command).await,
        Command::Members(MemberCommand::SetLanguage { language }) => {
            members::set_language(tx, caller, language).await
        }
        Command::Members(MemberCommand::SignOutDevice { session }) => {
            sessions::sign_out_device(tx, caller, session).await
        }
        Command::Notices(command) => notices::handle(tx, caller, command).await,
        Command::Rewards(command) => rewards::handle(tx, caller, envelope.id, command).await,
    }
}

/// Blanks the bodies of commands decided 90 days ago, which takes them from the phones; returns `true` if more may be
/// left.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn blank_bodies(tx: &mut Tx) -> Result<bool> {
    let before = tx.now().plus(-BODY_KEPT);
    let old = sql::list_bodies_before(tx, before, BLANKED_AT_ONCE).await?;
    let ids: Vec<CommandId> = old.iter().map(|(id, _)| *id).collect();
    sql::blank(tx, &ids).await?;
    for (id, member) in &old {
        tx.mark_changed(*member, Collection::Act, *id);
    }
    Ok(old.len() == BLANKED_AT_ONCE)
}

/// Returns a member's newest commands with their outcomes, limited to `ids` if given (and at most [`MOST_ACTS`] of
/// them). Those whose body is blank are left out.
#[instrument(level = "debug", skip_all)]
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
