//! One of each command, for the tests that must go through all of them: wire, access, bad input.
//!
//! A feature brings its samples beside its commands, so that a new command is in all of these tests at once.

use crate::id::{CommandId, CourseId, EventId, NoticeId, RewardId, SessionId};
use crate::{Command, Points, events, learning, members, notices, rewards};

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

/// The things that samples name.
#[derive(Clone, Debug)]
pub struct Things {
    pub course: CourseId,
    /// A lesson of the course.
    pub lesson: String,
    /// A graded question of the course that is answered by true or false.
    pub question: String,
    /// An event that the member has a place in.
    pub event: EventId,
    /// One they have none in.
    pub other_event: EventId,
    pub reward: RewardId,
    /// Its price.
    pub points: Points,
    pub session: SessionId,
    pub notice: NoticeId,
    /// A request that can be taken back.
    pub redemption: CommandId,
}

impl Command {
    /// One of each, about these things.
    pub fn samples(things: &Things) -> Vec<Command> {
        let events = events::Command::samples(things).into_iter().map(Command::Events);
        let learning = learning::Command::samples(things).into_iter();
        let members = members::Command::samples(things).into_iter();
        let notices = notices::Command::samples(things).into_iter();
        let rewards = rewards::Command::samples(things).into_iter();
        events
            .chain(learning.map(Command::Learning))
            .chain(members.map(Command::Members))
            .chain(notices.map(Command::Notices))
            .chain(rewards.map(Command::Rewards))
            .collect()
    }

    /// Who may give it.
    pub fn giver(&self) -> Giver {
        match self {
            Command::Events(command) => command.giver(),
            Command::Learning(command) => command.giver(),
            Command::Members(command) => command.giver(),
            Command::Notices(command) => command.giver(),
            Command::Rewards(command) => command.giver(),
        }
    }
}
