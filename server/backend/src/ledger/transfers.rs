//! Transfers of points between wallets.
//!
//! # The rule
//! - A transfer takes the oldest points first, and they keep their earning and expiry days: transfers to and fro do not
//!   renew points.
//! - Received points are fixed. If an order of the giver arrives late or is returned afterwards, the giver's lots are
//!   recomputed and the giver may go negative; the receiver keeps the points.
//! - Status does not move: points count for the company that earned them.
//! - A wallet that was merged into another is always empty. Later entries in it (a late order, a correction, a request
//!   that was declined or taken back) are passed on at once. A deduction first takes back earlier passes, newest first,
//!   so that undoing something restores both wallets; only the rest is paid by the other wallet, which may go negative.
//! - Taking back a transfer, or a merge, is a reversal: as if it had never been booked. If the points were already
//!   spent, the balance goes negative.

use super::{
    AccountRow, Cause, EntryRow, Merged, NewEntry, NewLot, Owner, Unsettled, mark_changed, reverse, settle,
    settle_each, sql, undo, wallet,
};
use crate::{Error, Result, Tx};
use domain::id::{AccountId, EntryId};
use domain::input::{InputCode, RefKind};
use domain::{Day, Points, Text, fault};
use std::collections::HashMap;
use tracing::instrument;

/// A transfer ordered by the brand's staff.
#[derive(Clone, Debug)]
pub struct Transfer {
    pub from: Owner,
    pub to: Owner,
    /// More than 0.
    pub points: Points,
    /// Names the transfer, which makes it idempotent: it is booked once, however often it is requested.
    pub reference: String,
    /// Reason shown in both owners' history.
    pub reason: Text,
}

/// Outcome of a transfer or merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booked {
    Now,
    /// Already booked; nothing was changed.
    Before,
}

/// Some points of one lot.
struct Part {
    points: Points,
    earned_on: Day,
    expires_on: Option<Day>,
}

/// Moves points from `transfer.from` to `transfer.to`.
///
/// # Errors
/// [`domain::Error::NotEnoughPoints`] if the balance is too low. [`Error::Input`] if the points are not more than 0,
/// both wallets are the same, or the reference names another transfer.
#[instrument(level = "debug", skip_all)]
pub async fn transfer(tx: &mut Tx, today: Day, transfer: &Transfer) -> Result<Booked> {
    if transfer.points <= 0 {
        return Err(InputCode::TooSmall { least: 1 }
            .field("points")
            .given(transfer.points.to_string())
            .into());
    }
    if transfer.from == transfer.to {
        return Err(InputCode::SameWallet.into());
    }
    let from = wallet(tx, transfer.from).await?;
    let to = wallet(tx, transfer.to).await?;
    sql::lock_accounts(tx, &[from, to]).await?;
    let known = sql::list_transfers(tx, Cause::Transfer, &transfer.reference).await?;
    if let Some(first) = known.first().filter(|_| !fault!("transfer-is-booked-twice")) {
        let points: Points = known.iter().map(|entry| entry.points).sum();
        if (first.from_account, first.to_account, points) == (from, to, transfer.points) {
            return Ok(Booked::Before);
        }
        return Err(InputCode::AnotherTransfer {
            points,
            on: first.on_day,
        }
        .given(&transfer.reference)
        .into());
    }
    settle(tx, today, vec![from, to]).await?;
    let balance = sql::find_balance(tx, from).await?;
    if balance < transfer.points {
        return Err(domain::Error::NotEnoughPoints {
            missing: transfer.points - balance,
        }
        .into());
    }
    let parts = oldest(tx, from, transfer.points).await?;
    let way = Way {
        from,
        to,
        cause: Cause::Transfer,
        reference: transfer.reference.clone(),
        title: Some(serde_json::to_string(&transfer.reason)?),
    };
    book(tx, today, &way, &parts).await?;
    settle(tx, today, vec![from, to]).await?;
    Ok(Booked::Now)
}

/// Undoes the transfer with this reference, which can then be used again.
///
/// # Errors
/// [`Error::Input`] if there is none in force.
#[instrument(level = "debug", skip_all)]
pub async fn take_back(tx: &mut Tx, today: Day, reference: &str) -> Result<()> {
    let entries = sql::list_transfers(tx, Cause::Transfer, reference).await?;
    if entries.is_empty() {
        return Err(InputCode::NotThere {
            what: RefKind::Transfer,
        }
        .given(reference)
        .into());
    }
    let entries: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let mut unsettled = Unsettled::default();
    undo(tx, today, &entries, &mut unsettled).await?;
    unsettled.settle(tx, today).await
}

/// Moves the balance of `from` to `into`, and every later entry of `from`.
///
/// # Errors
/// [`Error::Input`] if the two are not wallets of two members or of two companies, or one of them was merged into
/// another before.
#[instrument(level = "debug", skip_all)]
pub async fn merge(tx: &mut Tx, today: Day, from: Owner, into: Owner) -> Result<Booked> {
    match (from, into) {
        (Owner::Member(one), Owner::Member(other)) if one != other => {}
        (Owner::Company(one), Owner::Company(other)) if one != other => {}
        _ => {
            return Err(InputCode::CannotMerge.into());
        }
    }
    let from = wallet(tx, from).await?;
    let into = wallet(tx, into).await?;
    sql::lock_accounts(tx, &[from, into]).await?;
    let merged: HashMap<AccountId, AccountId> = sql::list_accounts(tx, &[from, into])
        .await?
        .into_iter()
        .filter_map(|account| Some((account.id, account.merged_into?)))
        .collect();
    if merged.get(&from) == Some(&into) {
        return Ok(Booked::Before);
    }
    if !merged.is_empty() {
        return Err(InputCode::MergedBefore.into());
    }
    sql::set_merged_into(tx, from, Some(into)).await?;
    settle(tx, today, vec![from]).await?;
    Ok(Booked::Now)
}

