//! The draft of a quiz: each answer with a mark of the question it was given to, so that it outlives a new version of the
//! course as far as the questions are the same.

use crate::activity::view::ActivityView;
use crate::phone::json;
use domain::document::Feature;
use domain::id::CourseId;
use domain::learning::{Answer, Command, Course, Form, Given, Question};
use domain::{Error, Lang, Verdict};
use serde::{Deserialize, Serialize};

/// An answer and what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    pub question: String,
    /// As the member read it.
    pub prompt: String,
    /// The mark of the question; 0: the question is not known.
    pub asked: u32,
    pub given: Given,
}

/// A quiz begun before, in the version of today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenUp {
    /// One entry for each question.
    pub answers: Vec<Option<Given>>,
    /// Prompts of questions that are no longer asked like that: their answers are gone.
    pub gone: Vec<String>,
}

/// The key of the draft. Apps of before added `:` and the version, and kept answers alone.
pub fn key(course: CourseId) -> String {
    format!("quiz:{course}")
}

/// A mark of what a question asks, the same on each phone and in each version of the app: FNV-1a.
///
/// Why not the question itself: to write one would add its serializer to what phones download.
fn mark(question: &Question) -> u32 {
    let mut mark: u32 = 0x811c_9dc5;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            mark = (mark ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    };
    let (kind, options) = match &question.form {
        Form::Single { options } => ("single", options.as_slice()),
        Form::Multiple { options } => ("multiple", options.as_slice()),
        Form::Ordering { options } => ("ordering", options.as_slice()),
        Form::TrueFalse => ("true_false", [].as_slice()),
        Form::Number { unit } => {
            add(unit);
            ("number", [].as_slice())
        }
        Form::Newer => ("newer", [].as_slice()),
    };
    add(kind);
    for text in [&question.prompt].into_iter().chain(options) {
        add(&text.fr);
        add(&text.en);
    }
    mark.max(1)
}

fn drafted(question: &Question, given: Given, lang: Lang) -> Drafted {
    Drafted {
        question: question.question.clone(),
        prompt: question.prompt.get(lang).to_owned(),
        asked: mark(question),
        given,
    }
}

/// The text of a draft; empty if nothing is answered.
pub fn write(course: &Course, answers: &[Option<Given>], lang: Lang) -> String {
    let mut all = Vec::new();
    for (question, given) in course.graded.iter().zip(answers) {
        if let Some(given) = given {
            all.push(drafted(question, given.clone(), lang));
        }
    }
    if all.is_empty() {
        return String::new();
    }
    serde_json::to_string(&all).unwrap_or_default()
}

/// Reads the draft under `key`, also one of an app of before.
pub fn read(course: &Course, key: &str, text: &str, lang: Lang) -> Vec<Drafted> {
    if let Some(drafted) = json::read(text) {
        return drafted;
    }
    let version = key.rsplit(':').next().and_then(|version| version.parse().ok());
    let answers: Vec<Answer> = json::read(text).unwrap_or_default();
    answers_of(course, version.unwrap_or_default(), answers, lang)
}

/// Pairs the answers of a version with its questions. Of another version than today's the questions are not known.
pub fn answers_of(course: &Course, version: u32, answers: Vec<Answer>, lang: Lang) -> Vec<Drafted> {
    let mut all = Vec::new();
    for Answer { question, given } in answers {
        let today = course.graded.iter().find(|today| today.question == question);
        all.push(match today {
            Some(today) if version == course.version => drafted(today, given, lang),
            today => Drafted {
                prompt: today
                    .map_or(question.as_str(), |today| today.prompt.get(lang))
                    .to_owned(),
                question,
                asked: 0,
                given,
            },
        });
    }
    all
}

/// Version and answers of the last quiz of a course, if it came too soon: they are not lost.
pub fn returned(activity: &ActivityView, course: CourseId) -> Option<(u32, Vec<Answer>)> {
    for act in &activity.acts {
        if act.tag == Feature::Learning.tag()
            && let Some(Command::HandInQuiz {
                course: of,
                version,
                answers,
            }) = act.command()
            && of == course
        {
            let verdict = act.outcome.as_ref().map(|outcome| &outcome.verdict);
            let too_soon = matches!(verdict, Some(Verdict::Refused(Error::TooSoon { .. })));
            return too_soon.then_some((version, answers));
        }
    }
    None
}

