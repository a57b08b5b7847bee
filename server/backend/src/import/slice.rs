//! Books some rows of orders in one transaction.

use super::booking::Booking;
use super::decide::{Decided, OrderRow, Refused, decide};
use super::returns::Groups;
use crate::ledger::{Cause, Earning, Owner};
use crate::members::{self, CompanyKey, MemberKey, Saved};
use crate::orders::{self, Order};
use crate::programme::settings::Settings;
use crate::{Result, Tx};
use domain::Day;
use domain::id::CompanyId;
use domain::input::InputCode;
use domain::members::OrderPoints;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The result of booking some rows.
pub(super) struct Booked {
    /// Rows that do not fit what is stored any more.
    pub refused: Vec<Refused>,
    /// Companies whose status may have changed.
    pub companies: BTreeSet<CompanyId>,
}

/// Saves rows that were good when their file was checked, and creates companies that are not there. Idempotent: what is
/// stored as the row says stays as it is.
///
/// # Errors
/// If the ledger cannot book one of them; the transaction must be rolled back then.
pub(super) async fn book(
    tx: &mut Tx,
    settings: &Settings,
    today: Day,
    rows: Vec<OrderRow>,
    names_returns: bool,
) -> Result<Booked> {
    let companies = make_companies(tx, settings, &rows).await?;
    let refs: BTreeSet<&str> = rows.iter().filter_map(|row| row.member.as_deref()).collect();
    let refs: Vec<&str> = refs.into_iter().collect();
    let members = members::list_member_keys(tx, &refs).await?;
    let mut slice = Slice {
        settings,
        today,
        companies,
        members: members
            .into_iter()
            .map(|member| (member.reference.clone(), member))
            .collect(),
        booked: Booked {
            refused: Vec::new(),
            companies: BTreeSet::new(),
        },
    };
    let rows = slice.of_their_company(rows);
    let mut groups = Groups::default();
    let company = |reference: &str| slice.companies.get(reference).map(|company| company.id);
    let mut decided = decide(tx, &mut groups, rows, names_returns, company).await?;
    slice.booked.refused.append(&mut decided.refused);
    slice.save(tx, decided, &groups).await?;
    Ok(slice.booked)
}

/// Returns the companies of rows by their ref. Those that are not there are created, joined on the day of their first order.
async fn make_companies(
    tx: &mut Tx,
    settings: &Settings,
    rows: &[OrderRow],
) -> Result<HashMap<String, CompanyKey>> {
    let mut first_days: BTreeMap<&str, Day> = BTreeMap::new();
    for row in rows {
        let day = first_days.entry(&row.company).or_insert(row.ordered_on);
        *day = row.ordered_on.min(*day);
    }
    let by_ref = |keys: Vec<CompanyKey>| keys.into_iter().map(|key| (key.reference.clone(), key));
    let refs: Vec<&str> = first_days.keys().copied().collect();
    let mut companies: HashMap<String, CompanyKey> =
        by_ref(members::list_company_keys(tx, &refs).await?).collect();
    let mut missing = Vec::new();
    for (reference, day) in first_days {
        match companies.get_mut(reference) {
            None => missing.push((reference.to_owned(), day)),
            // Known only from orders: an earlier order moves its joining day.
            Some(company) if company.bare && day < company.joined_on => {
                members::set_joined_on(tx, company.id, day).await?;
                company.joined_on = day;
            }
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        members::create_companies(tx, &missing, settings.lowest_tier()).await?;
        let made: Vec<&str> = missing.iter().map(|(reference, _)| reference.as_str()).collect();
        companies.extend(by_ref(members::list_company_keys(tx, &made).await?));
    }
    Ok(companies)
}

struct Slice<'a> {
    settings: &'a Settings,
    today: Day,
    /// Those of the rows, by ref; likewise `members`.
    companies: HashMap<String, CompanyKey>,
    members: HashMap<String, MemberKey>,
    booked: Booked,
}

impl Slice<'_> {
    /// Refuses rows whose member has gone to another company since.
    fn of_their_company(&mut self, rows: Vec<OrderRow>) -> Vec<OrderRow> {
        let (good, gone): (Vec<OrderRow>, Vec<OrderRow>) = rows.into_iter().partition(|row| {
            row.member.as_ref().is_none_or(|reference| {
                let company = self.companies.get(&row.company).map(|company| company.id);
                let member = self.members.get(reference);
                member.is_some_and(|member| {
                    company.is_some_and(|company| member.is_of(company, row.ordered_on))
                })
            })
        });
        let refused = gone.into_iter().map(|row| {
            let wrong = InputCode::NotOfCompany { company: row.company };
            (row.line, wrong.field("member_ref"))
        });
        self.booked.refused.extend(refused);
        good
    }

    async fn save(&mut self, tx: &mut Tx, decided: Decided, groups: &Groups) -> Result<()> {
        let Decided { rows, known, .. } = decided;
        let (mut undo, mut earnings) = (Vec::new(), Vec::new());
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for row in rows {
            let company = &self.companies[&row.company];
            let member = row
                .member
                .as_deref()
                .and_then(|reference| self.members.get(reference));
            let before = known.get(&row.reference);
            let (mut order, saved) = row.order(company.id, member.map(|member| member.id), before);
            if saved == Saved::Unchanged {
                continue;
            }
            self.booked
                .companies
                .extend(before.map(|before| before.company_id));
            self.booked.companies.insert(company.id);
            undo.extend(order.entry_id.take());
            earnings.extend(self.earning(&order, company, member));
            if saved == Saved::New {
                new.push(order)
            } else {
                changed.push(order)
            }
        }
        let refs = |orders: &[Order]| {
            orders
                .iter()
                .map(|order| order.reference.clone())
                .collect::<BTreeSet<_>>()
        };
        let (new_refs, changed_refs) = (refs(&new), refs(&changed));
        let left: BTreeSet<&str> = changed_refs
            .iter()
            .filter_map(|reference| known.get(reference)?.returns_ref.as_deref())
            .collect();
        let booking = Booking {
            undo,
            earnings,
            plans: groups.plans(
                &new_refs.iter().map(String::as_str).collect(),
                &changed_refs.iter().map(String::as_str).collect(),
                &left,
            ),
        };
        let written = &new_refs | &changed_refs;
        let entries = booking.run(tx, self.settings, self.today, &written).await?;
        for order in new.iter_mut().chain(&mut changed) {
            order.entry_id = entries.get(&order.reference).copied();
        }
        orders::insert(tx, &new).await?;
        orders::set(tx, &changed).await
    }

    /// Returns the earning of an order; `None` if it earns nothing.
    fn earning(&self, order: &Order, company: &CompanyKey, member: Option<&MemberKey>) -> Option<Earning> {
        if order.returns_ref.is_some() {
            return None;
        }
        let rule = self.settings.rule_on(order.ordered_on)?;
        let points = rule.rate.of(order.amount)?;
        if points == 0 {
            return None;
        }
        let to_member = OrderPoints::from_code(&company.order_points) == Some(OrderPoints::Member);
        let (owner, account) = match member.filter(|_| to_member) {
            Some(member) => (Owner::Member(member.id), member.account),
            None => (Owner::Company(company.id), company.account),
        };
        Some(Earning {
            owner,
            account,
            company: company.id,
            points,
            on: order.ordered_on,
            cause: Cause::Order,
            cause_ref: order.reference.clone(),
            title: None,
            rule: rule.version,
            command: None,
        })
    }
}
