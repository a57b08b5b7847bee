//! Samples of each command, for tests that must cover all of them: wire, access, bad input.
//!
//! A feature defines its samples beside its commands, so that a new command is in all of these tests at once.

use crate::id::{CommandId, CourseId, EventId, NoticeId, RewardId, SessionId};
use crate::{Lang, Points, learning};

/// The members allowed to give a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giver {
    /// Names nothing, or a published item: any member may give it; it changes only their own data.
    Anybody,
    /// Names an item of a member: only they may give it. For others, their manager included, it is not found.
    Owner,
    /// Spends the company's points: its managers may give it, always for the caller's own company.
    Manager,
}

/// The items that samples name.
#[derive(Clone, Debug)]
pub struct Things {
    pub course: CourseId,
    /// A lesson of the course.
    pub lesson: String,
    /// The version of the course that the phone has.
    pub version: u32,
    /// Answers to the graded questions of the course.
    pub answers: Vec<learning::Answer>,
    /// An event that the member has a place in.
    pub event: EventId,
    /// An event that the member has no place in.
    pub other_event: EventId,
    pub reward: RewardId,
    /// Its price.
    pub points: Points,
    pub language: Lang,
    pub session: SessionId,
    pub notice: NoticeId,
    /// A request that can be taken back.
    pub redemption: CommandId,
}

impl Things {
    /// None of them.
    pub fn none() -> Things {
        let id = uuid::Uuid::nil();
        Things {
            course: CourseId(id),
            lesson: String::new(),
            version: 0,
            answers: Vec::new(),
            event: EventId(id),
            other_event: EventId(id),
            reward: RewardId(id),
            points: 0,
            language: Lang::default(),
            session: SessionId(id),
            notice: NoticeId(id),
            redemption: CommandId(id),
        }
    }
}
