//! Courses that change, and quizzes that are tried again.

use super::{apply, caller, documents, envelope, populate, proof, send};
use crate::caller::Caller;
use crate::learning::Change;
use crate::testing::TestDb;
use crate::{both, learning};
use domain::document::Collection;
use domain::input::{InputCode, InputError};
use domain::learning::{Answer, Command, Course, Form, Given, Progress, QuizResult, Unpaid};
use domain::{Error, Receipt, Timestamp, Verdict};
use std::collections::BTreeMap;

const MIGRATION: &str = include_str!("../../migrations/0009_courses_pay_once.sql");
const MINUTE: i64 = 60_000;
const WEEK: i64 = 7 * Timestamp::DAY;

/// A number and an order: the right answers are 64 and one, two, three, four.
const OVEN: &str = r#"
ref = "oven"
version = 1
title = { fr = "Four", en = "Oven" }
summary = { fr = "Chaleur", en = "Heat" }
minutes = 4
points = 35
pass_mark = 100
languages = ["fr", "en"]
[[lesson]]
file = "heat"
[[question]]
ref = "core"
use = "graded"
lesson = "heat"
kind = "number"
prompt = { fr = "À cœur ?", en = "At the core?" }
correct = 64
unit = "°C"
explanation = { fr = "À cœur.", en = "At the core." }
[[question]]
ref = "steps"
use = "graded"
lesson = "heat"
kind = "ordering"
prompt = { fr = "Dans quel ordre ?", en = "In which order?" }
options = [ { fr = "un", en = "one" }, { fr = "deux", en = "two" }, { fr = "trois", en = "three" }, { fr = "quatre", en = "four" } ]
"#;

async fn import(test: &TestDb, course: &str, lesson: &str) -> crate::Result<Change> {
    let files = BTreeMap::from([
        ("course.toml".to_owned(), course.as_bytes().to_vec()),
        (
            "heat.fr.md".to_owned(),
            format!("# Chaleur\n\n{lesson}").into_bytes(),
        ),
        (
            "heat.en.md".to_owned(),
            format!("# Heat\n\n{lesson}").into_bytes(),
        ),
    ]);
    let mut tx = test.db.write().await.unwrap();
    let imported = learning::import_files(&mut tx, &files).await?;
    tx.commit().await.unwrap();
    Ok(imported.change)
}

fn version(number: u32) -> String {
    OVEN.replace("version = 1", &format!("version = {number}"))
}

/// The same in a version that asks for another number.
fn asking(number: u32, correct: u32) -> String {
    version(number).replace("correct = 64", &format!("correct = {correct}"))
}

async fn shown(test: &TestDb) -> Course {
    let ann = caller(test, "m-ann").await;
    documents(test, &ann, Collection::Course).await.remove(0).1
}

async fn progress(test: &TestDb, member: &Caller) -> Progress {
    documents(test, member, Collection::Progress).await.remove(0).1
}

/// Hands in `number`, and the steps in their right order as `course` lists them.
fn quiz(course: &Course, number: i64) -> domain::Command {
    let Form::Ordering { options } = &course.graded[1].form else {
        panic!("{course:?}")
    };
    let place = |wanted: &&str| options.iter().position(|option| option.en == *wanted).unwrap() as u8;
    let order = ["one", "two", "three", "four"].iter().map(place).collect();
    let answer = |question: &str, given| Answer {
        question: question.to_owned(),
        given,
    };
    domain::Command::Learning(Command::HandInQuiz {
        course: course.id,
        version: course.version,
        answers: vec![
            answer("core", Given::Number(number * 1000)),
            answer("steps", Given::Ordering(order)),
        ],
    })
}

fn graded(verdict: Verdict) -> QuizResult {
    match verdict {
        Verdict::Confirmed(Receipt::Graded(result)) => result,
        other => panic!("{other:?}"),
    }
}

/// Points and the reason for none of a quiz that passes.
async fn passes(test: &TestDb, member: &Caller, id: u128, quiz: domain::Command) -> (i64, Option<Unpaid>) {
    let result = graded(send(test, member, id, quiz).await);
    assert!(result.passed, "{result:?}");
    (result.points, result.unpaid)
}

