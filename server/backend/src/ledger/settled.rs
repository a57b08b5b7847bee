//! Steps that go on from a settled wallet, so that an act costs the same whatever its author did before.
//!
//! Each does by itself what [`super::settle`] would make of all entries of the wallet. Where it cannot be sure of that
//! it changes nothing and says so, and the caller settles. `ledger prove` and the model compare both.

use super::sql::{AccountRow, DrawnRow, EntryRow, NEVER};
use super::{AccountId, expiry_entry, mark_changed, sql};
use crate::{Error, Result, Tx};
use domain::id::EntryId;
use domain::{Day, Points, fault};
use std::collections::HashMap;
use tracing::instrument;

/// Lots that are read at once: as many as most holds draw from.
const LOTS: usize = 32;

async fn by_id(tx: &mut Tx, accounts: &[AccountId]) -> Result<HashMap<AccountId, AccountRow>> {
    let wallets = sql::list_accounts(tx, accounts).await?;
    Ok(wallets.into_iter().map(|wallet| (wallet.id, wallet)).collect())
}

async fn find(tx: &mut Tx, account: AccountId) -> Result<AccountRow> {
    let mut found = sql::list_accounts(tx, &[account]).await?;
    found
        .pop()
        .ok_or_else(|| Error::Invariant(format!("wallet {account} is not there")))
}

/// True if what happens on `today` comes after everything that is booked in the wallet.
///
/// Why it can be false: around midnight the clock of another server may be ahead.
fn is_last(wallet: &AccountRow, today: Day) -> bool {
    wallet.merged_into.is_none() && wallet.moved_until <= today
}

/// Takes the points of a new hold from the oldest lots. Returns false if the wallet must be settled instead.
///
/// The points must have been taken from the balance before, and nothing may be due.
#[instrument(level = "debug", skip_all)]
pub(super) async fn draw(
    tx: &mut Tx,
    account: AccountId,
    hold: EntryId,
    points: Points,
    today: Day,
) -> Result<bool> {
    let wallet = find(tx, account).await?;
    if !is_last(&wallet, today) {
        return Ok(false);
    }
    let (mut missing, mut after) = (points, NEVER);
    let (mut left, mut drawn) = (Vec::new(), Vec::new());
    while missing > 0 {
        let mut lots = sql::list_open_lots(tx, account, after, LOTS).await?;
        let Some(last) = lots.last() else {
            return Ok(false);
        };
        let drawn_until = last.earned_on;
        if fault!("hold-draws-from-the-newest-lots") {
            lots.reverse();
        }
        for lot in lots {
            if missing == 0 {
                break;
            }
            if lot.on_day > today {
                return Ok(false);
            }
            let part = lot.remaining.min(missing);
            missing -= part;
            left.push((lot.entry_id, lot.remaining - part));
            drawn.push(DrawnRow {
                account_id: account,
                hold_id: hold,
                lot_id: lot.entry_id,
                points: part,
            });
            after = lot.earned_on;
        }
        if missing > 0 {
            after = drawn_until;
        }
    }
    sql::set_remaining(tx, &left).await?;
    sql::insert_drawn(tx, &drawn).await?;
    sql::set_moved(tx, account, today, after).await?;
    Ok(true)
}

/// Puts the points of a hold back into the lots they were drawn from. Returns false if the wallet must be settled instead.
///
/// The points must have been added to the balance before.
#[instrument(level = "debug", skip_all)]
pub(super) async fn put_back(tx: &mut Tx, hold: &EntryRow, today: Day) -> Result<bool> {
    let account = hold.from_account;
    let wallet = find(tx, account).await?;
    let lots = sql::list_drawn_by_hold(tx, account, hold.id).await?;
    let all: Points = lots.iter().map(|lot| lot.points).sum();
    let is_due = lots
        .iter()
        .any(|lot| lot.expires_on.is_some_and(|day| day <= today));
    let was_short = wallet.balance < hold.points;
    if !is_last(&wallet, today) || all != hold.points || is_due || was_short {
        return Ok(false);
    }
    let left: Vec<(EntryId, Points)> = lots
        .iter()
        .map(|lot| (lot.entry_id, lot.remaining + lot.points))
        .collect();
    sql::set_remaining(tx, &left).await?;
    if !fault!("drawn-stays-when-a-hold-ends") {
        sql::delete_drawn_by_hold(tx, account, hold.id).await?;
    }
    sql::set_moved(tx, account, today, NEVER).await?;
    Ok(true)
}

