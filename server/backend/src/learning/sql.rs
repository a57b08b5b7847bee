use crate::Result;
use crate::db::{Tx, on};
use domain::id::{CommandId, CourseId, MemberId};
use domain::{Day, Timestamp};
use sqlx::FromRow;
use tracing::instrument;

#[instrument(level = "debug", skip_all)]
pub async fn list_documents(tx: &mut Tx) -> Result<Vec<(CourseId, String)>> {
    const LIST: &str = "SELECT course.id, document FROM course JOIN course_version ON course_version.course_id = course.id \
        AND course_version.version = course.version WHERE withdrawn_at IS NULL ORDER BY course.id";
    Ok(on!(tx, c => sqlx::query_as(LIST).fetch_all(c).await?))
}

/// Offered courses: ref and document.
#[instrument(level = "debug", skip_all)]
pub async fn list_refs_and_documents(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    const LIST: &str = "SELECT course.ref, document FROM course JOIN course_version ON course_version.course_id = course.id \
        AND course_version.version = course.version WHERE withdrawn_at IS NULL ORDER BY course.ref";
    Ok(on!(tx, c => sqlx::query_as(LIST).fetch_all(c).await?))
}

#[derive(FromRow)]
pub struct VersionRow {
    pub document: String,
    pub answers: String,
    pub withdrawn_at: Option<Timestamp>,
}

#[instrument(level = "debug", skip_all)]
pub async fn find_version(tx: &mut Tx, course: CourseId, version: Option<i64>) -> Result<Option<VersionRow>> {
    const FIND: &str = "SELECT document, answers, withdrawn_at FROM course \
        JOIN course_version ON course_version.course_id = course.id \
        WHERE course.id = $1 AND course_version.version = COALESCE($2, course.version)";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(course).bind(version).fetch_optional(c).await?))
}

