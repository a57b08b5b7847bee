//! Courses, lessons, quizzes, attempts.

mod number;

pub use number::{Misread, read_number};

use crate::id::{CommandId, CourseId};
use crate::newer::{codes, open};
use crate::samples::{Giver, Things};
use crate::{Day, Error, Points, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// A course as the phone stores it: all lessons and questions, without the keys of graded questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    pub id: CourseId,
    pub version: u32,
    pub title: Text,
    pub summary: Text,
    /// Empty: for every trade.
    pub trades: Vec<String>,
    pub minutes: u32,
    /// Paid once, on the first pass; again only for a version that says so.
    pub points: Points,
    /// Percentage of graded questions to get right.
    pub pass_mark: u32,
    pub lessons: Vec<Lesson>,
    pub practice: Vec<Practice>,
    pub graded: Vec<Question>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Stable name inside the course.
    pub lesson: String,
    pub title: Text,
    /// Sanitised HTML, rendered on the server.
    pub html: Text,
    pub pictures: Vec<Picture>,
}

/// A picture of a lesson. The phone downloads it when the member keeps the course offline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub url: String,
    pub bytes: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Stable name inside the course.
    pub question: String,
    /// The lesson to read again.
    pub lesson: String,
    pub prompt: Text,
    pub form: Form,
}

open! {
    /// The kind of a question. An answer names options by their place in the list, from 0.
    pub enum Form {
        Single {
            options: Vec<Text>,
        } = "single",
        Multiple {
            options: Vec<Text>,
        } = "multiple",
        TrueFalse = "true_false",
        /// Options to put in order. The list is shuffled when the course is imported.
        Ordering {
            options: Vec<Text>,
        } = "ordering",
        Number {
            unit: String,
        } = "number",
    }
}

/// An answer given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    Single(u8),
    /// Places of the ticked options, rising.
    Multiple(Vec<u8>),
    TrueFalse(bool),
    /// Places of the options, first to last.
    Ordering(Vec<u8>),
    /// Thousandths: 4.5 is 4500.
    Number(i64),
}

open! {
    /// The right answer.
    pub enum Key {
        Exactly(Given) = "exactly",
        /// Thousandths: right when the answer is at most `tolerance` away from `value`.
        Near {
            value: i64,
            tolerance: i64,
        } = "near",
    }
}

/// A practice question, with its key and explanation.
///
/// Why by hand and not `flatten`: `flatten` would add a second deserializer for every question to the phone's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "FlatPractice", into = "FlatPractice")]
pub struct Practice {
    pub question: Question,
    pub key: Key,
    pub explanation: Text,
}

/// Wire form of a practice question: the question's fields and the added ones at one level.
#[derive(Serialize, Deserialize)]
struct FlatPractice {
    question: String,
    lesson: String,
    prompt: Text,
    form: Form,
    key: Key,
    explanation: Text,
}

impl From<FlatPractice> for Practice {
    fn from(flat: FlatPractice) -> Practice {
        Practice {
            question: Question {
                question: flat.question,
                lesson: flat.lesson,
                prompt: flat.prompt,
                form: flat.form,
            },
            key: flat.key,
            explanation: flat.explanation,
        }
    }
}

impl From<Practice> for FlatPractice {
    fn from(practice: Practice) -> FlatPractice {
        let Practice {
            question,
            key,
            explanation,
        } = practice;
        FlatPractice {
            question: question.question,
            lesson: question.lesson,
            prompt: question.prompt,
            form: question.form,
            key,
            explanation,
        }
    }
}

impl Practice {
    /// True if this version can show the question and mark its answer.
    pub fn is_readable(&self) -> bool {
        !matches!(self.question.form, Form::Newer) && !matches!(self.key, Key::Newer)
    }
}

impl Course {
    /// True if this version can show all graded questions.
    pub fn can_be_taken(&self) -> bool {
        !self
            .graded
            .iter()
            .any(|question| matches!(question.form, Form::Newer))
    }
}

