//! One round with the server, without the network: what to send, and what to make of the answer.

use super::Phone;
use super::json::{self, Raw};
use super::outbox::{Decision, State};
use super::replica::Change;
use super::store::{DocRow, Op};
use domain::fault;
use domain::id::CommandId;
use domain::sync::{MOST_BYTES, MOST_COMMANDS, PROTO, Reply, Request};

/// Odd failures after which an act waits for the member.
pub const MOST_ATTEMPTS: u32 = 10;
const FIRST_WAIT: i64 = 2_000;
const LONGEST_WAIT: i64 = 5 * 60_000;
/// Room for all of a request but its commands.
const FRAME_BYTES: usize = 1024;
/// What a reply without news has written: the cursor and the time.
const JUST_THE_TIME: usize = 2;
const NO_COMMANDS: &str = r#""commands":[]"#;

/// How eagerly this phone tries.
#[derive(Clone, Debug)]
pub struct Backoff {
    /// Rounds in a row that told nothing.
    failures: u32,
    /// Most commands in the next round. Halved when the server could not take a round at all, so that a bad
    /// one is found and does not hold up the others.
    most: usize,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            failures: 0,
            most: MOST_COMMANDS,
        }
    }
}

/// A round on its way.
#[derive(Debug)]
pub struct Round {
    pub body: String,
    pub ids: Vec<CommandId>,
}

/// What came back. `status` 0: nothing did.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// Seconds.
    pub retry_after: Option<u32>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is more to send.
    Again,
    /// All is done.
    Rest,
    /// Nothing is known: try again after so many milliseconds.
    Wait(i64),
    /// The member has to sign in again. Everything is kept.
    SignIn,
    /// Another member is signed in on this browser.
    OtherMember,
    /// The server no longer speaks with this version.
    Update,
}

type WireReply = Reply<Raw, Raw>;