/// Keeps the answers whose question is the same today.
pub fn take_up(course: &Course, all: Vec<Drafted>) -> TakenUp {
    let mut taken = TakenUp {
        answers: vec![None; course.graded.len()],
        gone: vec![],
    };
    for one in all {
        let same = course.graded.iter().position(|today| {
            today.question == one.question && mark(today) == one.asked && today.form.accepts(&one.given)
        });
        match same {
            Some(at) => taken.answers[at] = Some(one.given),
            None => taken.gone.push(one.prompt),
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Text;

    fn text(en: &str) -> Text {
        Text {
            en: en.to_owned(),
            ..Text::default()
        }
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

    fn kneading() -> Course {
        Course {
            id: CourseId(uuid::Uuid::from_u128(9)),
            version: 4,
            title: text("Dough"),
            summary: text("s"),
            trades: vec![],
            minutes: 5,
            points: 30,
            pass_mark: 60,
            lessons: vec![],
            practice: vec![],
            graded: vec![
                question("temper", "How warm?", &["20", "24"]),
                question("rest", "How long?", &["1 h", "2 h", "3 h"]),
                question("salt", "When to salt?", &["first", "last"]),
            ],
        }
    }

    #[test]
    fn a_new_version_keeps_the_answers_whose_question_is_the_same() {
        let before = kneading();
        let given = [1, 2, 0].map(|place| Some(Given::Single(place)));
        let draft = write(&before, &given, Lang::En);
        let mut after = kneading();
        after.version = 5;
        // The same question in another place and for another lesson, one with other options, one that is no longer asked.
        after.graded[0].lesson = "02".to_owned();
        after.graded[1] = question("rest", "How long?", &["2 h", "1 h", "3 h"]);
        after.graded[2] = question("sugar", "How sweet?", &["5 g", "9 g"]);
        after.graded.swap(0, 2);
        let key = key(after.id);
        let taken = take_up(&after, read(&after, &key, &draft, Lang::Fr));
        assert_eq!(taken.answers, [None, None, Some(Given::Single(1))]);
        assert_eq!(taken.gone, ["How long?", "When to salt?"]);
        // Nothing has changed: nothing is gone.
        let taken = take_up(&before, read(&before, &key, &draft, Lang::En));
        assert_eq!((taken.answers, taken.gone.len()), (given.to_vec(), 0));
        assert_eq!(write(&before, &[None, None, None], Lang::En), "");
        let empty = take_up(&before, read(&before, &key, "", Lang::En));
        assert_eq!((empty.answers, empty.gone.len()), (vec![None; 3], 0));
    }

    #[test]
    fn whatever_a_question_asks_is_in_its_mark() {
        let one = question("a", "How many?", &["1", "2"]);
        let mut seen = vec![mark(&one)];
        for other in [
            question("a", "How many ?", &["1", "2"]),
            question("a", "How many?", &["2", "1"]),
            question("a", "How many?", &["12"]),
            question("a", "How many?1", &["2"]),
            Question {
                form: Form::TrueFalse,
                ..one.clone()
            },
            Question {
                form: Form::Number { unit: "kg".into() },
                ..one.clone()
            },
            Question {
                form: Form::Number { unit: "g".into() },
                ..one.clone()
            },
            Question {
                form: Form::Multiple {
                    options: vec![text("1"), text("2")],
                },
                ..one.clone()
            },
            Question {
                prompt: Text {
                    fr: "How many?".into(),
                    en: String::new(),
                },
                ..one.clone()
            },
        ] {
            assert!(!seen.contains(&mark(&other)), "{other:?}");
            seen.push(mark(&other));
        }
        // Drafts hold it: it stays what it is.
        assert_eq!(seen[0], 1_419_913_938);
    }

    #[test]
    fn a_draft_of_an_app_of_before_is_kept_for_its_own_version_and_named_for_another() {
        let today = kneading();
        let old = r#"[{"question":"rest","given":{"single":2}},{"question":"yeast","given":{"single":0}}]"#;
        let same = take_up(
            &today,
            read(&today, &format!("quiz:{}:4", today.id), old, Lang::En),
        );
        assert_eq!(same.answers, [None, Some(Given::Single(2)), None]);
        let other = take_up(
            &today,
            read(&today, &format!("quiz:{}:3", today.id), old, Lang::En),
        );
        assert_eq!(other.answers, [None, None, None]);
        assert_eq!(other.gone, ["How long?", "yeast"]);
    }
}
