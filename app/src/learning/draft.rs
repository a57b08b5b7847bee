//! The draft of a quiz: each answer with the question it was given to, so that it outlives a new version of the course as
//! far as the questions are the same.

use crate::phone::json;
use domain::id::CourseId;
use domain::learning::{Answer, Course, Form, Given, Question};
use domain::{Lang, Text};
use serde::{Deserialize, Serialize};

/// An answer and what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    pub question: Question,
    pub given: Given,
}

/// A quiz begun before, in the version of today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenUp {
    /// One entry for each question.
    pub answers: Vec<Option<Given>>,
    /// What was asked and is no longer asked like that: these answers are gone.
    pub gone: Vec<Text>,
}

/// The key of the draft. Apps of before added `:` and the version, and kept answers without their questions.
pub fn key(course: CourseId) -> String {
    format!("quiz:{course}")
}

/// The text of a draft; empty if nothing is answered.
pub fn write(course: &Course, answers: &[Option<Given>]) -> String {
    let given = course.graded.iter().zip(answers);
    let drafted: Vec<Drafted> = given
        .filter_map(|(question, given)| {
            Some(Drafted {
                question: question.clone(),
                given: given.clone()?,
            })
        })
        .collect();
    if drafted.is_empty() {
        return String::new();
    }
    serde_json::to_string(&drafted).unwrap_or_default()
}

/// Reads the draft under `key`, also one of an app of before.
pub fn read(course: &Course, key: &str, text: &str) -> Vec<Drafted> {
    if let Some(drafted) = json::read(text) {
        return drafted;
    }
    let version = key.rsplit(':').next().and_then(|version| version.parse().ok());
    let answers: Vec<Answer> = json::read(text).unwrap_or_default();
    answers_of(course, version.unwrap_or_default(), answers)
}

/// Pairs the answers of a version with its questions. Of another version than today's the questions are not known.
pub fn answers_of(course: &Course, version: u32, answers: Vec<Answer>) -> Vec<Drafted> {
    let paired = answers.into_iter().map(|answer| {
        let named = course
            .graded
            .iter()
            .find(|question| question.question == answer.question);
        let question = match named {
            Some(question) if version == course.version => question.clone(),
            named => Question {
                prompt: named.map_or_else(
                    || {
                        let mut name = Text::default();
                        name.set(Lang::default(), answer.question.clone());
                        name
                    },
                    |question| question.prompt.clone(),
                ),
                question: answer.question,
                lesson: String::new(),
                form: Form::Newer,
            },
        };
        Drafted {
            question,
            given: answer.given,
        }
    });
    paired.collect()
}

/// Keeps the answers whose question is the same today.
pub fn take_up(course: &Course, drafted: Vec<Drafted>) -> TakenUp {
    let mut taken = TakenUp {
        answers: vec![None; course.graded.len()],
        gone: vec![],
    };
    for Drafted { question, given } in drafted {
        let same = course.graded.iter().position(|today| {
            today.question == question.question
                && today.prompt == question.prompt
                && today.form == question.form
                && today.form.accepts(&given)
        });
        match same {
            Some(at) => taken.answers[at] = Some(given),
            None => taken.gone.push(question.prompt),
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(en: &str) -> Text {
        let mut text = Text::default();
        text.set(Lang::En, en.to_owned());
        text
    }

    fn question(name: &str, prompt: &str, options: &[&str]) -> Question {
        Question {
            question: name.to_owned(),
            lesson: "01".to_owned(),
            prompt: text(prompt),
            form: Form::Single {
                options: options.iter().map(|option| text(option)).collect(),
            },
        }
    }

    fn course(version: u32, graded: Vec<Question>) -> Course {
        Course {
            id: CourseId(uuid::Uuid::from_u128(9)),
            version,
            title: text("Dough"),
            summary: text("s"),
            trades: vec![],
            minutes: 5,
            points: 30,
            pass_mark: 60,
            lessons: vec![],
            practice: vec![],
            graded,
        }
    }

    fn kneading() -> Course {
        course(
            4,
            vec![
                question("temper", "How warm?", &["20", "24"]),
                question("rest", "How long?", &["1 h", "2 h", "3 h"]),
                question("salt", "When to salt?", &["first", "last"]),
            ],
        )
    }

    #[test]
    fn a_new_version_keeps_the_answers_whose_question_is_the_same() {
        let before = kneading();
        let draft = write(
            &before,
            &[
                Some(Given::Single(1)),
                Some(Given::Single(2)),
                Some(Given::Single(0)),
            ],
        );
        let mut after = kneading();
        after.version = 5;
        // The same question in another place and for another lesson, one with other options, one that is no longer asked.
        after.graded[0].lesson = "02".to_owned();
        after.graded[1] = question("rest", "How long?", &["2 h", "1 h", "3 h"]);
        after.graded[2] = question("sugar", "How sweet?", &["5 g", "9 g"]);
        after.graded.swap(0, 2);
        let key = key(after.id);
        let taken = take_up(&after, read(&after, &key, &draft));
        assert_eq!(taken.answers, [None, None, Some(Given::Single(1))]);
        assert_eq!(taken.gone, [text("How long?"), text("When to salt?")]);
        // Nothing has changed: nothing is gone.
        let taken = take_up(&before, read(&before, &key, &draft));
        assert_eq!((taken.answers.iter().flatten().count(), taken.gone.len()), (3, 0));
        assert_eq!(write(&before, &[None, None, None]), "");
        assert_eq!(
            take_up(&before, read(&before, &key, "")),
            TakenUp {
                answers: vec![None; 3],
                gone: vec![]
            }
        );
    }

    #[test]
    fn a_draft_of_an_app_of_before_is_kept_for_its_own_version_and_named_for_another() {
        let today = kneading();
        let old = r#"[{"question":"rest","given":{"single":2}},{"question":"yeast","given":{"single":0}}]"#;
        let same = take_up(&today, read(&today, &format!("quiz:{}:4", today.id), old));
        assert_eq!(same.answers, [None, Some(Given::Single(2)), None]);
        let other = take_up(&today, read(&today, &format!("quiz:{}:3", today.id), old));
        assert_eq!(other.answers, [None, None, None]);
        let mut yeast = Text::default();
        yeast.set(Lang::default(), "yeast".to_owned());
        assert_eq!(other.gone, [text("How long?"), yeast]);
    }
}