impl Phone {
    /// The next round, in the order of the acts.
    pub fn request(&self) -> Round {
        let mut ids = Vec::new();
        let mut commands = Vec::new();
        let mut bytes = FRAME_BYTES;
        for item in self.outbox.iter().filter(|item| item.is_waiting()) {
            bytes += item.body.len() + 1;
            if ids.len() == self.backoff.most || (bytes > MOST_BYTES && !ids.is_empty()) {
                break;
            }
            ids.push(item.id);
            commands.push(item.body.as_str());
        }
        let frame = serde_json::to_string(&Request::<()> {
            proto: PROTO,
            member: self.member,
            device: self.device,
            push_only: false,
            have: self.replica.cursor.clone(),
            commands: vec![],
        })
        .unwrap_or_default();
        // The acts go in as they are: byte for byte what was kept.
        let body = frame.replacen(NO_COMMANDS, &format!(r#""commands":[{}]"#, commands.join(",")), 1);
        Round { body, ids }
    }

    /// A round is out with `ids`. In memory only: what was out when the app was closed is, after that, again what it
    /// is for certain, saved on this phone.
    pub fn sent(&mut self, ids: &[CommandId]) {
        self.outbox.transition(ids, State::Saved, State::Sent);
    }

    /// What the answer to `ids` changes: memory at once, and the store in one transaction of the operations.
    ///
    /// `chance`: any number, to spread the phones that try again.
    pub fn apply(&mut self, ids: &[CommandId], answer: &Answer, chance: u32) -> (Vec<Op>, Next) {
        if answer.status == 200
            && let Some(reply) = json::read::<WireReply>(&answer.body)
        {
            return self.take(ids, reply, chance);
        }
        let mut ops = Vec::new();
        self.nothing_new = false;
        self.outbox.transition(ids, State::Sent, State::Saved);
        let next = match answer.status {
            401 => Next::SignIn,
            403 if answer.body.contains("wrong_member") => Next::OtherMember,
            426 => Next::Update,
            status => {
                if status == 0 && fault!("act-leaves-the-outbox-when-it-is-sent") {
                    ops.extend(self.outbox.lose(ids));
                }
                if matches!(status, 200 | 400 | 413 | 422 | 500) {
                    ops.extend(self.shrink_batch(ids));
                }
                self.wait(answer.retry_after, chance)
            }
        };
        (ops, next)
    }

    fn take(&mut self, ids: &[CommandId], reply: WireReply, chance: u32) -> (Vec<Op>, Next) {
        let before = self.outbox.count_waiting();
        let all_told = self.replica.synced_at.is_some_and(|synced| {
            self.outbox
                .iter()
                .filter_map(|item| item.outcome())
                .all(|outcome| outcome.at < synced)
        });
        let mut ops = Vec::new();
        let mut answered = Vec::new();
        for raw in reply.outcomes {
            let Some(decision) = Decision::read(raw) else {
                continue;
            };
            answered.push(decision.outcome().id);
            ops.extend(self.outbox.decide(decision));
        }
        let unanswered: Vec<CommandId> = ids.iter().copied().filter(|id| !answered.contains(id)).collect();
        self.outbox.transition(&unanswered, State::Sent, State::Saved);
        for id in &unanswered {
            ops.extend(self.count_failure(*id));
        }
        if let Some(cursor) = reply.cursor {
            // Also where none was known: an outcome that came without a cursor may be of an epoch that is over.
            let known = &self.replica.cursor.epoch;
            let trusted = known.is_empty() && fault!("phone-trusts-what-came-before-any-cursor");
            if *known != cursor.epoch && !trusted {
                let again = self.outbox.send_again(&answered);
                if !fault!("phone-does-not-send-again-after-a-restore") {
                    ops.extend(again);
                }
            }
            let docs: Vec<DocRow> = reply
                .docs
                .into_iter()
                .map(|doc| DocRow {
                    collection: doc.collection,
                    id: doc.id,
                    body: doc.body,
                })
                .collect();
            self.take_in(
                Change {
                    now: reply.now,
                    cursor,
                    all_content: reply.all_content,
                    all_own: reply.all_own,
                    docs: &docs,
                    gone: &reply.gone,
                },
                &mut ops,
            );
            // Why only here: a reply without a cursor does not tell whether a backup was restored, and with it whether
            // what was decided long ago has to be sent again.
            ops.extend(self.outbox.forget(reply.now));
        }
        self.nothing_new = all_told && ids.is_empty() && ops.len() <= JUST_THE_TIME;
        let left = self.outbox.count_waiting();
        let undecided = ids
            .iter()
            .filter(|id| self.outbox.get(**id).is_some_and(|item| item.is_waiting()));
        if undecided.count() > 0 {
            return (ops, self.wait(None, chance));
        }
        self.backoff = Backoff::default();
        let moved = !ids.is_empty() || left > before;
        (
            ops,
            if left > 0 && moved {
                Next::Again
            } else {
                Next::Rest
            },
        )
    }

    /// The server took none of `ids`: fewer next time, and a single one that fails alone has failed.
    fn shrink_batch(&mut self, ids: &[CommandId]) -> Option<Op> {
        if let [only] = ids {
            let op = self.count_failure(*only);
            self.backoff.most = 1;
            return op;
        }
        self.backoff.most = (ids.len() / 2).max(1);
        None
    }

    fn count_failure(&mut self, id: CommandId) -> Option<Op> {
        self.outbox.set(id, |item| {
            item.attempts += 1;
            if item.attempts >= MOST_ATTEMPTS {
                item.state = State::Parked;
            }
        })
    }

    fn wait(&mut self, retry_after: Option<u32>, chance: u32) -> Next {
        let ceiling = FIRST_WAIT
            .saturating_mul(1 << self.backoff.failures.min(16))
            .min(LONGEST_WAIT);
        self.backoff.failures = self.backoff.failures.saturating_add(1);
        let jitter = ceiling * i64::from(chance) / i64::from(u32::MAX);
        let asked = retry_after.map_or(0, |seconds| i64::from(seconds) * 1000);
        Next::Wait(jitter.max(500).max(asked))
    }
}
