//! Applies a new `programme.toml`.

use super::{current, sql};
use crate::programme::settings::{PastRules, Settings};
use crate::{Result, Tx, events, learning, members, orders, rewards, status, stored};
use domain::document::Collection;
use domain::input::{InputCode, InputPlace};
use serde::Deserialize;
use std::collections::BTreeSet;
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
/// [`crate::Error::Input`] if a trade or tier that members or published content have is missing.
#[instrument(level = "debug", skip_all)]
pub async fn apply(tx: &mut Tx, settings: &Settings, past: Past) -> Result<Changes> {
    let before = current(tx).await?;
    let today = settings.day(tx.now())?;
    let mut settings = settings.clone();
    // Before the first order there is no past to keep.
    let differs_before = settings.past_differs(&before, today) && orders::any(tx).await?;
    if past == Past::Keeps {
        settings.earning_before = before.earning_before.clone();
        if before.earning != settings.earning && differs_before && settings.past_differs(&before, today) {
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
    refuse_what_is_used(tx, &before, settings).await?;
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

/// # Errors
/// [`crate::Error::Input`] if a tier or trade goes that published content still names, with where.
async fn refuse_what_is_used(tx: &mut Tx, before: &Settings, after: &Settings) -> Result<()> {
    #[derive(Deserialize)]
    struct Words {
        #[serde(default)]
        tiers: Vec<String>,
        #[serde(default)]
        trades: Vec<String>,
    }
    let tiers = |settings: &Settings| -> BTreeSet<String> {
        settings.tiers.iter().map(|tier| tier.reference.clone()).collect()
    };
    let trades = |settings: &Settings| -> BTreeSet<String> {
        settings
            .trades
            .iter()
            .map(|trade| trade.reference.clone())
            .collect()
    };
    let gone_tiers = &tiers(before) - &tiers(after);
    let gone_trades = &trades(before) - &trades(after);
    if gone_tiers.is_empty() && gone_trades.is_empty() {
        return Ok(());
    }
    let mut published: Vec<(InputPlace, Words)> = Vec::new();
    let mut add = |documents: Vec<(String, String)>, place: fn(String) -> InputPlace| {
        for (reference, document) in documents {
            if let Some(words) = stored::read("document", &reference, &document) {
                published.push((place(reference), words));
            }
        }
    };
    add(learning::published(tx).await?, InputPlace::Course);
    add(events::published(tx).await?, InputPlace::Event);
    add(rewards::published(tx).await?, InputPlace::Reward);
    let used = |by: &dyn Fn(&Words) -> bool| -> Vec<InputPlace> {
        let used = published.iter().filter(|(_, words)| by(words));
        used.map(|(place, _)| place.clone()).collect()
    };
    for tier in gone_tiers {
        let by = used(&|words| words.tiers.contains(&tier));
        if !by.is_empty() {
            return Err(InputCode::StillUsed { by }.at(InputPlace::Tier(tier)).into());
        }
    }
    for trade in gone_trades {
        let by = used(&|words| words.trades.contains(&trade));
        if !by.is_empty() {
            return Err(InputCode::StillUsed { by }.at(InputPlace::Trade(trade)).into());
        }
    }
    Ok(())
}
