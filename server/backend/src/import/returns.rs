//! Returns that name their order: together with it they earn as if the order had been smaller.

use super::decide::OrderRow;
use crate::ledger::{Earned, Return};
use crate::orders::{self, Order};
use crate::programme::settings::Settings;
use crate::{Result, Tx};
use domain::id::{CompanyId, EntryId};
use domain::input::{InputCode, InputError};
use domain::{Cents, Day, Points};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Orders by their ref, each with the returns that name it: as they are stored, and over that the rows that were taken in.
#[derive(Default)]
pub(super) struct Groups {
    groups: BTreeMap<String, Group>,
    /// The refs of the rows that were taken in.
    taken: HashSet<String>,
}

#[derive(Default)]
struct Group {
    /// `None`: a return came before its order.
    order: Option<Part>,
    /// By their ref.
    returns: BTreeMap<String, Part>,
}

/// An order or return, as far as this matters.
#[derive(Clone, Copy)]
struct Part {
    company: Option<CompanyId>,
    ordered_on: Day,
    amount: Cents,
    /// Names an order itself.
    is_return: bool,
    entry: Option<EntryId>,
}

impl Part {
    fn stored(order: &Order) -> Part {
        Part {
            company: Some(order.company_id),
            ordered_on: order.ordered_on,
            amount: order.amount,
            is_return: order.returns_ref.is_some(),
            entry: order.entry_id,
        }
    }
}

impl Group {
    fn returned(&self, but: &str) -> Cents {
        let others = self.returns.iter().filter(|(reference, _)| *reference != but);
        others.map(|(_, part)| part.amount).sum()
    }
}

/// What is to be booked for the returns of one order.
pub(super) struct Plan {
    /// The ref of the order.
    pub order: String,
    /// Returns whose entries are undone first.
    pub undo: Vec<(String, EntryId)>,
    /// The refs of the returns to book, in this order, and their amounts.
    pub book: Vec<(String, Cents)>,
    /// What is left of the order before these, and what it was.
    pub left: Cents,
    pub amount: Cents,
    /// The entry of the order, unless it is booked anew.
    pub entry: Option<EntryId>,
}

impl Groups {
    /// Reads what is stored of these orders and of their returns, but for rows that were taken in: `own`, of which `known`
    /// are stored, and those that they name or named.
    pub(super) async fn read(
        &mut self,
        tx: &mut Tx,
        own: &[&str],
        mut named: BTreeSet<&str>,
        known: &HashMap<String, Order>,
    ) -> Result<()> {
        named.extend(known.values().filter_map(|order| order.returns_ref.as_deref()));
        let named: Vec<&str> = named.into_iter().collect();
        for order in orders::list_by_ref(tx, &named).await? {
            if !self.taken.contains(&order.reference) {
                self.group(&order.reference).order = Some(Part::stored(&order));
            }
        }
        let both: Vec<&str> = named.iter().chain(own).copied().collect();
        for order in orders::list_returns_of(tx, &both).await? {
            if let Some(of) = &order.returns_ref
                && !self.taken.contains(&order.reference)
            {
                let part = Part::stored(&order);
                self.group(of).returns.insert(order.reference.clone(), part);
            }
        }
        for (reference, order) in known {
            if let Some(group) = self.groups.get_mut(reference)
                && !self.taken.contains(reference)
            {
                group.order = Some(Part::stored(order));
            }
        }
        Ok(())
    }

    fn group(&mut self, order: &str) -> &mut Group {
        self.groups.entry(order.to_owned()).or_default()
    }

