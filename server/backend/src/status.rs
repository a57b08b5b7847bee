//! Status of companies: computed from the ledger, stored with the company because its audience depends on it.

use crate::db::{Tx, on};
use crate::programme::settings::Settings;
use crate::{Result, members, notices};
use domain::document::Collection;
use domain::id::CompanyId;
use domain::input::{InputCode, RefKind};
use domain::notices::About;
use domain::programme::Period;
use domain::status::{Status, status_on};
use domain::{Day, Points, Text};
use tracing::instrument;

#[derive(sqlx::FromRow)]
struct Row {
    id: CompanyId,
    joined_on: Day,
    tier: String,
    status_points: i64,
    review_on: Day,
    /// The tier that its members were last told of.
    told_tier: String,
    warned_of: Option<Day>,
    warned_days: Option<i32>,
}

/// Returns the status of a company on a day.
///
/// # Errors
/// [`crate::Error::Input`] if there is no such company.
#[instrument(level = "debug", skip_all)]
pub async fn of_company(tx: &mut Tx, settings: &Settings, reference: &str, on: Day) -> Result<Status> {
    const FIND: &str = "SELECT id, joined_on, tier, status_points, review_on, told_tier, warned_of, warned_days \
        FROM company WHERE ref = $1";
    let found: Option<Row> = on!(tx, c => sqlx::query_as(FIND).bind(reference).fetch_optional(c).await?);
    let company = found.ok_or_else(|| {
        InputCode::NotThere {
            what: RefKind::Company,
        }
        .given(reference)
    })?;
    work_out(tx, settings, &company, on).await
}

/// Returns today's status document for a company's members.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn today(
    tx: &mut Tx,
    settings: &Settings,
    company: CompanyId,
    today: Day,
) -> Result<Status> {
    let company = find(tx, company).await?;
    work_out(tx, settings, &company, today).await
}

async fn find(tx: &mut Tx, company: CompanyId) -> Result<Row> {
    const FIND: &str = "SELECT id, joined_on, tier, status_points, review_on, told_tier, warned_of, warned_days \
        FROM company WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(company).fetch_one(c).await?))
}

async fn work_out(tx: &mut Tx, settings: &Settings, company: &Row, on: Day) -> Result<Status> {
    // Two years and a day: this period and the one before it.
    let earned = crate::ledger::earned(tx, company.id, on.plus_months(-24).plus_days(-1), on).await?;
    Ok(status_on(
        &settings.tiers,
        settings.status.period,
        company.joined_on,
        &earned,
        on,
    ))
}

/// Recomputes the status of companies after their points changed, and marks what is new for phones.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn refresh(
    tx: &mut Tx,
    settings: &Settings,
    today: Day,
    companies: &[CompanyId],
) -> Result<()> {
    for company in companies {
        let before = find(tx, *company).await?;
        let status = work_out(tx, settings, &before, today).await?;
        if (&status.tier, status.points, status.review_on)
            == (&before.tier, before.status_points, before.review_on)
        {
            continue;
        }
        const SET: &str = "UPDATE company SET tier = $2, status_points = $3, review_on = $4 WHERE id = $1";
        on!(tx, c => sqlx::query(SET).bind(*company).bind(&status.tier).bind(status.points).bind(status.review_on)
            .execute(c).await.map(|_| ())?);
        tx.mark_company_changed(*company, Collection::Status, "status");
        // Why a fall is told with the daily job: corrections of one day go up and down.
        if threshold(settings, &status.tier) > threshold(settings, &before.told_tier) {
            tell(tx, settings, &before, &status.tier, |tier| About::TierReached {
                tier,
            })
            .await?;
        }
    }
    Ok(())
}

fn threshold(settings: &Settings, tier: &str) -> Points {
    let tiers = settings.tiers.iter();
    tiers
        .filter(|one| one.reference == tier)
        .map(|one| one.threshold)
        .sum()
}

/// Tells a company's members of their tier.
async fn tell(
    tx: &mut Tx,
    settings: &Settings,
    company: &Row,
    tier: &str,
    about: impl Fn(Text) -> About,
) -> Result<()> {
    const SET: &str = "UPDATE company SET told_tier = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(company.id).bind(tier).execute(c).await.map(|_| ())?);
    let Some(tier) = settings.tiers.iter().find(|one| one.reference == tier) else {
        return Ok(());
    };
    for member in members::of_company(tx, company.id).await? {
        notices::notify(tx, member, about(tier.name.clone())).await?;
    }
    Ok(())
}

/// Days before a fall on which members are warned.
const WARNINGS: [i32; 2] = [7, 30];

/// Tells members of companies that fell since they were last told, and of falls to come: the daily job.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn tell_falls(tx: &mut Tx, settings: &Settings) -> Result<()> {
    let today = settings.day(tx.now())?;
    let soon = today.plus_days(WARNINGS[1]);
    const LIST: &str = "SELECT id, joined_on, tier, status_points, review_on, told_tier, warned_of, warned_days \
        FROM company WHERE EXISTS (SELECT 1 FROM member WHERE company_id = company.id) \
        AND (tier <> told_tier OR review_on BETWEEN $1 AND $2) ORDER BY id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(LIST).bind(today).bind(soon).fetch_all(c).await?);
    for company in rows {
        if threshold(settings, &company.tier) < threshold(settings, &company.told_tier) {
            tell(tx, settings, &company, &company.tier, |tier| About::TierLost {
                tier,
            })
            .await?;
        }
        warn(tx, settings, &company, today).await?;
    }
    Ok(())
}

/// Warns members of a fall to come, once for each of [`WARNINGS`] and day of review.
async fn warn(tx: &mut Tx, settings: &Settings, company: &Row, today: Day) -> Result<()> {
    let left = company.review_on.0 - today.0;
    let Some(days) = WARNINGS.into_iter().find(|days| (1..=*days).contains(&left)) else {
        return Ok(());
    };
    let warned =
        company.warned_of == Some(company.review_on) && company.warned_days.is_some_and(|last| last <= days);
    if warned {
        return Ok(());
    }
    let then = work_out(tx, settings, company, company.review_on).await?;
    let keeps = threshold(settings, &company.tier);
    if threshold(settings, &then.tier) >= keeps {
        return Ok(());
    }
    // Until the end of a calendar year the points of this year count; of a rolling one those that are left then.
    let counted = match settings.status.period {
        Period::Rolling | Period::Newer => then.points,
        Period::Calendar | Period::Anniversary => company.status_points,
    };
    const SET: &str = "UPDATE company SET warned_of = $2, warned_days = $3 WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(company.id).bind(company.review_on).bind(days).execute(c).await.map(|_| ())?);
    let Some(tier) = settings.tiers.iter().find(|one| one.reference == company.tier) else {
        return Ok(());
    };
    let about = About::TierAtRisk {
        tier: tier.name.clone(),
        on: company.review_on,
        missing: keeps - counted,
    };
    for member in members::of_company(tx, company.id).await? {
        notices::notify(tx, member, about.clone()).await?;
    }
    Ok(())
}

/// Recomputes the status of all companies that have members: daily, because days pass, and when rules change.
#[instrument(level = "debug", skip_all)]
pub async fn refresh_all(tx: &mut Tx, settings: &Settings) -> Result<()> {
    let today = settings.day(tx.now())?;
    let companies = members::companies_with_members(tx).await?;
    refresh(tx, settings, today, &companies).await
}
