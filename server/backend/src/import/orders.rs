//! Imports orders, which earn points and status: checked whole, then staged, then applied in slices.

use super::apply::{self, Pace};
use super::check::{Checked, OrdersFile};
use super::{Options, Report};
use crate::members::Saved;
use crate::{Db, Result};
use std::collections::HashMap;
use std::io::Read;
use tracing::instrument;

/// Imports `order_ref,company_ref,ordered_on,quantity,amount` and optionally `member_ref` and `returns_ref`.
///
/// A negative amount is a return; with `returns_ref` it is one of that order. Rows may be late and out of order: points, lots
/// and status are the same. Before the first row is applied, imports that were cut off are finished.
///
/// # Errors
/// If the columns are missing or the database fails; bad rows are in the report, and so are rows that could not be applied
/// because something else changed meanwhile. If the database fails after the file was staged, the import is finished later.
#[instrument(level = "debug", skip_all)]
pub async fn orders(db: &Db, file: impl Read, options: Options, progress: impl FnMut(u64)) -> Result<Report> {
    orders_at(db, file, options, Pace::DEFAULT, progress).await
}

/// [`orders`] at another pace.
pub(crate) async fn orders_at(
    db: &Db,
    file: impl Read,
    options: Options,
    pace: Pace,
    mut progress: impl FnMut(u64),
) -> Result<Report> {
    let file = OrdersFile::open(file, options)?;
    loop {
        let marked = match options.dry_run {
            true => None,
            false => Some(apply::finish_others(db, pace).await?),
        };
        let Checked { mut report, changes } = file.check(db, &mut progress).await?;
        let Some(marked) = marked.filter(|_| report.bad.is_empty() || options.skip_bad) else {
            return Ok(report);
        };
        let saved: HashMap<u64, Saved> = changes.iter().map(|(row, saved)| (row.line, *saved)).collect();
        let rows = changes.into_iter().map(|(row, _)| row).collect();
        let names_returns = file.names_returns();
        // Why again: another import came first, and what was good then may not be now.
        let Some(refused) = apply::write(db, rows, names_returns, marked, pace, &mut progress).await? else {
            continue;
        };
        for (line, wrong) in refused {
            match saved.get(&line) {
                Some(Saved::New) => report.new -= 1,
                Some(Saved::Changed) => report.changed -= 1,
                _ => {}
            }
            report.bad.extend(file.bad(line, wrong));
        }
        report.bad.sort_by_key(|bad| bad.line);
        report.kept = true;
        return Ok(report);
    }
}
