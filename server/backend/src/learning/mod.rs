//! Courses, progress, marking. Answers of graded questions never leave this module.

mod folder;
mod sql;

use crate::caller::{Caller, CommandTime};
use crate::ledger::{self, Cause, Earning, Owner};
use crate::stored::{Bodies, bodies};
use crate::{Error, Result, Tx, programme, status, stored};
use domain::document::Collection;
use domain::id::{CommandId, CourseId, MemberId};
use domain::input::{InputCode, RefKind};
use domain::learning::{
    Answer, Attempt, Command, Course, Key, Progress, QuizResult, Review, Tries, Unpaid, score,
};
use domain::{Day, Receipt, Text, Timestamp, fault};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tracing::instrument;

pub use folder::{Change, Imported, import_files, import_folder};

/// Time for which a replaced version pays: a phone may hold it, and acts on it, for a week.
const HELD: i64 = 7 * Timestamp::DAY;
/// Most attempts of a course that are sent to a phone.
const MOST_ATTEMPTS: usize = 50;

/// The server-only part of a graded question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Solution {
    question: String,
    key: Key,
    explanation: Text,
}

/// What is offered: ref and stored document.
pub(crate) async fn published(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    sql::list_refs_and_documents(tx).await
}

/// Its documents as a member sees them; `ids`: the ones that are needed, where not all are.
pub(crate) async fn documents(
    tx: &mut Tx,
    member: MemberId,
    collection: Collection,
    ids: Option<&BTreeSet<String>>,
) -> Result<Bodies> {
    match collection {
        Collection::Course => bodies(courses(tx).await?, |course| course.id),
        Collection::Progress => {
            let course = ids.filter(|ids| ids.len() == 1).and_then(|ids| ids.first());
            let course = course.and_then(|id| id.parse().ok());
            bodies(progress(tx, member, course).await?, |progress| progress.course)
        }
        other => Err(stored::foreign(other)),
    }
}

/// Lists the offered courses, as phones store them.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn courses(tx: &mut Tx) -> Result<Vec<Course>> {
    let documents = sql::list_documents(tx).await?;
    Ok(documents
        .iter()
        .filter_map(|(id, document)| stored::read("course_version", id, document))
        .collect())
}

/// Returns a member's progress in one course, or in every course they began.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn progress(
    tx: &mut Tx,
    member: MemberId,
    course: Option<CourseId>,
) -> Result<Vec<Progress>> {
    let mut all: BTreeMap<CourseId, Progress> = BTreeMap::new();
    for step in sql::list_steps(tx, member, course).await? {
        let progress = all
            .entry(step.course_id)
            .or_insert_with(|| Progress::new(step.course_id));
        match (step.kind.as_str(), step.id, step.at) {
            ("attempt", ..) if progress.attempts.len() >= MOST_ATTEMPTS => {}
            ("attempt", Some(id), Some(at)) => {
                let result = stored::read("attempt", id, &step.text);
                progress.attempts.extend(result.map(|result| Attempt {
                    id,
                    at,
                    version: step.number as u32,
                    result,
                }));
            }
            ("read", ..) => progress.read.push(step.text),
            ("practice", ..) => progress.practised = step.number as u32,
            ("pass", ..) => progress.passed_on = Some(Day(step.number as i32)),
            ("paid", ..) => progress.paid = true,
            ("tries", _, last) => {
                progress.failed = step.number as u32;
                progress.failed_at = last;
            }
            (kind, ..) => return Err(Error::Invariant(format!("a step of a course is {kind:?}"))),
        }
    }
    Ok(all.into_values().collect())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn handle(
    tx: &mut Tx,
    caller: &Caller,
    when: CommandTime,
    id: CommandId,
    command: Command,
) -> Result<Receipt> {
    match command {
        Command::ReadLesson { course, lesson } => {
            let document = find(tx, course, None).await?.course;
            if !document.lessons.iter().any(|known| known.lesson == lesson) {
                return Err(domain::Error::NotFound.into());
            }
            sql::insert_read(tx, caller.member, course, &lesson).await?;
            tx.mark_changed(caller.member, Collection::Progress, course);
            Ok(Receipt::Noted)
        }
        Command::FinishPractice { course } => {
            if !sql::add_practice(tx, caller.member, course).await? {
                return Err(domain::Error::NotFound.into());
            }
            tx.mark_changed(caller.member, Collection::Progress, course);
            Ok(Receipt::Noted)
        }
        Command::HandInQuiz {
            course,
            version,
            answers,
        } => {
            let quiz = HandedIn {
                id,
                course,
                version,
                answers: &answers,
            };
            hand_in(tx, caller, when, &quiz).await
        }
    }
}

/// A version of a course.
struct Version {
    course: Course,
    solutions: Vec<Solution>,
    row: sql::VersionRow,
}

/// Finds a course in a version; `None`: the current one.
async fn find(tx: &mut Tx, course: CourseId, version: Option<u32>) -> Result<Version> {
    let row = sql::find_version(tx, course, version.map(i64::from))
        .await?
        .ok_or(domain::Error::NotFound)?;
    Version::read(row)
}

impl Version {
    fn read(row: sql::VersionRow) -> Result<Version> {
        Ok(Version {
            course: serde_json::from_str(&row.document)?,
            solutions: serde_json::from_str(&row.answers)?,
            row,
        })
    }

    /// The versions that pay once between them.
    fn pays_with(&self) -> i64 {
        if fault!("course-pays-for-each-version") {
            self.row.version
        } else {
            self.row.pays_since
        }
    }

    /// True if no phone can still hold it that has been in touch within a week.
    fn is_replaced(&self, now: Timestamp) -> bool {
        let replaced = self.row.replaced_at;
        replaced.is_some_and(|at| now >= at.plus(HELD)) && !fault!("old-version-pays-for-ever")
    }
}

/// A quiz as it came.
struct HandedIn<'a> {
    id: CommandId,
    course: CourseId,
    version: u32,
    answers: &'a [Answer],
}

