use super::{caller, documents, populate, proof, send};
use crate::learning::Change;
use crate::testing::TestDb;
use crate::{both, learning};
use domain::document::Collection;
use domain::id::CourseId;
use domain::input::{InputCode, InputError, InputPlace, RefKind};
use domain::learning::{Answer, Command, Course, Form, Given, Key, Progress, Unpaid};
use domain::ledger::Balance;
use domain::{Error, Receipt, Verdict};
use std::collections::BTreeMap;

const COURSE: &str = r#"
ref = "hygiene"
version = 1
title = { fr = "Hygiène", en = "Hygiene" }
summary = { fr = "Mains", en = "Hands" }
trades = ["baker"]
minutes = 5
points = 80
pass_mark = 70
languages = ["fr", "en"]
[[lesson]]
file = "01-hands"
[[question]]
ref = "p1"
use = "practice"
lesson = "01-hands"
kind = "true_false"
prompt = { fr = "Vrai ?", en = "True?" }
correct = true
explanation = { fr = "Oui.", en = "Yes." }
[[question]]
ref = "q1"
use = "graded"
lesson = "01-hands"
kind = "single"
prompt = { fr = "Un ?", en = "One?" }
options = [ { fr = "a", en = "a" }, { fr = "b", en = "b" } ]
correct = 1
explanation = { fr = "b secret", en = "b secret" }
[[question]]
ref = "q2"
use = "graded"
lesson = "01-hands"
kind = "ordering"
prompt = { fr = "Ordre ?", en = "Order?" }
options = [ { fr = "1", en = "1" }, { fr = "2", en = "2" }, { fr = "3", en = "3" } ]
[[question]]
ref = "q3"
use = "graded"
lesson = "01-hands"
kind = "number"
prompt = { fr = "Combien ?", en = "How many?" }
correct = 4
tolerance = 0.5
unit = "°C"
[[question]]
ref = "q4"
use = "graded"
lesson = "01-hands"
kind = "multiple"
prompt = { fr = "Lesquels ?", en = "Which?" }
options = [ { fr = "a", en = "a" }, { fr = "b", en = "b" }, { fr = "c", en = "c" } ]
correct = [2, 0]
"#;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot really";

fn files(course: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("course.toml".to_owned(), course.as_bytes().to_vec()),
        (
            "01-hands.fr.md".to_owned(),
            "# Mains propres\n\nSavon. ![évier](sink.png)".into(),
        ),
        (
            "01-hands.en.md".to_owned(),
            "# Clean hands\n\nSoap <script>x</script>. ![sink](sink.png)".into(),
        ),
        ("sink.png".to_owned(), PNG.to_vec()),
    ])
}

async fn import(test: &TestDb, course: &str) -> crate::Result<learning::Imported> {
    let mut tx = test.db.write().await.unwrap();
    let imported = learning::import_files(&mut tx, &files(course)).await?;
    tx.commit().await?;
    Ok(imported)
}

async fn course(test: &TestDb) -> Course {
    let ann = caller(test, "m-ann").await;
    documents(test, &ann, Collection::Course)
        .await
        .into_iter()
        .next()
        .unwrap()
        .1
}

/// Returns answers to all questions, the first `right` of them correct.
fn answers(course: &Course, right: usize) -> Vec<Answer> {
    course
        .graded
        .iter()
        .enumerate()
        .map(|(place, question)| {
            let right = place < right;
            let given = match &question.form {
                Form::Single { .. } => Given::Single(u8::from(right)),
                Form::Ordering { options } => {
                    let mut order: Vec<u8> = (1..=options.len())
                        .map(|wanted| {
                            options
                                .iter()
                                .position(|option| option.en == wanted.to_string())
                                .unwrap() as u8
                        })
                        .collect();
                    if !right {
                        order.reverse();
                    }
                    Given::Ordering(order)
                }
                Form::Number { .. } => Given::Number(if right { 4500 } else { 4501 }),
                Form::Multiple { .. } => Given::Multiple(if right { vec![0, 2] } else { vec![0] }),
                Form::Newer => panic!("{question:?}"),
                Form::TrueFalse => Given::TrueFalse(right),
            };
            Answer {
                question: question.question.clone(),
                given,
            }
        })
        .collect()
}

