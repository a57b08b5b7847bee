use super::Request;
use crate::Result;
use crate::db::{Tx, on};
use domain::id::{CommandId, EntryId, MemberId, RewardId};
use domain::rewards::Reward;
use domain::{Points, Timestamp, fault};
use sqlx::FromRow;

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

pub async fn list_offered(tx: &mut Tx) -> Result<Vec<RewardRow>> {
    const LIST: &str = "SELECT id, document, points, stock, delivery, tiers, withdrawn_at FROM reward \
        WHERE withdrawn_at IS NULL ORDER BY points, id";
    Ok(on!(tx, c => sqlx::query_as(LIST).fetch_all(c).await?))
}

pub async fn find(tx: &mut Tx, reward: RewardId) -> Result<Option<RewardRow>> {
    const FIND: &str =
        "SELECT id, document, points, stock, delivery, tiers, withdrawn_at FROM reward WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(reward).fetch_optional(c).await?))
}

pub async fn find_id(tx: &mut Tx, reference: &str) -> Result<Option<RewardId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT id FROM reward WHERE ref = $1").bind(reference).fetch_optional(c).await?),
    )
}

pub async fn upsert(tx: &mut Tx, reference: &str, reward: &Reward, stock: Option<i64>) -> Result<()> {
    const UPSERT: &str = "INSERT INTO reward (id, ref, document, points, stock, delivery, tiers) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (ref) DO UPDATE SET document = excluded.document, \
        points = excluded.points, stock = excluded.stock, delivery = excluded.delivery, tiers = excluded.tiers, \
        withdrawn_at = NULL";
    let document = serde_json::to_string(reward)?;
    let tiers = serde_json::to_string(&reward.tiers)?;
    on!(tx, c => sqlx::query(UPSERT).bind(reward.id).bind(reference).bind(&document).bind(reward.points).bind(stock)
        .bind(reward.delivery.code()).bind(&tiers).execute(c).await.map(|_| ())?);
    Ok(())
}

pub async fn set_withdrawn(tx: &mut Tx, reward: RewardId) -> Result<()> {
    const SET: &str = "UPDATE reward SET withdrawn_at = COALESCE(withdrawn_at, $2) WHERE id = $1";
    let now = tx.now();
    on!(tx, c => sqlx::query(SET).bind(reward).bind(now).execute(c).await.map(|_| ())?);
    Ok(())
}

/// Takes one piece where there is one: what is left (`None` inside: unlimited), or `None` where it is sold out.
pub async fn take_one(tx: &mut Tx, reward: RewardId) -> Result<Option<Option<i64>>> {
    let take = if fault!("stock-is-given-out-where-there-is-none") {
        "UPDATE reward SET stock = MAX(stock - 1, 0) WHERE id = $1 RETURNING stock"
    } else {
        "UPDATE reward SET stock = stock - 1 WHERE id = $1 AND (stock IS NULL OR stock > 0) RETURNING stock"
    };
    Ok(on!(tx, c => sqlx::query_scalar(take).bind(reward).fetch_optional(c).await?))
}

pub async fn put_back(tx: &mut Tx, reward: RewardId) -> Result<Option<i64>> {
    let put = if fault!("piece-taken-back-does-not-return-to-the-stock") {
        "UPDATE reward SET stock = stock WHERE id = $1 RETURNING stock"
    } else {
        "UPDATE reward SET stock = stock + 1 WHERE id = $1 RETURNING stock"
    };
    Ok(on!(tx, c => sqlx::query_scalar(put).bind(reward).fetch_one(c).await?))
}

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
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(member).bind(reward.id).bind(title).bind(reward.points)
        .bind(wallet).bind(&reward.delivery).bind(hold).bind(now).execute(c).await.map(|_| ())?);
    Ok(())
}

pub async fn insert_step(tx: &mut Tx, id: CommandId, step: &str) -> Result<()> {
    const INSERT: &str = "INSERT INTO redemption_step (redemption_id, step, at) VALUES ($1, $2, $3)";
    let now = tx.now();
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(step).bind(now).execute(c).await.map(|_| ())?);
    Ok(())
}

/// Moves a request from one step to another; `false` where it no longer stands there.
pub async fn set_step(tx: &mut Tx, id: CommandId, from: &str, to: &str) -> Result<bool> {
    const SET: &str = "UPDATE redemption SET step = $3 WHERE id = $1 AND step = $2";
    Ok(on!(tx, c => sqlx::query(SET).bind(id).bind(from).bind(to).execute(c).await?.rows_affected()) == 1)
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

pub async fn find_redemption(tx: &mut Tx, id: CommandId) -> Result<Option<RedemptionRow>> {
    const FIND: &str = "SELECT id, member_id, reward_id, title, points, wallet, delivery, hold_id, step \
        FROM redemption WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(id).fetch_optional(c).await?))
}

pub async fn list_of_member(tx: &mut Tx, member: MemberId) -> Result<Vec<RedemptionRow>> {
    const LIST: &str = "SELECT id, member_id, reward_id, title, points, wallet, delivery, hold_id, step \
        FROM redemption WHERE member_id = $1 ORDER BY asked_at DESC, id DESC";
    Ok(on!(tx, c => sqlx::query_as(LIST).bind(member).fetch_all(c).await?))
}

pub async fn list_steps(tx: &mut Tx, id: CommandId) -> Result<Vec<(Timestamp, String)>> {
    const LIST: &str = "SELECT at, step FROM redemption_step WHERE redemption_id = $1 ORDER BY at, \
        CASE step WHEN 'reserved' THEN 0 WHEN 'accepted' THEN 1 WHEN 'sent' THEN 2 ELSE 3 END";
    Ok(on!(tx, c => sqlx::query_as(LIST).bind(id).fetch_all(c).await?))
}

pub async fn list_open(tx: &mut Tx) -> Result<Vec<Request>> {
    const LIST: &str = "SELECT redemption.id, asked_at, step, points, wallet, delivery, title, member.name AS member, \
        company.name AS company, company.id AS company_id FROM redemption JOIN member ON member.id = member_id \
        JOIN company ON company.id = member.company_id WHERE step IN ('reserved', 'accepted', 'sent') \
        ORDER BY asked_at, redemption.id";
    Ok(on!(tx, c => sqlx::query_as(LIST).fetch_all(c).await?))
}
