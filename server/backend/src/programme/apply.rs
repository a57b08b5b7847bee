//! Applies a new `programme.toml`.

use super::{current, sql};
use crate::programme::settings::{PastRules, Settings};
use crate::{Result, Tx, members, status};
use domain::document::Collection;
use domain::input::{InputCode, InputPlace};
use tracing::instrument;

/// What applying settings changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The sections, by name.
    pub sections: Vec<String>,
    /// Rules for days of the past are not as they were.
    pub past: bool,
}

/// What becomes of days of the past where earning rules for them change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Past {
    /// They keep the rules they had: the new ones hold from today on.
    #[default]
    Keeps,
    /// They have the new rules; the caller has the orders worked out again, see `import::recompute`.
    Follows,
}

/// Replaces the programme's settings and returns what changed. Recomputes the status of all companies with members.
///
/// # Errors
/// [`crate::Error::Input`] if a trade that is in use is missing.
#[instrument(level = "debug", skip_all)]
pub async fn apply(tx: &mut Tx, settings: &Settings, past: Past) -> Result<Changes> {
    let before = current(tx).await?;
    let today = settings.day(tx.now())?;
    let mut settings = settings.clone();
    let differs_before = settings.past_differs(&before, today);
    if past == Past::Keeps {
        settings.earning_before = before.earning_before.clone();
        if before.earning != settings.earning && settings.past_differs(&before, today) {
            settings.earning_before.push(PastRules {
                until: today,
                earning: before.earning.clone(),
            });
        }
    }
    let settings = &settings;
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
    Ok(Changes {
        sections: changes,
        past: differs_before,
    })
}
