//! Courses with the member's progress, pending acts included.

use crate::ledger::view::PointsEffect;
use crate::members::view::MemberView;
use crate::phone::outbox::Item;
use crate::phone::sort::{sort_by, sort_by_key};
use crate::phone::{Phone, Standing};
use domain::document::{Collection, Feature};
use domain::id::{CommandId, CourseId};
use domain::learning::{Attempt, Command, Course, Progress, Tries};
use domain::{Day, Receipt, Timestamp, Verdict};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct LearningView {
    /// The member's own first, then by title.
    pub courses: Vec<CourseView>,
    /// Points that unmarked quizzes would earn.
    pub effects: Vec<PointsEffect>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseView {
    pub course: Arc<Course>,
    /// For the member's trade, or for every trade.
    pub mine: bool,
    pub read: Vec<String>,
    pub practised: u32,
    /// Newest first.
    pub attempts: Vec<Attempt>,
    pub passed_on: Option<Day>,
    /// The points of the course were paid: passing it brings no more.
    pub paid: bool,
    /// Failed tries; a submitted quiz that is not marked yet is taken for one.
    pub tries: Tries,
    /// A submitted quiz that is not marked yet.
    pub unmarked: Option<CommandId>,
}

impl LearningView {
    pub fn of(phone: &Phone, member: &MemberView) -> LearningView {
        let progress: Vec<Progress> = phone.replica.all(Collection::Progress);
        let mut courses: Vec<CourseView> = phone
            .replica
            .all(Collection::Course)
            .into_iter()
            .map(|course: Course| {
                let known = progress.iter().find(|progress| progress.course == course.id);
                let progress = known.cloned().unwrap_or_else(|| Progress::new(course.id));
                let tries = progress.tries();
                CourseView {
                    mine: member.is_my_trade(&course.trades),
                    course: Arc::new(readable(course)),
                    read: progress.read,
                    practised: progress.practised,
                    attempts: progress.attempts,
                    passed_on: progress.passed_on,
                    paid: progress.paid,
                    tries,
                    unmarked: None,
                }
            })
            .collect();
        for (item, command) in phone.acts::<Command>(Feature::Learning) {
            if phone.standing(item) == Standing::Pending
                && let Some(view) = courses.iter_mut().find(|view| view.course.id == command.course())
            {
                view.fold(item, command);
            }
        }
        sort_by(&mut courses, |a, b| {
            let title = |view: &CourseView| (!view.mine, view.course.title.get(member.lang).to_owned());
            title(a).cmp(&title(b))
        });
        let effects = courses
            .iter()
            .filter(|view| view.unmarked.is_some() && !view.paid)
            .map(|view| PointsEffect::WouldEarn {
                points: view.course.points,
            })
            .collect();
        LearningView { courses, effects }
    }

    pub fn course(&self, id: CourseId) -> Option<&CourseView> {
        self.courses.iter().find(|view| view.course.id == id)
    }

    /// A course in progress.
    pub fn to_continue(&self) -> Option<&CourseView> {
        self.courses.iter().find(|view| view.begun() && !view.done())
    }

    /// Courses that would still earn points, those of the member's trade first.
    pub fn earning(&self) -> Vec<&CourseView> {
        let mut courses: Vec<&CourseView> = self
            .courses
            .iter()
            .filter(|view| {
                !view.done() && !view.paid && view.course.points > 0 && !view.course.graded.is_empty()
            })
            .collect();
        sort_by_key(&mut courses, |view| {
            (!view.mine, !view.begun(), std::cmp::Reverse(view.course.points))
        });
        courses
    }
}

/// Removes practice questions that only a newer app can show or mark.
fn readable(mut course: Course) -> Course {
    course.practice.retain(|practice| practice.is_readable());
    course
}

impl CourseView {
    /// Applies one act on top of the documents.
    fn fold(&mut self, item: &Item, command: Command) {
        match command {
            Command::ReadLesson { lesson, .. } => {
                if !self.is_read(&lesson) {
                    self.read.push(lesson);
                }
            }
            Command::FinishPractice { .. } => self.practised += 1,
            Command::HandInQuiz { version, .. } => {
                if self.attempts.iter().any(|attempt| attempt.id == item.id) {
                    return;
                }
                // Until the documents say otherwise, it failed.
                self.tries = self.tries.failed_at(item.made_at);
                let outcome = item.outcome();
                match outcome.map(|outcome| (outcome.at, &outcome.verdict)) {
                    Some((at, Verdict::Confirmed(Receipt::Graded(result)))) => self.attempts.insert(
                        0,
                        Attempt {
                            id: item.id,
                            at,
                            version,
                            result: result.clone(),
                        },
                    ),
                    _ => self.unmarked = Some(item.id),
                }
            }
        }
    }

    /// The earliest time of the next try, if the pause lasts at `now`.
    pub fn next_try(&self, now: Timestamp) -> Option<Timestamp> {
        self.tries
            .next()
            .filter(|next| self.passed_on.is_none() && now < *next)
    }

    pub fn is_read(&self, lesson: &str) -> bool {
        self.read.iter().any(|read| read == lesson)
    }

    /// The number of the course's current lessons that were read.
    pub fn lessons_read(&self) -> usize {
        self.course
            .lessons
            .iter()
            .filter(|lesson| self.is_read(&lesson.lesson))
            .count()
    }

    /// The first unread lesson.
    pub fn next_lesson(&self) -> Option<&str> {
        self.course
            .lessons
            .iter()
            .map(|lesson| lesson.lesson.as_str())
            .find(|lesson| !self.is_read(lesson))
    }

    pub fn begun(&self) -> bool {
        !self.read.is_empty() || self.practised > 0 || !self.attempts.is_empty()
    }

    /// True if the course is passed or a quiz waits to be marked.
    pub fn done(&self) -> bool {
        self.passed_on.is_some() || self.unmarked.is_some()
    }
}
