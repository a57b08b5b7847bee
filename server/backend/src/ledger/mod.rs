//! Points are money: double entry, append-only, whole points. Points move here and nowhere else.
//!
//! One row of `entry` is one transfer between two accounts, so the sum of all accounts is 0 by construction. Balances
//! of wallet and held accounts are stored beside the entries for guarded updates, and lots store their remaining
//! points; [`prove`] recomputes both from the entries alone.

mod prove;
mod settled;
mod sql;
mod transfers;

use crate::programme::settings::Settings;
use crate::{Error, Result, Tx};
use domain::document::Collection;
use domain::id::{AccountId, CommandId, CompanyId, EntryId, MemberId};
use domain::ledger::{Balance, Line, LotLeft, Lots, Month, Movement, MovementKind, Reason, Wallet, replay};
use domain::{Day, Points, Text, fault};
use sql::{AccountRow, DrawnRow, EntryRow, LotRow, NEVER, NewEntry, NewLot, SettledAccount};
use std::collections::{BTreeMap, HashMap, HashSet};
use tracing::instrument;

pub use prove::{Proof, prove};
pub use transfers::{Booked, Transfer, merge, take_back, transfer, unmerge};

const fn system_account(last: u8) -> AccountId {
    AccountId(uuid::Uuid::from_bytes([
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last,
    ]))
}

/// Source of all points.
const ISSUER: AccountId = system_account(1);
/// Destination of spent points.
const SPENT: AccountId = system_account(2);
/// Destination of expired points.
const EXPIRED: AccountId = system_account(3);

/// Lots of a wallet that a phone gets, and all others of the same day. Their days of expiry are a matter of months; the
/// rest is one figure.
const LOTS_SHOWN: usize = 50;
/// Lines of a month that a phone gets: the latest.
///
/// Why a bound: each act sends its month anew, and a busy company has thousands of orders in one.
const LINES_SHOWN: usize = 100;

/// The owner of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    Member(MemberId),
    Company(CompanyId),
}

/// The cause of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Order,
    Course,
    Redemption,
    Expiry,
    Transfer,
    Merge,
}

impl Cause {
    const ALL: [Cause; 6] = [
        Cause::Order,
        Cause::Course,
        Cause::Redemption,
        Cause::Expiry,
        Cause::Transfer,
        Cause::Merge,
    ];

    fn from_code(code: &str) -> Result<Cause> {
        Cause::ALL
            .into_iter()
            .find(|cause| cause.code() == code)
            .ok_or_else(|| Error::Invariant(format!("cause {code:?}")))
    }

    fn code(self) -> &'static str {
        match self {
            Cause::Order => "order",
            Cause::Course => "course",
            Cause::Redemption => "redemption",
            Cause::Expiry => "expiry",
            Cause::Transfer => "transfer",
            Cause::Merge => "merge",
        }
    }
}

/// Points to book into a wallet; negative for a return. Never 0.
#[derive(Clone, Debug)]
pub struct Earning {
    pub owner: Owner,
    pub account: AccountId,
    /// The company whose status they count for.
    pub company: CompanyId,
    pub points: Points,
    /// The day they count for.
    pub on: Day,
    pub cause: Cause,
    /// Reference of the cause, e.g. the order's ref.
    pub cause_ref: String,
    pub title: Option<Text>,
    /// Version of the earning rule, or of the course.
    pub rule: u32,
    pub command: Option<CommandId>,
}

/// Opens the wallet of a new member or company.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn open(tx: &mut Tx, owner: Owner) -> Result<()> {
    open_all(tx, &[owner]).await
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn open_all(tx: &mut Tx, owners: &[Owner]) -> Result<()> {
    let rows: Vec<_> = owners
        .iter()
        .map(|owner| (AccountId(tx.uuid()), "wallet", *owner))
        .collect();
    sql::insert_accounts(tx, &rows).await
}

/// Returns the wallet of a member or company.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn wallet(tx: &mut Tx, owner: Owner) -> Result<AccountId> {
    sql::find_account(tx, "wallet", owner)
        .await?
        .ok_or_else(|| Error::Invariant(format!("{owner:?} has no wallet")))
}

/// Returns the account of points held from a wallet; created on first use.
async fn held_account(tx: &mut Tx, owner: Owner) -> Result<AccountId> {
    let new = (AccountId(tx.uuid()), "held", owner);
    sql::insert_accounts(tx, &[new]).await?;
    sql::find_account(tx, "held", owner)
        .await?
        .ok_or_else(|| Error::Invariant(format!("{owner:?} has no account for what is held")))
}

/// Wallets in which something was booked that all of their entries must tell. [`Unsettled::settle`] must follow in the same
/// transaction.
///
/// Why apart: what is booked together is worked out once for a wallet, however much of it there is.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Unsettled(Vec<AccountId>);

