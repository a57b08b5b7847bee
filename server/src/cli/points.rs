//! Transfers of points ordered by the brand's staff.

use crate::settings::{Giver, Points, Receiver};
use anyhow::{Context, Result, bail};
use backend::ledger::{self, Booked, Owner, Transfer};
use backend::{Db, Tx, members, programme};
use domain::Text;

pub async fn obey(db: &Db, command: Points) -> Result<()> {
    let mut tx = db.write().await?;
    let today = programme::current(&mut tx).await?.day(tx.now())?;
    let (said, dry_run) = match command {
        Points::Transfer(wanted) => {
            let transfer = Transfer {
                from: giver(&mut tx, &wanted.giver).await?,
                to: receiver(&mut tx, &wanted.receiver).await?,
                points: wanted.points,
                reference: wanted.reference.clone(),
                reason: Text {
                    en: wanted.reason_en.unwrap_or_default(),
                    fr: wanted.reason,
                },
            };
            let said = match ledger::transfer(&mut tx, today, &transfer).await {
                Ok(Booked::Now) => format!("{}: {} points moved", wanted.reference, wanted.points),
                Ok(Booked::Before) => format!("{}: moved before, nothing changes", wanted.reference),
                Err(backend::Error::Rejected(domain::Error::NotEnoughPoints { missing })) => {
                    bail!("the giver lacks {missing} points");
                }
                Err(other) => return Err(other.into()),
            };
            (said, wanted.dry_run)
        }
        Points::Undo { reference, dry_run } => {
            ledger::take_back(&mut tx, today, &reference).await?;
            (format!("{reference}: undone"), dry_run)
        }
        Points::Merge {
            giver: from,
            receiver: into,
            dry_run,
        } => {
            let from = giver(&mut tx, &from).await?;
            let into = receiver(&mut tx, &into).await?;
            let said = match ledger::merge(&mut tx, today, from, into).await? {
                Booked::Now => "merged: all points are in one wallet, and later ones will be",
                Booked::Before => "merged before, nothing changes",
            };
            (said.to_owned(), dry_run)
        }
        Points::Unmerge { giver: from, dry_run } => {
            let from = giver(&mut tx, &from).await?;
            ledger::unmerge(&mut tx, today, from).await?;
            ("the merge is undone".to_owned(), dry_run)
        }
    };
    if dry_run {
        tx.roll_back().await?;
        outln!("{said} (tried only, nothing is kept)");
    } else {
        tx.commit().await?;
        outln!("{said}");
    }
    Ok(())
}

async fn giver(tx: &mut Tx, giver: &Giver) -> Result<Owner> {
    owner(tx, giver.from_member.as_deref(), giver.from_company.as_deref()).await
}

async fn receiver(tx: &mut Tx, receiver: &Receiver) -> Result<Owner> {
    owner(tx, receiver.to_member.as_deref(), receiver.to_company.as_deref()).await
}

async fn owner(tx: &mut Tx, member: Option<&str>, company: Option<&str>) -> Result<Owner> {
    Ok(match (member, company) {
        (Some(member), _) => {
            let found = members::find_by_ref(tx, member).await?;
            Owner::Member(found.with_context(|| format!("there is no member {member:?}"))?.0)
        }
        (None, Some(company)) => {
            let found = members::find_company_by_ref(tx, company).await?;
            Owner::Company(found.with_context(|| format!("there is no company {company:?}"))?)
        }
        (None, None) => bail!("name a member or a company"),
    })
}
