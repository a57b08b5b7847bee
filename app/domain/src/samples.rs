//! One of each command, for the tests that must go through all of them: wire, access, bad input, simulator, faults.
//!
//! A feature brings its samples beside its commands, so that a new command is in all of these tests at once.

use crate::id::{CommandId, CourseId, EventId, NoticeId, RewardId, SessionId};
use crate::{Lang, Points, learning};

/// Who may give a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giver {
    /// It names nothing, or something published for all: everybody may, and it changes what is theirs alone.
    Anybody,
    /// It names a thing of a member: they alone may. For others, their manager included, it is not there.
    Owner,
    /// It spends the company's points: its managers may, and it is always the caller's own company.
    Manager,
}

/// The things that samples name. A nil id: there is none.
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
    /// One they have none in.
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
