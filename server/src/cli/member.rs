//! One member, for the operator.

use super::moment;
use crate::settings::Member;
use anyhow::{Result, bail};
use backend::ledger::{self, Owner};
use backend::members::{self, EndedBy, StoredMember};
use backend::{Db, Tx, membership, programme, sessions};
use domain::ledger::Wallet;

pub async fn obey(db: &Db, command: Member) -> Result<()> {
    match command {
        Member::Show { reference } => show(db, &reference).await,
        Member::SignOut { reference } => {
            let mut tx = db.write().await?;
            let member = find(&mut tx, &reference).await?;
            let ended = membership::sign_out(&mut tx, member.id).await?;
            tx.commit().await?;
            outln!("{reference}: {ended} sessions ended, and all open codes");
            Ok(())
        }
        Member::End { reference } => {
            let mut tx = db.write().await?;
            let member = find(&mut tx, &reference).await?;
            if member.ended.is_some() {
                bail!("{reference} has left already");
            }
            let today = programme::current(&mut tx).await?.day(tx.now())?;
            membership::end(&mut tx, member.id, today, EndedBy::Hand).await?;
            tx.commit().await?;
            outln!("{reference}: ended; own points stay in the ledger");
            Ok(())
        }
        Member::Back { reference } => {
            let mut tx = db.write().await?;
            let member = find(&mut tx, &reference).await?;
            if member.ended.is_none() {
                bail!("{reference} has not left");
            }
            membership::bring_back(&mut tx, member.id).await?;
            tx.commit().await?;
            outln!("{reference}: a member again; the next members file gives phone and e-mail");
            Ok(())
        }
    }
}

pub async fn find(tx: &mut Tx, reference: &str) -> Result<StoredMember> {
    match members::find_member(tx, reference).await? {
        Some(member) => Ok(member),
        None => bail!("there is no member {reference:?}"),
    }
}

async fn show(db: &Db, reference: &str) -> Result<()> {
    let mut tx = db.read().await?;
    let member = find(&mut tx, reference).await?;
    let settings = programme::current(&mut tx).await?;
    let row = &member.row;
    outln!("{}: {}", row.reference, row.name);
    outln!("company    {}", row.company);
    outln!("phone      {}", row.phone.as_deref().unwrap_or("-"));
    outln!("e-mail     {}", row.email.as_deref().unwrap_or("-"));
    outln!(
        "part       {}, {}{}",
        row.trade,
        row.function.code(),
        if row.manager { ", manager" } else { "" }
    );
    outln!(
        "language   {}{}",
        row.language.tag(),
        if member.language_chosen {
            ", chosen in the app"
        } else {
            ""
        }
    );
    match (member.ended, member.left_on) {
        (Some((at, by)), _) => outln!("left       {} ({})", moment(&settings, at)?, ended_by(by)),
        (None, Some(day)) => outln!("leaves     {day}"),
        (None, None) => {}
    }
    let own = ledger::balance(&mut tx, Owner::Member(member.id), Wallet::Own).await?;
    outln!("own points {}, and {} reserved", own.available, own.reserved);
    if member.ended.is_none()
        && row.manager
        && let Some(company) = members::find_company_by_ref(&mut tx, &row.company).await?
    {
        let shared = ledger::balance(&mut tx, Owner::Company(company), Wallet::Company).await?;
        outln!(
            "company's  {}, and {} reserved",
            shared.available,
            shared.reserved
        );
    }
    let devices = sessions::list(&mut tx, member.id).await?;
    outln!("{} sessions", devices.len());
    for device in devices {
        outln!(
            "  {} since {}, until {}",
            device.name,
            moment(&settings, device.signed_in_at)?,
            settings.day(device.expires_at)?
        );
    }
    Ok(())
}

fn ended_by(by: EndedBy) -> &'static str {
    match by {
        EndedBy::File => "the members file says so",
        EndedBy::Missing => "no longer in the members file",
        EndedBy::Hand => "by hand",
    }
}
