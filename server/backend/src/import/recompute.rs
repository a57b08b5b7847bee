//! What booked orders would earn under other rules, and booking the difference.

use super::booking::Booking;
use super::returns::Groups;
use crate::ledger::{self, Cause, Credited, Earning, Owner};
use crate::members;
use crate::orders::{self, Order};
use crate::programme::settings::Settings;
use crate::{Result, Tx, status};
use domain::id::CompanyId;
use domain::members::OrderPoints;
use domain::{Day, Points};
use std::collections::{BTreeSet, HashMap};
use tracing::instrument;

/// Orders read at once.
const ORDERS: i64 = 2_000;

/// Booked orders that earn something else under other rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub orders: u64,
    /// What all of them together earn more (or less), their returns left aside.
    pub points: Points,
}

/// Works out what booked orders would earn under `settings`, and changes nothing.
#[instrument(level = "debug", skip_all)]
pub async fn difference(tx: &mut Tx, settings: &Settings) -> Result<Difference> {
    let mut difference = Difference::default();
    let mut after = String::new();
    while let Some(page) = page(tx, settings, &mut after).await? {
        for one in page {
            difference.orders += 1;
            difference.points += one.points - one.booked;
        }
    }
    Ok(difference)
}

/// Books what orders earn under `settings` in place of what they earned, each on its day and in the wallet it was paid into.
///
/// # Errors
/// If the database fails or a wallet would hold more than it may.
#[instrument(level = "debug", skip_all)]
pub async fn recompute(tx: &mut Tx, settings: &Settings, today: Day) -> Result<Difference> {
    let mut difference = Difference::default();
    let mut companies: BTreeSet<CompanyId> = BTreeSet::new();
    let mut after = String::new();
    while let Some(page) = page(tx, settings, &mut after).await? {
        let refs: BTreeSet<&str> = page.iter().map(|one| one.order.reference.as_str()).collect();
        let own: Vec<&str> = refs.iter().copied().collect();
        let known = page
            .iter()
            .map(|one| (one.order.reference.clone(), one.order.clone()));
        let mut groups = Groups::default();
        groups.read(tx, &own, BTreeSet::new(), &known.collect()).await?;
        let mut booking = Booking {
            plans: groups.plans(&BTreeSet::new(), &refs, &BTreeSet::new()),
            ..Booking::default()
        };
        for one in &page {
            difference.orders += 1;
            difference.points += one.points - one.booked;
            companies.insert(one.order.company_id);
            booking.undo.extend(one.order.entry_id);
            if one.points != 0 {
                booking.earnings.push(Earning {
                    owner: one.wallet.owner,
                    account: one.wallet.account,
                    company: one.order.company_id,
                    points: one.points,
                    on: one.order.ordered_on,
                    cause: Cause::Order,
                    cause_ref: one.order.reference.clone(),
                    title: None,
                    rule: one.rule,
                    command: None,
                });
            }
        }
        let entries = booking.run(tx, settings, today, &BTreeSet::new()).await?;
        let own: Vec<_> = own.iter().map(|one| (*one, entries.get(*one).copied())).collect();
        orders::set_entries(tx, &own).await?;
    }
    let companies: Vec<CompanyId> = companies.into_iter().collect();
    let companies = members::with_members(tx, &companies).await?;
    status::refresh(tx, settings, today, &companies).await?;
    Ok(difference)
}

/// An order that earns something else than what is booked.
struct Differing {
    order: Order,
    wallet: Credited,
    booked: Points,
    points: Points,
    rule: u32,
}

/// The next orders that differ; `None` at the end. Empty pages come too.
async fn page(tx: &mut Tx, settings: &Settings, after: &mut String) -> Result<Option<Vec<Differing>>> {
    let orders = orders::list_after(tx, after, ORDERS).await?;
    let Some(last) = orders.last() else {
        return Ok(None);
    };
    *after = last.reference.clone();
    let entries: Vec<_> = orders.iter().filter_map(|order| order.entry_id).collect();
    let booked: HashMap<_, _> = ledger::list_credited(tx, &entries).await?;
    let mut page = Vec::new();
    for order in orders {
        let rule = settings.rule_on(order.ordered_on);
        let points = rule.and_then(|rule| rule.rate.of(order.amount)).unwrap_or(0);
        let before = order.entry_id.and_then(|entry| booked.get(&entry));
        let booked = before.map_or(0, |before| before.points);
        if points == booked {
            continue;
        }
        let wallet = match before {
            Some(before) => *before,
            None => wallet(tx, &order).await?,
        };
        page.push(Differing {
            order,
            wallet,
            booked,
            points,
            rule: rule.map_or(0, |rule| rule.version),
        });
    }
    Ok(Some(page))
}

/// The wallet that an order pays into which earned nothing so far.
async fn wallet(tx: &mut Tx, order: &Order) -> Result<Credited> {
    let to_member = members::order_points(tx, order.company_id).await? == Some(OrderPoints::Member);
    let owner = match order.member_id.filter(|_| to_member) {
        Some(member) => Owner::Member(member),
        None => Owner::Company(order.company_id),
    };
    Ok(Credited {
        owner,
        account: ledger::wallet(tx, owner).await?,
        points: 0,
    })
}
