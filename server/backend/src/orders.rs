//! Imported orders.

use crate::Result;
use crate::db::{LIST, Tx, list_in, on};
use domain::id::{CompanyId, EntryId, MemberId};
use domain::{Cents, Day};
use sqlx::{FromRow, QueryBuilder};
use tracing::instrument;

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Order {
    #[sqlx(rename = "ref")]
    pub reference: String,
    pub company_id: CompanyId,
    pub member_id: Option<MemberId>,
    pub ordered_on: Day,
    pub quantity: i64,
    /// Negative: a return.
    pub amount: Cents,
    /// Of a return: the ref of the order that it returns, which need not be known yet.
    pub returns_ref: Option<String>,
    /// The ledger entry that credited its points, or took them back.
    pub entry_id: Option<EntryId>,
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_by_ref(tx: &mut Tx, refs: &[&str]) -> Result<Vec<Order>> {
    const LIST: &str = "SELECT ref, company_id, member_id, ordered_on, quantity, amount, returns_ref, entry_id \
        FROM orders WHERE ref IN (";
    Ok(list_in!(tx, LIST, refs, " ORDER BY ref"))
}

/// Lists the next orders behind `after` by their ref, and returns that name no order.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_after(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Order>> {
    const LIST: &str = "SELECT ref, company_id, member_id, ordered_on, quantity, amount, returns_ref, entry_id \
        FROM orders WHERE ref > $1 AND returns_ref IS NULL ORDER BY ref LIMIT $2";
    Ok(on!(tx, c => sqlx::query_as(LIST).bind(after).bind(limit).fetch_all(c).await?))
}

/// True if there is an order.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn any(tx: &mut Tx) -> Result<bool> {
    let first: Option<String> = on!(tx, c => sqlx::query_scalar("SELECT ref FROM orders ORDER BY ref LIMIT 1").fetch_optional(c).await?);
    Ok(first.is_some())
}

/// Lists the returns of these orders.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_returns_of(tx: &mut Tx, refs: &[&str]) -> Result<Vec<Order>> {
    const LIST: &str = "SELECT ref, company_id, member_id, ordered_on, quantity, amount, returns_ref, entry_id \
        FROM orders WHERE returns_ref IS NOT NULL AND returns_ref IN (";
    Ok(list_in!(tx, LIST, refs, " ORDER BY ref"))
}

/// Sets the entries of orders.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn set_entries(tx: &mut Tx, entries: &[(&str, Option<EntryId>)]) -> Result<()> {
    for part in entries.chunks(LIST) {
        on!(tx, c => {
            let mut update = QueryBuilder::new("UPDATE orders SET entry_id = new.column2 FROM (");
            update.push_values(part, |mut row, (reference, entry)| {
                row.push_bind((*reference).to_owned()).push_bind(*entry);
            });
            update.push(") AS new WHERE orders.ref = new.column1");
            update.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

/// Lists some refs by order, from the one after `after`.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_refs(tx: &mut Tx, after: &str) -> Result<Vec<String>> {
    const LIST: &str = "SELECT ref FROM orders WHERE ref > $1 ORDER BY ref LIMIT 10000";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(after).fetch_all(c).await?))
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn insert(tx: &mut Tx, orders: &[Order]) -> Result<()> {
    let now = tx.now();
    for part in orders.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new(
                "INSERT INTO orders (ref, company_id, member_id, ordered_on, quantity, amount, returns_ref, entry_id, \
                 imported_at) ",
            );
            insert.push_values(part, |mut row, order| {
                row.push_bind(order.reference.clone()).push_bind(order.company_id).push_bind(order.member_id)
                    .push_bind(order.ordered_on).push_bind(order.quantity).push_bind(order.amount)
                    .push_bind(order.returns_ref.clone()).push_bind(order.entry_id).push_bind(now);
            });
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn set(tx: &mut Tx, orders: &[Order]) -> Result<()> {
    let now = tx.now();
    for part in orders.chunks(LIST) {
        on!(tx, c => {
            let mut update = QueryBuilder::new("UPDATE orders SET imported_at = ");
            update.push_bind(now);
            update.push(", company_id = new.column2, member_id = new.column3, ordered_on = new.column4, \
                quantity = new.column5, amount = new.column6, returns_ref = new.column7, entry_id = new.column8 FROM (");
            update.push_values(part, |mut row, order| {
                row.push_bind(order.reference.clone()).push_bind(order.company_id).push_bind(order.member_id)
                    .push_bind(order.ordered_on).push_bind(order.quantity).push_bind(order.amount)
                    .push_bind(order.returns_ref.clone()).push_bind(order.entry_id);
            });
            update.push(") AS new WHERE orders.ref = new.column1");
            update.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}
