//! The tables of imports under way: runs, their rows, the companies they touched, and the turn to apply them.

use super::decide::{OrderRow, Refused};
use crate::Result;
use crate::db::{LIST, Tx, on, params};
use domain::id::CompanyId;
use domain::input::InputError;
use domain::{Cents, Day, Timestamp, fault};
use sqlx::{FromRow, QueryBuilder};
use tracing::instrument;
use uuid::Uuid;

/// A run that is marked to be applied.
#[derive(Clone, Copy, Debug, FromRow)]
pub(super) struct Run {
    pub number: i64,
    pub names_returns: bool,
}

/// The state of the runs before an import begins.
#[derive(Clone, Copy, Debug, FromRow)]
pub(super) struct State {
    /// Imports that were marked or applied so far.
    pub marked: i64,
    /// Runs that are marked and not done.
    pub waiting: i64,
    /// Until when the turn is somebody's, unless it is renewed; 0: nobody's.
    pub until: Timestamp,
}

#[instrument(level = "debug", skip_all)]
pub(super) async fn state(tx: &mut Tx) -> Result<State> {
    const STATE: &str = "SELECT marked, (SELECT COUNT(*) FROM import_run WHERE state = 'marked') AS waiting, until \
        FROM import_turn WHERE id = 1";
    tx.fetch_one(STATE, params![]).await
}

/// Begins a run that is still to be staged and marked; returns its number.
#[instrument(level = "debug", skip_all)]
pub(super) async fn insert(tx: &mut Tx, names_returns: bool) -> Result<i64> {
    const INSERT: &str = "INSERT INTO import_run (state, names_returns, touched_at) VALUES ('staging', $1, $2) \
        RETURNING number";
    let now = tx.now();
    tx.fetch_scalar(INSERT, params![names_returns, now]).await
}

/// Stages rows, from `place` on. Returns false if the run was removed, because nobody seemed to stage it any more.
#[instrument(level = "debug", skip_all)]
pub(super) async fn insert_rows(tx: &mut Tx, run: i64, place: i64, rows: &[OrderRow]) -> Result<bool> {
    const TOUCH: &str = "UPDATE import_run SET touched_at = $2 WHERE number = $1 AND state = 'staging'";
    let now = tx.now();
    if tx.execute(TOUCH, params![run, now]).await? == 0 {
        return Ok(false);
    }
    let places: Vec<(i64, &OrderRow)> = (place..).zip(rows).collect();
    for part in places.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new(
                "INSERT INTO import_row (run, place, line, order_ref, company_ref, member_ref, ordered_on, quantity, \
                 amount, returns_ref) ",
            );
            insert.push_values(part, |mut new, (place, row)| {
                new.push_bind(run).push_bind(*place).push_bind(row.line as i64).push_bind(row.reference.clone())
                    .push_bind(row.company.clone()).push_bind(row.member.clone()).push_bind(row.ordered_on)
                    .push_bind(row.quantity).push_bind(row.amount).push_bind(row.returns_ref.clone());
            });
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(true)
}

/// Counts an import that is applied in this transaction. Returns false if another one was marked since `marked` were.
///
/// Why: what was checked holds only while no other import came first. The row stays locked until the commit.
#[instrument(level = "debug", skip_all)]
pub(super) async fn count(tx: &mut Tx, marked: i64) -> Result<bool> {
    const COUNT: &str = "UPDATE import_turn SET marked = marked + 1 WHERE id = 1 AND marked = $1";
    Ok(tx.execute(COUNT, params![marked]).await? == 1)
}

/// Marks a run: from the commit on, all of it will be applied. Returns false if another import was marked since `marked`
/// were, or the run was removed.
#[instrument(level = "debug", skip_all)]
pub(super) async fn mark(tx: &mut Tx, run: i64, marked: i64) -> Result<bool> {
    const MARK: &str = "UPDATE import_run SET state = 'marked', place = $2, touched_at = $3 \
        WHERE number = $1 AND state = 'staging'";
    let now = tx.now();
    Ok(count(tx, marked).await? && tx.execute(MARK, params![run, marked + 1, now]).await? == 1)
}