impl Unsettled {
    /// Adds wallets. One that was merged into another is settled at once: what it hands on is booked, and later entries do
    /// not change it.
    async fn add(&mut self, tx: &mut Tx, today: Day, mut wallets: Vec<AccountId>) -> Result<()> {
        wallets.sort_unstable();
        wallets.dedup();
        let accounts = sql::list_accounts(tx, &wallets).await?;
        let (merged, alone): (Vec<AccountRow>, Vec<AccountRow>) = accounts
            .into_iter()
            .partition(|account| account.merged_into.is_some());
        self.0.extend(alone.into_iter().map(|account| account.id));
        let merged = merged.into_iter().map(|account| account.id).collect();
        // Why boxed, here and below: the compiler bounds how deep futures nest, and acts are long chains of them.
        Box::pin(settle(tx, today, merged)).await
    }

    /// Recomputes the lots of these wallets.
    ///
    /// # Errors
    /// If the database fails, or the balance of a wallet does not fit its entries.
    pub(crate) async fn settle(self, tx: &mut Tx, today: Day) -> Result<()> {
        Box::pin(settle(tx, today, self.0)).await
    }
}

/// Books earnings and returns, in any order of days; returns the entry of each.
///
/// The result does not depend on the order in which orders arrive: if one arrives late, the lots of its wallet are
/// recomputed.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn earn(
    tx: &mut Tx,
    settings: &Settings,
    today: Day,
    earnings: &[Earning],
) -> Result<Vec<EntryId>> {
    let mut unsettled = Unsettled::default();
    let ids = book_earnings(tx, settings, today, earnings, &mut unsettled).await?;
    unsettled.settle(tx, today).await?;
    Ok(ids)
}

/// As [`earn`]; adds the wallets that are still to be settled.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn book_earnings(
    tx: &mut Tx,
    settings: &Settings,
    today: Day,
    earnings: &[Earning],
    unsettled: &mut Unsettled,
) -> Result<Vec<EntryId>> {
    let mut sums: HashMap<AccountId, Points> = HashMap::new();
    for earning in earnings {
        *sums.entry(earning.account).or_default() += earning.points;
    }
    // Why first: until the commit nobody can spend from lots that are being recomputed.
    sql::lock_accounts(tx, &sums.keys().copied().collect::<Vec<_>>()).await?;
    let before = sql::add_to_balances(tx, &sums).await?;
    let mut entries = Vec::with_capacity(earnings.len());
    let mut ids = Vec::with_capacity(earnings.len());
    let mut lots = Vec::with_capacity(earnings.len());
    let mut expiries = Vec::new();
    let mut gone: HashMap<AccountId, Points> = HashMap::new();
    let mut left = Vec::new();
    for earning in earnings {
        let id = EntryId(tx.uuid());
        ids.push(id);
        let (from, to, kind) = if earning.points > 0 {
            (ISSUER, earning.account, "earn")
        } else {
            (earning.account, ISSUER, "return")
        };
        let expires_on = if earning.points > 0 {
            settings.expiry(earning.on)
        } else {
            None
        };
        let account = before.get(&earning.account).copied().unwrap_or_default();
        // Nothing was drawn from lots this young and there is no shortfall: the lot is whole, and if it is due, all of
        // it expires. Everything else is recomputed from the wallet's entries.
        let whole = account.balance >= 0 && earning.on > account.drawn_until
            || fault!("late-orders-are-not-worked-in");
        if earning.points < 0 || !whole || account.merged_into.is_some() {
            left.push(earning.account);
        }
        if earning.points > 0 {
            let due = expires_on.filter(|day| whole && *day <= today);
            let remaining = if due.is_some() { 0 } else { earning.points };
            lots.push(NewLot {
                entry: id,
                account: earning.account,
                points: earning.points,
                earned_on: earning.on,
                expires_on,
                remaining,
            });
            if let Some(day) = due {
                expiries.push(expiry_entry(tx, earning.account, day, earning.points));
                *gone.entry(earning.account).or_default() -= earning.points;
                mark_changed(tx, earning.owner, day);
            }
        }
        entries.push(NewEntry {
            id,
            on: earning.on,
            kind,
            from,
            to,
            points: earning.points.abs(),
            company: Some(earning.company),
            status_points: earning.points,
            cause: earning.cause,
            cause_ref: earning.cause_ref.clone(),
            title: earning.title.as_ref().map(serde_json::to_string).transpose()?,
            rule: Some(earning.rule.into()),
            command: earning.command,
            reverses: None,
            expires_on,
            earned_on: None,
            takes_from: None,
        });
        mark_changed(tx, earning.owner, earning.on);
    }
    entries.extend(expiries);
    sql::insert_entries(tx, &entries).await?;
    sql::insert_lots(tx, &lots).await?;
    sql::add_to_balances(tx, &gone).await?;
    unsettled.add(tx, today, left).await?;
    Ok(ids)
}

