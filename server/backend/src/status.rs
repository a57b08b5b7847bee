//! Status of companies: computed from the ledger, stored with the company because its audience depends on it.

use crate::db::{Tx, on};
use crate::programme::settings::Settings;
use crate::{Result, members, notices};
use domain::Day;
use domain::document::Collection;
use domain::id::CompanyId;
use domain::input::{InputCode, RefKind};
use domain::notices::About;
use domain::status::{Status, status_on};
use tracing::instrument;

#[derive(sqlx::FromRow)]
struct Row {
    id: CompanyId,
    joined_on: Day,
    tier: String,
    status_points: i64,
    review_on: Day,
}

/// Returns the status of a company on a day.
///
/// # Errors
/// [`crate::Error::Input`] if there is no such company.
#[instrument(level = "debug", skip_all)]
pub async fn of_company(tx: &mut Tx, settings: &Settings, reference: &str, on: Day) -> Result<Status> {
    const FIND: &str = "SELECT id, joined_on, tier, status_points, review_on FROM company WHERE ref = $1";
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
    const FIND: &str = "SELECT id, joined_on, tier, status_points, review_on FROM company WHERE id = $1";
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
        let threshold = |tier: &str| {
            settings
                .tiers
                .iter()
                .find(|t| t.reference == tier)
                .map_or(0, |t| t.threshold)
        };
        if threshold(&status.tier) > threshold(&before.tier)
            && let Some(tier) = settings.tiers.iter().find(|tier| tier.reference == status.tier)
        {
            for member in members::of_company(tx, *company).await? {
                notices::notify(
                    tx,
                    member,
                    About::TierReached {
                        tier: tier.name.clone(),
                    },
                )
                .await?;
            }
        }
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
