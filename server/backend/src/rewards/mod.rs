//! Rewards: the catalogue, and requests up to delivery.

mod sql;

use crate::caller::Caller;
use crate::ledger::{self, Owner};
use crate::stored::{Bodies, bodies};
use crate::{Error, Result, Tx, markdown, notices, programme, signing, stored, strict_toml};
use domain::document::Collection;
use domain::id::{CommandId, CompanyId, MemberId, RewardId};
use domain::input::{InputCode, InputError, InputPlace, RefKind, one_of};
use domain::ledger::Wallet;
use domain::notices::About;
use domain::rewards::{Command, Delivery, Redemption, Reward, Shelf, Step, Voucher};
use domain::stock::Band;
use domain::{Points, Receipt, Text, Timestamp, fault, programme::tier_allows};
use serde::Deserialize;
use sql::{RedemptionRow, RewardRow};
use std::collections::{BTreeSet, HashMap};
use tracing::instrument;

/// What is offered: ref and stored document.
pub(crate) async fn published(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    sql::list_documents(tx).await
}

/// Its documents as a member sees them.
pub(crate) async fn documents(
    tx: &mut Tx,
    member: MemberId,
    collection: Collection,
    ids: Option<&BTreeSet<String>>,
) -> Result<Bodies> {
    match collection {
        Collection::Reward => bodies(offered(tx).await?, |reward| reward.id),
        Collection::Redemption => bodies(of_member(tx, member, ids).await?, |redemption| redemption.id),
        other => Err(stored::foreign(other)),
    }
}

/// Lists the offered rewards, as phones store them.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn offered(tx: &mut Tx) -> Result<Vec<Reward>> {
    let rows = sql::list_offered(tx).await?;
    Ok(rows.iter().filter_map(document).collect())
}

fn document(row: &RewardRow) -> Option<Reward> {
    let mut reward: Reward = stored::read("reward", row.id, &row.document)?;
    reward.stock = row.stock.map_or(Band::Many, Band::of);
    Some(reward)
}

/// Requests that a new phone gets: the open ones, and so many of the others, the latest.
const REQUESTS: i64 = 200;

/// Lists a member's requests, newest first: those of `ids`, or what a new phone gets.
#[instrument(level = "debug", skip_all)]
async fn of_member(tx: &mut Tx, member: MemberId, ids: Option<&BTreeSet<String>>) -> Result<Vec<Redemption>> {
    let rows = match ids {
        Some(ids) => {
            let ids: Vec<CommandId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            let mut rows = sql::list_redemptions(tx, &ids).await?;
            rows.retain(|row| row.member_id == member);
            rows
        }
        None => sql::list_latest(tx, member, REQUESTS).await?,
    };
    let requests: Vec<CommandId> = rows.iter().map(|row| row.id).collect();
    let mut steps_of: HashMap<CommandId, Vec<(Timestamp, Step)>> = HashMap::new();
    for row in sql::list_steps(tx, &requests).await? {
        let step = Step::from_code(&row.step).unwrap_or(Step::Newer);
        steps_of
            .entry(row.redemption_id)
            .or_default()
            .push((row.at, step));
    }
    let key = if rows.is_empty() {
        None
    } else {
        Some(signing::key(tx).await?)
    };
    let mut redemptions = Vec::with_capacity(rows.len());
    for row in rows {
        let steps = steps_of.remove(&row.id).unwrap_or_default();
        let delivery = Delivery::from_code(&row.delivery).unwrap_or(Delivery::Newer);
        let accepted = steps
            .iter()
            .find(|(_, step)| *step == Step::Accepted)
            .map(|(at, _)| *at);
        let voucher = match (delivery, accepted, &key) {
            (Delivery::Voucher, Some(at), Some(key)) => {
                let until = at.plus(VOUCHER_DAYS * Timestamp::DAY);
                let text = key.sign(signing::Kind::Voucher, row.id.0, row.reward_id.0, at, until);
                let qr = signing::qr(&text)?;
                Some(Voucher { text, qr })
            }
            _ => None,
        };
        redemptions.push(Redemption {
            id: row.id,
            reward: row.reward_id,
            title: stored::read("redemption", row.id, &row.title).unwrap_or_default(),
            points: row.points,
            wallet: Wallet::from_code(&row.wallet).unwrap_or(Wallet::Newer),
            delivery,
            steps,
            voucher,
        });
    }
    Ok(redemptions)
}

/// Validity of a voucher in days.
const VOUCHER_DAYS: i64 = 365;

/// A request as whoever hands the reward over sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherOf {
    pub member: String,
    pub reward: Text,
    pub step: Step,
}

/// Finds the request of a voucher.
#[instrument(level = "debug", skip_all)]
pub async fn find_voucher(tx: &mut Tx, redemption: CommandId) -> Result<Option<VoucherOf>> {
    Ok(sql::find_voucher(tx, redemption).await?.map(|row| VoucherOf {
        member: row.member,
        reward: stored::read("redemption", redemption, &row.title).unwrap_or_default(),
        step: Step::from_code(&row.step).unwrap_or(Step::Newer),
    }))
}