/// Undoes a merge: `from` gets the balance it would have without it.
///
/// # Errors
/// [`Error::Input`] if it was not merged into another.
#[instrument(level = "debug", skip_all)]
pub async fn unmerge(tx: &mut Tx, today: Day, from: Owner) -> Result<()> {
    let from = wallet(tx, from).await?;
    sql::lock_accounts(tx, &[from]).await?;
    let merged = sql::list_accounts(tx, &[from]).await?;
    if merged.iter().all(|account| account.merged_into.is_none()) {
        return Err(InputCode::NotMerged.into());
    }
    sql::set_merged_into(tx, from, None).await?;
    let mut passed_on = sql::list_transfers(tx, Cause::Merge, &from.to_string()).await?;
    if fault!("unmerge-leaves-the-points") {
        passed_on.truncate(passed_on.len() / 2);
    }
    let wallets = reverse(tx, &passed_on).await?;
    settle(tx, today, wallets).await
}

/// Empties a wallet that was merged into another; returns other merged wallets that this filled.
#[instrument(level = "debug", skip_all)]
pub(super) async fn empty(tx: &mut Tx, today: Day, wallet: AccountRow) -> Result<Merged> {
    let Some(into) = wallet.merged_into else {
        return Ok(Merged::new());
    };
    let from = wallet.id;
    settle_each(tx, today, vec![from, into]).await?;
    let mut balance = sql::find_balance(tx, from).await?;
    let too_much = passes_to_take_back(tx, from, balance).await?;
    if !too_much.is_empty() {
        let mut wallets = reverse(tx, &too_much).await?;
        wallets.extend([from, into]);
        settle_each(tx, today, wallets).await?;
        balance = sql::find_balance(tx, from).await?;
    }
    let mut way = Way {
        from,
        to: into,
        cause: Cause::Merge,
        reference: from.to_string(),
        title: None,
    };
    let parts = if balance >= 0 {
        oldest(tx, from, balance).await?
    } else {
        (way.from, way.to) = (into, from);
        let there = sql::find_balance(tx, into).await?.max(0);
        let mut parts = oldest(tx, into, there.min(-balance)).await?;
        if there < -balance {
            // Not covered by any lot: the other wallet goes negative.
            parts.push(Part {
                points: -balance - there,
                earned_on: today,
                expires_on: None,
            });
        }
        parts
    };
    book(tx, today, &way, &parts).await?;
    settle_each(tx, today, vec![from, into]).await
}

/// Returns earlier passes against the direction that empties the wallet now, newest first, until they suffice.
async fn passes_to_take_back(tx: &mut Tx, from: AccountId, balance: Points) -> Result<Vec<EntryRow>> {
    let mut missing = balance.abs();
    let mut passes = sql::list_transfers(tx, Cause::Merge, &from.to_string()).await?;
    if fault!("merge-takes-back-oldest-first") {
        passes.reverse();
    }
    let against = passes
        .into_iter()
        .rev()
        .filter(|pass| (pass.from_account == from) == (balance < 0));
    Ok(against
        .take_while(|pass| {
            let wanted = missing > 0;
            missing -= pass.points;
            wanted
        })
        .collect())
}

/// Returns `points` points of a settled wallet as parts, oldest lot first.
async fn oldest(tx: &mut Tx, account: AccountId, points: Points) -> Result<Vec<Part>> {
    let mut missing = points;
    let mut parts = Vec::new();
    if missing == 0 {
        return Ok(parts);
    }
    for lot in sql::list_open_lots(tx, account, sql::NEVER, sql::ALL).await? {
        let points = lot.remaining.min(missing);
        if points == 0 {
            break;
        }
        missing -= points;
        parts.push(Part {
            points,
            earned_on: match fault!("transfer-makes-points-young") {
                true => lot.earned_on.plus_months(12),
                false => lot.earned_on,
            },
            expires_on: lot.expires_on.filter(|_| !fault!("transfer-never-expires")),
        });
    }
    if missing > 0 {
        return Err(Error::Invariant(format!(
            "wallet {account} lacks lots for {missing} of its points"
        )));
    }
    Ok(parts)
}

struct Way {
    from: AccountId,
    to: AccountId,
    cause: Cause,
    reference: String,
    title: Option<String>,
}

/// Books one entry and one lot per part; the caller must settle both wallets.
async fn book(tx: &mut Tx, today: Day, way: &Way, parts: &[Part]) -> Result<()> {
    let (mut entries, mut lots) = (Vec::new(), Vec::new());
    for part in parts {
        let id = EntryId(tx.uuid());
        entries.push(NewEntry {
            id,
            on: today,
            kind: "transfer",
            from: way.from,
            to: way.to,
            points: part.points,
            company: None,
            status_points: 0,
            cause: way.cause,
            cause_ref: way.reference.clone(),
            title: way.title.clone(),
            rule: None,
            command: None,
            reverses: None,
            expires_on: part.expires_on,
            earned_on: Some(part.earned_on),
            takes_from: None,
        });
        lots.push(NewLot {
            entry: id,
            account: way.to,
            points: part.points,
            earned_on: part.earned_on,
            expires_on: part.expires_on,
            remaining: part.points,
        });
    }
    let points: Points = parts.iter().map(|part| part.points).sum();
    sql::add_to_balances(tx, &HashMap::from([(way.from, -points), (way.to, points)])).await?;
    sql::insert_entries(tx, &entries).await?;
    sql::insert_lots(tx, &lots).await?;
    for account in sql::list_accounts(tx, &[way.from, way.to]).await? {
        mark_changed(tx, account.owner()?, today);
    }
    Ok(())
}