fn hand_in(course: CourseId, version: u32, answers: Vec<Answer>) -> domain::Command {
    domain::Command::Learning(Command::HandInQuiz {
        course,
        version,
        answers,
    })
}

fn graded(verdict: Verdict) -> domain::learning::QuizResult {
    match verdict {
        Verdict::Confirmed(Receipt::Graded(result)) => result,
        other => panic!("{other:?}"),
    }
}

both! {
    async fn the_first_pass_pays_and_later_ones_are_practice(test) {
        populate(test).await;
        import(test, COURSE).await.unwrap();
        let (ann, course) = (caller(test, "m-ann").await, course(test).await);
        let failed = graded(send(test, &ann, 1, hand_in(course.id, 1, answers(&course, 2))).await);
        assert_eq!((failed.right, failed.of, failed.passed, failed.points), (2, 4, false, 0));
        assert!(failed.review.is_empty(), "before the pass nothing is given away");
        test.clock.advance(60_000);
        let passed = graded(send(test, &ann, 2, hand_in(course.id, 1, answers(&course, 3))).await);
        assert_eq!((passed.right, passed.passed, passed.points, passed.unpaid), (3, true, 80, None));
        let again = graded(send(test, &ann, 3, hand_in(course.id, 1, answers(&course, 4))).await);
        assert_eq!((again.passed, again.points, again.unpaid), (true, 0, Some(Unpaid::PassedBefore)));
        let balances: Vec<(String, Balance)> = documents(test, &ann, Collection::Balance).await;
        assert_eq!(balances[0].1.available, 80);
        let progress: Vec<(String, Progress)> = documents(test, &ann, Collection::Progress).await;
        assert_eq!((progress[0].1.attempts.len(), progress[0].1.passed_on.is_some()), (3, true));
        assert_eq!(proof(test).await.issued, 80);
    }

    async fn an_old_version_is_marked_as_it_was_downloaded(test) {
        populate(test).await;
        import(test, COURSE).await.unwrap();
        let (ann, old) = (caller(test, "m-ann").await, course(test).await);
        let changed = COURSE.replace("version = 1", "version = 2").replace("correct = 1", "correct = 0");
        let other = import(test, &COURSE.replace("correct = 1", "correct = 0")).await;
        assert!(matches!(other, Err(crate::Error::Input(InputError { code: InputCode::VersionUsed { newest: 1 }, .. }))));
        assert_eq!(import(test, &changed).await.unwrap().change, Change::Renewed { passed: 0, pays_again: false });
        assert_eq!(import(test, &changed).await.unwrap().change, Change::Unchanged);
        let new = course(test).await;
        assert_eq!(new.version, 2);
        let result = graded(send(test, &ann, 1, hand_in(old.id, 1, answers(&old, 4))).await);
        assert_eq!((result.right, result.points), (4, 80));
        let result = graded(send(test, &ann, 2, hand_in(new.id, 2, answers(&new, 4))).await);
        assert_eq!((result.right, result.passed, result.unpaid), (3, true, Some(Unpaid::PaidBefore)));
        assert_eq!(send(test, &ann, 3, hand_in(new.id, 3, answers(&new, 4))).await, Verdict::Refused(Error::NotFound));
        assert_eq!(proof(test).await.issued, 80);
    }

    async fn answers_that_do_not_fit_are_refused(test) {
        populate(test).await;
        import(test, COURSE).await.unwrap();
        let (ann, course) = (caller(test, "m-ann").await, course(test).await);
        let full = answers(&course, 4);
        let mut twice = full.clone();
        twice[1] = twice[0].clone();
        let mut other = full.clone();
        other[0].given = Given::Number(1);
        for (number, answers) in [full[..3].to_vec(), twice, other, vec![]].into_iter().enumerate() {
            let verdict = send(test, &ann, 10 + number as u128, hand_in(course.id, 1, answers)).await;
            assert_eq!(verdict, Verdict::Refused(Error::AnswersDoNotFit));
        }
        assert_eq!(proof(test).await.issued, 0);
    }

    async fn no_answer_of_a_graded_question_travels(test) {
        populate(test).await;
        import(test, COURSE).await.unwrap();
        let ann = caller(test, "m-ann").await;
        let mut tx = test.db.read().await.unwrap();
        let all = crate::documents::DocumentReader::new(ann.member).all(&mut tx, Collection::Course).await.unwrap();
        let text = all[0].1.get();
        assert!(!text.contains("secret") && !text.contains("4000") && !text.contains("tolerance"), "{text}");
        let course: Course = serde_json::from_str(text).unwrap();
        assert_eq!(course.practice[0].key, Key::Exactly(Given::TrueFalse(true)));
        let Form::Ordering { options } = &course.graded[1].form else { panic!() };
        assert!(!options.iter().map(|option| &option.en).is_sorted(), "the right order does not travel");
        assert!(!text.contains("<script"));
        let hash = course.lessons[0].pictures[0].url.strip_prefix("/media/").unwrap();
        assert_eq!(learning::picture(&mut tx, hash).await.unwrap(), Some(("image/png".into(), PNG.to_vec())));
    }

    async fn progress_merges(test) {
        populate(test).await;
        import(test, COURSE).await.unwrap();
        let (ann, course) = (caller(test, "m-ann").await, course(test).await);
        let read = |lesson: &str| domain::Command::Learning(Command::ReadLesson { course: course.id, lesson: lesson.into() });
        for number in 1..3 {
            assert_eq!(send(test, &ann, number, read("01-hands")).await, Verdict::Confirmed(Receipt::Noted));
        }
        assert_eq!(send(test, &ann, 3, read("99")).await, Verdict::Refused(Error::NotFound));
        let practice = domain::Command::Learning(Command::FinishPractice { course: course.id });
        send(test, &ann, 4, practice).await;
        let progress: Vec<(String, Progress)> = documents(test, &ann, Collection::Progress).await;
        assert_eq!((progress[0].1.read.clone(), progress[0].1.practised), (vec!["01-hands".to_owned()], 1));
    }

    async fn what_is_wrong_in_a_course_is_named(test) {
        populate(test).await;
        let course = || InputPlace::File("course.toml".into());
        let question = |error: InputError| error.within(InputPlace::Question("q1".into())).within(course());
        for (from, to, told) in [
            ("correct = 1", "correct = 7", question(InputCode::NoOption { place: 7 }.field("correct"))),
            ("correct = 1", "correct = \"b\"", question(InputCode::CorrectDoesNotFit.field("correct").given("b"))),
            ("correct = 1", "correct = [\"b\"]", question(InputCode::CorrectDoesNotFit.field("correct").given("Single"))),
            ("correct = 1", "correct = true", question(InputCode::CorrectDoesNotFit.field("correct").given("Single"))),
            (
                "\"baker\"",
                "\"smith\"",
                InputCode::NotThere { what: RefKind::Trade }.field("trades").given("smith").within(course()),
            ),
            ("file = \"01-hands\"", "file = \"02-feet\"", InputCode::Missing.at(InputPlace::File("02-feet.fr.md".into()))),
            (
                "pass_mark = 70",
                "pass_mark = 170",
                InputCode::OutOfRange { least: 1, most: 100 }.field("pass_mark").given("170").within(course()),
            ),
            ("ref = \"q2\"", "ref = \"q1\"", question(InputCode::Twice { first_line: None }.into())),
        ] {
            match import(test, &COURSE.replacen(from, to, 1)).await {
                Err(crate::Error::Input(error)) => assert_eq!(error, told),
                other => panic!("{to}: {other:?}"),
            }
        }
        match import(test, &COURSE.replacen("kind = \"single\"", "kind = \"essay\"", 1)).await {
            Err(crate::Error::Input(InputError { at, code: InputCode::Unreadable { said }, .. })) => {
                assert!(at == [course()] && said.contains("essay"), "{said}");
            }
            other => panic!("{other:?}"),
        }
    }
}