/// Reverses earlier earnings, returns or transfers, on the same days, as if they had never been booked; adds the wallets that
/// are still to be settled.
///
/// # Errors
/// If an entry does not exist or was undone before.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn undo(
    tx: &mut Tx,
    today: Day,
    entries: &[EntryId],
    unsettled: &mut Unsettled,
) -> Result<()> {
    let found = sql::list_entries(tx, entries).await?;
    if found.len() != entries.len() {
        return Err(Error::Invariant("an entry to undo is not there".into()));
    }
    let wallets: Vec<_> = found.iter().flat_map(wallets_of).collect();
    sql::lock_accounts(tx, &wallets).await?;
    let wallets = reverse(tx, &found).await?;
    let (earnings, others): (Vec<EntryRow>, Vec<EntryRow>) =
        found.into_iter().partition(|entry| entry.kind == "earn");
    let others: HashSet<AccountId> = others.iter().flat_map(wallets_of).collect();
    let (alone, mixed): (Vec<EntryRow>, Vec<EntryRow>) = earnings
        .into_iter()
        .partition(|earning| !others.contains(&earning.to_account));
    let points: HashMap<EntryId, Points> = alone.iter().map(|earning| (earning.id, earning.points)).collect();
    let mut left = settled::shrink(tx, &alone, &points, today).await?;
    left.extend(mixed.iter().map(|earning| earning.to_account));
    left.extend(others);
    let wallets: HashSet<AccountId> = wallets.into_iter().collect();
    left.retain(|wallet| wallets.contains(wallet));
    unsettled.add(tx, today, left).await
}

/// Points that a return takes back from what its order earned.
#[derive(Clone, Debug)]
pub struct Return {
    pub earning: EntryId,
    /// At least 1.
    pub points: Points,
    /// The ref of the return.
    pub cause_ref: String,
}

/// What an entry earned.
#[derive(Clone, Copy, Debug)]
pub struct Earned {
    pub points: Points,
    /// Version of the rule they follow from.
    pub rule: Option<u32>,
}

/// Returns what orders earned, by their entries.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_earned(tx: &mut Tx, earnings: &[EntryId]) -> Result<HashMap<EntryId, Earned>> {
    let rows = sql::list_entries(tx, earnings).await?;
    let earned = rows.into_iter().filter(|row| row.kind == "earn").map(|row| {
        let rule = row.rule.and_then(|rule| u32::try_from(rule).ok());
        (
            row.id,
            Earned {
                points: row.points,
                rule,
            },
        )
    });
    Ok(earned.collect())
}

/// Points that an entry of an order brought, or took (negative), and the wallet.
#[derive(Clone, Copy, Debug)]
pub struct Credited {
    pub owner: Owner,
    pub account: AccountId,
    pub points: Points,
}

/// Returns what entries of orders brought, by entry.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_credited(tx: &mut Tx, entries: &[EntryId]) -> Result<HashMap<EntryId, Credited>> {
    let rows = sql::list_entries(tx, entries).await?;
    let wallets: Vec<AccountId> = rows.iter().flat_map(wallets_of).collect();
    let accounts = sql::list_accounts(tx, &wallets).await?;
    let owners: HashMap<AccountId, AccountRow> = accounts
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let mut credited = HashMap::with_capacity(rows.len());
    for row in rows {
        let (account, points) = match row.kind.as_str() {
            "earn" => (row.to_account, row.points),
            _ => (row.from_account, -row.points),
        };
        if let Some(wallet) = owners.get(&account) {
            let owner = wallet.owner()?;
            credited.insert(
                row.id,
                Credited {
                    owner,
                    account,
                    points,
                },
            );
        }
    }
    Ok(credited)
}

