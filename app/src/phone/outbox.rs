//! The member's acts: those without an outcome, and decided ones for a week.

use super::Phone;
use super::json::{self, Raw};
use super::sort::sort_by_key;
use super::store::{Durability, Failure, Meta, Op, Store};
use domain::id::{CommandId, MemberId, uuid_v7};
use domain::{Command, Envelope, Outcome, Timestamp, Verdict, fault};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Retention of a decided act, in milliseconds; it is sent again if the server restores a backup.
const KEPT: i64 = 7 * Timestamp::DAY;

/// The state of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On this phone.
    Saved,
    /// In a request without a reply yet. Only in memory, during a round.
    Sent,
    Confirmed,
    Refused,
    /// It failed too often; the member has to retry it.
    Parked,
}

/// Reads an unknown state as not decided: sending the act again is harmless.
fn known_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<State, D::Error> {
    let code = String::deserialize(deserializer)?;
    Ok(match code.as_str() {
        "confirmed" => State::Confirmed,
        "refused" => State::Refused,
        "parked" => State::Parked,
        _ => State::Saved,
    })
}

/// One act, with the exact bytes sent to the server on each try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub id: CommandId,
    pub seq: i64,
    /// The envelope's JSON, never serialized again.
    pub body: String,
    pub made_at: Timestamp,
    #[serde(deserialize_with = "known_state")]
    pub state: State,
    /// Number of failed tries.
    #[serde(default)]
    pub attempts: u32,
    /// Serialized by [`Item::row`], after the other fields.
    #[serde(rename = "outcome", default, skip_serializing)]
    pub decision: Option<Decision>,
    /// Parsed from `body` once; `None` if another version of the app wrote it in an unknown form.
    #[serde(skip)]
    act: Option<Act>,
}

/// The contents of an envelope: the tag of its feature, and the feature's command as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Act {
    member: MemberId,
    tag: String,
    command: Raw,
}

impl Act {
    fn read(body: &str) -> Option<Act> {
        let envelope: Envelope<BTreeMap<String, Raw>> = json::read(body)?;
        let (tag, command) = envelope.command.into_iter().next()?;
        Some(Act {
            member: envelope.member,
            tag,
            command,
        })
    }
}

/// The server's outcome: the raw JSON, from which a newer app can read more, and the parsed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    raw: Raw,
    outcome: Outcome,
}

impl Decision {
    /// `None` if it cannot be parsed.
    pub fn read(raw: Raw) -> Option<Decision> {
        let outcome = json::read(raw.as_str())?;
        Some(Decision { raw, outcome })
    }

    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl<'de> Deserialize<'de> for Decision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decision, D::Error> {
        Decision::read(Raw::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("no outcome"))
    }
}

impl Item {
    /// The act's row in the store, as JSON.
    pub fn row(&self) -> String {
        let mut row = serde_json::to_string(self).unwrap_or_default();
        if let Some(decision) = &self.decision {
            row.truncate(row.len().saturating_sub(1));
            row.push_str(r#","outcome":"#);
            row.push_str(decision.raw.as_str());
            row.push('}');
        }
        row
    }

    /// The server's outcome, if any.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.decision.as_ref().map(Decision::outcome)
    }

    /// True if there is no decision yet.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Saved | State::Sent | State::Parked)
    }

    /// True if it is sent with the next round.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Saved | State::Sent)
    }

    /// The tag of the act's feature; empty if unreadable.
    pub fn tag(&self) -> &str {
        self.act.as_ref().map_or("", |act| &act.tag)
    }

    /// The feature's command as JSON.
    pub fn command(&self) -> Option<&Raw> {
        self.act.as_ref().map(|act| &act.command)
    }
}

/// The acts of one member on this phone, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    items: Vec<Item>,
    /// The highest sequence number used so far.
    seq: i64,
    /// The number of store rows this app cannot read; they stay there for a version that can.
    pub unreadable: usize,
}

impl Outbox {
    pub fn from_rows(member: MemberId, meta: &Meta, rows: &[Raw]) -> Outbox {
        let mut items: Vec<Item> = rows.iter().filter_map(|row| json::read(row.as_str())).collect();
        let unreadable = rows.len() - items.len();
        for item in &mut items {
            item.act = Act::read(&item.body);
        }
        // Another member's acts stay in the store and are never sent from here.
        items.retain(|item| item.act.as_ref().is_none_or(|act| act.member == member));
        // An act stored as sent is no longer in a request.
        for item in items.iter_mut().filter(|item| item.state == State::Sent) {
            item.state = State::Saved;
        }
        sort_by_key(&mut items, |item| item.seq);
        let last = items.last().map_or(0, |item| item.seq);
        Outbox {
            items,
            seq: meta.read("seq").unwrap_or(0).max(last),
            unreadable,
        }
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.iter()
    }

