use crate::Result;
use crate::db::{Tx, on, params};
use domain::id::{CommandId, CourseId, MemberId};
use domain::learning::Tries;
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
    pub version: i64,
    pub document: String,
    pub answers: String,
    pub withdrawn_at: Option<Timestamp>,
    /// The first version that asks the same.
    pub edition: i64,
    /// The first of the versions that pay a member once between them.
    pub pays_since: i64,
    /// Number of versions before it.
    pub earlier: i64,
    /// When a version came that asks something else.
    pub replaced_at: Option<Timestamp>,
}

/// Finds a version of a course; `None`: the current one.
#[instrument(level = "debug", skip_all)]
pub async fn find_version(tx: &mut Tx, course: CourseId, version: Option<i64>) -> Result<Option<VersionRow>> {
    const FIND: &str = "SELECT found.version, document, answers, withdrawn_at, edition, pays_since, \
        (SELECT COUNT(*) FROM course_version AS other WHERE other.course_id = course.id \
            AND other.version < found.version) AS earlier, \
        (SELECT MIN(made_at) FROM course_version AS other WHERE other.course_id = course.id \
            AND other.edition > found.edition) AS replaced_at \
        FROM course JOIN course_version AS found ON found.course_id = course.id \
        WHERE course.id = $1 AND found.version = COALESCE($2, course.version)";
    tx.fetch_optional(FIND, params![course, version]).await
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

/// A version to store. See [`VersionRow`].
pub struct NewVersion<'a> {
    pub version: i64,
    pub document: &'a str,
    pub answers: &'a str,
    pub edition: i64,
    pub pays_since: i64,
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_version(tx: &mut Tx, id: CourseId, new: &NewVersion<'_>) -> Result<()> {
    const INSERT: &str = "INSERT INTO course_version (course_id, version, document, answers, made_at, edition, pays_since) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let now = tx.now();
    tx.execute(
        INSERT,
        params![
            id,
            new.version,
            new.document,
            new.answers,
            now,
            new.edition,
            new.pays_since
        ],
    )
    .await?;
    Ok(())
}

/// Replaces the texts of a version that asks the same as before.
#[instrument(level = "debug", skip_all)]
pub async fn set_texts(tx: &mut Tx, id: CourseId, version: i64, document: &str, answers: &str) -> Result<()> {
    const SET: &str =
        "UPDATE course_version SET document = $3, answers = $4 WHERE course_id = $1 AND version = $2";
    tx.execute(SET, params![id, version, document, answers]).await?;
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

/// Returns a member's failed tries of a course. Locks them until the commit, so that a member's quizzes of a course are
/// marked one after the other.
#[instrument(level = "debug", skip_all)]
pub async fn lock_tries(tx: &mut Tx, member: MemberId, course: CourseId) -> Result<Tries> {
    const LOCK: &str = "INSERT INTO quiz_tries (member_id, course_id, failed, last_at) VALUES ($1, $2, 0, 0) \
        ON CONFLICT (member_id, course_id) DO UPDATE SET failed = quiz_tries.failed RETURNING failed, last_at";
    let found: Option<(i64, Timestamp)> = tx.fetch_optional(LOCK, params![member, course]).await?;
    Ok(found.map_or(Tries::default(), |(failed, last)| Tries {
        failed: failed as u32,
        last,
    }))
}

#[instrument(level = "debug", skip_all)]
pub async fn set_tries(tx: &mut Tx, member: MemberId, course: CourseId, tries: Tries) -> Result<()> {
    const SET: &str =
        "UPDATE quiz_tries SET failed = $3, last_at = $4 WHERE member_id = $1 AND course_id = $2";
    tx.execute(SET, params![member, course, i64::from(tries.failed), tries.last])
        .await?;
    Ok(())
}

/// Returns when a member first tried what an edition asks.
#[instrument(level = "debug", skip_all)]
pub async fn find_first_try(
    tx: &mut Tx,
    member: MemberId,
    course: CourseId,
    edition: i64,
) -> Result<Option<Timestamp>> {
    const FIND: &str = "SELECT MIN(at) FROM attempt JOIN course_version ON course_version.course_id = attempt.course_id \
        AND course_version.version = attempt.version WHERE member_id = $1 AND attempt.course_id = $2 AND edition = $3";
    tx.fetch_scalar(FIND, params![member, course, edition]).await
}

/// Counts a member's passes of what an edition asks.
#[instrument(level = "debug", skip_all)]
pub async fn count_passes(tx: &mut Tx, member: MemberId, course: CourseId, edition: i64) -> Result<i64> {
    const COUNT: &str = "SELECT COUNT(*) FROM course_pass JOIN course_version \
        ON course_version.course_id = course_pass.course_id AND course_version.version = course_pass.version \
        WHERE member_id = $1 AND course_pass.course_id = $2 AND edition = $3";
    tx.fetch_scalar(COUNT, params![member, course, edition]).await
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
    tx.execute(INSERT, params![member, course, version, attempt, on])
        .await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn count_payments(tx: &mut Tx, member: MemberId, course: CourseId, pays_since: i64) -> Result<i64> {
    const COUNT: &str =
        "SELECT COUNT(*) FROM course_payment WHERE member_id = $1 AND course_id = $2 AND pays_since = $3";
    tx.fetch_scalar(COUNT, params![member, course, pays_since]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_payment(
    tx: &mut Tx,
    member: MemberId,
    course: CourseId,
    pays_since: i64,
    attempt: CommandId,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO course_payment (member_id, course_id, pays_since, attempt_id) VALUES ($1, $2, $3, $4)";
    tx.execute(INSERT, params![member, course, pays_since, attempt])
        .await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn list_who_passed(tx: &mut Tx, course: CourseId) -> Result<Vec<MemberId>> {
    const LIST: &str = "SELECT DISTINCT member_id FROM course_pass WHERE course_id = $1";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(course).fetch_all(c).await?))
}

/// One step of a member in a course. `number` and `text` depend on `kind`: version and result of an `attempt`, day of the
/// first `pass` of what the current version asks, name of a lesson `read`, count of `practice`, failed `tries`, nothing
/// where the current version is `paid`.
#[derive(FromRow)]
pub struct StepRow {
    pub course_id: CourseId,
    pub kind: String,
    /// `attempt` only.
    pub id: Option<CommandId>,
    /// `attempt` and `tries` only.
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
        UNION ALL SELECT course_id, 'tries', NULL, last_at, failed, '' FROM quiz_tries \
        WHERE member_id = $1 AND course_id = COALESCE($2, course_id) AND failed > 0 \
        UNION ALL SELECT course_pass.course_id, 'pass', NULL, NULL, MIN(passed_on), '' FROM course_pass \
        JOIN course_version AS taken ON taken.course_id = course_pass.course_id AND taken.version = course_pass.version \
        JOIN course ON course.id = course_pass.course_id \
        JOIN course_version AS shown ON shown.course_id = course.id AND shown.version = course.version \
        WHERE member_id = $1 AND course_pass.course_id = COALESCE($2, course_pass.course_id) \
        AND taken.edition = shown.edition GROUP BY course_pass.course_id \
        UNION ALL SELECT course_payment.course_id, 'paid', NULL, NULL, 0, '' FROM course_payment \
        JOIN course ON course.id = course_payment.course_id \
        JOIN course_version AS shown ON shown.course_id = course.id AND shown.version = course.version \
        WHERE member_id = $1 AND course_payment.course_id = COALESCE($2, course_payment.course_id) \
        AND course_payment.pays_since = shown.pays_since ORDER BY course_id, at DESC, id DESC, text";
    Ok(on!(tx, c => sqlx::query_as(LIST).bind(member).bind(course).fetch_all(c).await?))
}