impl Form {
    /// True if `given` is a valid answer to this kind of question, right or wrong.
    pub fn accepts(&self, given: &Given) -> bool {
        let inside = |places: &[u8], options: &[Text]| {
            let mut seen = vec![false; options.len()];
            places.iter().all(|&place| {
                seen.get_mut(usize::from(place))
                    .is_some_and(|seen| !std::mem::replace(seen, true))
            })
        };
        match (self, given) {
            (Form::Single { options }, Given::Single(place)) => usize::from(*place) < options.len(),
            (Form::Multiple { options }, Given::Multiple(places)) => {
                inside(places, options) && places.is_sorted()
            }
            (Form::TrueFalse, Given::TrueFalse(_)) | (Form::Number { .. }, Given::Number(_)) => true,
            (Form::Ordering { options }, Given::Ordering(places)) => {
                places.len() == options.len() && inside(places, options)
            }
            _ => false,
        }
    }
}

impl Key {
    /// True if `given` is the right answer.
    pub fn marks(&self, given: &Given) -> bool {
        match (self, given) {
            (Key::Exactly(right), given) => right == given,
            (Key::Near { value, tolerance }, Given::Number(number)) => {
                value.abs_diff(*number) <= tolerance.unsigned_abs()
            }
            (Key::Near { .. } | Key::Newer, _) => false,
        }
    }
}

/// Percentage of right answers, rounded down.
pub fn score(right: usize, of: usize) -> u32 {
    (right * 100).checked_div(of).unwrap_or(0) as u32
}

/// Failed tries of a course's quiz since it was last passed. Each makes the pause before the next one longer.
///
/// Why: an answer is marked in a millisecond, so a program would find all of them in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    pub failed: u32,
    /// When the last of them was made.
    pub last: Timestamp,
}

impl Tries {
    /// Minutes of pause after the first failed try, the second, and so on; the last one stays.
    const PAUSES: [i64; 6] = [1, 5, 30, 2 * 60, 8 * 60, 24 * 60];

    pub fn is_none(&self) -> bool {
        self.failed == 0
    }

    /// The earliest time of the next try; `None` if no try failed.
    pub fn next(&self) -> Option<Timestamp> {
        let place = (self.failed as usize).checked_sub(1)?;
        let minutes = Self::PAUSES[place.min(Self::PAUSES.len() - 1)];
        Some(self.last.plus(minutes * 60_000))
    }

    /// # Errors
    /// [`Error::TooSoon`] if the pause lasts at `at`.
    pub fn may_try(&self, at: Timestamp) -> Result<(), Error> {
        match self.next() {
            Some(next) if at < next => Err(Error::TooSoon { at: next }),
            _ => Ok(()),
        }
    }

    /// Counts a failed try made at `at`, which is no earlier than the pause before it ended.
    pub fn failed_at(self, at: Timestamp) -> Tries {
        Tries {
            failed: self.failed.saturating_add(1),
            last: self.next().map_or(at, |next| next.max(at)),
        }
    }
}

/// A member's progress in a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub course: CourseId,
    /// Names of the lessons read to the end.
    pub read: Vec<String>,
    /// Practice quizzes finished.
    pub practised: u32,
    /// Newest first.
    pub attempts: Vec<Attempt>,
    /// The day of the first pass of what the course's current version asks.
    pub passed_on: Option<Day>,
    /// The points of the course's current version were paid, for it or for a version before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid: bool,
    /// Failed tries since the last pass, and when the last of them was made.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Progress {
    pub fn new(course: CourseId) -> Progress {
        Progress {
            course,
            read: vec![],
            practised: 0,
            attempts: vec![],
            passed_on: None,
            paid: false,
            failed: 0,
            failed_at: None,
        }
    }

    pub fn tries(&self) -> Tries {
        Tries {
            failed: self.failed,
            last: self.failed_at.unwrap_or_default(),
        }
    }
}

/// A graded quiz, handed in and marked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: CommandId,
    pub at: Timestamp,
    pub version: u32,
    pub result: QuizResult,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuizResult {
    pub right: u32,
    pub of: u32,
    pub passed: bool,
    /// Points paid for it; 0 if it did not pass or counts as practice.
    pub points: Points,
    /// Why a pass paid nothing.
    pub unpaid: Option<Unpaid>,
    /// Told after a pass, and from the second day of trying; empty before.
    pub review: Vec<Review>,
}

/// A question answered wrongly, and the lesson to read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub question: String,
    pub lesson: String,
    /// `None` until the course is passed: it would give the answer away.
    pub explanation: Option<Text>,
}

