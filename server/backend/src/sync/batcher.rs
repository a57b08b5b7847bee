//! Batches the rounds of several phones: their commands in one commit, their replies from one snapshot.
//!
//! Why: SQLite has one writer, and each commit waits for the disk. Rounds that arrive during another's commit wait for
//! it anyway; all of them then share the next.

use super::{RawReply, Round, reply};
use crate::caller::Caller;
use crate::commands::{self, Decided, Received};
use crate::{Db, Error, Result, Tx};
use domain::fault;
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::oneshot;

/// Maximum of commands in one commit: more would delay other writers.
const MOST_TOGETHER: usize = 256;
/// Maximum of one member's commands in one commit; a longer round takes several.
///
/// Why: a member who acts without pause, from many connections, makes others wait for so many commands and no more.
const SHARE: usize = 10;

type Outcomes = Vec<Decided>;

/// Rounds that wait for a transaction.
#[derive(Default)]
pub(super) struct CommitBatcher {
    waiting: Mutex<VecDeque<Job>>,
    turn: tokio::sync::Mutex<()>,
}

/// The result of a batch for one phone.
pub(super) enum Answer {
    Reply(Box<RawReply>),
    /// The round and its outcomes; the caller reads the changes itself.
    Decided(Box<Round>, Outcomes),
}

/// A round, what is decided of it, and the channels of its caller.
struct Job {
    round: Round,
    /// The outcomes of its first commands, which are committed.
    decided: Outcomes,
    /// Told when the last of its commands is in a batch.
    taken: Option<oneshot::Sender<()>>,
    answer: oneshot::Sender<Result<Answer>>,
}

