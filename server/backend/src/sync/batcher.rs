//! Batches the rounds of several phones: their commands in one commit, their replies from one snapshot.
//!
//! Why: SQLite has one writer, and each commit waits for the disk. Rounds that arrive during another's commit wait for
//! it anyway; all of them then share the next.

use super::{RawReply, Round, reply};
use crate::caller::Caller;
use crate::commands::{self, Decided, Received};
use crate::{Db, Error, Result, Tx};
use domain::fault;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::oneshot;

/// Approximate maximum of commands in one commit: more would delay other writers.
const MOST_TOGETHER: usize = 256;

type Outcomes = Vec<Decided>;

/// Rounds that wait for a transaction.
#[derive(Default)]
pub(super) struct CommitBatcher {
    waiting: Mutex<VecDeque<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

/// The result of a batch for one phone.
pub(super) enum Answer {
    Reply(Box<RawReply>),
    /// The round and its outcomes; the caller reads the changes itself.
    Decided(Box<Round>, Outcomes),
}

/// A round waiting to be taken into a batch.
struct Waiting {
    job: Job,
    taken: oneshot::Sender<()>,
}

/// A round and the channel for its result.
struct Job {
    round: Round,
    answer: oneshot::Sender<Result<Answer>>,
}

impl CommitBatcher {
    /// Applies the commands of a round together with those of other waiting rounds; the lock holder is the leader.
    pub(super) async fn round(&self, db: &Db, round: Round) -> Result<Answer> {
        let (taken, mut is_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        self.waiting
            .lock()
            .expect("no panic while queueing")
            .push_back(Waiting {
                job: Job { round, answer },
                taken,
            });
        loop {
            tokio::select! {
                biased;
                // Why: once this job is in a batch, leading the next batch would delay our own reply.
                _ = &mut is_taken => return answered.await.unwrap_or_else(|_| Err(cut_off())),
                turn = self.turn.lock() => {
                    let decided = write(db, self.next()).await;
                    // Others may write while the leader reads for its batch.
                    drop(turn);
                    read(db, decided).await;
                }
            }
        }
    }

    fn next(&self) -> Vec<Job> {
        let mut waiting = self.waiting.lock().expect("no panic while queueing");
        let mut commands = 0;
        let fit = waiting
            .iter()
            .take_while(|waiting| {
                commands += waiting.job.round.commands.len();
                commands <= MOST_TOGETHER
            })
            .count();
        let fit = fit.max(1).min(waiting.len());
        let taken = waiting.drain(..fit).map(|Waiting { job, taken }| {
            // The phone disconnected and will retry.
            let _ = taken.send(());
            job
        });
        taken.collect()
    }
}

impl Job {
    // The phone disconnected and will retry.
    fn fail(self, error: Error) {
        let _ = self.answer.send(Err(error));
    }

    fn reply(self, reply: Result<RawReply>) {
        let _ = self
            .answer
            .send(reply.map(|reply| Answer::Reply(Box::new(reply))));
    }

    fn leave(self, decided: Outcomes) {
        let _ = self
            .answer
            .send(Ok(Answer::Decided(Box::new(self.round), decided)));
    }

    /// True for an incremental round. Full syncs are read outside the batch, so that they do not delay it.
    fn reads_little(&self) -> bool {
        !self.round.push_only && !self.round.have.epoch.is_empty()
    }
}

fn cut_off() -> Error {
    Error::Invariant("the transaction that these commands were in was cut off".into())
}

/// Applies the commands of jobs in one transaction; failed jobs get their error, committed ones are returned.
async fn write(db: &Db, jobs: Vec<Job>) -> Vec<(Job, Outcomes)> {
    if fault!("acknowledged-before-the-commit")
        && let Ok((tx, outcomes)) = apply_uncommitted(db, &jobs).await
    {
        for (job, outcomes) in jobs.into_iter().zip(outcomes) {
            job.leave(outcomes);
        }
        // Long enough for a kill in between.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let _ = tx.commit().await;
        return Vec::new();
    }
    match apply(db, &jobs).await {
        Ok(outcomes) => jobs.into_iter().zip(outcomes).collect(),
        Err(error) if jobs.len() > 1 => {
            // A command that breaks the transaction must not fail the other jobs.
            tracing::warn!(%error, "commands of several phones failed together, each is tried alone");
            let mut decided = Vec::new();
            for job in jobs {
                match apply(db, std::slice::from_ref(&job)).await {
                    Ok(mut only) => decided.push((job, only.pop().unwrap_or_default())),
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
        .flat_map(|Job { round, .. }| round.commands.iter().map(|command| (&round.caller, command)))
        .collect();
    let (tx, mut outcomes) = commands::apply_batch_uncommitted(db, &commands).await?;
    if fault!("batch-swaps-outcomes") {
        outcomes.reverse();
    }
    let mut outcomes = outcomes.into_iter();
    let of_each = jobs
        .iter()
        .map(|job| outcomes.by_ref().take(job.round.commands.len()).collect());
    Ok((tx, of_each.collect()))
}

/// Replies to jobs whose commands are committed.
async fn read(db: &Db, decided: Vec<(Job, Outcomes)>) {
    let (together, alone): (Vec<_>, Vec<_>) = decided.into_iter().partition(|(job, _)| job.reads_little());
    for (job, outcomes) in alone {
        job.leave(outcomes);
    }
    if together.is_empty() {
        return;
    }
    let rounds: Vec<_> = together.iter().map(|(job, _)| &job.round).collect();
    let (mut tx, mut deltas) = match reply::open_snapshot(db, &rounds).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "several phones could not be answered together, each is alone");
            for (job, outcomes) in together {
                job.leave(outcomes);
            }
            return;
        }
    };
    if fault!("batch-swaps-replies") {
        deltas.reverse();
    }
    for ((job, outcomes), delta) in together.into_iter().zip(deltas) {
        let reply = reply::reply(&mut tx, &job.round, outcomes, delta).await;
        job.reply(reply);
    }
}
