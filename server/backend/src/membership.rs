//! Who is a member, and what ends with a membership.
//!
//! A member who has left has no session and no code, cannot sign in, and has neither seats nor undecided requests. Own
//! points stay in the ledger, with their history; the company's wallet is reached through a session alone.

use crate::members::{self, EndedBy, Leaves, MemberRow, Saved};
use crate::{Result, Tx, events, rewards, sessions};
use domain::Day;
use domain::id::MemberId;
use std::collections::{HashMap, HashSet};
use tracing::instrument;

/// The result of saving a row of a members file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    Saved(Saved),
    /// The member was ended by a person: the row changes nothing.
    StaysEnded,
}

/// Creates or changes a member as a row of a file says, and does what follows: codes sent to an old address end, the
/// sessions of somebody else end, who has left ends, who is back comes back.
///
/// # Errors
/// [`crate::Error::Input`] if the company is unknown, or the e-mail address belongs to another member.
#[instrument(level = "debug", skip_all)]
pub async fn save(tx: &mut Tx, row: &MemberRow, today: Day) -> Result<Enrolled> {
    let left = match row.leaves {
        Leaves::On(day) if day <= today => Some(day),
        _ => None,
    };
    let before = members::find_member(tx, &row.reference).await?;
    if let Some(before) = &before
        && let Some((_, by)) = before.ended
    {
        if !comes_back(by, row.leaves, today) {
            return Ok(match (by, left) {
                (EndedBy::Hand, None) => Enrolled::StaysEnded,
                _ => Enrolled::Saved(Saved::Unchanged),
            });
        }
        members::set_back(tx, before.id).await?;
    }
    let Some(day) = left else {
        let saved = members::save_member(tx, row).await?;
        if saved.new_person {
            sessions::end_all(tx, saved.id).await?;
        } else if saved.new_address {
            sessions::end_codes(tx, saved.id).await?;
        }
        return Ok(Enrolled::Saved(saved.saved));
    };
    // The address may be somebody else's by now.
    let row = MemberRow {
        phone: None,
        email: None,
        ..row.clone()
    };
    let saved = members::save_member(tx, &row).await?;
    end(tx, saved.id, day, EndedBy::File).await?;
    Ok(Enrolled::Saved(saved.saved))
}

/// True if a row of a file brings back a member who was ended.
fn comes_back(ended: EndedBy, leaves: Leaves, today: Day) -> bool {
    match (ended, leaves) {
        (_, Leaves::On(day)) if day <= today => false,
        (EndedBy::Hand, _) => false,
        (EndedBy::Missing, _) => true,
        (EndedBy::File, leaves) => leaves != Leaves::NotSaid,
    }
}

/// Returns the refs of those rows whose members were ended and stay so.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_staying_ended<'a>(
    tx: &mut Tx,
    rows: impl Iterator<Item = &'a MemberRow>,
    today: Day,
) -> Result<HashSet<String>> {
    let ended: HashMap<String, EndedBy> = members::list_ended(tx).await?.into_iter().collect();
    let stays = |row: &&MemberRow| {
        let by = ended.get(&row.reference);
        by.is_some_and(|by| !comes_back(*by, row.leaves, today))
    };
    Ok(rows.filter(stays).map(|row| row.reference.clone()).collect())
}

/// Ends a membership, as of `day`.
#[instrument(level = "debug", skip_all)]
pub async fn end(tx: &mut Tx, member: MemberId, day: Day, by: EndedBy) -> Result<()> {
    sessions::end_all(tx, member).await?;
    events::give_up_all(tx, member).await?;
    rewards::decline_open(tx, member).await?;
    members::set_ended(tx, member, day, by).await
}

/// Ends all sessions and open codes of a member, who may sign in again; returns the number of sessions.
#[instrument(level = "debug", skip_all)]
pub async fn sign_out(tx: &mut Tx, member: MemberId) -> Result<usize> {
    sessions::end_all(tx, member).await
}

/// Lets a member who was ended sign in again, once a members file gives an address.
#[instrument(level = "debug", skip_all)]
pub async fn bring_back(tx: &mut Tx, member: MemberId) -> Result<()> {
    members::set_back(tx, member).await
}

/// Ends the memberships whose last day has passed.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn end_due(tx: &mut Tx, today: Day) -> Result<()> {
    for (member, day) in members::list_leaving(tx, today).await? {
        end(tx, member, day, EndedBy::File).await?;
    }
    Ok(())
}
