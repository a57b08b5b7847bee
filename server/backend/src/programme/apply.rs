//! Applies a new `programme.toml`.

use super::{current, sql};
use crate::programme::settings::Settings;
use crate::{Result, Tx, members, status};
use domain::document::Collection;
use domain::input::{InputCode, InputPlace};
use tracing::instrument;

/// The sections that applying settings changed, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes(pub Vec<String>);

/// Replaces the programme's settings and returns what changed. Recomputes the status of all companies with members.
///
/// # Errors
/// [`crate::Error::Input`] if a trade that is in use is missing.
#[instrument(level = "debug", skip_all)]
pub async fn apply(tx: &mut Tx, settings: &Settings) -> Result<Changes> {
    let before = current(tx).await?;
    for reference in sql::list_trades_in_use(tx).await? {
        if !settings.trades.iter().any(|trade| trade.reference == reference) {
            return Err(InputCode::TradeInUse.at(InputPlace::Trade(reference)).into());
        }
    }
    let mut changes = Vec::new();
    let mut differs = |what: &str, differs: bool| {
        if differs {
            changes.push(what.to_owned());
        }
    };
    differs("brand", before.brand != settings.brand);
    differs("status period", before.status != settings.status);
    differs("expiry of points", before.points != settings.points);
    differs("trades", before.trades != settings.trades);
    differs("tiers", before.tiers != settings.tiers);
    differs("earning rules", before.earning != settings.earning);
    differs("staff", before.staff != settings.staff);
    sql::set(tx, &serde_json::to_string(settings)?).await?;
    members::set_staff(tx, &settings.staff).await?;
    if before.staff != settings.staff {
        for company in members::companies_with_members(tx).await? {
            tx.mark_company_changed(company, Collection::Me, "me");
        }
    }
    if before != *settings {
        tx.mark_content_changed(Collection::Programme, "programme");
        status::refresh_all(tx, settings).await?;
    }
    Ok(Changes(changes))
}