/// Signs the vouchers that are not used yet anew, on all phones.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn renew_vouchers(tx: &mut Tx) -> Result<usize> {
    let holders = sql::list_voucher_holders(tx).await?;
    for (member, redemption) in &holders {
        tx.mark_changed(*member, Collection::Redemption, redemption);
    }
    Ok(holders.len())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn handle(tx: &mut Tx, caller: &Caller, id: CommandId, command: Command) -> Result<Receipt> {
    match command {
        Command::Redeem {
            reward,
            points,
            wallet,
        } => redeem(tx, caller, id, reward, points, wallet).await,
        Command::TakeBack { redemption } => take_back(tx, caller, redemption).await,
    }
}

/// Reserves the points and one item of the stock; the request has the id of its command.
async fn redeem(
    tx: &mut Tx,
    caller: &Caller,
    id: CommandId,
    reward: RewardId,
    seen: Points,
    wallet: Wallet,
) -> Result<Receipt> {
    let owner = match wallet {
        Wallet::Own => Owner::Member(caller.member),
        Wallet::Company if caller.manager || fault!("everybody-spends-the-company-wallet") => {
            Owner::Company(caller.company)
        }
        Wallet::Company => return Err(domain::Error::ManagersOnly.into()),
        // Fails instead of refusing: a newer server may support this wallet.
        Wallet::Newer => return Err(Error::Invariant("a wallet of a newer version".into())),
    };
    let row = sql::find(tx, reward).await?.ok_or(domain::Error::NotFound)?;
    if row.withdrawn_at.is_some() {
        return Err(domain::Error::Withdrawn.into());
    }
    if row.points != seen {
        return Err(domain::Error::PriceChanged { price: row.points }.into());
    }
    let tiers: Vec<String> = serde_json::from_str(&row.tiers)?;
    if !tier_allows(&tiers, &caller.tier) {
        return Err(domain::Error::NotForYourTier.into());
    }
    let settings = programme::current(tx).await?;
    let today = settings.day(tx.now())?;
    let title = stored::title(&row.document)?;
    let left = sql::take_one(tx, reward).await?.ok_or(domain::Error::SoldOut)?;
    let hold = ledger::hold(tx, owner, row.points, today, id, &title).await?;
    sql::insert_redemption(
        tx,
        id,
        caller.member,
        &row,
        &serde_json::to_string(&title)?,
        wallet.code(),
        hold,
    )
    .await?;
    sql::insert_step(tx, id, Step::Reserved.code()).await?;
    touch_band(tx, reward, left, left.map(|left| left + 1));
    tx.mark_changed(caller.member, Collection::Redemption, id);
    Ok(Receipt::Reserved { points: row.points })
}

async fn take_back(tx: &mut Tx, caller: &Caller, id: CommandId) -> Result<Receipt> {
    let row = sql::find_redemption(tx, id)
        .await?
        .filter(|row| row.member_id == caller.member);
    let row = row.ok_or(domain::Error::NotFound)?;
    step_to(tx, &row, Step::TakenBack).await?;
    Ok(Receipt::Released { points: row.points })
}

/// Advances a request on behalf of the brand and notifies the member.
///
/// # Errors
/// [`Error::Input`] if there is no such request, or its current step does not allow this one.
#[instrument(level = "debug", skip_all)]
pub async fn advance(tx: &mut Tx, id: CommandId, step: Step) -> Result<()> {
    let row = sql::find_redemption(tx, id).await?.ok_or_else(|| {
        InputCode::NotThere {
            what: RefKind::Request,
        }
        .given(id.to_string())
    })?;
    if step == Step::TakenBack {
        return Err(InputCode::OnlyMemberTakesBack.into());
    }
    match step_to(tx, &row, step).await {
        Err(Error::Rejected(domain::Error::AlreadyHandled)) => Err(InputCode::CannotBecome {
            from: row.step.clone(),
            to: step.code().to_owned(),
        }
        .into()),
        Err(other) => Err(other),
        Ok(()) => {
            let title = serde_json::from_str(&row.title)?;
            notices::notify(
                tx,
                row.member_id,
                About::RequestMoved {
                    title,
                    step,
                    points: row.points,
                },
            )
            .await
        }
    }
}

/// Declines a member's requests that nobody has decided; their points are free again.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn decline_open(tx: &mut Tx, member: MemberId) -> Result<()> {
    for row in sql::list_reserved(tx, member).await? {
        step_to(tx, &row, Step::Declined).await?;
    }
    Ok(())
}

async fn step_to(tx: &mut Tx, row: &RedemptionRow, to: Step) -> Result<()> {
    let from = Step::from_code(&row.step).ok_or_else(|| Error::Invariant(format!("step {:?}", row.step)))?;
    // The update checks the step again, so that of two concurrent callers only one succeeds.
    if !from.may_become(to) || !sql::set_step(tx, row.id, from.code(), to.code()).await? {
        return Err(domain::Error::AlreadyHandled.into());
    }
    sql::insert_step(tx, row.id, to.code()).await?;
    let today = programme::current(tx).await?.day(tx.now())?;
    match to {
        Step::Accepted => ledger::post(tx, row.hold_id, today).await?,
        Step::TakenBack | Step::Declined => {
            let left = sql::put_back(tx, row.reward_id).await?;
            touch_band(tx, row.reward_id, left, left.map(|left| left - 1));
            ledger::void(tx, row.hold_id, today).await?;
        }
        Step::Reserved | Step::Sent | Step::Delivered | Step::Newer => {}
    }
    tx.mark_changed(row.member_id, Collection::Redemption, row.id);
    Ok(())
}