/// Takes the turn to apply runs, for `holder` until `until`. Returns false if it is somebody else's.
#[instrument(level = "debug", skip_all)]
pub(super) async fn take_turn(tx: &mut Tx, holder: Uuid, until: Timestamp) -> Result<bool> {
    const TAKE: &str =
        "UPDATE import_turn SET holder = $1, until = $2 WHERE id = 1 AND (holder IS NULL OR until <= $3)";
    let now = tx.now();
    Ok(tx.execute(TAKE, params![holder, until, now]).await? == 1)
}

/// Renews the turn. Returns false if it is not the holder's any more: nothing may be written then.
#[instrument(level = "debug", skip_all)]
pub(super) async fn renew_turn(tx: &mut Tx, holder: Uuid, until: Timestamp) -> Result<bool> {
    const RENEW: &str = "UPDATE import_turn SET until = $2 WHERE id = 1 AND holder = $1";
    let is_ours = tx.execute(RENEW, params![holder, until]).await? == 1;
    Ok(is_ours || fault!("import-goes-on-without-its-turn"))
}

#[instrument(level = "debug", skip_all)]
pub(super) async fn end_turn(tx: &mut Tx, holder: Uuid) -> Result<()> {
    const END: &str = "UPDATE import_turn SET holder = NULL, until = 0 WHERE id = 1 AND holder = $1";
    tx.execute(END, params![holder]).await?;
    Ok(())
}

/// Returns the run that is to be applied next.
#[instrument(level = "debug", skip_all)]
pub(super) async fn find_next(tx: &mut Tx) -> Result<Option<Run>> {
    let next = if fault!("half-staged-import-is-applied") {
        "SELECT number, names_returns FROM import_run WHERE state <> 'done' ORDER BY place, number LIMIT 1"
    } else {
        "SELECT number, names_returns FROM import_run WHERE state = 'marked' ORDER BY place LIMIT 1"
    };
    tx.fetch_optional(next, params![]).await
}

#[instrument(level = "debug", skip_all)]
pub(super) async fn is_done(tx: &mut Tx, run: i64) -> Result<bool> {
    const STATE: &str = "SELECT state FROM import_run WHERE number = $1";
    let state: Option<String> = tx.fetch_optional_scalar(STATE, params![run]).await?;
    Ok(state.is_none_or(|state| state == "done"))
}

#[instrument(level = "debug", skip_all)]
pub(super) async fn set_done(tx: &mut Tx, run: i64) -> Result<()> {
    const SET: &str = "UPDATE import_run SET state = 'done', touched_at = $2 WHERE number = $1";
    let now = tx.now();
    tx.execute(SET, params![run, now]).await?;
    Ok(())
}

#[derive(FromRow)]
struct Columns {
    place: i64,
    line: i64,
    order_ref: String,
    company_ref: String,
    member_ref: Option<String>,
    ordered_on: Day,
    quantity: i64,
    amount: Cents,
    returns_ref: Option<String>,
}

/// Lists the next rows of a run that are still to be applied, behind `after`, with the place of the last.
#[instrument(level = "debug", skip_all)]
pub(super) async fn list_rows(
    tx: &mut Tx,
    run: i64,
    after: i64,
    limit: usize,
) -> Result<Option<(i64, Vec<OrderRow>)>> {
    const LIST: &str = "SELECT place, line, order_ref, company_ref, member_ref, ordered_on, quantity, amount, returns_ref \
        FROM import_row WHERE run = $1 AND place > $2 AND refused IS NULL ORDER BY place LIMIT $3";
    let rows: Vec<Columns> = tx.fetch_all(LIST, params![run, after, limit as i64]).await?;
    let Some(last) = rows.last().map(|row| row.place) else {
        return Ok(None);
    };
    let rows = rows.into_iter().map(|row| OrderRow {
        line: row.line as u64,
        reference: row.order_ref,
        company: row.company_ref,
        member: row.member_ref,
        ordered_on: row.ordered_on,
        quantity: row.quantity,
        amount: row.amount,
        returns_ref: row.returns_ref,
    });
    Ok(Some((last, rows.collect())))
}