#[instrument(level = "debug", skip_all)]
pub async fn find_by_ref(tx: &mut Tx, reference: &str) -> Result<Option<(CourseId, i64)>> {
    const FIND: &str = "SELECT id, version FROM course WHERE ref = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(reference).fetch_optional(c).await?))
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_course(tx: &mut Tx, id: CourseId, reference: &str, version: i64) -> Result<()> {
    const INSERT: &str = "INSERT INTO course (id, ref, version) VALUES ($1, $2, $3)";
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(reference).bind(version).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_version(tx: &mut Tx, id: CourseId, version: i64) -> Result<()> {
    const SET: &str = "UPDATE course SET version = $2, withdrawn_at = NULL WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(id).bind(version).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_withdrawn(tx: &mut Tx, id: CourseId) -> Result<()> {
    const SET: &str = "UPDATE course SET withdrawn_at = COALESCE(withdrawn_at, $2) WHERE id = $1";
    let now = tx.now();
    on!(tx, c => sqlx::query(SET).bind(id).bind(now).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_version(
    tx: &mut Tx,
    id: CourseId,
    version: i64,
    document: &str,
    answers: &str,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO course_version (course_id, version, document, answers, made_at) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(version).bind(document).bind(answers).bind(now)
        .execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_picture(tx: &mut Tx, hash: &str, mime: &str, bytes: &[u8]) -> Result<()> {
    const INSERT: &str = "INSERT INTO picture (hash, mime, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(INSERT).bind(hash).bind(mime).bind(bytes).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn find_picture(tx: &mut Tx, hash: &str) -> Result<Option<(String, Vec<u8>)>> {
    const FIND: &str = "SELECT mime, bytes FROM picture WHERE hash = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(hash).fetch_optional(c).await?))
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_read(tx: &mut Tx, member: MemberId, course: CourseId, lesson: &str) -> Result<()> {
    const INSERT: &str = "INSERT INTO lesson_read (member_id, course_id, lesson, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";
    let now = tx.now();
    on!(tx, c => sqlx::query(INSERT).bind(member).bind(course).bind(lesson).bind(now).execute(c).await.map(|_| ())?);
    Ok(())
}

/// Returns `false` if there is no such course.
#[instrument(level = "debug", skip_all)]
pub async fn add_practice(tx: &mut Tx, member: MemberId, course: CourseId) -> Result<bool> {
    const ADD: &str = "INSERT INTO practice (member_id, course_id, times) SELECT $1, id, 1 FROM course WHERE id = $2 \
        ON CONFLICT (member_id, course_id) DO UPDATE SET times = practice.times + 1";
    let added = on!(tx, c => sqlx::query(ADD).bind(member).bind(course).execute(c).await?.rows_affected());
    Ok(added == 1)
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_attempt(
    tx: &mut Tx,
    id: CommandId,
    member: MemberId,
    course: CourseId,
    version: i64,
    result: &str,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO attempt (id, member_id, course_id, version, at, result) VALUES ($1, $2, $3, $4, $5, $6)";
    let now = tx.now();
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(member).bind(course).bind(version).bind(now).bind(result)
        .execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn count_passes(tx: &mut Tx, member: MemberId, course: CourseId, version: i64) -> Result<i64> {
    const COUNT: &str =
        "SELECT COUNT(*) FROM course_pass WHERE member_id = $1 AND course_id = $2 AND version = $3";
    Ok(on!(tx, c => sqlx::query_scalar(COUNT).bind(member).bind(course).bind(version).fetch_one(c).await?))
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_pass(
    tx: &mut Tx,
    member: MemberId,
    course: CourseId,
    version: i64,
    attempt: CommandId,
    on: Day,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO course_pass (member_id, course_id, version, attempt_id, passed_on) \
        VALUES ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(INSERT).bind(member).bind(course).bind(version).bind(attempt).bind(on)
        .execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn list_who_passed(tx: &mut Tx, course: CourseId) -> Result<Vec<MemberId>> {
    const LIST: &str = "SELECT DISTINCT member_id FROM course_pass WHERE course_id = $1";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(course).fetch_all(c).await?))
}

/// One step of a member in a course. `number` and `text` depend on `kind`: version and result of an `attempt`, day of a
/// `pass` of the current version, name of a lesson `read`, and count of `practice`.
#[derive(FromRow)]
pub struct StepRow {
    pub course_id: CourseId,
    pub kind: String,
    /// `attempt` only.
    pub id: Option<CommandId>,
    /// `attempt` only.
    pub at: Option<Timestamp>,
    pub number: i64,
    pub text: String,
}

/// Lists a member's steps in one course or in all; attempts newest first, lessons by name.
///
/// Why one statement: a phone waits for it after each lesson and each practice.
#[instrument(level = "debug", skip_all)]
pub async fn list_steps(tx: &mut Tx, member: MemberId, course: Option<CourseId>) -> Result<Vec<StepRow>> {
    const LIST: &str = "SELECT course_id, 'attempt' AS kind, id, at, version AS number, result AS text FROM attempt \
        WHERE member_id = $1 AND course_id = COALESCE($2, course_id) \
        UNION ALL SELECT course_id, 'read', NULL, NULL, 0, lesson FROM lesson_read \
        WHERE member_id = $1 AND course_id = COALESCE($2, course_id) \
        UNION ALL SELECT course_id, 'practice', NULL, NULL, times, '' FROM practice \
        WHERE member_id = $1 AND course_id = COALESCE($2, course_id) \
        UNION ALL SELECT course_id, 'pass', NULL, NULL, passed_on, '' FROM course_pass \
        JOIN course ON course.id = course_id AND course.version = course_pass.version \
        WHERE member_id = $1 AND course_id = COALESCE($2, course_id) ORDER BY course_id, at DESC, id DESC, text";
    Ok(on!(tx, c => sqlx::query_as(LIST).bind(member).bind(course).fetch_all(c).await?))
}
