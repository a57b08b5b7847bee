//! The commands of several phones in one commit.
//!
//! Why: SQLite has one writer, and each commit waits for the disk. Whoever comes while another's commit is under way
//! waits for it anyway; all of them then go together into the next.

use super::{Caller, together};
use crate::{Db, Error, Result};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::oneshot;

/// Commands in one commit, about: more would keep the other writers waiting.
const MOST_TOGETHER: usize = 256;

type Outcomes = Result<Vec<Box<RawValue>>>;

/// Commands that wait for a transaction.
#[derive(Default)]
pub(crate) struct Group {
    waiting: Mutex<VecDeque<Job>>,
    turn: tokio::sync::Mutex<()>,
}

/// The commands of one request.
struct Job {
    caller: Caller,
    bodies: Vec<Box<RawValue>>,
    answer: oneshot::Sender<Outcomes>,
}

impl Group {
    /// Applies commands together with those of others who wait; whoever gets the turn does it for all.
    pub(super) async fn apply(&self, db: &Db, caller: &Caller, bodies: &[Box<RawValue>]) -> Outcomes {
        let (answer, mut answered) = oneshot::channel();
        self.waiting
            .lock()
            .expect("no panic while queueing")
            .push_back(Job {
                caller: caller.clone(),
                bodies: bodies.to_vec(),
                answer,
            });
        loop {
            tokio::select! {
                biased;
                outcomes = &mut answered => return outcomes.unwrap_or_else(|_| Err(cut_off())),
                _turn = self.turn.lock() => run(db, self.next()).await,
            }
        }
    }

    fn next(&self) -> Vec<Job> {
        let mut waiting = self.waiting.lock().expect("no panic while queueing");
        let mut commands = 0;
        let fit = waiting
            .iter()
            .take_while(|job| {
                commands += job.bodies.len();
                commands <= MOST_TOGETHER
            })
            .count();
        let fit = fit.max(1).min(waiting.len());
        waiting.drain(..fit).collect()
    }
}

fn cut_off() -> Error {
    Error::Broken("the transaction that these commands were in was cut off".into())
}

/// Applies jobs in one transaction, and answers them once it is committed.
async fn run(db: &Db, jobs: Vec<Job>) {
    match apply(db, &jobs).await {
        Ok(outcomes) => {
            for (job, outcomes) in jobs.into_iter().zip(outcomes) {
                // A phone that no longer listens asks again.
                let _ = job.answer.send(Ok(outcomes));
            }
        }
        Err(error) if jobs.len() > 1 => {
            // One that breaks the transaction must not hold up the others.
            tracing::warn!(%error, "commands of several phones failed together, each is tried alone");
            for job in jobs {
                let outcomes = apply(db, std::slice::from_ref(&job)).await;
                let _ = job
                    .answer
                    .send(outcomes.map(|mut only| only.pop().unwrap_or_default()));
            }
        }
        Err(error) => {
            if let Some(only) = jobs.into_iter().next() {
                let _ = only.answer.send(Err(error));
            }
        }
    }
}

async fn apply(db: &Db, jobs: &[Job]) -> Result<Vec<Vec<Box<RawValue>>>> {
    let commands: Vec<(&Caller, &RawValue)> = jobs
        .iter()
        .flat_map(|job| job.bodies.iter().map(|body| (&job.caller, &**body)))
        .collect();
    let mut outcomes = together(db, &commands).await?.into_iter();
    Ok(jobs
        .iter()
        .map(|job| outcomes.by_ref().take(job.bodies.len()).collect())
        .collect())
}
