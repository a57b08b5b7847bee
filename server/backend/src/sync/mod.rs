//! The sync round of a phone: applies its commands, then returns what changed.

mod batcher;
mod reply;
mod turns;

use crate::caller::Caller;
use crate::commands::{self, Decided, Received};
use crate::db::Kind;
use crate::{Db, Error, Result};
use batcher::{Answer, CommitBatcher};
use domain::Timestamp;
use domain::sync::{Cursor, Reply, Request};
use serde_json::value::RawValue;
use std::sync::Arc;
use turns::Turns;

/// A reply whose outcomes and documents are JSON already.
pub type RawReply = Reply<Decided, Box<RawValue>>;

/// Handles the rounds of all phones.
#[derive(Clone)]
pub struct Server {
    db: Db,
    batcher: Arc<CommitBatcher>,
    turns: Arc<Turns>,
}

/// A phone's request, its commands parsed.
struct Round {
    caller: Caller,
    have: Cursor,
    push_only: bool,
    commands: Vec<Received>,
}

/// Returns the reply for a phone that sends nothing and is up to date, else `None`; `newest` was read with its session.
pub fn nothing_new(now: Timestamp, newest: &Cursor, request: &Request<Box<RawValue>>) -> Option<RawReply> {
    let idle = request.commands.is_empty() && !request.push_only;
    (idle && request.have == *newest && newest.content > 0).then(|| Reply {
        now,
        outcomes: Vec::new(),
        cursor: Some(newest.clone()),
        all_content: false,
        all_own: false,
        docs: Vec::new(),
        gone: Vec::new(),
    })
}

impl Server {
    pub fn new(db: Db) -> Server {
        Server {
            db,
            batcher: Arc::default(),
            turns: Arc::default(),
        }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Runs one round. If nothing is new it reads two rows by primary key.
    ///
    /// # Errors
    /// If the outcome of the commands is unknown: the phone keeps them and retries.
    pub async fn round(&self, caller: &Caller, request: Request<Box<RawValue>>) -> Result<RawReply> {
        let mut round = Round {
            caller: caller.clone(),
            have: request.have,
            push_only: request.push_only,
            commands: request.commands.iter().map(|body| Received::read(body)).collect(),
        };
        let mut decided = Vec::with_capacity(round.commands.len());
        match self.db.kind() {
            Kind::Sqlite if round.commands.is_empty() => {}
            Kind::Sqlite => match self.batcher.round(&self.db, round).await? {
                Answer::Reply(reply) => return Ok(*reply),
                Answer::Decided(own, outcomes) => (round, decided) = (*own, outcomes),
            },
            // Many writers: short transactions avoid waiting for each other's locks.
            Kind::Postgres => {
                let _turn = self.turns.of(caller.member).await;
                for command in &round.commands {
                    decided.extend(commands::apply_batch(&self.db, &[(caller, command)]).await?);
                }
            }
        }
        if round.push_only {
            return Ok(Reply {
                now: self.db.now(),
                outcomes: decided,
                cursor: None,
                all_content: false,
                all_own: false,
                docs: Vec::new(),
                gone: Vec::new(),
            });
        }
        let (mut tx, mut deltas) = reply::open_snapshot(&self.db, &[&round]).await?;
        let delta = deltas
            .pop()
            .ok_or_else(|| Error::Invariant("a round without an answer".into()))?;
        reply::reply(&mut tx, &round, decided, delta).await
    }
}