    pub fn get(&self, id: CommandId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The number of acts to send.
    pub fn count_waiting(&self) -> usize {
        self.items.iter().filter(|item| item.is_waiting()).count()
    }

    /// The number of acts without a decision, parked ones included.
    pub fn count_open(&self) -> usize {
        self.items.iter().filter(|item| item.is_open()).count()
    }

    /// Records that another tab has used sequence numbers up to `seq`.
    pub fn observe_seq(&mut self, seq: i64) {
        self.seq = self.seq.max(seq);
    }

    pub(super) fn set(&mut self, id: CommandId, change: impl FnOnce(&mut Item)) -> Option<Op> {
        let item = self.items.iter_mut().find(|item| item.id == id)?;
        change(item);
        Some(Op::put_item(item))
    }

    /// Moves those of `ids` that are in state `from` to state `to`, in memory only.
    pub(super) fn transition(&mut self, ids: &[CommandId], from: State, to: State) {
        for item in self.items.iter_mut() {
            if item.state == from && ids.contains(&item.id) {
                item.state = to;
            }
        }
    }

    /// Applies a decision.
    pub(super) fn decide(&mut self, decision: Decision) -> Option<Op> {
        self.set(decision.outcome.id, |item| {
            item.state = match &decision.outcome.verdict {
                // An unknown verdict is a decision too: the act is not sent again.
                Verdict::Confirmed(_) | Verdict::Newer => State::Confirmed,
                Verdict::Refused(_) => State::Refused,
                Verdict::Failed => {
                    item.attempts += 1;
                    if item.attempts >= super::sync::MOST_ATTEMPTS {
                        State::Parked
                    } else {
                        State::Saved
                    }
                }
            };
            if item.is_open() {
                return;
            }
            item.attempts = 0;
            item.decision = Some(decision);
        })
    }

    /// Deletes acts decided more than seven days before `now`.
    pub(super) fn forget(&mut self, now: Timestamp) -> Vec<Op> {
        let old = |item: &Item| {
            if fault!("phone-forgets-acts-that-are-not-decided") {
                return item.made_at.plus(KEPT) < now;
            }
            !item.is_open() && item.outcome().is_some_and(|outcome| outcome.at.plus(KEPT) < now)
        };
        let ops = self
            .items
            .iter()
            .filter(|item| old(item))
            .map(|item| Op::delete_item(item.id))
            .collect();
        self.items.retain(|item| !old(item));
        ops
    }

    /// After the server restored a backup: queues the decided acts again, except those in `answered`.
    pub(super) fn send_again(&mut self, answered: &[CommandId]) -> Vec<Op> {
        self.items
            .iter_mut()
            .filter(|item| !item.is_open() && !answered.contains(&item.id))
            .map(|item| {
                item.state = State::Saved;
                item.decision = None;
                if fault!("bytes-of-an-act-change") {
                    item.body = item.body.replace('{', "{ ");
                }
                Op::put_item(item)
            })
            .collect()
    }

    /// Implements the fault `sign-in-drops-acts-of-the-session-before`.
    pub(super) fn drop_made_before(&mut self, since: Timestamp) {
        self.items.retain(|item| item.made_at >= since);
    }

    /// Implements the fault `act-leaves-the-outbox-when-it-is-sent`.
    pub(super) fn lose(&mut self, ids: &[CommandId]) -> Vec<Op> {
        self.items.retain(|item| !ids.contains(&item.id));
        ids.iter().map(|id| Op::delete_item(*id)).collect()
    }
}

impl Phone {
    /// Builds an act in the form that is stored and sent.
    fn item(&self, command: Command, now: Timestamp, chance: [u8; 10]) -> Item {
        let envelope = Envelope {
            id: CommandId(uuid_v7(now, chance)),
            member: self.member,
            device: self.device,
            seq: self.outbox.seq + 1,
            made_at: now,
            command,
        };
        let body = serde_json::to_string(&envelope).unwrap_or_default();
        Item {
            id: envelope.id,
            seq: envelope.seq,
            act: Act::read(&body),
            body,
            made_at: now,
            state: State::Saved,
            attempts: 0,
            decision: None,
        }
    }

    /// Prepares an act: returns the item, to pass to [`Phone::saved`] after the commit, and the store operations.
    ///
    /// `draft`: the draft the act was made from; it is deleted in the same transaction.
    pub fn prepare(
        &mut self,
        command: Command,
        draft: Option<&str>,
        now: Timestamp,
        chance: [u8; 10],
    ) -> (Item, Vec<Op>) {
        let item = self.item(command, now, chance);
        self.outbox.seq = item.seq;
        let mut ops = vec![Op::put_item(&item), Op::put_meta("seq", &item.seq)];
        ops.extend(draft.map(Op::delete_draft));
        (item, ops)
    }

    /// Adds an act that the store has committed.
    pub fn saved(&mut self, item: Item, draft: Option<&str>) -> CommandId {
        let id = item.id;
        if self.outbox.get(id).is_none() {
            let at = self.outbox.items.partition_point(|other| other.seq <= item.seq);
            self.outbox.items.insert(at, item);
        }
        if let Some(key) = draft {
            self.drafts.remove(key);
        }
        id
    }

    /// Saves a command durably: it is in the phone's store once this returns `Ok`, and not before.
    pub async fn add<S: Store>(
        &mut self,
        store: &S,
        command: Command,
        now: Timestamp,
        chance: [u8; 10],
    ) -> Result<CommandId, Failure> {
        let (item, ops) = self.prepare(command, None, now, chance);
        store.commit(ops, Durability::Strict).await?;
        Ok(self.saved(item, None))
    }

    /// Queues a parked act again.
    pub fn unpark(&mut self, id: CommandId) -> Option<Op> {
        self.outbox.set(id, |item| {
            if item.state == State::Parked {
                item.state = State::Saved;
                item.attempts = 0;
            }
        })
    }
}
