//! Books what orders and their returns earn.

use super::returns::Plan;
use crate::ledger::{self, Earning, Unsettled};
use crate::programme::settings::Settings;
use crate::{Result, Tx, orders};
use domain::Day;
use domain::id::EntryId;
use std::collections::{BTreeSet, HashMap};

/// What is to be booked at once.
#[derive(Default)]
pub(super) struct Booking {
    /// Entries of orders and returns as they were.
    pub undo: Vec<EntryId>,
    /// What orders earn; the cause is their ref.
    pub earnings: Vec<Earning>,
    pub plans: Vec<Plan>,
}

impl Booking {
    /// Books all of it and returns the new entries by the ref of their order. `written`: the orders that the caller writes;
    /// the entries of other returns are written here.
    pub(super) async fn run(
        mut self,
        tx: &mut Tx,
        settings: &Settings,
        today: Day,
        written: &BTreeSet<String>,
    ) -> Result<HashMap<String, EntryId>> {
        let of_returns = self.plans.iter().flat_map(|plan| &plan.undo);
        self.undo.extend(of_returns.map(|(_, entry)| *entry));
        self.undo.sort_unstable();
        self.undo.dedup();
        let mut unsettled = Unsettled::default();
        ledger::undo(tx, today, &self.undo, &mut unsettled).await?;
        let booked = ledger::book_earnings(tx, settings, today, &self.earnings, &mut unsettled).await?;
        let earners = self.earnings.into_iter().map(|earning| earning.cause_ref);
        let mut entries: HashMap<String, EntryId> = earners.zip(booked).collect();
        take_back(tx, settings, today, &self.plans, &mut entries, &mut unsettled).await?;
        unsettled.settle(tx, today).await?;
        let undone = self.plans.iter().flat_map(|plan| &plan.undo).map(|(one, _)| one);
        let booked = self.plans.iter().flat_map(|plan| &plan.book).map(|(one, _)| one);
        let touched: BTreeSet<&String> = undone.chain(booked).collect();
        let others = touched.into_iter().filter(|one| !written.contains(*one));
        let others: Vec<_> = others
            .map(|one| (one.as_str(), entries.get(one).copied()))
            .collect();
        orders::set_entries(tx, &others).await?;
        Ok(entries)
    }
}

/// Books returns from what their orders earned; adds their entries by their refs.
async fn take_back(
    tx: &mut Tx,
    settings: &Settings,
    today: Day,
    plans: &[Plan],
    entries: &mut HashMap<String, EntryId>,
    unsettled: &mut Unsettled,
) -> Result<()> {
    let earnings: Vec<Option<EntryId>> = plans
        .iter()
        .map(|plan| entries.get(&plan.order).copied().or(plan.entry))
        .collect();
    let ids: Vec<EntryId> = earnings.iter().flatten().copied().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let earned = ledger::list_earned(tx, &ids).await?;
    let mut returns = Vec::new();
    for (plan, earning) in plans.iter().zip(earnings) {
        if let Some(earning) = earning
            && let Some(earned) = earned.get(&earning)
        {
            returns.extend(plan.returns(earning, *earned, settings));
        }
    }
    let booked = ledger::take_back_earned(tx, today, &returns, unsettled).await?;
    entries.extend(returns.into_iter().map(|one| one.cause_ref).zip(booked));
    Ok(())
}