impl CommitBatcher {
    /// Applies the commands of a round together with those of other waiting rounds; the lock holder is the leader.
    pub(super) async fn round(&self, db: &Db, round: Round) -> Result<Answer> {
        let (taken, mut is_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        self.queue().push_back(Job {
            round,
            decided: Vec::new(),
            taken: Some(taken),
            answer,
        });
        loop {
            tokio::select! {
                biased;
                // Why: once all of this job is in a batch, leading the next batch would delay our own reply.
                _ = &mut is_taken => return answered.await.unwrap_or_else(|_| Err(cut_off())),
                turn = self.turn.lock() => {
                    let written = write(db, self.next()).await;
                    let (decided, rest): (Vec<Job>, Vec<Job>) =
                        written.into_iter().partition(|job| job.next_commands().is_empty());
                    // Why before the turn ends: its caller may lead the batch that takes the rest.
                    self.queue().extend(rest);
                    // Others may write while the leader reads for its batch.
                    drop(turn);
                    read(db, decided).await;
                }
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.waiting.lock().expect("no panic while queueing")
    }

    /// Takes the jobs of the next commit: in the order of arrival, one of each member.
    fn next(&self) -> Vec<Job> {
        let mut waiting = self.queue();
        let mut members = HashSet::new();
        let mut commands = 0;
        let (mut taken, mut left) = (Vec::new(), VecDeque::new());
        for mut job in waiting.drain(..) {
            let share = job.next_commands().len();
            if commands + share > MOST_TOGETHER || !members.insert(job.round.caller.member) {
                left.push_back(job);
                continue;
            }
            commands += share;
            if job.decided.len() + share == job.round.commands.len()
                && let Some(told) = job.taken.take()
            {
                // If this fails, the phone disconnected and will retry.
                let _ = told.send(());
            }
            taken.push(job);
        }
        *waiting = left;
        taken
    }
}

impl Job {
    /// The commands of the next commit.
    fn next_commands(&self) -> &[Received] {
        let rest = &self.round.commands[self.decided.len()..];
        &rest[..rest.len().min(SHARE)]
    }

    // The phone disconnected and will retry.
    fn fail(self, error: Error) {
        let _ = self.answer.send(Err(error));
    }

    fn reply(self, reply: Result<RawReply>) {
        let _ = self
            .answer
            .send(reply.map(|reply| Answer::Reply(Box::new(reply))));
    }

    fn leave(self) {
        let _ = self
            .answer
            .send(Ok(Answer::Decided(Box::new(self.round), self.decided)));
    }

    /// True for an incremental round. Full syncs are read outside the batch, so that they do not delay it.
    fn reads_little(&self) -> bool {
        !self.round.push_only && !self.round.have.epoch.is_empty()
    }
}

fn cut_off() -> Error {
    Error::Invariant("the transaction that these commands were in was cut off".into())
}

/// Applies the next commands of jobs in one transaction; failed jobs get their error, committed ones are returned.
async fn write(db: &Db, mut jobs: Vec<Job>) -> Vec<Job> {
    if fault!("acknowledged-before-the-commit")
        && let Ok((tx, outcomes)) = apply_uncommitted(db, &jobs).await
    {
        for (mut job, mut outcomes) in jobs.into_iter().zip(outcomes) {
            job.decided.append(&mut outcomes);
            job.leave();
        }
        // Long enough for a kill in between.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let _ = tx.commit().await;
        return Vec::new();
    }
    match apply(db, &jobs).await {
        Ok(outcomes) => {
            for (job, mut outcomes) in jobs.iter_mut().zip(outcomes) {
                job.decided.append(&mut outcomes);
            }
            jobs
        }
        Err(error) if jobs.len() > 1 => {
            // A command that breaks the transaction must not fail the other jobs.
            tracing::warn!(%error, "commands of several phones failed together, each is tried alone");
            let mut decided = Vec::new();
            for mut job in jobs {
                match apply(db, std::slice::from_ref(&job)).await {
                    Ok(mut only) => {
                        job.decided.append(&mut only.pop().unwrap_or_default());
                        decided.push(job);
                    }
                    Err(error) => job.fail(error),
                }
            }
            decided
        }
        Err(error) => {
            if let Some(only) = jobs.into_iter().next() {
                only.fail(error);
            }
            Vec::new()
        }
    }
}

async fn apply(db: &Db, jobs: &[Job]) -> Result<Vec<Outcomes>> {
    let (tx, outcomes) = apply_uncommitted(db, jobs).await?;
    tx.commit().await?;
    Ok(outcomes)
}

async fn apply_uncommitted(db: &Db, jobs: &[Job]) -> Result<(Tx, Vec<Outcomes>)> {
    let commands: Vec<(&Caller, &Received)> = jobs
        .iter()
        .flat_map(|job| {
            job.next_commands()
                .iter()
                .map(|command| (&job.round.caller, command))
        })
        .collect();
    let (tx, mut outcomes) = commands::apply_batch_uncommitted(db, &commands).await?;
    if fault!("batch-swaps-outcomes") {
        outcomes.reverse();
    }
    let mut outcomes = outcomes.into_iter();
    let of_each = jobs
        .iter()
        .map(|job| outcomes.by_ref().take(job.next_commands().len()).collect());
    Ok((tx, of_each.collect()))
}

/// Replies to jobs whose commands are committed.
async fn read(db: &Db, decided: Vec<Job>) {
    let (together, alone): (Vec<Job>, Vec<Job>) = decided.into_iter().partition(Job::reads_little);
    for job in alone {
        job.leave();
    }
    if together.is_empty() {
        return;
    }
    let rounds: Vec<_> = together.iter().map(|job| &job.round).collect();
    let (mut tx, mut deltas) = match reply::open_snapshot(db, &rounds).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "several phones could not be answered together, each is alone");
            for job in together {
                job.leave();
            }
            return;
        }
    };
    if fault!("batch-swaps-replies") {
        deltas.reverse();
    }
    for (mut job, delta) in together.into_iter().zip(deltas) {
        let outcomes = std::mem::take(&mut job.decided);
        let reply = reply::reply(&mut tx, &job.round, outcomes, delta).await;
        job.reply(reply);
    }
}
