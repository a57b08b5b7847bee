//! One round of sync, without the network: builds the request and applies the reply.

use super::Phone;
use super::json::{self, Raw};
use super::outbox::{Decision, State};
use super::replica::Change;
use super::store::{DocRow, Op};
use domain::fault;
use domain::id::CommandId;
use domain::sync::{MOST_BYTES, MOST_COMMANDS, PROTO, Reply, Request, SESSION_ENDED};

/// Failures after which an act is parked.
pub const MOST_ATTEMPTS: u32 = 10;
const FIRST_WAIT: i64 = 2_000;
const LONGEST_WAIT: i64 = 5 * 60_000;
/// Reserved bytes of a request for everything but its commands.
const FRAME_BYTES: usize = 1024;
/// Operations after a reply without changes: the cursor and the time.
const JUST_THE_TIME: usize = 2;
const NO_COMMANDS: &str = r#""commands":[]"#;

/// Retry state.
#[derive(Clone, Debug)]
pub struct Backoff {
    /// Consecutive failed rounds.
    failures: u32,
    /// Maximum number of commands in the next round. Halved when the server rejects a whole round, to isolate a bad
    /// command so that it does not block the others.
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

/// A request and the acts in it.
#[derive(Debug)]
pub struct Round {
    pub body: String,
    pub ids: Vec<CommandId>,
}

/// The HTTP response. `status` 0: none arrived.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// Seconds.
    pub retry_after: Option<u32>,
}

/// The next step after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is more to send.
    Again,
    /// Done.
    Rest,
    /// The round failed: retry after this many milliseconds.
    Wait(i64),
    /// The member has to sign in again. Everything is kept.
    SignIn,
    /// Somebody ended the session: the documents are gone, the acts are kept.
    Ended,
    /// Another member is signed in on this browser.
    OtherMember,
    /// The server no longer supports this version.
    Update,
}

type WireReply = Reply<Raw, Raw>;

impl Phone {
    /// Builds the next request, with the acts in order.
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
        // The acts are inserted byte for byte as stored.
        let body = frame.replacen(NO_COMMANDS, &format!(r#""commands":[{}]"#, commands.join(",")), 1);
        Round { body, ids }
    }

    /// Marks `ids` as sent, in memory only: after a restart they are `Saved` again, the only state known for certain.
    pub fn sent(&mut self, ids: &[CommandId]) {
        self.outbox.transition(ids, State::Saved, State::Sent);
    }

    /// Applies the response to `ids`: memory at once; the returned operations belong in one transaction.
    ///
    /// `chance`: a random number, for the jitter of the retries.
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
            401 if answer.body.contains(SESSION_ENDED) => {
                if !fault!("ended-session-keeps-its-documents") {
                    ops.extend(self.erase_documents());
                }
                Next::Ended
            }
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
            // Also if no epoch was known: an outcome that came without a cursor may be of an earlier epoch.
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
            // Why only here: a reply without a cursor does not tell whether a backup was restored, and so whether acts
            // decided long ago have to be sent again.
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

    /// The server rejected all of `ids`: shrinks the next batch; a single act that was rejected alone counts as failed.
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
