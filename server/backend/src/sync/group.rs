//! Rounds of several phones together: their commands in one commit, their answers from one view.
//!
//! Why: SQLite has one writer, and each commit waits for the disk. Whoever comes while another's commit is under way
//! waits for it anyway; all of them then go together into the next.

use super::{RawReply, look, reply};
use crate::caller::Caller;
use crate::{Db, Error, Result, Tx, commands};
use domain::fault;
use domain::sync::Request;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::oneshot;

/// Commands in one commit, about: more would keep the other writers waiting.
const MOST_TOGETHER: usize = 256;

type Outcomes = Vec<Box<RawValue>>;

/// Rounds that wait for a transaction.
#[derive(Default)]
pub(crate) struct Group {
    waiting: Mutex<VecDeque<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

/// What a phone gets of the group it was in.
pub(super) enum Answer {
    Reply(Box<RawReply>),
    /// It is to read what changed by itself.
    Outcomes(Outcomes),
}

/// A round that waits until it is taken into a group.
struct Waiting {
    job: Job,
    taken: oneshot::Sender<()>,
}

/// A round and who waits for its answer.
struct Job {
    caller: Caller,
    request: Request<Box<RawValue>>,
    answer: oneshot::Sender<Result<Answer>>,
}

impl Group {
    /// Applies the commands of a round together with those of others who wait; whoever gets the turn does it for all.
    pub(super) async fn round(
        &self,
        db: &Db,
        caller: &Caller,
        request: &Request<Box<RawValue>>,
    ) -> Result<Answer> {
        let (taken, mut is_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        self.waiting
            .lock()
            .expect("no panic while queueing")
            .push_back(Waiting {
                job: Job {
                    caller: caller.clone(),
                    request: request.clone(),
                    answer,
                },
                taken,
            });
        loop {
            tokio::select! {
                biased;
                // Why it no longer waits for the turn: it would lead the next group, and answer its own phone after it.
                _ = &mut is_taken => return answered.await.unwrap_or_else(|_| Err(cut_off())),
                turn = self.turn.lock() => {
                    let decided = write(db, self.next()).await;
                    // Others write while these are read for.
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
                commands += waiting.job.request.commands.len();
                commands <= MOST_TOGETHER
            })
            .count();
        let fit = fit.max(1).min(waiting.len());
        let taken = waiting.drain(..fit).map(|Waiting { job, taken }| {
            // A phone that no longer listens asks again.
            let _ = taken.send(());
            job
        });
        taken.collect()
    }
}

impl Job {
    fn answer(self, answer: Result<Answer>) {
        let _ = self.answer.send(answer);
    }

    /// One that has everything but what is newest; who lacks more would keep the others waiting.
    fn reads_little(&self) -> bool {
        !self.request.push_only && !self.request.have.epoch.is_empty()
    }
}

fn cut_off() -> Error {
    Error::Broken("the transaction that these commands were in was cut off".into())
}

/// Applies the commands of jobs in one transaction; what of it failed is answered, what was committed comes back.
async fn write(db: &Db, jobs: Vec<Job>) -> Vec<(Job, Outcomes)> {
    if fault!("acknowledged-before-the-commit")
        && let Ok((tx, outcomes)) = apply_uncommitted(db, &jobs).await
    {
        for (job, outcomes) in jobs.into_iter().zip(outcomes) {
            job.answer(Ok(Answer::Outcomes(outcomes)));
        }
        let _ = tx.commit().await;
        return Vec::new();
    }
    match apply(db, &jobs).await {
        Ok(outcomes) => jobs.into_iter().zip(outcomes).collect(),
        Err(error) if jobs.len() > 1 => {
            // One that breaks the transaction must not hold up the others.
            tracing::warn!(%error, "commands of several phones failed together, each is tried alone");
            let mut decided = Vec::new();
            for job in jobs {
                match apply(db, std::slice::from_ref(&job)).await {
                    Ok(mut only) => decided.push((job, only.pop().unwrap_or_default())),
                    Err(error) => job.answer(Err(error)),
                }
            }
            decided
        }
        Err(error) => {
            if let Some(only) = jobs.into_iter().next() {
                only.answer(Err(error));
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
    let commands: Vec<(&Caller, &RawValue)> = jobs
        .iter()
        .flat_map(|job| job.request.commands.iter().map(|body| (&job.caller, &**body)))
        .collect();
    let (tx, mut outcomes) = commands::uncommitted(db, &commands).await?;
    if fault!("batch-swaps-outcomes") {
        outcomes.reverse();
    }
    let mut outcomes = outcomes.into_iter();
    let of_each = jobs
        .iter()
        .map(|job| outcomes.by_ref().take(job.request.commands.len()).collect());
    Ok((tx, of_each.collect()))
}

/// Answers jobs whose commands are committed.
async fn read(db: &Db, decided: Vec<(Job, Outcomes)>) {
    let (together, alone): (Vec<_>, Vec<_>) = decided.into_iter().partition(|(job, _)| job.reads_little());
    for (job, outcomes) in alone {
        job.answer(Ok(Answer::Outcomes(outcomes)));
    }
    if together.is_empty() {
        return;
    }
    let rounds: Vec<_> = together
        .iter()
        .map(|(job, _)| (&job.caller, &job.request))
        .collect();
    let (mut tx, mut news) = match look(db, &rounds).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "several phones could not be answered together, each is alone");
            for (job, outcomes) in together {
                job.answer(Ok(Answer::Outcomes(outcomes)));
            }
            return;
        }
    };
    if fault!("batch-swaps-replies") {
        news.reverse();
    }
    for ((job, outcomes), news) in together.into_iter().zip(news) {
        let reply = reply(&mut tx, &job.caller, &job.request, outcomes, news).await;
        job.answer(reply.map(|reply| Answer::Reply(Box::new(reply))));
    }
}