/// Marks the reward as changed only if its stock band changes.
fn touch_band(tx: &mut Tx, reward: RewardId, now: Option<i64>, before: Option<i64>) {
    if now.map(Band::of) != before.map(Band::of) {
        tx.mark_content_changed(Collection::Reward, reward);
    }
}

/// Withdraws a reward. Existing requests continue; an import offers it again.
///
/// # Errors
/// [`Error::Input`] if there is no such reward.
#[instrument(level = "debug", skip_all)]
pub async fn withdraw(tx: &mut Tx, reference: &str) -> Result<()> {
    let id = sql::find_id(tx, reference).await?.ok_or_else(|| {
        InputCode::NotThere {
            what: RefKind::Reward,
        }
        .given(reference)
    })?;
    sql::set_withdrawn(tx, id).await?;
    tx.mark_content_changed(Collection::Reward, id);
    Ok(())
}

/// A request, for the staff who handle it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Request {
    pub id: CommandId,
    pub asked_at: Timestamp,
    pub step: String,
    pub points: Points,
    pub wallet: String,
    pub delivery: String,
    /// JSON of a [`Text`].
    pub title: String,
    pub member: String,
    pub company: String,
    pub company_id: CompanyId,
}

/// Lists unfinished requests, oldest first.
#[instrument(level = "debug", skip_all)]
pub async fn open_requests(tx: &mut Tx) -> Result<Vec<Request>> {
    sql::list_open(tx).await
}

#[derive(Debug, Deserialize)]
struct RewardsFile {
    #[serde(rename = "reward")]
    rewards: Vec<RewardFile>,
}

#[derive(Debug, Deserialize)]
struct RewardFile {
    #[serde(rename = "ref")]
    reference: String,
    title: Text,
    summary: Text,
    body: Text,
    shelf: String,
    points: Points,
    stock: Option<i64>,
    delivery: String,
    #[serde(default)]
    tiers: Vec<String>,
}

/// Imports rewards from a TOML file; existing ones (by ref) are changed. Returns the number of rewards in the file.
///
/// The stock is the amount at hand when the file is imported. Where the last file gave the same, it is left alone: what was
/// asked for since then is gone.
///
/// # Errors
/// [`Error::Input`] that names the reward and the problem.
#[instrument(level = "debug", skip_all)]
pub async fn import_file(tx: &mut Tx, text: &str) -> Result<usize> {
    let file: RewardsFile = strict_toml::read(text)?;
    let items = file.rewards.iter().map(|reward| {
        let texts = [("title", &reward.title), ("summary", &reward.summary)];
        (reward.reference.as_str(), texts)
    });
    programme::check_items(InputPlace::Reward, items)?;
    let settings = programme::current(tx).await?;
    for reward in &file.rewards {
        let here = |error: Error| error.within(InputPlace::Reward(reward.reference.clone()));
        let wrong = |error: InputError| here(error.into());
        let shelf = Shelf::from_code(&reward.shelf).ok_or_else(|| {
            wrong(
                one_of(Shelf::ALL.iter().map(|shelf| shelf.code()))
                    .field("shelf")
                    .given(&reward.shelf),
            )
        })?;
        let delivery = Delivery::from_code(&reward.delivery).ok_or_else(|| {
            wrong(
                one_of(Delivery::ALL.iter().map(|way| way.code()))
                    .field("delivery")
                    .given(&reward.delivery),
            )
        })?;
        if reward.points < 1 {
            return Err(wrong(
                InputCode::TooSmall { least: 1 }
                    .field("points")
                    .given(reward.points.to_string()),
            ));
        }
        if let Some(stock) = reward.stock.filter(|stock| *stock < 0) {
            return Err(wrong(
                InputCode::TooSmall { least: 0 }
                    .field("stock")
                    .given(stock.to_string()),
            ));
        }
        settings.has(&reward.tiers, &[]).map_err(wrong)?;
        let id = sql::find_id(tx, &reward.reference)
            .await?
            .unwrap_or_else(|| RewardId(tx.uuid()));
        let document = Reward {
            id,
            title: reward.title.clone(),
            summary: reward.summary.clone(),
            html: markdown::text_to_html(&reward.body)
                .map_err(|error| here(error.within(InputPlace::field("body"))))?,
            shelf,
            points: reward.points,
            stock: Band::Many,
            delivery,
            tiers: reward.tiers.clone(),
        };
        sql::upsert(tx, &reward.reference, &document, reward.stock).await?;
        tx.mark_content_changed(Collection::Reward, id);
    }
    Ok(file.rewards.len())
}