/// Books what is due by `today`. Returns the wallets that must be settled instead.
#[instrument(level = "debug", skip_all)]
pub(super) async fn expire(tx: &mut Tx, accounts: &[AccountId], today: Day) -> Result<Vec<AccountId>> {
    let wallets: HashMap<AccountId, AccountRow> = by_id(tx, accounts).await?;
    let (mut entries, mut emptied, mut unsettled) = (Vec::new(), Vec::new(), Vec::new());
    let mut gone: HashMap<AccountId, Points> = HashMap::new();
    let due = sql::list_due_lots(tx, accounts, today).await?;
    for due in due.chunk_by(|one, next| one.account_id == next.account_id) {
        let Some(wallet) = wallets.get(&due[0].account_id) else {
            continue;
        };
        // Points that moved on that day or later may have come from or gone into these lots.
        if wallet.merged_into.is_some() || wallet.moved_until >= due[0].expires_on {
            unsettled.push(wallet.id);
            continue;
        }
        for day in due.chunk_by(|one, next| one.expires_on == next.expires_on) {
            let on = day[0].expires_on;
            let points: Points = day.iter().map(|lot| lot.remaining).sum();
            entries.push(expiry_entry(tx, wallet.id, on, points));
            *gone.entry(wallet.id).or_default() -= points;
            mark_changed(tx, wallet.owner()?, on);
        }
        emptied.extend(due.iter().map(|lot| (lot.entry_id, 0)));
    }
    sql::insert_entries(tx, &entries).await?;
    sql::set_remaining(tx, &emptied).await?;
    sql::add_to_balances(tx, &gone).await?;
    Ok(unsettled)
}

/// Takes points out of lots that nothing was ever drawn from, as if they had never been in them: `taken` by earning.
/// Returns the wallets that must be settled instead.
///
/// Their balances must have been changed before.
#[instrument(level = "debug", skip_all)]
pub(super) async fn shrink(
    tx: &mut Tx,
    earnings: &[EntryRow],
    taken: &HashMap<EntryId, Points>,
    today: Day,
) -> Result<Vec<AccountId>> {
    let accounts: Vec<AccountId> = earnings.iter().map(|earning| earning.to_account).collect();
    let wallets = by_id(tx, &accounts).await?;
    let ids: Vec<EntryId> = earnings.iter().map(|earning| earning.id).collect();
    let lots: HashMap<EntryId, Points> = sql::list_remaining(tx, &ids).await?.into_iter().collect();
    let mut left: HashMap<AccountId, Vec<(EntryId, Points)>> = HashMap::new();
    let mut unsettled = Vec::new();
    for earning in earnings {
        let points = taken.get(&earning.id).copied().unwrap_or_default();
        let remaining = lots.get(&earning.id).copied().unwrap_or_default();
        let untouched = wallets
            .get(&earning.to_account)
            .is_some_and(|wallet| wallet.merged_into.is_none() && wallet.drawn_until < earning.on_day);
        let is_due = earning.expires_on.is_some_and(|day| day <= today);
        if !untouched || is_due || remaining < points {
            unsettled.push(earning.to_account);
        }
        left.entry(earning.to_account)
            .or_default()
            .push((earning.id, remaining - points));
    }
    for account in &unsettled {
        left.remove(account);
    }
    let left: Vec<(EntryId, Points)> = left.into_values().flatten().collect();
    sql::set_remaining(tx, &left).await?;
    Ok(unsettled)
}
