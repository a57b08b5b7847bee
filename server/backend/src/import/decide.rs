//! Rows of orders against what is stored: by the check of a whole file, and again by each slice that is applied.

use super::returns::Groups;
use crate::members::{self, Saved};
use crate::orders::{self, Order};
use crate::{Result, Tx};
use domain::id::{CompanyId, MemberId};
use domain::input::{InputCode, InputError};
use domain::{Cents, Day};
use std::collections::HashMap;

/// A row that is valid by itself.
#[derive(Clone, Debug)]
pub(super) struct OrderRow {
    /// Its line in the file.
    pub line: u64,
    pub reference: String,
    pub company: String,
    pub member: Option<String>,
    pub ordered_on: Day,
    pub quantity: i64,
    pub amount: Cents,
    /// Of a return: the ref of its order.
    pub returns_ref: Option<String>,
}

impl OrderRow {
    /// Returns the order that the row makes of `before`, with the entry of `before`.
    pub(super) fn order(
        &self,
        company: CompanyId,
        member: Option<MemberId>,
        before: Option<&Order>,
    ) -> (Order, Saved) {
        let order = Order {
            reference: self.reference.clone(),
            company_id: company,
            member_id: member,
            ordered_on: self.ordered_on,
            quantity: self.quantity,
            amount: self.amount,
            returns_ref: self.returns_ref.clone(),
            entry_id: before.and_then(|before| before.entry_id),
        };
        let saved = match before {
            None => Saved::New,
            Some(before) if *before == order => Saved::Unchanged,
            Some(_) => Saved::Changed,
        };
        (order, saved)
    }
}

/// The error in the row of a line.
pub(super) type Refused = (u64, InputError);

/// Rows that can be saved one after the other.
pub(super) struct Decided {
    pub rows: Vec<OrderRow>,
    /// Their orders as they are stored, by ref.
    pub known: HashMap<String, Order>,
    pub refused: Vec<Refused>,
}

/// Decides rows in their order, and takes the good ones into `groups`. `names_returns`: the file says which order a return
/// returns; otherwise that stays as it was.
pub(super) async fn decide(
    tx: &mut Tx,
    groups: &mut Groups,
    mut rows: Vec<OrderRow>,
    names_returns: bool,
    company: impl Fn(&str) -> Option<CompanyId>,
) -> Result<Decided> {
    let refs: Vec<&str> = rows.iter().map(|row| row.reference.as_str()).collect();
    let stored = orders::list_by_ref(tx, &refs).await?;
    let known: HashMap<String, Order> = stored
        .into_iter()
        .map(|order| (order.reference.clone(), order))
        .collect();
    if !names_returns {
        for row in &mut rows {
            let before = known.get(&row.reference);
            row.returns_ref = before.and_then(|before| before.returns_ref.clone());
        }
    }
    let own: Vec<&str> = rows.iter().map(|row| row.reference.as_str()).collect();
    let named = rows.iter().filter_map(|row| row.returns_ref.as_deref());
    groups.read(tx, &own, named.collect(), &known).await?;
    let (mut good, mut refused) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        let before = known.get(&row.reference);
        let company = company(&row.company);
        let checked = match before {
            Some(before) => contradiction(tx, &row, company, before).await?,
            None => Ok(()),
        };
        match checked.and_then(|()| groups.take(&row, company, before)) {
            Ok(()) => good.push(row),
            Err(error) => refused.push((row.line, error)),
        }
    }
    Ok(Decided {
        rows: good,
        known,
        refused,
    })
}

/// Refuses a row that cannot correct the stored order: another order with its number.
async fn contradiction(
    tx: &mut Tx,
    row: &OrderRow,
    company: Option<CompanyId>,
    before: &Order,
) -> Result<Result<(), InputError>> {
    if before.amount.signum() * row.amount.signum() < 0 {
        return Ok(Err(InputCode::SignTurned.field("amount")));
    }
    let same =
        (row.amount, row.quantity, row.ordered_on) == (before.amount, before.quantity, before.ordered_on);
    if company != Some(before.company_id) && !same {
        let company = members::company_ref(tx, before.company_id).await?;
        return Ok(Err(InputCode::OtherOrder { company }.field("order_ref")));
    }
    Ok(Ok(()))
}