/// Marks a quiz against the version the phone downloaded, and pays the first pass.
async fn hand_in(tx: &mut Tx, caller: &Caller, when: CommandTime, quiz: &HandedIn<'_>) -> Result<Receipt> {
    let (member, course) = (caller.member, quiz.course);
    let version = find(tx, course, Some(quiz.version)).await?;
    let document = &version.course;
    let wrong = mark(document, &version.solutions, quiz.answers)?;
    // From here on no other quiz of the member in this course is marked.
    let tries = sql::lock_tries(tx, member, course).await?;
    let passed_before = sql::count_passes(tx, member, course, version.row.edition).await? > 0;
    if !passed_before && !fault!("quiz-can-be-guessed-without-a-pause") {
        tries.may_try(when.now)?;
    }
    let of = document.graded.len();
    let right = of - wrong.len();
    let passed = score(right, of) >= document.pass_mark;
    let settings = programme::current(tx).await?;
    let today = settings.day(tx.now())?;
    let unpaid = if passed {
        why_unpaid(tx, member, &version, passed_before).await?
    } else {
        None
    };
    let points = if passed && unpaid.is_none() {
        document.points
    } else {
        0
    };
    let explain = passed || passed_before;
    let first_day = match sql::find_first_try(tx, member, course, version.row.edition).await? {
        Some(first) => settings.day(first)?,
        None => today,
    };
    let review = if explain || first_day < today || fault!("wrong-answers-are-told-at-once") {
        let review = wrong.into_iter().map(|solution| Review {
            question: solution.question.clone(),
            lesson: lesson_of(document, &solution.question),
            explanation: explain.then(|| solution.explanation.clone()),
        });
        review.collect()
    } else {
        vec![]
    };
    let result = QuizResult {
        right: right as u32,
        of: of as u32,
        passed,
        points,
        unpaid,
        review,
    };
    let text = serde_json::to_string(&result)?;
    sql::insert_attempt(tx, quiz.id, member, course, quiz.version.into(), &text).await?;
    tx.mark_changed(member, Collection::Progress, course);
    if passed {
        sql::set_tries(tx, member, course, Tries::default()).await?;
    } else if !passed_before {
        sql::set_tries(tx, member, course, tries.failed_at(when.happened())).await?;
    }
    if passed && !passed_before {
        sql::insert_pass(tx, member, course, quiz.version.into(), quiz.id, today).await?;
    }
    if points > 0 {
        pay(tx, caller, &settings, today, &version, quiz.id).await?;
    }
    Ok(Receipt::Graded(result))
}

