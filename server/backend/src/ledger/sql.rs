use super::{Cause, Owner};
use crate::Result;
use crate::db::{Engine, LIST, Tx, list_in, on, params, push_list};
use domain::id::{AccountId, CommandId, CompanyId, EntryId, MemberId};
use domain::input::InputCode;
use domain::money::MOST_POINTS;
use domain::{Day, Points, Timestamp, fault};
use sqlx::{FromRow, QueryBuilder};
use std::collections::HashMap;
use tracing::instrument;

pub struct NewEntry {
    pub id: EntryId,
    pub on: Day,
    pub kind: &'static str,
    pub from: AccountId,
    pub to: AccountId,
    pub points: Points,
    pub company: Option<CompanyId>,
    pub status_points: Points,
    pub cause: Cause,
    pub cause_ref: String,
    pub title: Option<String>,
    pub rule: Option<i64>,
    pub command: Option<CommandId>,
    pub reverses: Option<EntryId>,
    pub expires_on: Option<Day>,
    /// Transfers only: the day on which the points were earned.
    pub earned_on: Option<Day>,
    /// Returns that name their order only: the earning whose points they take back.
    pub takes_from: Option<EntryId>,
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_entries(tx: &mut Tx, entries: &[NewEntry]) -> Result<()> {
    let now = tx.now();
    for part in entries.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new(
                "INSERT INTO entry (id, at, on_day, kind, from_account, to_account, points, company_id, \
                 status_points, cause, cause_ref, title, rule, command_id, reverses, expires_on, earned_on, takes_from) ",
            );
            insert.push_values(part, |mut row, entry| {
                row.push_bind(entry.id).push_bind(now).push_bind(entry.on).push_bind(entry.kind)
                    .push_bind(entry.from).push_bind(entry.to).push_bind(entry.points).push_bind(entry.company)
                    .push_bind(entry.status_points).push_bind(entry.cause.code()).push_bind(entry.cause_ref.clone())
                    .push_bind(entry.title.clone()).push_bind(entry.rule).push_bind(entry.command)
                    .push_bind(entry.reverses).push_bind(entry.expires_on).push_bind(entry.earned_on)
                    .push_bind(entry.takes_from);
            });
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

pub struct NewLot {
    pub entry: EntryId,
    pub account: AccountId,
    pub points: Points,
    pub earned_on: Day,
    pub expires_on: Option<Day>,
    pub remaining: Points,
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_lots(tx: &mut Tx, lots: &[NewLot]) -> Result<()> {
    for part in lots.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new(
                "INSERT INTO lot (entry_id, account_id, points, earned_on, expires_on, remaining) ",
            );
            insert.push_values(part, |mut row, lot| {
                row.push_bind(lot.entry).push_bind(lot.account).push_bind(lot.points).push_bind(lot.earned_on)
                    .push_bind(lot.expires_on).push_bind(lot.remaining);
            });
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_remaining(tx: &mut Tx, lots: &[(EntryId, Points)]) -> Result<()> {
    for part in lots.chunks(LIST) {
        on!(tx, c => {
            let mut update = QueryBuilder::new("UPDATE lot SET remaining = new.column2 FROM (");
            update.push_values(part, |mut row, (entry, remaining)| {
                row.push_bind(*entry).push_bind(*remaining);
            });
            update.push(") AS new WHERE lot.entry_id = new.column1");
            update.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_accounts(tx: &mut Tx, accounts: &[(AccountId, &'static str, Owner)]) -> Result<()> {
    for part in accounts.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new("INSERT INTO account (id, kind, member_id, company_id, drawn_until) ");
            insert.push_values(part, |mut row, (id, kind, owner)| {
                let (member, company) = parts(*owner);
                row.push_bind(*id).push_bind(*kind).push_bind(member).push_bind(company).push_bind(NEVER);
            });
            insert.push(" ON CONFLICT DO NOTHING");
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

/// More lots than any wallet has.
pub const ALL: usize = i32::MAX as usize;

/// Stored where a wallet has no day to name.
pub const NEVER: Day = Day(i32::MIN);

fn parts(owner: Owner) -> (Option<MemberId>, Option<CompanyId>) {
    match owner {
        Owner::Member(member) => (Some(member), None),
        Owner::Company(company) => (None, Some(company)),
    }
}

#[instrument(level = "debug", skip_all)]
pub async fn find_account(tx: &mut Tx, kind: &str, owner: Owner) -> Result<Option<AccountId>> {
    const OF_MEMBER: &str = "SELECT id FROM account WHERE kind = $1 AND member_id = $2";
    const OF_COMPANY: &str = "SELECT id FROM account WHERE kind = $1 AND company_id = $2";
    Ok(match owner {
        Owner::Member(id) => {
            on!(tx, c => sqlx::query_scalar(OF_MEMBER).bind(kind).bind(id).fetch_optional(c).await?)
        }
        Owner::Company(id) => {
            on!(tx, c => sqlx::query_scalar(OF_COMPANY).bind(kind).bind(id).fetch_optional(c).await?)
        }
    })
}

/// A wallet's state before points were added.
#[derive(Clone, Copy, Debug, Default, FromRow)]
pub struct Before {
    pub id: Option<AccountId>,
    pub balance: Points,
    pub drawn_until: Day,
    pub merged_into: Option<AccountId>,
}

/// Adds to balances, which locks the accounts, and returns their state before.
#[instrument(level = "debug", skip_all)]
pub async fn add_to_balances(
    tx: &mut Tx,
    sums: &HashMap<AccountId, Points>,
) -> Result<HashMap<AccountId, Before>> {
    let mut sums: Vec<_> = sums.iter().map(|(account, points)| (*account, *points)).collect();
    // Why sorted: transactions lock the same accounts in the same order and cannot deadlock.
    sums.sort_unstable();
    let mut before = HashMap::with_capacity(sums.len());
    for part in sums.chunks(LIST) {
        let rows: Vec<Before> = on!(tx, c => {
            let mut update = QueryBuilder::new("UPDATE account SET balance = balance + new.column2 FROM (");
            update.push_values(part, |mut row, (account, points)| {
                row.push_bind(*account).push_bind(*points);
            });
            update.push(") AS new WHERE account.id = new.column1 RETURNING account.id, balance, drawn_until, merged_into");
            update.build_query_as().fetch_all(c).await?
        });
        if rows.len() != part.len() {
            return Err(crate::Error::Invariant(
                "an account to book on is not there".into(),
            ));
        }
        let added: HashMap<AccountId, Points> = part.iter().copied().collect();
        for mut row in rows {
            let Some(id) = row.id else { continue };
            if !(-MOST_POINTS..=MOST_POINTS).contains(&row.balance) {
                return Err(InputCode::TooManyPoints { most: MOST_POINTS }.into());
            }
            row.balance -= added.get(&id).copied().unwrap_or_default();
            before.insert(id, row);
        }
    }
    Ok(before)
}

/// The state of a wallet after settling.
pub struct SettledAccount {
    pub id: AccountId,
    /// Points to add to the balance.
    pub change: Points,
    pub moved_until: Day,
    pub drawn_until: Day,
}

#[instrument(level = "debug", skip_all)]
pub async fn set_settled(tx: &mut Tx, accounts: &[SettledAccount], today: Day) -> Result<()> {
    for part in accounts.chunks(LIST) {
        on!(tx, c => {
            let mut update = QueryBuilder::new("UPDATE account SET settled_on = ");
            update.push_bind(today);
            update.push(", balance = balance + new.column2, moved_until = new.column3, drawn_until = new.column4 FROM (");
            update.push_values(part, |mut row, account| {
                row.push_bind(account.id).push_bind(account.change).push_bind(account.moved_until)
                    .push_bind(account.drawn_until);
            });
            update.push(") AS new WHERE account.id = new.column1");
            update.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

/// Stores that points moved on `on`, and that lots earned until `drawn_until` were drawn from.
#[instrument(level = "debug", skip_all)]
pub async fn set_moved(tx: &mut Tx, account: AccountId, on: Day, drawn_until: Day) -> Result<()> {
    const SET: &str = "UPDATE account SET moved_until = CASE WHEN moved_until < $2 THEN $2 ELSE moved_until END, \
        drawn_until = CASE WHEN drawn_until < $3 THEN $3 ELSE drawn_until END WHERE id = $1";
    tx.execute(SET, params![account, on, drawn_until]).await?;
    Ok(())
}

/// Points that an open hold has drawn from a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct DrawnRow {
    pub account_id: AccountId,
    pub hold_id: EntryId,
    pub lot_id: EntryId,
    pub points: Points,
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_drawn(tx: &mut Tx, rows: &[DrawnRow]) -> Result<()> {
    for part in rows.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new("INSERT INTO drawn (account_id, hold_id, lot_id, points) ");
            insert.push_values(part, |mut row, drawn| {
                row.push_bind(drawn.account_id).push_bind(drawn.hold_id).push_bind(drawn.lot_id).push_bind(drawn.points);
            });
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

/// Returns what the open holds of wallets have drawn.
#[instrument(level = "debug", skip_all)]
pub async fn list_drawn(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<DrawnRow>> {
    const LIST: &str = "SELECT account_id, hold_id, lot_id, points FROM drawn WHERE account_id IN (";
    Ok(list_in!(
        tx,
        LIST,
        accounts,
        " ORDER BY account_id, hold_id, lot_id"
    ))
}

#[instrument(level = "debug", skip_all)]
pub async fn delete_drawn(tx: &mut Tx, account: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM drawn WHERE account_id = $1";
    tx.execute(DELETE, params![account]).await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn delete_drawn_by_hold(tx: &mut Tx, account: AccountId, hold: EntryId) -> Result<()> {
    const DELETE: &str = "DELETE FROM drawn WHERE account_id = $1 AND hold_id = $2";
    tx.execute(DELETE, params![account, hold]).await?;
    Ok(())
}

/// A lot that a hold has drawn from.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct DrawnLot {
    pub entry_id: EntryId,
    pub expires_on: Option<Day>,
    pub remaining: Points,
    /// Points drawn by the hold.
    pub points: Points,
}

#[instrument(level = "debug", skip_all)]
pub async fn list_drawn_by_hold(tx: &mut Tx, account: AccountId, hold: EntryId) -> Result<Vec<DrawnLot>> {
    const LIST: &str = "SELECT entry_id, lot.expires_on, remaining, drawn.points FROM drawn \
        JOIN lot ON lot.entry_id = lot_id WHERE drawn.account_id = $1 AND hold_id = $2 ORDER BY entry_id";
    tx.fetch_all(LIST, params![account, hold]).await
}

/// Returns the holds of wallets that are neither spent nor given back: (wallet, hold, its number).
#[instrument(level = "debug", skip_all)]
pub async fn list_open_holds(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<(AccountId, EntryId, i64)>> {
    const LIST: &str = "SELECT from_account, id, number FROM entry WHERE kind = 'hold' AND kind <> 'earn' \
        AND NOT EXISTS (SELECT 1 FROM entry AS close WHERE close.reverses = entry.id) AND from_account IN (";
    Ok(list_in!(tx, LIST, accounts, " ORDER BY number"))
}

/// Subtracts points if the balance suffices; returns `false` and changes nothing otherwise.
#[instrument(level = "debug", skip_all)]
pub async fn take_from_balance(tx: &mut Tx, account: AccountId, points: Points) -> Result<bool> {
    let take = if fault!("more-is-held-than-there-is") {
        "UPDATE account SET balance = balance - $2 WHERE id = $1"
    } else {
        "UPDATE account SET balance = balance - $2 WHERE id = $1 AND balance >= $2"
    };
    Ok(on!(tx, c => sqlx::query(take).bind(account).bind(points).execute(c).await?.rows_affected()) == 1)
}

#[instrument(level = "debug", skip_all)]
pub async fn find_balance(tx: &mut Tx, account: AccountId) -> Result<Points> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT balance FROM account WHERE id = $1").bind(account).fetch_one(c).await?),
    )
}

/// Locks accounts, and those they were merged into, until the commit.
///
/// Why in id order: transactions that lock the same accounts cannot deadlock. SQLite has one writer, so nothing needs a
/// lock there.
#[instrument(level = "debug", skip_all)]
pub async fn lock_accounts(tx: &mut Tx, accounts: &[AccountId]) -> Result<()> {
    let Engine::Postgres(c) = &mut tx.engine else {
        return Ok(());
    };
    if fault!("wallet-is-not-locked") {
        return Ok(());
    }
    const LOCK: &str = "WITH RECURSIVE wanted (id) AS (SELECT unnest($1) UNION \
        SELECT merged_into FROM account JOIN wanted ON wanted.id = account.id WHERE merged_into IS NOT NULL) \
        SELECT id FROM account WHERE id IN (SELECT id FROM wanted) ORDER BY id FOR UPDATE";
    let mut accounts = accounts.to_vec();
    accounts.sort_unstable();
    accounts.dedup();
    for part in accounts.chunks(10_000) {
        let ids: Vec<uuid::Uuid> = part.iter().map(|account| account.0).collect();
        sqlx::query(LOCK).bind(ids).execute(&mut **c).await?;
    }
    Ok(())
}

#[derive(Clone, Debug, FromRow)]
pub struct AccountRow {
    pub id: AccountId,
    pub member_id: Option<MemberId>,
    pub company_id: Option<CompanyId>,
    pub balance: Points,
    pub merged_into: Option<AccountId>,
    pub moved_until: Day,
    pub drawn_until: Day,
}

/// Sets the wallet that `from` is emptied into; `None` ends the merge.
#[instrument(level = "debug", skip_all)]
pub async fn set_merged_into(tx: &mut Tx, from: AccountId, into: Option<AccountId>) -> Result<()> {
    const SET: &str = "UPDATE account SET merged_into = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(from).bind(into).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn list_accounts(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<AccountRow>> {
    const LIST: &str = "SELECT id, member_id, company_id, balance, merged_into, moved_until, drawn_until \
        FROM account WHERE id IN (";
    Ok(list_in!(tx, LIST, accounts, " ORDER BY id"))
}

#[derive(Clone, Debug, FromRow)]
pub struct EntryRow {
    pub number: i64,
    pub id: EntryId,
    pub at: Timestamp,
    pub on_day: Day,
    pub kind: String,
    pub from_account: AccountId,
    pub to_account: AccountId,
    pub points: Points,
    pub company_id: Option<CompanyId>,
    pub status_points: Points,
    pub cause: String,
    pub cause_ref: String,
    pub title: Option<String>,
    pub rule: Option<i64>,
    pub reverses: Option<EntryId>,
    pub expires_on: Option<Day>,
    pub earned_on: Option<Day>,
    pub takes_from: Option<EntryId>,
}

const ENTRY: &str = "SELECT number, id, at, on_day, kind, from_account, to_account, points, company_id, \
    status_points, cause, cause_ref, title, rule, reverses, expires_on, earned_on, takes_from FROM entry ";

#[instrument(level = "debug", skip_all)]
pub async fn list_entries(tx: &mut Tx, ids: &[EntryId]) -> Result<Vec<EntryRow>> {
    let list = format!("{ENTRY}WHERE id IN (");
    Ok(list_in!(tx, list.as_str(), ids, " ORDER BY number"))
}

/// Returns the entries of a transfer or merge in booking order, without undone ones.
#[instrument(level = "debug", skip_all)]
pub async fn list_transfers(tx: &mut Tx, cause: Cause, reference: &str) -> Result<Vec<EntryRow>> {
    on!(tx, c => {
        let mut select = QueryBuilder::new(ENTRY);
        select.push("WHERE kind = 'transfer' AND cause = ").push_bind(cause.code());
        select.push(" AND cause_ref = ").push_bind(reference);
        select.push(" AND NOT EXISTS (SELECT 1 FROM entry AS undo WHERE undo.reverses = entry.id) ORDER BY number");
        Ok(select.build_query_as().fetch_all(c).await?)
    })
}

/// Returns all entries of wallets, by day, then by cause ref (which does not depend on arrival order).
#[instrument(level = "debug", skip_all)]
pub async fn list_history(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<EntryRow>> {
    let mut rows: Vec<EntryRow> = Vec::new();
    for side in [
        "kind <> 'expire' AND to_account",
        "kind <> 'earn' AND from_account",
    ] {
        let list = format!("{ENTRY}WHERE {side} IN (");
        rows.extend(list_in!(tx, list.as_str(), accounts, " ORDER BY number"));
    }
    rows.sort_unstable_by(|a, b| (a.on_day, &a.cause_ref, a.number).cmp(&(b.on_day, &b.cause_ref, b.number)));
    // A transfer between two of the wallets is found from both sides.
    rows.dedup_by_key(|row| row.number);
    Ok(rows)
}

#[derive(Clone, Debug, FromRow)]
pub struct LotRow {
    pub entry_id: EntryId,
    pub number: i64,
    pub account_id: AccountId,
    pub expires_on: Option<Day>,
    pub remaining: Points,
}

const LOT: &str = "SELECT entry_id, number, account_id, lot.expires_on, remaining \
    FROM lot JOIN entry ON entry.id = entry_id ";

#[instrument(level = "debug", skip_all)]
pub async fn list_lots(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<LotRow>> {
    let list = format!("{LOT}WHERE account_id IN (");
    Ok(list_in!(tx, list.as_str(), accounts, " ORDER BY number"))
}

/// A lot with points left.
#[derive(Clone, Debug, FromRow)]
pub struct OpenLot {
    pub entry_id: EntryId,
    pub number: i64,
    /// The day it came into the wallet.
    pub on_day: Day,
    pub earned_on: Day,
    pub expires_on: Option<Day>,
    pub remaining: Points,
    pub received: bool,
    pub cause_ref: String,
}

impl OpenLot {
    /// The order in which lots are spent: that of `domain::ledger::replay`.
    fn age(&self) -> (Day, bool, &str, i64) {
        let tie = if self.received { "" } else { &self.cause_ref };
        (self.earned_on, self.received, tie, self.number)
    }
}

/// Returns about `count` lots with points left that were earned after `after`, in spending order, and all of each of
/// their days; fewer only if there are no more.
///
/// Why whole days: the index has the days in order, and within a day the order is made here.
#[instrument(level = "debug", skip_all)]
pub async fn list_open_lots(
    tx: &mut Tx,
    account: AccountId,
    after: Day,
    count: usize,
) -> Result<Vec<OpenLot>> {
    const LAST: &str = "SELECT earned_on FROM lot WHERE account_id = $1 AND remaining > 0 AND earned_on > $2 \
        ORDER BY earned_on LIMIT 1 OFFSET $3";
    const LIST: &str = "SELECT entry_id, number, on_day, lot.earned_on, lot.expires_on, remaining, \
        entry.earned_on IS NOT NULL AS received, cause_ref FROM lot JOIN entry ON entry.id = entry_id \
        WHERE account_id = $1 AND remaining > 0 AND lot.earned_on > $2 AND lot.earned_on <= $3";
    let last: Option<(Day,)> = tx
        .fetch_optional(LAST, params![account, after, count as i64 - 1])
        .await?;
    let last = last.map_or(Day(i32::MAX), |(day,)| day);
    let mut lots: Vec<OpenLot> = tx.fetch_all(LIST, params![account, after, last]).await?;
    lots.sort_unstable_by(|one, other| one.age().cmp(&other.age()));
    Ok(lots)
}

#[derive(Clone, Copy, Debug, FromRow)]
pub struct DueLot {
    pub entry_id: EntryId,
    pub account_id: AccountId,
    pub expires_on: Day,
    pub remaining: Points,
}

/// Returns the lots of wallets that expire by `today`, by wallet and day.
#[instrument(level = "debug", skip_all)]
pub async fn list_due_lots(tx: &mut Tx, accounts: &[AccountId], today: Day) -> Result<Vec<DueLot>> {
    let mut rows = Vec::new();
    for part in accounts.chunks(LIST) {
        rows.append(&mut on!(tx, c => {
            let mut select = QueryBuilder::new("SELECT entry_id, account_id, expires_on, remaining FROM lot \
                WHERE remaining > 0 AND expires_on <= ");
            select.push_bind(today).push(" AND account_id IN (");
            push_list!(select, part);
            select.push(" ORDER BY account_id, expires_on, entry_id");
            select.build_query_as().fetch_all(c).await?
        }));
    }
    Ok(rows)
}

#[instrument(level = "debug", skip_all)]
pub async fn list_due_accounts(tx: &mut Tx, today: Day) -> Result<Vec<AccountId>> {
    const LIST: &str =
        "SELECT DISTINCT account_id FROM lot WHERE remaining > 0 AND expires_on <= $1 ORDER BY account_id";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(today).fetch_all(c).await?))
}

/// Returns the last day before `before` on which something was booked in a wallet.
#[instrument(level = "debug", skip_all)]
pub async fn find_day_before(tx: &mut Tx, account: AccountId, before: Day) -> Result<Option<Day>> {
    const IN: &str = "SELECT on_day FROM entry WHERE kind <> 'expire' AND to_account = $1 AND on_day < $2 \
        ORDER BY on_day DESC LIMIT 1";
    const OUT: &str = "SELECT on_day FROM entry WHERE kind <> 'earn' AND from_account = $1 AND on_day < $2 \
        ORDER BY on_day DESC LIMIT 1";
    let came_in: Option<(Day,)> = tx.fetch_optional(IN, params![account, before]).await?;
    let went_out: Option<(Day,)> = tx.fetch_optional(OUT, params![account, before]).await?;
    Ok(came_in.max(went_out).map(|(day,)| day))
}

/// Returns the latest `count` entries of a wallet between two days, newest first.
#[instrument(level = "debug", skip_all)]
pub async fn list_lines(
    tx: &mut Tx,
    account: AccountId,
    from: Day,
    to: Day,
    count: usize,
) -> Result<Vec<EntryRow>> {
    const LIST: &str = "SELECT * FROM (SELECT number, id, at, on_day, kind, from_account, to_account, points, \
        company_id, status_points, cause, cause_ref, title, rule, reverses, expires_on, earned_on, takes_from \
        FROM entry WHERE kind <> 'expire' AND to_account = $1 AND on_day BETWEEN $2 AND $3 \
        ORDER BY on_day DESC, number DESC LIMIT $4) AS came_in \
        UNION ALL SELECT * FROM (SELECT number, id, at, on_day, kind, from_account, to_account, points, \
        company_id, status_points, cause, cause_ref, title, rule, reverses, expires_on, earned_on, takes_from \
        FROM entry WHERE kind <> 'earn' AND from_account = $1 AND on_day BETWEEN $2 AND $3 \
        ORDER BY on_day DESC, number DESC LIMIT $4) AS went_out \
        ORDER BY on_day DESC, number DESC LIMIT $4";
    tx.fetch_all(LIST, params![account, from, to, count as i64]).await
}

/// Returns the points left in lots.
#[instrument(level = "debug", skip_all)]
pub async fn list_remaining(tx: &mut Tx, lots: &[EntryId]) -> Result<Vec<(EntryId, Points)>> {
    const LIST: &str = "SELECT entry_id, remaining FROM lot WHERE entry_id IN (";
    Ok(list_in!(tx, LIST, lots, " ORDER BY entry_id"))
}

const LIST_EARNED: &str = "SELECT on_day, CAST(SUM(status_points) AS BIGINT) FROM entry \
    WHERE company_id = $1 AND on_day BETWEEN $2 AND $3 GROUP BY on_day ORDER BY on_day";

#[instrument(level = "debug", skip_all)]
pub async fn list_earned(tx: &mut Tx, company: CompanyId, from: Day, to: Day) -> Result<Vec<(Day, Points)>> {
    Ok(on!(tx, c => sqlx::query_as(LIST_EARNED).bind(company).bind(from).bind(to).fetch_all(c).await?))
}

#[derive(Clone, Debug, FromRow)]
pub struct AccountSum {
    pub id: AccountId,
    pub kind: String,
    pub balance: Points,
    pub merged_into: Option<AccountId>,
    pub came_in: Points,
    pub went_out: Points,
}

/// Returns every account with the sums of its incoming and outgoing entries.
#[instrument(level = "debug", skip_all)]
pub async fn list_sums(tx: &mut Tx) -> Result<Vec<AccountSum>> {
    const LIST: &str = "SELECT account.id, account.kind, account.balance, account.merged_into, \
        CAST(COALESCE(a.points, 0) AS BIGINT) AS came_in, CAST(COALESCE(b.points, 0) AS BIGINT) AS went_out \
        FROM account \
        LEFT JOIN (SELECT to_account, SUM(points) AS points FROM entry GROUP BY to_account) a ON a.to_account = account.id \
        LEFT JOIN (SELECT from_account, SUM(points) AS points FROM entry GROUP BY from_account) b \
            ON b.from_account = account.id ORDER BY account.id";
    Ok(on!(tx, c => sqlx::query_as(LIST).fetch_all(c).await?))
}

/// Returns the number of entries and the sum of points, by kind.
#[instrument(level = "debug", skip_all)]
pub async fn list_kinds(tx: &mut Tx) -> Result<Vec<(String, i64, Points)>> {
    const LIST: &str =
        "SELECT kind, COUNT(*), CAST(SUM(points) AS BIGINT) FROM entry GROUP BY kind ORDER BY kind";
    Ok(on!(tx, c => sqlx::query_as(LIST).fetch_all(c).await?))
}

/// Returns entries that close or undo another one wrongly: other points, or accounts not swapped.
#[instrument(level = "debug", skip_all)]
pub async fn list_wrong_reversals(tx: &mut Tx) -> Result<Vec<EntryId>> {
    const LIST: &str = "SELECT entry.id FROM entry LEFT JOIN entry AS first ON first.id = entry.reverses \
        WHERE (entry.kind IN ('undo', 'void', 'post')) <> (entry.reverses IS NOT NULL) \
        OR (entry.reverses IS NOT NULL AND (entry.points <> first.points \
            OR entry.from_account <> first.to_account \
            OR (entry.kind IN ('undo', 'void') AND entry.to_account <> first.from_account) \
            OR (entry.kind IN ('void', 'post')) <> (first.kind = 'hold') \
            OR (entry.kind = 'undo' AND first.kind NOT IN ('earn', 'return', 'transfer')) \
            OR (entry.kind = 'undo' AND entry.status_points <> -first.status_points))) ORDER BY entry.number";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).fetch_all(c).await?))
}

/// Counts earnings and transfers without their lot, and lots without such an entry.
#[instrument(level = "debug", skip_all)]
pub async fn count_lots_amiss(tx: &mut Tx) -> Result<i64> {
    const COUNT: &str = "SELECT CAST((SELECT COUNT(*) FROM entry LEFT JOIN lot ON lot.entry_id = entry.id \
            WHERE entry.kind IN ('earn', 'transfer') AND (lot.entry_id IS NULL OR lot.points <> entry.points \
                OR lot.account_id <> entry.to_account \
                OR lot.earned_on <> COALESCE(entry.earned_on, entry.on_day) \
                OR COALESCE(lot.expires_on, -1) <> COALESCE(entry.expires_on, -1))) \
        + (SELECT COUNT(*) FROM lot JOIN entry ON entry.id = lot.entry_id \
            WHERE entry.kind NOT IN ('earn', 'transfer')) AS BIGINT)";
    Ok(on!(tx, c => sqlx::query_scalar(COUNT).fetch_one(c).await?))
}

/// Returns that name an earning and do not fit it: another wallet or day, or more points than it brought.
#[instrument(level = "debug", skip_all)]
pub async fn list_wrong_returns(tx: &mut Tx) -> Result<Vec<EntryId>> {
    const LIST: &str = "SELECT entry.id FROM entry LEFT JOIN entry AS earned ON earned.id = entry.takes_from \
        WHERE entry.takes_from IS NOT NULL AND (entry.kind <> 'return' OR earned.kind <> 'earn' \
            OR entry.from_account <> earned.to_account OR entry.on_day <> earned.on_day \
            OR (NOT EXISTS (SELECT 1 FROM entry AS undo WHERE undo.reverses = entry.id) \
                AND EXISTS (SELECT 1 FROM entry AS undo WHERE undo.reverses = earned.id)) \
            OR earned.points < (SELECT CAST(SUM(other.points) AS BIGINT) FROM entry AS other \
                WHERE other.takes_from = earned.id AND other.takes_from IS NOT NULL \
                AND NOT EXISTS (SELECT 1 FROM entry AS undo WHERE undo.reverses = other.id))) ORDER BY entry.number";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).fetch_all(c).await?))
}

/// Entries whose points are none, less than none or more than an order or a wallet may have.
#[instrument(level = "debug", skip_all)]
pub async fn list_wrong_points(tx: &mut Tx) -> Result<Vec<EntryId>> {
    const LIST: &str = "SELECT id FROM entry WHERE points < 1 OR points > $1 ORDER BY number";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(MOST_POINTS).fetch_all(c).await?))
}

#[cfg(test)]
mod tests {
    use super::LIST_EARNED;
    use crate::both;
    use crate::db::{Engine, Kind, on};
    use domain::Day;
    use domain::id::CompanyId;
    use sqlx::{AssertSqlSafe, Row};

    both! {
        async fn what_a_company_earned_is_read_from_an_index_alone(test) {
            let mut tx = test.db.read().await.unwrap();
            let (begin, alone) = match test.db.kind() {
                Kind::Sqlite => ("EXPLAIN QUERY PLAN", "COVERING INDEX entry_company (company_id=? AND on_day>? AND on_day<?)"),
                Kind::Postgres => ("EXPLAIN (COSTS OFF)", "Index Only Scan using entry_company"),
            };
            if let Engine::Postgres(transaction) = &mut tx.engine {
                // Without this, an empty table would be read by a sequential scan.
                for setting in ["SET LOCAL enable_seqscan = off", "SET LOCAL enable_bitmapscan = off"] {
                    sqlx::query(setting).execute(&mut **transaction).await.unwrap();
                }
            }
            let explain = format!("{begin} {LIST_EARNED}");
            let company = CompanyId(uuid::Uuid::nil());
            // The plan's text is the last column.
            let plan: Vec<String> = on!(tx, c => {
                let rows = sqlx::query(AssertSqlSafe(explain)).bind(company).bind(Day(1)).bind(Day(2));
                let rows = rows.fetch_all(c).await.unwrap();
                rows.iter().map(|row| row.get(row.len() - 1)).collect()
            });
            let plan = plan.join("\n");
            assert!(plan.contains(alone), "{plan}");
        }
    }
}