/// Books returns of orders, each from the wallet and the lot of its order and on the order's day; returns the entry of each,
/// and adds the wallets that are still to be settled.
///
/// Why on the order's day: status and lots then are as if the order had been smaller, whenever the return arrives.
///
/// # Errors
/// If an earning is not there.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn take_back_earned(
    tx: &mut Tx,
    today: Day,
    returns: &[Return],
    unsettled: &mut Unsettled,
) -> Result<Vec<EntryId>> {
    let earnings: Vec<EntryId> = returns.iter().map(|one| one.earning).collect();
    let found = sql::list_entries(tx, &earnings).await?;
    let found: HashMap<EntryId, EntryRow> = found.into_iter().map(|row| (row.id, row)).collect();
    let wallets: Vec<AccountId> = found.values().map(|row| row.to_account).collect();
    sql::lock_accounts(tx, &wallets).await?;
    let owners: HashMap<AccountId, AccountRow> = sql::list_accounts(tx, &wallets)
        .await?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let mut sums: HashMap<AccountId, Points> = HashMap::new();
    let mut taken: HashMap<EntryId, Points> = HashMap::new();
    let mut entries = Vec::with_capacity(returns.len());
    for one in returns {
        let earning = found
            .get(&one.earning)
            .filter(|row| row.kind == "earn")
            .ok_or_else(|| Error::Invariant(format!("{} is no earning", one.earning)))?;
        *sums.entry(earning.to_account).or_default() -= one.points;
        *taken.entry(one.earning).or_default() += one.points;
        entries.push(NewEntry {
            id: EntryId(tx.uuid()),
            on: earning.on_day,
            kind: "return",
            from: earning.to_account,
            to: ISSUER,
            points: one.points,
            company: earning.company_id,
            status_points: -one.points,
            cause: Cause::Order,
            cause_ref: one.cause_ref.clone(),
            title: None,
            rule: earning.rule,
            command: None,
            reverses: None,
            expires_on: None,
            earned_on: None,
            takes_from: Some(one.earning),
        });
        if let Some(account) = owners.get(&earning.to_account) {
            mark_changed(tx, account.owner()?, earning.on_day);
        }
    }
    sql::add_to_balances(tx, &sums).await?;
    sql::insert_entries(tx, &entries).await?;
    let earnings: Vec<EntryRow> = found.into_values().collect();
    let left = settled::shrink(tx, &earnings, &taken, today).await?;
    unsettled.add(tx, today, left).await?;
    Ok(entries.into_iter().map(|entry| entry.id).collect())
}

/// Returns the wallets of an entry that can be undone.
fn wallets_of(entry: &EntryRow) -> Vec<AccountId> {
    [entry.from_account, entry.to_account]
        .into_iter()
        .filter(|account| ![ISSUER, SPENT, EXPIRED].contains(account))
        .collect()
}

/// Books reversals of entries; returns the wallets, which the caller must settle.
async fn reverse(tx: &mut Tx, entries: &[EntryRow]) -> Result<Vec<AccountId>> {
    let mut sums: HashMap<AccountId, Points> = HashMap::new();
    let mut days: HashMap<AccountId, Vec<Day>> = HashMap::new();
    let mut reversals = Vec::with_capacity(entries.len());
    for entry in entries {
        if !matches!(entry.kind.as_str(), "earn" | "return" | "transfer") {
            return Err(Error::Invariant(format!(
                "an entry of kind {} cannot be undone",
                entry.kind
            )));
        }
        for wallet in wallets_of(entry) {
            let points = if wallet == entry.to_account {
                -entry.points
            } else {
                entry.points
            };
            *sums.entry(wallet).or_default() += points;
            days.entry(wallet).or_default().push(entry.on_day);
        }
        reversals.push(NewEntry {
            id: EntryId(tx.uuid()),
            on: entry.on_day,
            kind: "undo",
            from: entry.to_account,
            to: entry.from_account,
            points: entry.points,
            company: entry.company_id,
            status_points: match fault!("undo-keeps-the-status") {
                true => entry.status_points,
                false => -entry.status_points,
            },
            cause: Cause::from_code(&entry.cause)?,
            cause_ref: entry.cause_ref.clone(),
            title: entry.title.clone(),
            rule: entry.rule,
            command: None,
            reverses: Some(entry.id),
            expires_on: None,
            earned_on: None,
            takes_from: None,
        });
    }
    sql::add_to_balances(tx, &sums).await?;
    sql::insert_entries(tx, &reversals).await?;
    let wallets: Vec<AccountId> = days.keys().copied().collect();
    for account in sql::list_accounts(tx, &wallets).await? {
        for day in days.remove(&account.id).unwrap_or_default() {
            mark_changed(tx, account.owner()?, day);
        }
    }
    Ok(wallets)
}

/// Reserves points of a wallet for a redemption.
///
/// # Errors
/// [`domain::Error::NotEnoughPoints`]; the wallet never goes below 0 here.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn hold(
    tx: &mut Tx,
    owner: Owner,
    points: Points,
    today: Day,
    redemption: CommandId,
    title: &Text,
) -> Result<EntryId> {
    let wallet = wallet(tx, owner).await?;
    let held = held_account(tx, owner).await?;
    sql::lock_accounts(tx, &[wallet]).await?;
    if !fault!("due-points-can-be-held") {
        expire_wallets(tx, &[wallet], today).await?;
    }
    if !sql::take_from_balance(tx, wallet, points).await? {
        let balance = sql::find_balance(tx, wallet).await?;
        return Err(domain::Error::NotEnoughPoints {
            missing: points - balance,
        }
        .into());
    }
    sql::add_to_balances(tx, &HashMap::from([(held, points)])).await?;
    let id = EntryId(tx.uuid());
    let entry = NewEntry {
        id,
        on: today,
        kind: "hold",
        from: wallet,
        to: held,
        points,
        company: None,
        status_points: 0,
        cause: Cause::Redemption,
        cause_ref: redemption.to_string(),
        title: Some(serde_json::to_string(title)?),
        rule: None,
        command: Some(redemption),
        reverses: None,
        expires_on: None,
        earned_on: None,
        takes_from: None,
    };
    sql::insert_entries(tx, &[entry]).await?;
    if !settled::draw(tx, wallet, id, points, today).await? {
        settle(tx, today, vec![wallet]).await?;
    }
    mark_changed(tx, owner, today);
    Ok(id)
}

