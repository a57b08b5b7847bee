use super::Request;
use crate::Result;
use crate::db::{Tx, list_in, params};
use domain::id::{CommandId, EntryId, MemberId, RewardId};
use domain::rewards::Reward;
use domain::{Points, Timestamp, fault};
use sqlx::FromRow;
use std::collections::HashSet;
use tracing::instrument;

#[derive(Clone, Debug, FromRow)]
pub struct RewardRow {
    pub id: RewardId,
    pub document: String,
    pub points: Points,
    pub stock: Option<i64>,
    pub delivery: String,
    pub tiers: String,
    pub withdrawn_at: Option<Timestamp>,
}

#[instrument(level = "debug", skip_all)]
pub async fn list_offered(tx: &mut Tx) -> Result<Vec<RewardRow>> {
    const LIST: &str = "SELECT id, document, points, stock, delivery, tiers, withdrawn_at FROM reward \
        WHERE withdrawn_at IS NULL ORDER BY points, id";
    tx.fetch_all(LIST, params![]).await
}

/// Offered rewards: ref and document.
#[instrument(level = "debug", skip_all)]
pub async fn list_documents(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    const LIST: &str = "SELECT ref, document FROM reward WHERE withdrawn_at IS NULL ORDER BY ref";
    tx.fetch_all(LIST, params![]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn find(tx: &mut Tx, reward: RewardId) -> Result<Option<RewardRow>> {
    const FIND: &str =
        "SELECT id, document, points, stock, delivery, tiers, withdrawn_at FROM reward WHERE id = $1";
    tx.fetch_optional(FIND, params![reward]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn find_id(tx: &mut Tx, reference: &str) -> Result<Option<RewardId>> {
    tx.fetch_optional_scalar("SELECT id FROM reward WHERE ref = $1", params![reference])
        .await
}

#[instrument(level = "debug", skip_all)]
pub async fn upsert(tx: &mut Tx, reference: &str, reward: &Reward, stock: Option<i64>) -> Result<()> {
    // Why the stock is left alone where the file gives what the last one gave: requests made since then count.
    const UPSERT: &str = "INSERT INTO reward (id, ref, document, points, stock, stock_given, delivery, tiers) \
        VALUES ($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT (ref) DO UPDATE SET document = excluded.document, \
        points = excluded.points, stock = CASE WHEN reward.stock_given IS NOT DISTINCT FROM excluded.stock_given \
        THEN reward.stock ELSE excluded.stock END, stock_given = excluded.stock_given, delivery = excluded.delivery, \
        tiers = excluded.tiers, withdrawn_at = NULL";
    const ANEW: &str = "INSERT INTO reward (id, ref, document, points, stock, stock_given, delivery, tiers) \
        VALUES ($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT (ref) DO UPDATE SET document = excluded.document, \
        points = excluded.points, stock = excluded.stock, delivery = excluded.delivery, tiers = excluded.tiers, \
        withdrawn_at = NULL";
    let upsert = if fault!("stock-of-a-file-is-given-out-again") {
        ANEW
    } else {
        UPSERT
    };
    let document = serde_json::to_string(reward)?;
    let tiers = serde_json::to_string(&reward.tiers)?;
    tx.execute(
        upsert,
        params![
            reward.id,
            reference,
            &document,
            reward.points,
            stock,
            reward.delivery.code(),
            &tiers
        ],
    )
    .await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_withdrawn(tx: &mut Tx, reward: RewardId) -> Result<()> {
    const SET: &str = "UPDATE reward SET withdrawn_at = COALESCE(withdrawn_at, $2) WHERE id = $1";
    let now = tx.now();
    tx.execute(SET, params![reward, now]).await?;
    Ok(())
}

/// Takes one item from the stock: returns the remaining stock (inner `None`: unlimited), or `None` if it is sold out.
#[instrument(level = "debug", skip_all)]
pub async fn take_one(tx: &mut Tx, reward: RewardId) -> Result<Option<Option<i64>>> {
    let take = if fault!("stock-is-given-out-where-there-is-none") {
        "UPDATE reward SET stock = MAX(stock - 1, 0) WHERE id = $1 RETURNING stock"
    } else {
        "UPDATE reward SET stock = stock - 1 WHERE id = $1 AND (stock IS NULL OR stock > 0) RETURNING stock"
    };
    tx.fetch_optional_scalar(take, params![reward]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn put_back(tx: &mut Tx, reward: RewardId) -> Result<Option<i64>> {
    let put = if fault!("piece-taken-back-does-not-return-to-the-stock") {
        "UPDATE reward SET stock = stock WHERE id = $1 RETURNING stock"
    } else {
        "UPDATE reward SET stock = stock + 1 WHERE id = $1 RETURNING stock"
    };
    tx.fetch_scalar(put, params![reward]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_redemption(
    tx: &mut Tx,
    id: CommandId,
    member: MemberId,
    reward: &RewardRow,
    title: &str,
    wallet: &str,
    hold: EntryId,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO redemption (id, member_id, reward_id, title, points, wallet, delivery, hold_id, \
        step, asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'reserved', $9)";
    let now = tx.now();
    tx.execute(
        INSERT,
        params![
            id,
            member,
            reward.id,
            title,
            reward.points,
            wallet,
            &reward.delivery,
            hold,
            now
        ],
    )
    .await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_step(tx: &mut Tx, id: CommandId, step: &str) -> Result<()> {
    const INSERT: &str = "INSERT INTO redemption_step (redemption_id, step, at) VALUES ($1, $2, $3)";
    let now = tx.now();
    tx.execute(INSERT, params![id, step, now]).await?;
    Ok(())
}

/// Moves a request from one step to another; returns `false` if it is no longer at `from`.
#[instrument(level = "debug", skip_all)]
pub async fn set_step(tx: &mut Tx, id: CommandId, from: &str, to: &str) -> Result<bool> {
    const SET: &str = "UPDATE redemption SET step = $3 WHERE id = $1 AND step = $2";
    Ok(tx.execute(SET, params![id, from, to]).await? == 1)
}

#[derive(Clone, Debug, FromRow)]
pub struct RedemptionRow {
    pub id: CommandId,
    pub member_id: MemberId,
    pub reward_id: RewardId,
    pub title: String,
    pub points: Points,
    pub wallet: String,
    pub delivery: String,
    pub hold_id: EntryId,
    pub step: String,
}

#[instrument(level = "debug", skip_all)]
pub async fn find_redemption(tx: &mut Tx, id: CommandId) -> Result<Option<RedemptionRow>> {
    const FIND: &str = "SELECT id, member_id, reward_id, title, points, wallet, delivery, hold_id, step \
        FROM redemption WHERE id = $1";
    tx.fetch_optional(FIND, params![id]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn list_redemptions(tx: &mut Tx, ids: &[CommandId]) -> Result<Vec<RedemptionRow>> {
    const LIST: &str = "SELECT id, member_id, reward_id, title, points, wallet, delivery, hold_id, step \
        FROM redemption WHERE id IN (";
    Ok(list_in!(tx, LIST, ids, " ORDER BY asked_at DESC, id DESC"))
}

/// Returns the requests of a member that are under way, and the latest `count` of all.
#[instrument(level = "debug", skip_all)]
pub async fn list_latest(tx: &mut Tx, member: MemberId, count: i64) -> Result<Vec<RedemptionRow>> {
    const OPEN: &str = "SELECT id, member_id, reward_id, title, points, wallet, delivery, hold_id, step \
        FROM redemption WHERE member_id = $1 AND step IN ('reserved', 'accepted', 'sent') \
        ORDER BY asked_at DESC, id DESC";
    const LATEST: &str = "SELECT id, member_id, reward_id, title, points, wallet, delivery, hold_id, step \
        FROM redemption WHERE member_id = $1 ORDER BY asked_at DESC, id DESC LIMIT $2";
    let mut rows: Vec<RedemptionRow> = tx.fetch_all(LATEST, params![member, count]).await?;
    let latest: HashSet<CommandId> = rows.iter().map(|row| row.id).collect();
    let open: Vec<RedemptionRow> = tx.fetch_all(OPEN, params![member]).await?;
    rows.extend(open.into_iter().filter(|row| !latest.contains(&row.id)));
    Ok(rows)
}

/// Returns the requests of a member that nobody has decided.
#[instrument(level = "debug", skip_all)]
pub async fn list_reserved(tx: &mut Tx, member: MemberId) -> Result<Vec<RedemptionRow>> {
    const LIST: &str = "SELECT id, member_id, reward_id, title, points, wallet, delivery, hold_id, step \
        FROM redemption WHERE member_id = $1 AND step = 'reserved' ORDER BY asked_at DESC, id DESC";
    tx.fetch_all(LIST, params![member]).await
}

#[derive(Clone, Debug, FromRow)]
pub struct StepRow {
    pub redemption_id: CommandId,
    pub at: Timestamp,
    pub step: String,
}

/// Returns the steps of requests, in their order.
#[instrument(level = "debug", skip_all)]
pub async fn list_steps(tx: &mut Tx, ids: &[CommandId]) -> Result<Vec<StepRow>> {
    const LIST: &str = "SELECT redemption_id, at, step FROM redemption_step WHERE redemption_id IN (";
    Ok(list_in!(
        tx,
        LIST,
        ids,
        " ORDER BY redemption_id, at, \
        CASE step WHEN 'reserved' THEN 0 WHEN 'accepted' THEN 1 WHEN 'sent' THEN 2 ELSE 3 END"
    ))
}

#[instrument(level = "debug", skip_all)]
pub async fn list_open(tx: &mut Tx) -> Result<Vec<Request>> {
    const LIST: &str = "SELECT redemption.id, asked_at, step, points, wallet, delivery, title, member.name AS member, \
        company.name AS company, company.id AS company_id FROM redemption JOIN member ON member.id = member_id \
        JOIN company ON company.id = member.company_id WHERE step IN ('reserved', 'accepted', 'sent') \
        ORDER BY asked_at, redemption.id";
    tx.fetch_all(LIST, params![]).await
}

/// The request of a voucher.
#[derive(Clone, Debug, FromRow)]
pub struct VoucherRow {
    pub member: String,
    pub title: String,
    pub step: String,
}

#[instrument(level = "debug", skip_all)]
pub async fn find_voucher(tx: &mut Tx, redemption: CommandId) -> Result<Option<VoucherRow>> {
    const FIND: &str = "SELECT member.name AS member, redemption.title, redemption.step FROM redemption \
        JOIN member ON member.id = redemption.member_id \
        WHERE redemption.id = $1 AND redemption.delivery = 'voucher'";
    tx.fetch_optional(FIND, params![redemption]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn list_voucher_holders(tx: &mut Tx) -> Result<Vec<(MemberId, CommandId)>> {
    const LIST: &str = "SELECT member_id, id FROM redemption \
        WHERE delivery = 'voucher' AND step IN ('accepted', 'sent') ORDER BY member_id, id";
    tx.fetch_all(LIST, params![]).await
}
