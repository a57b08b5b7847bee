//! The proof: every balance and every lot, recomputed from the entries alone.

use super::{Drawn, histories, lots_by_account, sql};
use crate::{Result, Tx};
use domain::ledger::replay;
use domain::{Day, Points};
use serde::Serialize;
use std::collections::HashMap;
use tracing::instrument;

/// The totals of the entries, and everything that does not match them.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// True if nothing is amiss.
    pub ok: bool,
    pub accounts: usize,
    pub entries: i64,
    /// Sum of all accounts: 0.
    pub sum: Points,
    /// Points of orders and courses.
    pub issued: Points,
    /// Points taken back by returns and corrections, less those given back by corrections of returns.
    pub taken_back: Points,
    pub spent: Points,
    pub expired: Points,
    /// Held for open requests.
    pub held: Points,
    /// In wallets. `issued = taken_back + spent + expired + held + available`
    pub available: Points,
    pub lots: LotsProof,
    /// Descriptions of what is amiss.
    pub amiss: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct LotsProof {
    pub count: usize,
    /// Lots with points left.
    pub open: usize,
    pub remaining: Points,
    /// Of `remaining`: in lots that are due but whose expiry is not booked yet.
    pub due: Points,
}

/// Recomputes everything, with lots as of `today`.
///
/// # Errors
/// Only if the database cannot be read or an entry cannot be understood; mismatches are in [`Proof::amiss`].
#[instrument(level = "debug", skip_all)]
pub async fn prove(tx: &mut Tx, today: Day) -> Result<Proof> {
    let mut amiss = Vec::new();
    let sums = sql::list_sums(tx).await?;
    let of_kind = |kind: &str| -> Points {
        sums.iter()
            .filter(|account| account.kind == kind)
            .map(|account| account.came_in - account.went_out)
            .sum()
    };
    for account in &sums {
        let sum = account.came_in - account.went_out;
        let kept = matches!(account.kind.as_str(), "wallet" | "held");
        if kept && sum != account.balance {
            amiss.push(format!(
                "account {} ({}) has balance {}, its entries give {sum}",
                account.id, account.kind, account.balance
            ));
        }
        if account.kind != "issuer" && account.kind != "wallet" && sum < 0 {
            amiss.push(format!(
                "account {} ({}) is below 0: {sum}",
                account.id, account.kind
            ));
        }
    }
    for account in &sums {
        let Some(into) = account.merged_into else { continue };
        if account.balance != 0 {
            amiss.push(format!(
                "wallet {} was merged into {into} and has balance {}",
                account.id, account.balance
            ));
        }
        let known = sums
            .iter()
            .any(|other| other.id == into && other.kind == "wallet");
        if account.kind != "wallet" || into == account.id || !known {
            amiss.push(format!(
                "account {} is merged into {into}, which cannot be",
                account.id
            ));
        }
    }
    let kinds: HashMap<String, (i64, Points)> = sql::list_kinds(tx)
        .await?
        .into_iter()
        .map(|(kind, count, points)| (kind, (count, points)))
        .collect();
    let points_of = |kind: &str| kinds.get(kind).map_or(0, |(_, points)| *points);
    let sum: i128 = sums
        .iter()
        .map(|account| i128::from(account.came_in) - i128::from(account.went_out))
        .sum();
    if sum != 0 {
        amiss.push(format!("the sum of all accounts is {sum}, not 0"));
    }
    for id in sql::list_wrong_reversals(tx).await? {
        amiss.push(format!("entry {id} does not fit the entry it closes or undoes"));
    }
    for id in sql::list_wrong_returns(tx).await? {
        amiss.push(format!(
            "return {id} does not fit the order it takes points back from"
        ));
    }
    for id in sql::list_wrong_points(tx).await? {
        amiss.push(format!("entry {id} has points that nothing can bring"));
    }
    let without = sql::count_lots_amiss(tx).await?;
    if without != 0 {
        amiss.push(format!("{without} earnings and lots do not fit each other"));
    }

    let wallets: Vec<_> = sums.iter().filter(|account| account.kind == "wallet").collect();
    let mut lots_proof = LotsProof::default();
    for part in wallets.chunks(400) {
        let ids: Vec<_> = part.iter().map(|wallet| wallet.id).collect();
        let mut histories = histories(tx, &ids).await?;
        let mut stored = lots_by_account(sql::list_lots(tx, &ids).await?);
        let mut drawn = Drawn::read(tx, &ids).await?;
        for wallet in part {
            let history = histories.remove(&wallet.id).unwrap_or_default();
            let outcome = replay(&history.movements, today);
            let left: HashMap<i64, Points> = outcome.left.iter().copied().collect();
            let mut due = 0;
            let stored = stored.remove(&wallet.id).unwrap_or_default();
            if !drawn.agrees(wallet.id, &outcome, &stored) {
                amiss.push(format!(
                    "wallet {}: its open requests have drawn other points than its entries say",
                    wallet.id
                ));
            }
            for lot in stored {
                lots_proof.count += 1;
                lots_proof.open += usize::from(lot.remaining > 0);
                lots_proof.remaining += lot.remaining;
                let is_due = lot.expires_on.is_some_and(|day| day <= today);
                if is_due {
                    due += lot.remaining;
                } else if left.get(&lot.number).copied().unwrap_or(0) != lot.remaining {
                    amiss.push(format!(
                        "lot {} has {} left, its wallet's entries give {}",
                        lot.entry_id,
                        lot.remaining,
                        left.get(&lot.number).copied().unwrap_or(0)
                    ));
                }
            }
            let to_book: Points = history
                .expiry_to_book(&outcome.expired)
                .iter()
                .map(|(_, points)| points)
                .sum();
            if to_book != due {
                amiss.push(format!(
                    "wallet {}: {to_book} points to expire, its lots say {due}",
                    wallet.id
                ));
            }
            let total: Points = left.values().sum();
            if wallet.balance != total + due - outcome.short {
                amiss.push(format!(
                    "wallet {} has balance {}, its lots give {}",
                    wallet.id,
                    wallet.balance,
                    total + due - outcome.short
                ));
            }
            lots_proof.due += due;
        }
    }

    Ok(Proof {
        ok: amiss.is_empty(),
        accounts: sums.len(),
        entries: kinds.values().map(|(count, _)| count).sum(),
        sum: Points::try_from(sum).unwrap_or(Points::MAX),
        issued: points_of("earn"),
        taken_back: points_of("earn") + of_kind("issuer"),
        spent: of_kind("spent"),
        expired: of_kind("expired"),
        held: of_kind("held"),
        available: of_kind("wallet"),
        lots: lots_proof,
        amiss,
    })
}