/// Spends the points reserved by `hold`.
///
/// # Errors
/// If it was posted or voided before.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn post(tx: &mut Tx, hold: EntryId, today: Day) -> Result<()> {
    let (entry, owner) = held(tx, hold).await?;
    sql::lock_accounts(tx, &[entry.from_account]).await?;
    close_hold(tx, &entry, "post", SPENT, today).await?;
    sql::delete_drawn_by_hold(tx, entry.from_account, hold).await?;
    mark_changed(tx, owner, today);
    Ok(())
}

/// Returns the points reserved by `hold` to the lots they came from.
///
/// # Errors
/// If it was posted or voided before.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn void(tx: &mut Tx, hold: EntryId, today: Day) -> Result<()> {
    let (entry, owner) = held(tx, hold).await?;
    let wallet = entry.from_account;
    sql::lock_accounts(tx, &[wallet]).await?;
    expire_wallets(tx, &[wallet], today).await?;
    sql::add_to_balances(tx, &HashMap::from([(wallet, entry.points)])).await?;
    close_hold(tx, &entry, "void", wallet, today).await?;
    if !settled::put_back(tx, &entry, today).await? {
        settle(tx, today, vec![wallet]).await?;
    }
    mark_changed(tx, owner, today);
    Ok(())
}

async fn held(tx: &mut Tx, hold: EntryId) -> Result<(EntryRow, Owner)> {
    let mut found = sql::list_entries(tx, &[hold]).await?;
    let entry = found
        .pop()
        .filter(|entry| entry.kind == "hold")
        .ok_or_else(|| Error::Invariant(format!("{hold} is no hold")))?;
    let mut accounts = sql::list_accounts(tx, &[entry.from_account]).await?;
    let owner = accounts
        .pop()
        .ok_or_else(|| Error::Invariant(format!("hold {hold} has no wallet")))?
        .owner()?;
    Ok((entry, owner))
}

async fn close_hold(
    tx: &mut Tx,
    hold: &EntryRow,
    kind: &'static str,
    to: AccountId,
    today: Day,
) -> Result<()> {
    sql::add_to_balances(tx, &HashMap::from([(hold.to_account, -hold.points)])).await?;
    let id = EntryId(tx.uuid());
    let entry = NewEntry {
        id,
        on: today,
        kind,
        from: hold.to_account,
        to,
        points: hold.points,
        company: None,
        status_points: 0,
        cause: Cause::Redemption,
        cause_ref: hold.cause_ref.clone(),
        title: hold.title.clone(),
        rule: None,
        command: None,
        reverses: Some(hold.id),
        expires_on: None,
        earned_on: None,
        takes_from: None,
    };
    // The unique index on `reverses` refuses a second post or void of the same hold.
    sql::insert_entries(tx, &[entry]).await
}

/// Books points expired by `today`, in all wallets; returns the number of wallets.
#[instrument(level = "debug", skip_all)]
pub async fn expire(tx: &mut Tx, today: Day) -> Result<usize> {
    let due = sql::list_due_accounts(tx, today).await?;
    for part in due.chunks(400) {
        sql::lock_accounts(tx, part).await?;
        expire_wallets(tx, part, today).await?;
    }
    Ok(due.len())
}

/// Books points of wallets expired by `today`. The wallets must be locked.
async fn expire_wallets(tx: &mut Tx, wallets: &[AccountId], today: Day) -> Result<()> {
    let unsettled = settled::expire(tx, wallets, today).await?;
    settle(tx, today, unsettled).await
}

/// Recomputes the lots of wallets from their entries, books new expiries, reverses those that no longer apply, and
/// empties wallets that were merged into another.
async fn settle(tx: &mut Tx, today: Day, accounts: Vec<AccountId>) -> Result<()> {
    let mut merged = settle_each(tx, today, accounts).await?;
    let mut rounds: HashMap<AccountId, u32> = HashMap::new();
    while let Some((id, wallet)) = merged.pop_first() {
        let round = rounds.entry(id).or_default();
        *round += 1;
        if *round > 1_000 {
            return Err(Error::Invariant(format!("wallet {id} is merged into itself")));
        }
        merged.append(&mut transfers::empty(tx, today, wallet).await?);
    }
    Ok(())
}

/// Non-empty wallets that were merged into another. Why sorted: the result is then deterministic.
type Merged = BTreeMap<AccountId, AccountRow>;