both! {
    async fn a_course_pays_once_unless_a_version_says_that_it_pays_again(test) {
        populate(test).await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        assert_eq!(import(test, OVEN, "Hot.").await.unwrap(), Change::New);
        let first = shown(test).await;
        assert_eq!(passes(test, &ann, 1, quiz(&first, 64)).await, (35, None));
        let renewed = import(test, &asking(2, 68), "Hot.").await.unwrap();
        assert_eq!(renewed, Change::Renewed { passed: 1, pays_again: false });
        let second = shown(test).await;
        let known = progress(test, &ann).await;
        assert_eq!((known.passed_on, known.paid), (None, true), "it can be passed again, for nothing");
        assert_eq!(passes(test, &ann, 2, quiz(&second, 68)).await, (0, Some(Unpaid::PaidBefore)));
        assert_eq!(passes(test, &ann, 3, quiz(&second, 68)).await, (0, Some(Unpaid::PassedBefore)));
        assert!(progress(test, &ann).await.passed_on.is_some());
        let again = asking(3, 70).replace("points = 35", "points = 20\npays_again = true");
        let renewed = import(test, &again, "Hot.").await.unwrap();
        assert_eq!(renewed, Change::Renewed { passed: 1, pays_again: true });
        assert_eq!(import(test, &again, "Hot.").await.unwrap(), Change::Unchanged);
        let third = shown(test).await;
        assert!(!progress(test, &ann).await.paid);
        assert_eq!(passes(test, &ann, 4, quiz(&third, 70)).await, (20, None));
        assert_eq!(passes(test, &ann, 5, quiz(&third, 70)).await, (0, Some(Unpaid::PassedBefore)));
        assert!(progress(test, &ann).await.paid);
        // A member who hands in all versions at once: one payment for the first two, one for the third.
        let all = [quiz(&third, 70), quiz(&second, 68), quiz(&first, 64)];
        let bodies: Vec<_> = (6..).zip(all).map(|(id, quiz)| envelope(&bob, id, quiz, test.db.now())).collect();
        let paid: Vec<_> = apply(&test.sync, &bob, &bodies).await.unwrap().into_iter()
            .map(|decided| graded(decided.outcome.verdict)).map(|result| (result.points, result.unpaid)).collect();
        assert_eq!(paid, [(20, None), (35, None), (0, Some(Unpaid::PaidBefore))]);
        assert_eq!(proof(test).await.issued, 110);
    }

    async fn an_old_version_pays_for_a_week(test) {
        populate(test).await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        import(test, OVEN, "Hot.").await.unwrap();
        let old = shown(test).await;
        test.clock.advance(30 * Timestamp::DAY);
        import(test, &asking(2, 68), "Hot.").await.unwrap();
        // Later versions do not prolong the time of the first.
        test.clock.advance(2 * Timestamp::DAY);
        import(test, &asking(3, 70), "Hot.").await.unwrap();
        test.clock.advance(WEEK - 2 * Timestamp::DAY - 1);
        assert_eq!(passes(test, &bob, 1, quiz(&old, 64)).await, (35, None));
        test.clock.advance(1);
        assert_eq!(passes(test, &ann, 2, quiz(&old, 64)).await, (0, Some(Unpaid::Replaced)));
        let known = progress(test, &ann).await;
        assert_eq!((known.paid, known.passed_on), (false, None));
        // What did not pay takes nothing away: the version of today pays.
        assert_eq!(passes(test, &ann, 3, quiz(&shown(test).await, 70)).await, (35, None));
        assert_eq!(proof(test).await.issued, 70);
    }

    async fn a_small_correction_keeps_passes_and_tries(test) {
        populate(test).await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        import(test, OVEN, "Hhot.").await.unwrap();
        let before = shown(test).await;
        assert_eq!(passes(test, &ann, 1, quiz(&before, 64)).await, (35, None));
        assert!(!graded(send(test, &bob, 2, quiz(&before, 1)).await).passed);
        let (passed, failed) = (progress(test, &ann).await, progress(test, &bob).await);
        // A lesson, a title, an explanation, the time it takes, and a practice question more.
        let typo = OVEN.replace("Four\"", "Le four\"").replace("minutes = 4", "minutes = 6").replace("At the core.", "In the core.")
            + "[[question]]\nref = \"more\"\nuse = \"practice\"\nlesson = \"heat\"\nkind = \"true_false\"\n\
               prompt = { fr = \"Oui ?\", en = \"Yes?\" }\ncorrect = true\n";
        // A number is the same however its author writes it.
        let typo = typo.replace("correct = 64", "correct = \"64,0 °C\"");
        for text in [typo.clone(), typo.replace("version = 1", "version = 4")] {
            assert_eq!(import(test, &text, "Hot.").await.unwrap(), Change::Corrected);
            assert_eq!(import(test, &text, "Hot.").await.unwrap(), Change::Unchanged);
            let after = shown(test).await;
            assert!(after.lessons[0].html.en.contains("Hot") && after.practice.len() == 1 && after.minutes == 6);
            assert_eq!(after.graded, before.graded, "an answer names options by their place");
            assert_eq!((progress(test, &ann).await, progress(test, &bob).await), (passed.clone(), failed.clone()));
        }
        test.clock.advance(10 * WEEK);
        // Also on a phone that still has the version with the typo.
        assert_eq!(passes(test, &bob, 3, quiz(&before, 64)).await, (35, None));
        assert_eq!(passes(test, &ann, 4, quiz(&shown(test).await, 64)).await, (0, Some(Unpaid::PassedBefore)));
        assert!(progress(test, &bob).await.passed_on.is_some(), "a pass of what is asked today");
        assert_eq!(proof(test).await.issued, 70);
    }

    async fn what_a_correction_may_not_change_needs_a_version(test) {
        populate(test).await;
        import(test, OVEN, "Hot.").await.unwrap();
        for (from, to) in [
            ("correct = 64", "correct = 64.5"),
            ("correct = 64", "correct = 64\ntolerance = 1"),
            ("points = 35", "points = 36"),
            ("pass_mark = 100", "pass_mark = 50"),
            ("At the core?", "In the core?"),
            ("unit = \"°C\"", "unit = \"°F\""),
            ("en = \"three\" }, { fr = \"quatre\", en = \"four\"", "en = \"four\" }, { fr = \"quatre\", en = \"three\""),
            ("ref = \"core\"", "ref = \"heart\""),
        ] {
            let text = OVEN.replace(from, to);
            assert_ne!(text, OVEN);
            let refused = import(test, &text, "Hot.").await;
            assert!(
                matches!(&refused, Err(crate::Error::Input(InputError { code: InputCode::VersionUsed { newest: 1 }, .. }))),
                "{to}: {refused:?}"
            );
        }
        assert_eq!(shown(test).await.lessons[0].html.en.trim(), "<p>Hot.</p>");
        import(test, &asking(2, 68), "Hot.").await.unwrap();
        // To pay again is a promise of its own, and an old file is not today's.
        let pays = asking(2, 68).replace("points = 35", "points = 35\npays_again = true");
        for (text, newest) in [(pays, true), (OVEN.to_owned(), false)] {
            match import(test, &text, "Hot.").await {
                Err(crate::Error::Input(InputError { code: InputCode::VersionUsed { newest: 2 }, .. })) => assert!(newest),
                Err(crate::Error::Input(InputError { code: InputCode::VersionNotAbove { newest: 2 }, .. })) => assert!(!newest),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn a_pass_of_a_course_that_was_withdrawn_is_paid_once_it_is_offered_again(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        import(test, OVEN, "Hot.").await.unwrap();
        let course = shown(test).await;
        let mut tx = test.db.write().await.unwrap();
        learning::withdraw(&mut tx, "oven").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(passes(test, &ann, 1, quiz(&course, 64)).await, (0, Some(Unpaid::Withdrawn)));
        assert_eq!(import(test, &version(2), "Hot.").await.unwrap(), Change::Corrected);
        let known = progress(test, &ann).await;
        assert!(known.passed_on.is_some() && !known.paid);
        assert_eq!(passes(test, &ann, 2, quiz(&shown(test).await, 64)).await, (35, None));
        assert_eq!(proof(test).await.issued, 35);
    }

    async fn what_was_paid_before_versions_paid_once_is_known(test) {
        populate(test).await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        import(test, OVEN, "Hot.").await.unwrap();
        let first = shown(test).await;
        assert_eq!(passes(test, &ann, 1, quiz(&first, 64)).await, (35, None));
        // As the releases of before left it: versions 1 and 2 paid Ann both, and nothing says so but the ledger.
        let again = asking(2, 68).replace("points = 35", "points = 35\npays_again = true");
        import(test, &again, "Hot.").await.unwrap();
        let second = shown(test).await;
        assert_eq!(passes(test, &ann, 2, quiz(&second, 68)).await, (35, None));
        let mut tx = test.db.write().await.unwrap();
        tx.execute("DELETE FROM course_payment", &[]).await.unwrap();
        tx.execute("UPDATE course_version SET edition = 0, pays_since = 0", &[]).await.unwrap();
        let filled = MIGRATION.split(";\n").filter_map(|statement| {
            let begins = statement.find("UPDATE course_version").or_else(|| statement.find("INSERT INTO"))?;
            Some(&statement[begins..])
        });
        for statement in filled {
            tx.execute(statement, &[]).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert!(progress(test, &ann).await.paid && progress(test, &ann).await.passed_on.is_some());
        import(test, &asking(3, 70), "Hot.").await.unwrap();
        let third = shown(test).await;
        assert_eq!(passes(test, &ann, 3, quiz(&third, 70)).await, (0, Some(Unpaid::PaidBefore)));
        assert_eq!(passes(test, &bob, 4, quiz(&third, 70)).await, (35, None));
        assert_eq!(proof(test).await.issued, 105);
    }

    async fn a_quiz_cannot_be_guessed_by_machine(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        import(test, OVEN, "Hot.").await.unwrap();
        let course = shown(test).await;
        let began = test.db.now();
        // A program that lies about its hours gains the tries of a week, once.
        let mut marked = 0;
        for guess in 0..200_i64 {
            let made_at = began.plus((guess - 100) * Timestamp::DAY);
            let body = envelope(&ann, 100 + guess as u128, quiz(&course, 1000 + guess), made_at);
            match &apply(&test.sync, &ann, &[body]).await.unwrap()[0].outcome.verdict {
                Verdict::Confirmed(Receipt::Graded(result)) => {
                    assert!(!result.passed);
                    marked += 1;
                }
                Verdict::Refused(Error::TooSoon { at }) => assert!(*at > test.db.now()),
                other => panic!("{other:?}"),
            }
        }
        assert!((1..=12).contains(&marked), "{marked} tries at once");
        for _ in 0..72 {
            test.clock.advance(Timestamp::HOUR);
            let id = test.db.now().0 as u128;
            if let Verdict::Confirmed(_) = send(test, &ann, id, quiz(&course, 999)).await {
                marked += 1;
            }
        }
        assert!((5..=15).contains(&marked), "{marked} tries in three days");
        let known = progress(test, &ann).await;
        assert_eq!(known.failed, marked);
        // The phone knows when the next one is possible; it is marked, and the pass ends all pauses.
        let next = known.tries().next().unwrap();
        test.clock.set(next.plus(-1));
        assert_eq!(send(test, &ann, 1, quiz(&course, 64)).await, Verdict::Refused(Error::TooSoon { at: next }));
        test.clock.set(next);
        assert_eq!(passes(test, &ann, 2, quiz(&course, 64)).await, (35, None));
        assert!(progress(test, &ann).await.tries().is_none());
        for id in 3..6 {
            assert!(!graded(send(test, &ann, id, quiz(&course, 5)).await).passed, "practice has no pause");
        }
        assert_eq!(proof(test).await.issued, 35);
    }

    async fn tries_that_come_at_once_are_marked_one_after_the_other(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        import(test, OVEN, "Hot.").await.unwrap();
        let course = shown(test).await;
        let bodies: Vec<_> = (1..=12).map(|id| envelope(&ann, id, quiz(&course, 500), test.db.now())).collect();
        let rounds = bodies.iter().map(|body| apply(&test.sync, &ann, std::slice::from_ref(body)));
        let marked = futures_util::future::join_all(rounds).await.into_iter()
            .filter(|decided| matches!(decided.as_ref().unwrap()[0].outcome.verdict, Verdict::Confirmed(_)));
        assert_eq!(marked.count(), 1);
        test.clock.advance(MINUTE);
        let bodies: Vec<_> = (21..=32).map(|id| envelope(&ann, id, quiz(&course, 64), test.db.now())).collect();
        let rounds = bodies.iter().map(|body| apply(&test.sync, &ann, std::slice::from_ref(body)));
        let paid: i64 = futures_util::future::join_all(rounds).await.into_iter()
            .map(|decided| graded(decided.unwrap()[0].outcome.verdict.clone()).points).sum();
        assert_eq!((paid, proof(test).await.issued), (35, 35));
    }

    async fn tries_made_without_a_network_count_from_when_they_were_made(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        import(test, OVEN, "Hot.").await.unwrap();
        let course = shown(test).await;
        let began = test.db.now();
        // Three tries in a cellar, with time between them as the phone asks for; they come together in the evening.
        test.clock.advance(9 * Timestamp::HOUR);
        let at = |minutes: i64| began.plus(minutes * MINUTE);
        let tries = [(1, 11, at(10)), (2, 12, at(30)), (3, 64, at(55))];
        let bodies: Vec<_> = tries.iter().map(|(id, number, at)| envelope(&ann, *id, quiz(&course, *number), *at)).collect();
        let decided = apply(&test.sync, &ann, &bodies).await.unwrap();
        let passed: Vec<bool> = decided.into_iter().map(|decided| graded(decided.outcome.verdict).passed).collect();
        assert_eq!(passed, [false, false, true]);
        // A second phone's earlier try that comes later is no reason to refuse it.
        let bob = caller(test, "m-bob").await;
        assert!(!graded(send(test, &bob, 11, quiz(&course, 7)).await).passed);
        test.clock.advance(2 * MINUTE);
        let earlier = envelope(&bob, 12, quiz(&course, 8), at(5));
        let decided = apply(&test.sync, &bob, &[earlier]).await.unwrap();
        assert!(!graded(decided[0].outcome.verdict.clone()).passed);
        // Also on a phone that was away for a month; of two tries at the same moment, the second comes back.
        let cat = Caller { synced_at: Some(began), ..caller(test, "m-cat").await };
        test.clock.set(began.plus(30 * Timestamp::DAY));
        let tries = [(21, 1, at(10)), (22, 2, at(90)), (23, 3, test.db.now()), (24, 64, test.db.now())];
        let bodies = tries.map(|(id, number, at)| envelope(&cat, id, quiz(&course, number), at));
        let decided = apply(&test.sync, &cat, &bodies).await.unwrap();
        let (last, marked) = decided.split_last().unwrap();
        assert!(marked.iter().all(|one| !graded(one.outcome.verdict.clone()).passed));
        let at = test.db.now().plus(30 * MINUTE);
        assert_eq!(last.outcome.verdict, Verdict::Refused(Error::TooSoon { at }));
        // Nor does a clock that is ahead make a pause longer than it is.
        test.clock.advance(30 * MINUTE);
        let ahead = envelope(&cat, 25, quiz(&course, 2), test.db.now().plus(30 * Timestamp::DAY));
        assert!(!graded(apply(&test.sync, &cat, &[ahead]).await.unwrap()[0].outcome.verdict.clone()).passed);
        assert_eq!(progress(test, &cat).await.tries().next(), Some(test.db.now().plus(120 * MINUTE)));
    }

    async fn which_answers_were_wrong_is_told_after_a_pass_or_from_the_second_day(test) {
        populate(test).await;
        let ann = caller(test, "m-ann").await;
        import(test, &OVEN.replace("pass_mark = 100", "pass_mark = 50"), "Hot.").await.unwrap();
        let course = shown(test).await;
        let wrong_order = |number| {
            let domain::Command::Learning(Command::HandInQuiz { course, version, mut answers }) = quiz(&course, number) else { panic!() };
            if let Given::Ordering(places) = &mut answers[1].given {
                places.reverse();
            }
            domain::Command::Learning(Command::HandInQuiz { course, version, answers })
        };
        let told = |result: &QuizResult| -> Vec<(String, bool)> {
            result.review.iter().map(|one| (one.question.clone(), one.explanation.is_some())).collect()
        };
        let first = graded(send(test, &ann, 1, wrong_order(3)).await);
        assert_eq!((first.right, first.passed, told(&first)), (0, false, vec![]));
        test.clock.advance(10 * MINUTE);
        assert_eq!(told(&graded(send(test, &ann, 2, wrong_order(4)).await)), vec![]);
        test.clock.advance(Timestamp::DAY);
        let second_day = graded(send(test, &ann, 3, wrong_order(5)).await);
        assert_eq!(told(&second_day), [("core".to_owned(), false), ("steps".to_owned(), false)]);
        test.clock.advance(Timestamp::DAY);
        let passed = graded(send(test, &ann, 4, quiz(&course, 6)).await);
        assert_eq!((passed.passed, told(&passed)), (true, vec![("core".to_owned(), true)]));
    }
}