/// Notes why rows could not be applied.
#[instrument(level = "debug", skip_all)]
pub(super) async fn set_refused(tx: &mut Tx, run: i64, refused: &[Refused]) -> Result<()> {
    const SET: &str = "UPDATE import_row SET refused = $3 WHERE run = $1 AND line = $2";
    for (line, wrong) in refused {
        let wrong = serde_json::to_string(wrong)?;
        tx.execute(SET, params![run, *line as i64, &wrong]).await?;
    }
    Ok(())
}

/// Lists the rows that could not be applied.
#[instrument(level = "debug", skip_all)]
pub(super) async fn list_refused(tx: &mut Tx, run: i64) -> Result<Vec<Refused>> {
    const LIST: &str =
        "SELECT line, refused FROM import_row WHERE run = $1 AND refused IS NOT NULL ORDER BY line";
    let rows: Vec<(i64, String)> = tx.fetch_all(LIST, params![run]).await?;
    rows.into_iter()
        .map(|(line, wrong)| Ok((line as u64, serde_json::from_str::<InputError>(&wrong)?)))
        .collect()
}

/// Takes away the rows up to `last` that are applied.
#[instrument(level = "debug", skip_all)]
pub(super) async fn delete_rows(tx: &mut Tx, run: i64, last: i64) -> Result<()> {
    const DELETE: &str = "DELETE FROM import_row WHERE run = $1 AND place <= $2 AND refused IS NULL";
    tx.execute(DELETE, params![run, last]).await?;
    Ok(())
}

/// Notes companies whose status is to be worked out at the end.
#[instrument(level = "debug", skip_all)]
pub(super) async fn insert_companies(tx: &mut Tx, run: i64, companies: &[CompanyId]) -> Result<()> {
    for part in companies.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new("INSERT INTO import_company (run, company_id) ");
            insert.push_values(part, |mut row, company| {
                row.push_bind(run).push_bind(*company);
            });
            insert.push(" ON CONFLICT DO NOTHING");
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub(super) async fn list_companies(tx: &mut Tx, run: i64, limit: usize) -> Result<Vec<CompanyId>> {
    const LIST: &str = "SELECT company_id FROM import_company WHERE run = $1 ORDER BY company_id LIMIT $2";
    tx.fetch_scalars(LIST, params![run, limit as i64]).await
}

/// Takes away the companies up to `last`.
#[instrument(level = "debug", skip_all)]
pub(super) async fn delete_companies(tx: &mut Tx, run: i64, last: CompanyId) -> Result<()> {
    const DELETE: &str = "DELETE FROM import_company WHERE run = $1 AND company_id <= $2";
    tx.execute(DELETE, params![run, last]).await?;
    Ok(())
}

/// Lists runs that are staged by nobody since `staging`, and those done before `done`.
#[instrument(level = "debug", skip_all)]
pub(super) async fn list_left(tx: &mut Tx, staging: Timestamp, done: Timestamp) -> Result<Vec<i64>> {
    const LIST: &str = "SELECT number FROM import_run WHERE (state = 'staging' AND touched_at <= $1) \
        OR (state = 'done' AND touched_at <= $2) ORDER BY number";
    tx.fetch_scalars(LIST, params![staging, done]).await
}

/// Removes up to `limit` rows of a run that [`list_left`] returned, and then the run. Returns true when it is gone.
#[instrument(level = "debug", skip_all)]
pub(super) async fn delete_left(tx: &mut Tx, run: i64, since: Timestamp, limit: i64) -> Result<bool> {
    // Why its state: whoever still stages it must not go on.
    const END: &str =
        "UPDATE import_run SET state = 'done' WHERE number = $1 AND state <> 'marked' AND touched_at <= $2";
    const ROWS: &str = "DELETE FROM import_row WHERE run = $1 AND place IN \
        (SELECT place FROM import_row WHERE run = $1 ORDER BY place LIMIT $2)";
    const RUN: &str = "DELETE FROM import_run WHERE number = $1";
    if tx.execute(END, params![run, since]).await? == 0 {
        return Ok(true);
    }
    if tx.execute(ROWS, params![run, limit]).await? == limit as u64 {
        return Ok(false);
    }
    tx.execute(RUN, params![run]).await?;
    Ok(true)
}
