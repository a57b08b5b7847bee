//! Stages the rows of a file, and applies runs in slices: short transactions, so that phones go on meanwhile.
//!
//! A run is applied from its mark on, whole, whatever happens: each slice takes its rows away in the transaction that books
//! them, and whoever takes the turn goes on where the last one was cut off. One process at a time has the turn.

use super::decide::{OrderRow, Refused};
use super::runs::{self, Run};
use super::slice;
use crate::db::Kind;
use crate::{Db, Error, Result, Tx, members, programme, status};
use domain::input::{InputCode, InputError};
use domain::{Timestamp, fault};
use std::time::Duration;
use tracing::instrument;
use uuid::Uuid;

/// Duration of the turn unless a slice renews it, in milliseconds.
const LEASE: i64 = 15_000;
/// Time between two looks at the work of another process.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Rows that are staged or removed in one transaction.
const STAGED: usize = 4_000;
/// Time for which a finished run stays, with the rows that could not be applied.
const KEPT: i64 = 30 * Timestamp::DAY;
/// Tries of a slice while the database fails, or locks cross those of phones.
const TRIES: u32 = 5;

/// The share of the database's time that an import takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// As many rows are applied in one transaction and not staged.
    pub at_once: usize,
    /// Rows of a slice: the first, the fewest and the most.
    pub first: usize,
    pub least: usize,
    pub most: usize,
    /// Milliseconds that a slice should take.
    pub aim: i64,
    /// Time between slices on SQLite: most of it, and as a part of the time of the slice before in hundredths.
    ///
    /// Why: who waits for its lock is not woken, but looks again and again, every 25 milliseconds at first, later every 100.
    pub pause: Duration,
    pub part: i64,
}

impl Pace {
    pub(crate) const DEFAULT: Pace = Pace {
        // Why so few: each may be of another wallet, which is worked out from all its entries.
        at_once: 125,
        first: 125,
        least: 125,
        most: 4_000,
        aim: 80,
        pause: Duration::from_millis(30),
        part: 40,
    };

    /// Returns the rows of the next slice, after one of `rows` rows that took `took` milliseconds.
    ///
    /// Why `least` times a power of two: statements of the same length are prepared once.
    fn next(self, rows: usize, took: i64) -> usize {
        let rows = if took > self.aim * 5 / 4 {
            rows / 2
        } else if took < self.aim / 2 {
            rows * 2
        } else {
            rows
        };
        rows.clamp(self.least, self.most)
    }

    /// Lets others write, after a transaction of `took` milliseconds.
    async fn rest(self, db: &Db, took: i64) {
        if db.kind() == Kind::Sqlite {
            let part = Duration::from_millis(u64::try_from(took * self.part / 100).unwrap_or_default());
            tokio::time::sleep(part.clamp(self.pause / 6, self.pause)).await;
        }
    }
}

/// Goes on with imports that were cut off after they were marked, unless a live process is at it, and removes what others
/// have left behind. Ends early, between two slices, once `ending` returns true. Returns how many imports were finished.
///
/// # Errors
/// If the database fails; it can be called again.
#[instrument(level = "debug", skip_all)]
pub async fn go_on(db: &Db, ending: impl Fn() -> bool) -> Result<usize> {
    sweep(db, &ending).await?;
    let state = runs::state(&mut db.read().await?).await?;
    if state.waiting == 0 || !is_free(db, state.until) {
        return Ok(0);
    }
    let done = Applying::new(db, Pace::DEFAULT)
        .work(&ending, &mut |_| {})
        .await?;
    tell(db, &done).await?;
    Ok(done.len())
}