/// Returns why a pass pays nothing; `None` if it pays.
async fn why_unpaid(
    tx: &mut Tx,
    member: MemberId,
    version: &Version,
    passed_before: bool,
) -> Result<Option<Unpaid>> {
    let row = &version.row;
    let paid = sql::count_payments(tx, member, version.course.id, version.pays_with()).await? > 0;
    let worthless = version.course.points == 0;
    Ok(if passed_before && (paid || worthless) {
        Some(Unpaid::PassedBefore)
    } else if paid {
        Some(Unpaid::PaidBefore)
    } else if row.withdrawn_at.is_some() {
        Some(Unpaid::Withdrawn)
    } else if version.is_replaced(tx.now()) {
        Some(Unpaid::Replaced)
    } else {
        None
    })
}

/// Pays a pass.
async fn pay(
    tx: &mut Tx,
    caller: &Caller,
    settings: &programme::Settings,
    today: Day,
    version: &Version,
    attempt: CommandId,
) -> Result<()> {
    let course = &version.course;
    // Its primary key guarantees a single payment.
    sql::insert_payment(tx, caller.member, course.id, version.pays_with(), attempt).await?;
    let owner = Owner::Member(caller.member);
    let earning = Earning {
        owner,
        account: ledger::wallet(tx, owner).await?,
        company: caller.company,
        points: course.points,
        on: today,
        cause: Cause::Course,
        cause_ref: attempt.to_string(),
        title: Some(course.title.clone()),
        rule: course.version,
        command: Some(attempt),
    };
    ledger::earn(tx, settings, today, &[earning]).await?;
    status::refresh(tx, settings, today, &[caller.company]).await
}

fn lesson_of(document: &Course, question: &str) -> String {
    document
        .graded
        .iter()
        .find(|known| known.question == question)
        .map(|known| known.lesson.clone())
        .unwrap_or_default()
}

/// Returns the solutions of wrongly answered questions.
///
/// # Errors
/// [`domain::Error::AnswersDoNotFit`] unless there is exactly one fitting answer to each question.
fn mark<'a>(document: &Course, solutions: &'a [Solution], answers: &[Answer]) -> Result<Vec<&'a Solution>> {
    if answers.len() != document.graded.len() {
        return Err(domain::Error::AnswersDoNotFit.into());
    }
    let mut wrong = Vec::new();
    for question in &document.graded {
        let given = answers
            .iter()
            .find(|answer| answer.question == question.question)
            .filter(|answer| question.form.accepts(&answer.given))
            .ok_or(domain::Error::AnswersDoNotFit)?;
        let solution = solutions
            .iter()
            .find(|solution| solution.question == question.question)
            .ok_or_else(|| Error::Invariant(format!("question {:?} has no answer", question.question)))?;
        if !solution.key.marks(&given.given) {
            wrong.push(solution);
        }
    }
    Ok(wrong)
}

/// Withdraws a course. Members who passed it keep their points; a new version offers it again.
///
/// # Errors
/// [`Error::Input`] if there is no such course.
#[instrument(level = "debug", skip_all)]
pub async fn withdraw(tx: &mut Tx, reference: &str) -> Result<()> {
    let (id, _) = sql::find_by_ref(tx, reference).await?.ok_or_else(|| {
        InputCode::NotThere {
            what: RefKind::Course,
        }
        .given(reference)
    })?;
    sql::set_withdrawn(tx, id).await?;
    tx.mark_content_changed(Collection::Course, id);
    Ok(())
}

/// Returns the type and bytes of a lesson's picture.
#[instrument(level = "debug", skip_all)]
pub async fn picture(tx: &mut Tx, hash: &str) -> Result<Option<(String, Vec<u8>)>> {
    // Why the check: PostgreSQL fails on a text containing NUL.
    if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && !fault!("odd-picture-name-reaches-the-database")
    {
        return Ok(None);
    }
    sql::find_picture(tx, hash).await
}