    /// Takes in a row, if the order and its returns still fit each other.
    ///
    /// # Errors
    /// What does not fit, and in which column.
    pub(super) fn take(
        &mut self,
        row: &OrderRow,
        company: Option<CompanyId>,
        before: Option<&Order>,
    ) -> Result<(), InputError> {
        let part = Part {
            company,
            ordered_on: row.ordered_on,
            amount: row.amount,
            is_return: row.returns_ref.is_some(),
            entry: before.and_then(|before| before.entry_id),
        };
        let has_returns = |all: &Groups| {
            all.groups
                .get(&row.reference)
                .is_some_and(|group| !group.returns.is_empty())
        };
        if let Some(order) = &row.returns_ref {
            if row.amount > 0 {
                return Err(InputCode::ReturnNotNegative.field("amount"));
            }
            if *order == row.reference || has_returns(self) {
                return Err(InputCode::ReturnOfReturn.field("returns_ref"));
            }
            let group = self.group(order);
            if let Some(bought) = &group.order {
                if bought.amount <= 0 || bought.is_return {
                    return Err(InputCode::ReturnOfReturn.field("returns_ref"));
                }
                if bought.company != company {
                    return Err(InputCode::ReturnOfAnotherCompany.field("company_ref"));
                }
                let left = bought.amount + group.returned(&row.reference);
                if left + row.amount < 0 {
                    return Err(InputCode::MoreReturned { left: left.max(0) }.field("amount"));
                }
            }
        } else if let Some(group) = self
            .groups
            .get(&row.reference)
            .filter(|group| !group.returns.is_empty())
        {
            if group.returns.values().any(|part| part.company != company) {
                return Err(InputCode::ReturnOfAnotherCompany.field("company_ref"));
            }
            if row.amount + group.returned("") < 0 {
                return Err(InputCode::MoreReturned {
                    left: row.amount.max(0),
                }
                .field("amount"));
            }
        }
        if let Some(order) = before.and_then(|before| before.returns_ref.as_deref()) {
            self.group(order).returns.remove(&row.reference);
        }
        if let Some(order) = &row.returns_ref {
            self.group(order).returns.insert(row.reference.clone(), part);
        }
        self.group(&row.reference).order = Some(part);
        self.taken.insert(row.reference.clone());
        Ok(())
    }

    /// What is to be booked after rows were taken in. `new`, `changed`: refs of the rows that are not as they were;
    /// `left`: orders that a changed row named before.
    pub(super) fn plans(
        &self,
        new: &BTreeSet<&str>,
        changed: &BTreeSet<&str>,
        left: &BTreeSet<&str>,
    ) -> Vec<Plan> {
        let mut plans = Vec::new();
        for (reference, group) in &self.groups {
            let Some(order) = group.order.as_ref().filter(|_| !group.returns.is_empty()) else {
                continue;
            };
            let is_new = |part: &str| new.contains(part);
            let anew = is_new(reference)
                || changed.contains(reference.as_str())
                || left.contains(reference.as_str())
                || group.returns.keys().any(|part| changed.contains(part.as_str()));
            if !anew && !group.returns.keys().any(|part| is_new(part)) {
                continue;
            }
            let mut returns: Vec<(&String, &Part)> = group.returns.iter().collect();
            returns.sort_by_key(|(reference, part)| (part.ordered_on, *reference));
            let (book, booked): (Vec<_>, Vec<_>) = returns
                .into_iter()
                .partition(|(reference, _)| anew || is_new(reference));
            plans.push(Plan {
                order: reference.clone(),
                undo: book
                    .iter()
                    .filter_map(|(reference, part)| Some(((*reference).clone(), part.entry?)))
                    .collect(),
                left: order.amount + booked.iter().map(|(_, part)| part.amount).sum::<Cents>(),
                book: book
                    .into_iter()
                    .map(|(reference, part)| (reference.clone(), part.amount))
                    .collect(),
                amount: order.amount,
                entry: order.entry.filter(|_| !changed.contains(reference.as_str())),
            });
        }
        plans
    }
}

impl Plan {
    /// The returns as the ledger books them. Rounded once over the order and all its returns: when all of it is returned,
    /// all that it brought is taken back.
    pub(super) fn returns(&self, earning: EntryId, earned: Earned, settings: &Settings) -> Vec<Return> {
        let mut rates = settings
            .rules()
            .filter(|rule| Some(rule.version) == earned.rule)
            .map(|rule| rule.rate);
        let rate = rates.find(|rate| rate.of(self.amount) == Some(earned.points));
        let kept = |left: Cents| match rate.and_then(|rate| rate.of(left)) {
            Some(points) => points,
            // The rule was changed since: in proportion to what the order brought.
            None => {
                let points = i128::from(earned.points) * i128::from(left) / i128::from(self.amount.max(1));
                Points::try_from(points).unwrap_or(earned.points)
            }
        };
        let mut left = self.left;
        let mut returns = Vec::new();
        for (reference, amount) in &self.book {
            let before = kept(left);
            left += amount;
            let points = before - kept(left);
            if points > 0 {
                returns.push(Return {
                    earning,
                    points,
                    cause_ref: reference.clone(),
                });
            }
        }
        returns
    }
}