codes! {
    /// Why a pass paid nothing.
    pub enum Unpaid {
        /// The course was passed before: this attempt is kept as practice.
        PassedBefore = "passed_before",
        /// The course was withdrawn before the quiz arrived.
        Withdrawn = "withdrawn",
        /// The course was paid in an earlier version, and this one does not pay again.
        PaidBefore = "paid_before",
        /// A newer version replaced this one a week ago or more.
        Replaced = "replaced",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    ReadLesson {
        course: CourseId,
        lesson: String,
    },
    FinishPractice {
        course: CourseId,
    },
    /// `version`: the version on the phone. `answers`: one for each question.
    HandInQuiz {
        course: CourseId,
        version: u32,
        answers: Vec<Answer>,
    },
}

impl Command {
    /// A sample of each command.
    pub fn samples(things: &Things) -> Vec<Command> {
        vec![
            Command::ReadLesson {
                course: things.course,
                lesson: things.lesson.clone(),
            },
            Command::FinishPractice {
                course: things.course,
            },
            Command::HandInQuiz {
                course: things.course,
                version: things.version,
                answers: things.answers.clone(),
            },
        ]
    }

    /// Returns who may give the command.
    pub fn giver(&self) -> Giver {
        match self {
            Command::ReadLesson { .. } | Command::FinishPractice { .. } | Command::HandInQuiz { .. } => {
                Giver::Anybody
            }
        }
    }
}

impl Command {
    /// The course it is about.
    pub fn course(&self) -> CourseId {
        match self {
            Command::ReadLesson { course, .. }
            | Command::FinishPractice { course }
            | Command::HandInQuiz { course, .. } => *course,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub question: String,
    pub given: Given,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_practice_question_travels_flat() {
        let flat = r#"{"question":"p1","lesson":"a","prompt":{"en":"?"},"form":"true_false","key":{"exactly":{"true_false":true}},"explanation":{"en":"!"}}"#;
        let practice: Practice = serde_json::from_str(flat).unwrap();
        assert_eq!(practice.question.question, "p1");
        assert_eq!(serde_json::to_string(&practice).unwrap(), flat);
    }

    #[test]
    fn answers_must_fit_their_question() {
        let options = vec![Text::default(); 3];
        let ordering = Form::Ordering {
            options: options.clone(),
        };
        assert!(ordering.accepts(&Given::Ordering(vec![2, 0, 1])));
        assert!(!ordering.accepts(&Given::Ordering(vec![2, 0])));
        assert!(!ordering.accepts(&Given::Ordering(vec![2, 0, 0])));
        assert!(!ordering.accepts(&Given::Single(0)));
        let multiple = Form::Multiple {
            options: options.clone(),
        };
        assert!(multiple.accepts(&Given::Multiple(vec![0, 2])));
        assert!(!multiple.accepts(&Given::Multiple(vec![2, 0])));
        assert!(!Form::Single { options }.accepts(&Given::Single(3)));
    }

    #[test]
    fn numbers_have_a_tolerance() {
        let key = Key::Near {
            value: 4000,
            tolerance: 500,
        };
        assert!(key.marks(&Given::Number(4500)) && key.marks(&Given::Number(3500)));
        assert!(!key.marks(&Given::Number(4501)) && !key.marks(&Given::Number(i64::MIN)));
    }

    #[test]
    fn pauses_grow_to_a_day_and_count_from_the_end_of_the_one_before() {
        let mut tries = Tries::default();
        assert_eq!((tries.next(), tries.may_try(Timestamp(0))), (None, Ok(())));
        let mut at = Timestamp(0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            tries = tries.failed_at(at);
            let next = tries.next().unwrap();
            assert_eq!(tries.may_try(next.plus(-1)), Err(Error::TooSoon { at: next }));
            assert_eq!(tries.may_try(next), Ok(()));
            pauses.push((next.0 - at.0) / 60_000);
            at = next;
        }
        assert_eq!(pauses, [1, 5, 30, 120, 480, 1440, 1440, 1440]);
        // A try that says it was made during the pause counts from the end of the pause.
        assert_eq!(tries.failed_at(Timestamp(0)).last, at);
    }
}
