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
pub(crate) async fn set_entry(tx: &mut Tx, reference: &str, entry: Option<EntryId>) -> Result<()> {
    const SET: &str = "UPDATE orders SET entry_id = $2 WHERE ref = $1";
    on!(tx, c => sqlx::query(SET).bind(reference).bind(entry).execute(c).await.map(|_| ())?);
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
pub(crate) async fn set(tx: &mut Tx, order: &Order) -> Result<()> {
    const SET: &str = "UPDATE orders SET company_id = $2, member_id = $3, ordered_on = $4, quantity = $5, amount = $6, \
        returns_ref = $7, entry_id = $8, imported_at = $9 WHERE ref = $1";
    let now = tx.now();
    on!(tx, c => sqlx::query(SET).bind(&order.reference).bind(order.company_id).bind(order.member_id)
        .bind(order.ordered_on).bind(order.quantity).bind(order.amount).bind(&order.returns_ref).bind(order.entry_id)
        .bind(now)
        .execute(c).await.map(|_| ())?);
    Ok(())
}