/// Like [`settle`], but returns the non-empty merged wallets instead of emptying them.
async fn settle_each(tx: &mut Tx, today: Day, mut accounts: Vec<AccountId>) -> Result<Merged> {
    accounts.sort_unstable();
    accounts.dedup();
    let mut merged = Merged::new();
    for part in accounts.chunks(400) {
        sql::lock_accounts(tx, part).await?;
        let wallets = sql::list_accounts(tx, part).await?;
        let mut histories = histories(tx, part).await?;
        let mut stored = lots_by_account(sql::list_lots(tx, part).await?);
        let mut drawn = Drawn::read(tx, part).await?;
        let (mut entries, mut lots, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
        for wallet in wallets {
            let history = histories.remove(&wallet.id).unwrap_or_default();
            let outcome = replay(&history.movements, today);
            let mut change = 0;
            for (day, points) in history.expiry_to_book(&outcome.expired) {
                change -= points;
                entries.push(expiry_entry(tx, wallet.id, day, points));
                mark_changed(tx, wallet.owner()?, day);
            }
            let left: HashMap<i64, Points> = outcome.left.iter().copied().collect();
            let stored = stored.remove(&wallet.id).unwrap_or_default();
            drawn.replace(tx, wallet.id, &outcome, &stored).await?;
            for lot in stored {
                let remaining = left.get(&lot.number).copied().unwrap_or(0);
                if remaining != lot.remaining {
                    lots.push((lot.entry_id, remaining));
                }
            }
            let total: Points = left.values().sum();
            if wallet.balance + change != total - outcome.short {
                return Err(Error::Invariant(format!(
                    "wallet {}: balance {} does not fit its lots ({total} left, {} short)",
                    wallet.id,
                    wallet.balance + change,
                    outcome.short
                )));
            }
            accounts.push(SettledAccount {
                id: wallet.id,
                change,
                moved_until: outcome.moved_until.unwrap_or(NEVER),
                drawn_until: outcome.drawn_until.unwrap_or(NEVER),
            });
            let left = wallet.balance + change;
            let kept = left > 0 && fault!("merged-wallet-keeps-late-points");
            if wallet.merged_into.is_some() && left != 0 && !kept {
                merged.insert(wallet.id, wallet);
            }
        }
        sql::insert_entries(tx, &entries).await?;
        sql::set_remaining(tx, &lots).await?;
        sql::set_settled(tx, &accounts, today).await?;
    }
    Ok(merged)
}

/// Points that the open holds of some wallets have drawn from their lots.
struct Drawn {
    /// Wallet and id of each open hold, by its number.
    holds: HashMap<i64, (AccountId, EntryId)>,
    stored: HashMap<AccountId, Vec<DrawnRow>>,
}

impl Drawn {
    async fn read(tx: &mut Tx, accounts: &[AccountId]) -> Result<Drawn> {
        let holds = sql::list_open_holds(tx, accounts).await?;
        let mut stored: HashMap<AccountId, Vec<DrawnRow>> = HashMap::new();
        for row in sql::list_drawn(tx, accounts).await? {
            stored.entry(row.account_id).or_default().push(row);
        }
        Ok(Drawn {
            holds: holds
                .into_iter()
                .map(|(account, hold, number)| (number, (account, hold)))
                .collect(),
            stored,
        })
    }

    /// Points that the open holds of a wallet have drawn according to its entries.
    fn computed(&self, account: AccountId, outcome: &Lots, lots: &[LotRow]) -> Vec<DrawnRow> {
        let ids: HashMap<i64, EntryId> = lots.iter().map(|lot| (lot.number, lot.entry_id)).collect();
        let mut rows: Vec<DrawnRow> = outcome
            .drawn
            .iter()
            .filter_map(|(hold, lot, points)| {
                let (_, hold_id) = self.holds.get(hold).filter(|(owner, _)| *owner == account)?;
                Some(DrawnRow {
                    account_id: account,
                    hold_id: *hold_id,
                    lot_id: *ids.get(lot)?,
                    points: *points,
                })
            })
            .collect();
        rows.sort_unstable();
        rows
    }

    /// True if what is stored is what the entries of a wallet say. A hold older than the table `drawn` has no rows yet.
    fn agrees(&mut self, account: AccountId, outcome: &Lots, lots: &[LotRow]) -> bool {
        let mut stored = self.stored.remove(&account).unwrap_or_default();
        stored.sort_unstable();
        let holds: HashSet<EntryId> = stored.iter().map(|row| row.hold_id).collect();
        let mut computed = self.computed(account, outcome, lots);
        computed.retain(|row| holds.contains(&row.hold_id));
        stored == computed
    }

    /// Stores what the entries of a wallet say.
    async fn replace(
        &mut self,
        tx: &mut Tx,
        account: AccountId,
        outcome: &Lots,
        lots: &[LotRow],
    ) -> Result<()> {
        let rows = self.computed(account, outcome, lots);
        let mut stored = self.stored.remove(&account).unwrap_or_default();
        stored.sort_unstable();
        if stored != rows {
            sql::delete_drawn(tx, account).await?;
            sql::insert_drawn(tx, &rows).await?;
        }
        Ok(())
    }
}

fn expiry_entry(tx: &Tx, wallet: AccountId, day: Day, points: Points) -> NewEntry {
    let (kind, from, to) = if points > 0 {
        ("expire", wallet, EXPIRED)
    } else {
        ("unexpire", EXPIRED, wallet)
    };
    NewEntry {
        id: EntryId(tx.uuid()),
        on: day,
        kind,
        from,
        to,
        points: points.abs(),
        company: None,
        status_points: 0,
        cause: Cause::Expiry,
        cause_ref: day.to_string(),
        title: None,
        rule: None,
        command: None,
        reverses: None,
        expires_on: None,
        earned_on: None,
        takes_from: None,
    }
}

/// A wallet's entries in the form that [`replay`] takes.
#[derive(Default)]
struct History {
    movements: Vec<Movement>,
    /// Points booked as expired, by the day they expired on.
    expired: HashMap<Day, Points>,
}

impl History {
    /// Returns the expiry still to be booked (negative: to be reversed), by ascending day.
    fn expiry_to_book(&self, expired: &[(Day, Points)]) -> Vec<(Day, Points)> {
        let mut to_book: HashMap<Day, Points> =
            self.expired.iter().map(|(day, points)| (*day, -points)).collect();
        for (day, points) in expired {
            *to_book.entry(*day).or_default() += points;
        }
        let mut to_book: Vec<_> = to_book.into_iter().filter(|(_, points)| *points != 0).collect();
        to_book.sort_unstable();
        to_book
    }
}

async fn histories(tx: &mut Tx, accounts: &[AccountId]) -> Result<HashMap<AccountId, History>> {
    let rows = sql::list_history(tx, accounts).await?;
    let numbers: HashMap<EntryId, i64> = rows.iter().map(|row| (row.id, row.number)).collect();
    let wanted: HashSet<AccountId> = accounts.iter().copied().collect();
    let mut histories: HashMap<AccountId, History> = HashMap::new();
    for (order, row) in rows.iter().enumerate() {
        for account in [row.from_account, row.to_account] {
            if !wanted.contains(&account) {
                continue;
            }
            let incoming = account == row.to_account;
            let history = histories.entry(account).or_default();
            let reversed = || {
                row.reverses
                    .and_then(|id| numbers.get(&id).copied())
                    .ok_or_else(|| {
                        Error::Invariant(format!("entry {} reverses nothing of its wallet", row.id))
                    })
            };
            let kind = match (row.kind.as_str(), incoming) {
                ("earn", true) => MovementKind::In {
                    points: row.points,
                    expires_on: row.expires_on,
                    order: order as u128,
                },
                ("return", false) => match row.takes_from {
                    None => MovementKind::Returned { points: row.points },
                    Some(_) if fault!("return-takes-the-oldest-points") => {
                        MovementKind::Returned { points: row.points }
                    }
                    Some(earning) => MovementKind::TakenBack {
                        lot: numbers.get(&earning).copied().ok_or_else(|| {
                            Error::Invariant(format!("return {} takes from another wallet", row.id))
                        })?,
                        points: row.points,
                    },
                },
                ("transfer", true) => MovementKind::Received {
                    points: row.points,
                    earned_on: row
                        .earned_on
                        .ok_or_else(|| Error::Invariant(format!("transfer {} was never earned", row.id)))?,
                    expires_on: row.expires_on,
                },
                ("hold" | "transfer", false) => MovementKind::Out { points: row.points },
                ("undo", _) => MovementKind::Undone { number: reversed()? },
                ("void", true) => MovementKind::Back { out: reversed()? },
                ("expire", false) => {
                    *history.expired.entry(row.on_day).or_default() += row.points;
                    continue;
                }
                ("unexpire", true) => {
                    *history.expired.entry(row.on_day).or_default() -= row.points;
                    continue;
                }
                (kind, _) => {
                    return Err(Error::Invariant(format!(
                        "entry {} of kind {kind} in a wallet",
                        row.id
                    )));
                }
            };
            history.movements.push(Movement {
                on: row.on_day,
                number: row.number,
                kind,
            });
        }
    }
    Ok(histories)
}

fn lots_by_account(lots: Vec<LotRow>) -> HashMap<AccountId, Vec<LotRow>> {
    let mut by_account: HashMap<AccountId, Vec<LotRow>> = HashMap::new();
    for lot in lots {
        by_account.entry(lot.account_id).or_default().push(lot);
    }
    by_account
}

/// Marks the balance and the month of a wallet as changed.
fn mark_changed(tx: &mut Tx, owner: Owner, on: Day) {
    match owner {
        Owner::Member(member) => {
            tx.mark_changed(member, Collection::Balance, Wallet::Own.code());
            tx.mark_changed(member, Collection::Month, format!("own:{}", on.month_name()));
        }
        Owner::Company(company) => {
            tx.mark_company_changed(company, Collection::Balance, Wallet::Company.code());
            tx.mark_company_changed(company, Collection::Month, format!("company:{}", on.month_name()));
        }
    }
}

/// Returns the balance of a wallet.
#[instrument(level = "debug", skip_all)]
pub async fn balance(tx: &mut Tx, owner: Owner, wallet: Wallet) -> Result<Balance> {
    let available = self::wallet(tx, owner).await?;
    let reserved = match sql::find_account(tx, "held", owner).await? {
        Some(held) => sql::find_balance(tx, held).await?,
        None => 0,
    };
    let balance = sql::find_balance(tx, available).await?;
    let lots = sql::list_open_lots(tx, available, NEVER, LOTS_SHOWN).await?;
    let listed: Points = lots.iter().map(|lot| lot.remaining).sum();
    Ok(Balance {
        wallet,
        available: balance,
        reserved,
        later: (balance - listed).max(0),
        lots: lots
            .into_iter()
            .map(|lot| LotLeft {
                entry: lot.entry_id,
                earned_on: lot.earned_on,
                expires_on: lot.expires_on,
                left: lot.remaining,
            })
            .collect(),
    })
}

/// Returns the months with entries in a wallet since `since`, newest first.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn months(tx: &mut Tx, owner: Owner, since: Day) -> Result<Vec<String>> {
    let account = wallet(tx, owner).await?;
    let mut months = Vec::new();
    let mut before = Day(i32::MAX);
    while let Some(day) = sql::find_day_before(tx, account, before).await? {
        if day < since {
            break;
        }
        months.push(day.month_name());
        before = day.first_of_month();
    }
    Ok(months)
}