/// Waits until all imports that are marked are done, and goes on with those that nobody applies. Returns how many were marked
/// so far, for [`write`].
pub(super) async fn finish_others(db: &Db, pace: Pace) -> Result<i64> {
    sweep(db, &|| false).await?;
    loop {
        let state = runs::state(&mut db.read().await?).await?;
        if state.waiting == 0 {
            return Ok(state.marked);
        }
        if is_free(db, state.until) {
            let done = Applying::new(db, pace).work(&|| false, &mut |_| {}).await?;
            tell(db, &done).await?;
        } else {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Saves rows that were checked when `marked` imports had been marked. Returns the rows that could not be applied; `None`,
/// and nothing is saved, if another import came first.
pub(super) async fn write(
    db: &Db,
    rows: Vec<OrderRow>,
    names_returns: bool,
    marked: i64,
    pace: Pace,
    progress: &mut impl FnMut(u64),
) -> Result<Option<Vec<Refused>>> {
    if rows.is_empty() {
        return Ok(Some(Vec::new()));
    }
    if rows.len() <= pace.at_once {
        return write_at_once(db, rows, names_returns, marked).await;
    }
    let Some(run) = stage(db, &rows, names_returns, marked, pace).await? else {
        return Ok(None);
    };
    drop(rows);
    loop {
        Applying::new(db, pace).work(&|| false, progress).await?;
        let mut tx = db.read().await?;
        if runs::is_done(&mut tx, run).await? {
            return Ok(Some(runs::list_refused(&mut tx, run).await?));
        }
        drop(tx);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Saves few rows in one transaction.
async fn write_at_once(
    db: &Db,
    rows: Vec<OrderRow>,
    names_returns: bool,
    marked: i64,
) -> Result<Option<Vec<Refused>>> {
    let mut tx = db.write().await?;
    if !runs::count(&mut tx, marked).await? {
        tx.roll_back().await?;
        return Ok(None);
    }
    let settings = programme::current(&mut tx).await?;
    let today = settings.day(tx.now())?;
    let booked = slice::book(&mut tx, &settings, today, rows, names_returns).await?;
    let companies: Vec<_> = booked.companies.into_iter().collect();
    let companies = members::with_members(&mut tx, &companies).await?;
    status::refresh(&mut tx, &settings, today, &companies).await?;
    tx.commit().await?;
    Ok(Some(booked.refused))
}

/// Stages rows and marks their run, which this returns.
async fn stage(
    db: &Db,
    rows: &[OrderRow],
    names_returns: bool,
    marked: i64,
    pace: Pace,
) -> Result<Option<i64>> {
    let mut tx = db.write().await?;
    let run = runs::insert(&mut tx, names_returns).await?;
    tx.commit().await?;
    let mut place = 0;
    for part in rows.chunks(STAGED) {
        let mut tx = db.write().await?;
        let began = db.now();
        if !runs::insert_rows(&mut tx, run, place, part).await? {
            return Ok(None);
        }
        tx.commit().await?;
        place += part.len() as i64;
        pace.rest(db, db.now().0 - began.0).await;
    }
    let mut tx = db.write().await?;
    if !runs::mark(&mut tx, run, marked).await? {
        // Its rows are swept.
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(run))
}

/// Removes runs that were never marked and that nobody stages any more, and old ones that are done.
async fn sweep(db: &Db, ending: &impl Fn() -> bool) -> Result<()> {
    let now = db.now();
    let (staging, done) = (now.plus(-LEASE), now.plus(-KEPT));
    let left = runs::list_left(&mut db.read().await?, staging, done).await?;
    for run in left {
        loop {
            let mut tx = db.write().await?;
            let began = db.now();
            let gone = runs::delete_left(&mut tx, run, staging, STAGED as i64).await?;
            tx.commit().await?;
            if gone || ending() {
                break;
            }
            Pace::DEFAULT.rest(db, db.now().0 - began.0).await;
        }
    }
    Ok(())
}

fn is_free(db: &Db, until: Timestamp) -> bool {
    until <= db.now()
}

/// Logs the rows that could not be applied, of imports whose own process is gone.
async fn tell(db: &Db, done: &[i64]) -> Result<()> {
    for run in done {
        tracing::info!(
            event = "import_finished",
            run,
            "an import that was cut off is done"
        );
        let mut tx = db.read().await?;
        for (line, wrong) in runs::list_refused(&mut tx, *run).await? {
            tracing::warn!(
                event = "import_row_refused",
                run,
                line,
                wrong = ?wrong.code,
                "a row of an import that was cut off could not be applied"
            );
        }
    }
    Ok(())
}

/// One who applies runs while the turn is theirs.
struct Applying<'a> {
    db: &'a Db,
    holder: Uuid,
    pace: Pace,
}

/// The result of a transaction of [`Applying`].
enum Step {
    /// It did what there was, up to `last`, which took so many milliseconds.
    Done { last: i64, took: i64 },
    /// There is nothing left.
    End,
    /// The turn is somebody else's, and nothing was written.
    Lost,
}

impl<'a> Applying<'a> {
    fn new(db: &'a Db, pace: Pace) -> Applying<'a> {
        let mut holder = [0; 16];
        db.random_bytes_into(&mut holder);
        Applying {
            db,
            holder: uuid::Builder::from_random_bytes(holder).into_uuid(),
            pace,
        }
    }

    fn until(&self, tx: &Tx) -> Timestamp {
        tx.now().plus(LEASE)
    }

    /// Applies all marked runs if the turn is free; returns those that were finished.
    async fn work(&self, ending: &impl Fn() -> bool, progress: &mut impl FnMut(u64)) -> Result<Vec<i64>> {
        let mut tx = self.db.write().await?;
        let until = self.until(&tx);
        if !runs::take_turn(&mut tx, self.holder, until).await? {
            tx.roll_back().await?;
            return Ok(Vec::new());
        }
        tx.commit().await?;
        let worked = self.runs(ending, progress).await;
        let mut tx = self.db.write().await?;
        runs::end_turn(&mut tx, self.holder).await?;
        tx.commit().await?;
        worked
    }

    async fn runs(&self, ending: &impl Fn() -> bool, progress: &mut impl FnMut(u64)) -> Result<Vec<i64>> {
        let mut done = Vec::new();
        loop {
            let next = runs::find_next(&mut self.db.read().await?).await?;
            let Some(run) = next else { return Ok(done) };
            if !self.rows(run, ending, progress).await? || !self.companies(run, ending).await? {
                return Ok(done);
            }
            done.push(run.number);
        }
    }

    /// Applies the rows of a run; false if it must stop before the end.
    async fn rows(
        &self,
        run: Run,
        ending: &impl Fn() -> bool,
        progress: &mut impl FnMut(u64),
    ) -> Result<bool> {
        let (mut after, mut rows, mut tries) = (-1, self.pace.first, 0);
        while !ending() {
            let mut rest = self.pace.aim;
            match self.slice(run, after, rows).await {
                Ok(Step::Done { last, took }) => {
                    (after, rest) = (last, took);
                    progress(after as u64 + 1);
                    rows = self.pace.next(rows, took);
                    tries = 0;
                }
                Ok(Step::End) => return Ok(true),
                Ok(Step::Lost) => return Ok(false),
                Err(error) if error.is_transient() && tries < TRIES => tries += 1,
                Err(error) if error.is_transient() => return Err(error),
                // Why: the rows beside one that cannot be booked are applied all the same.
                Err(_) if rows > 1 => rows /= 2,
                Err(error) => {
                    if !self.refuse(run, after, error).await? {
                        return Ok(false);
                    }
                }
            }
            self.pace.rest(self.db, rest).await;
        }
        Ok(false)
    }

    async fn slice(&self, run: Run, after: i64, limit: usize) -> Result<Step> {
        let mut tx = self.db.write().await?;
        let began = self.db.now();
        let until = self.until(&tx);
        if !runs::renew_turn(&mut tx, self.holder, until).await? {
            return Ok(Step::Lost);
        }
        let Some((last, rows)) = runs::list_rows(&mut tx, run.number, after, limit).await? else {
            return Ok(Step::End);
        };
        if fault!("slice-takes-its-rows-before-it-books-them") {
            runs::delete_rows(&mut tx, run.number, last).await?;
            tx.commit().await?;
            tx = self.db.write().await?;
        }
        let settings = programme::current(&mut tx).await?;
        let today = settings.day(tx.now())?;
        let booked = slice::book(&mut tx, &settings, today, rows, run.names_returns).await?;
        runs::set_refused(&mut tx, run.number, &booked.refused).await?;
        runs::delete_rows(&mut tx, run.number, last).await?;
        let companies: Vec<_> = booked.companies.into_iter().collect();
        // Others have no status that anybody sees; a company that gets its first member meanwhile has it worked out then.
        let companies = members::with_members(&mut tx, &companies).await?;
        runs::insert_companies(&mut tx, run.number, &companies).await?;
        tx.commit().await?;
        let took = self.db.now().0 - began.0;
        Ok(Step::Done { last, took })
    }

    /// Notes that the next row cannot be applied; false if the turn is lost.
    async fn refuse(&self, run: Run, after: i64, error: Error) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let until = self.until(&tx);
        if !runs::renew_turn(&mut tx, self.holder, until).await? {
            return Ok(false);
        }
        let Some((_, rows)) = runs::list_rows(&mut tx, run.number, after, 1).await? else {
            return Ok(true);
        };
        let wrong: InputError = match error {
            Error::Input(wrong) => wrong,
            other => {
                tracing::error!(error = %other, run = run.number, "a row of an import cannot be booked");
                InputCode::NotBooked {
                    said: other.to_string(),
                }
                .into()
            }
        };
        let refused: Vec<Refused> = rows.iter().map(|row| (row.line, wrong.clone())).collect();
        runs::set_refused(&mut tx, run.number, &refused).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Works out the status of the companies of a run whose rows are applied, and ends it; false if it must stop before.
    ///
    /// Why at the end: a company whose order is corrected in two slices is not told of a tier in between.
    async fn companies(&self, run: Run, ending: &impl Fn() -> bool) -> Result<bool> {
        let (mut count, mut tries) = (self.pace.first, 0);
        while !ending() {
            let mut rest = self.pace.aim;
            match self.some_companies(run, count).await {
                Ok(Step::Done { took, .. }) => {
                    rest = took;
                    count = self.pace.next(count, took);
                    tries = 0;
                }
                Ok(Step::End) => return Ok(true),
                Ok(Step::Lost) => return Ok(false),
                Err(error) if error.is_transient() && tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
            self.pace.rest(self.db, rest).await;
        }
        Ok(false)
    }

    async fn some_companies(&self, run: Run, count: usize) -> Result<Step> {
        let mut tx = self.db.write().await?;
        let began = self.db.now();
        let until = self.until(&tx);
        if !runs::renew_turn(&mut tx, self.holder, until).await? {
            return Ok(Step::Lost);
        }
        let companies = runs::list_companies(&mut tx, run.number, count).await?;
        let Some(last) = companies.last().copied() else {
            runs::set_done(&mut tx, run.number).await?;
            tx.commit().await?;
            return Ok(Step::End);
        };
        let settings = programme::current(&mut tx).await?;
        let today = settings.day(tx.now())?;
        let companies = members::with_members(&mut tx, &companies).await?;
        status::refresh(&mut tx, &settings, today, &companies).await?;
        runs::delete_companies(&mut tx, run.number, last).await?;
        tx.commit().await?;
        let took = self.db.now().0 - began.0;
        Ok(Step::Done { last: 0, took })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_follow_the_time_of_the_one_before_within_bounds() {
        let pace = Pace::DEFAULT;
        assert_eq!(pace.next(500, 80), 500);
        assert_eq!(pace.next(500, 10), 1_000);
        assert_eq!(pace.next(500, 10_000), 250);
        assert_eq!(pace.next(125, 10_000), pace.least);
        assert_eq!(pace.next(4_000, 1), pace.most);
        assert_eq!(
            pace.next(1, 1),
            pace.least,
            "after it was halved because of one row"
        );
    }
}
