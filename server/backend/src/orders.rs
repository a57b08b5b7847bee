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
    /// The ledger entry that credited its points.
    pub entry_id: Option<EntryId>,
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_by_ref(tx: &mut Tx, refs: &[&str]) -> Result<Vec<Order>> {
    const LIST: &str = "SELECT ref, company_id, member_id, ordered_on, quantity, amount, entry_id FROM orders WHERE ref IN (";
    Ok(list_in!(tx, LIST, refs, " ORDER BY ref"))
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn insert(tx: &mut Tx, orders: &[Order]) -> Result<()> {
    let now = tx.now();
    for part in orders.chunks(LIST) {
        on!(tx, c => {
            let mut insert = QueryBuilder::new(
                "INSERT INTO orders (ref, company_id, member_id, ordered_on, quantity, amount, entry_id, imported_at) ",
            );
            insert.push_values(part, |mut row, order| {
                row.push_bind(order.reference.clone()).push_bind(order.company_id).push_bind(order.member_id)
                    .push_bind(order.ordered_on).push_bind(order.quantity).push_bind(order.amount)
                    .push_bind(order.entry_id).push_bind(now);
            });
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn set(tx: &mut Tx, order: &Order) -> Result<()> {
    const SET: &str = "UPDATE orders SET company_id = $2, member_id = $3, ordered_on = $4, quantity = $5, amount = $6, \
        entry_id = $7, imported_at = $8 WHERE ref = $1";
    let now = tx.now();
    on!(tx, c => sqlx::query(SET).bind(&order.reference).bind(order.company_id).bind(order.member_id)
        .bind(order.ordered_on).bind(order.quantity).bind(order.amount).bind(order.entry_id).bind(now)
        .execute(c).await.map(|_| ())?);
    Ok(())
}