/// Returns one month of a wallet's history; `month` like `2026-11`. `None` if it has no entries.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn month(
    tx: &mut Tx,
    owner: Owner,
    wallet_kind: Wallet,
    month: &str,
) -> Result<Option<Month>> {
    let Some(first) = Day::parse(&format!("{month}-01")) else {
        return Ok(None);
    };
    let account = wallet(tx, owner).await?;
    let last = first.plus_months(1).plus_days(-1);
    let mut rows = sql::list_lines(tx, account, first, last, LINES_SHOWN + 1).await?;
    let cut = rows.len() > LINES_SHOWN;
    rows.truncate(LINES_SHOWN);
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let title = || -> Result<Text> {
            Ok(row
                .title
                .as_deref()
                .map(serde_json::from_str)
                .transpose()?
                .unwrap_or_default())
        };
        let rule = row.rule.unwrap_or_default() as u32;
        let reason = match (row.kind.as_str(), row.cause.as_str()) {
            (_, "merge") => Reason::Merged,
            ("undo", "transfer") => Reason::TransferTakenBack { title: title()? },
            ("transfer", _) => Reason::Transfer { title: title()? },
            ("earn", "course") => Reason::Course {
                title: title()?,
                version: rule,
            },
            ("earn", _) => Reason::Order {
                order: row.cause_ref.clone(),
                rule,
            },
            ("return", _) => Reason::Return {
                order: row.cause_ref.clone(),
                rule,
            },
            ("undo", _) => Reason::Correction {
                order: row.cause_ref.clone(),
            },
            ("hold", _) => Reason::Held { title: title()? },
            ("void", _) => Reason::Freed { title: title()? },
            _ => Reason::Expired,
        };
        let points = if row.to_account == account {
            row.points
        } else {
            -row.points
        };
        lines.push(Line {
            entry: row.id,
            at: row.at,
            on: row.on_day,
            points,
            reason,
            expires_on: row.expires_on,
        });
    }
    Ok((!lines.is_empty()).then(|| Month {
        wallet: wallet_kind,
        month: month.to_owned(),
        lines,
        cut,
    }))
}

/// Returns points earned for a company's status, by day, from `from` to `to`; returns are negative.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn earned(
    tx: &mut Tx,
    company: CompanyId,
    from: Day,
    to: Day,
) -> Result<Vec<(Day, Points)>> {
    sql::list_earned(tx, company, from, to).await
}

impl AccountRow {
    fn owner(&self) -> Result<Owner> {
        match (self.member_id, self.company_id) {
            (Some(member), None) => Ok(Owner::Member(member)),
            (None, Some(company)) => Ok(Owner::Company(company)),
            _ => Err(Error::Invariant(format!(
                "account {} is nobody's wallet",
                self.id
            ))),
        }
    }
}
