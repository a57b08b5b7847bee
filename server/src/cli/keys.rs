//! The keys that sign tickets and vouchers.

use super::moment;
use crate::settings::Keys;
use anyhow::{Result, bail};
use backend::passes::{self, Holder, Inspected, Retired, Standing};
use backend::signing::Kind;
use backend::{Db, programme, signing};
use std::process::ExitCode;

pub async fn obey(db: &Db, command: Keys) -> Result<ExitCode> {
    match command {
        Keys::List => list(db).await?,
        Keys::Rotate => {
            let mut tx = db.write().await?;
            let Some(id) = signing::rotate(&mut tx).await? else {
                bail!("there are 255 keys, and a pass has room for no further id");
            };
            tx.commit().await?;
            outln!("key {id} signs from now on; passes of the former keys verify until they end");
        }
        Keys::Retire { id } => {
            let mut tx = db.write().await?;
            let renewed = match passes::retire_key(&mut tx, id).await? {
                Retired::Done { renewed } => renewed,
                Retired::Already => bail!("key {id} is retired already"),
                Retired::StillSigns => bail!("key {id} signs; make a new one first: compagnon keys rotate"),
                Retired::NoSuchKey => bail!("there is no key {id}"),
            };
            tx.commit().await?;
            outln!(
                "key {id} counts for nothing any more; {renewed} tickets and vouchers are signed anew, phones get \
                them with their next contact"
            );
        }
        Keys::Verify { pass } => return verify(db, &pass).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db) -> Result<()> {
    let mut tx = db.read().await?;
    let settings = programme::current(&mut tx).await?;
    let keys = signing::list_keys(&mut tx).await?;
    let signs = keys
        .iter()
        .rfind(|key| key.retired_at.is_none())
        .map(|key| key.id);
    for key in &keys {
        let state = match key.retired_at {
            Some(at) => format!("retired {}", moment(&settings, at)?),
            None if Some(key.id) == signs => "signs".to_owned(),
            None => "verifies".to_owned(),
        };
        let public = domain::hex(key.public.as_bytes());
        outln!(
            "{:>3}  {public}  made {}, {state}",
            key.id,
            moment(&settings, key.made_at)?
        );
    }
    Ok(())
}

async fn verify(db: &Db, text: &str) -> Result<ExitCode> {
    let mut tx = db.read().await?;
    let settings = programme::current(&mut tx).await?;
    let lang = settings.brand.languages.first().copied().unwrap_or_default();
    let (pass, standing, holder) = match passes::inspect(&mut tx, text).await? {
        Inspected::NotOurs => {
            outln!("NOT VALID: no key of this programme signed it");
            return Ok(ExitCode::FAILURE);
        }
        Inspected::KeyRetired(id) => {
            outln!("NOT VALID: key {id} is retired; the phone gets a new pass with its next contact");
            return Ok(ExitCode::FAILURE);
        }
        Inspected::Signed {
            pass,
            standing,
            holder,
        } => (pass, standing, holder),
    };
    let kind = match pass.kind {
        Kind::Ticket => "ticket",
        Kind::Voucher => "voucher",
    };
    let whose = match holder {
        Some(Holder { member, title }) => format!("{}, {member}", title.get(lang)),
        None => pass.id.to_string(),
    };
    outln!(
        "{kind} {whose}, from {} until {}, key {}",
        moment(&settings, pass.from)?,
        moment(&settings, pass.until)?,
        pass.key
    );
    let why = match standing {
        Standing::Good => {
            outln!("valid");
            return Ok(ExitCode::SUCCESS);
        }
        Standing::TooEarly => "not yet",
        Standing::Over => "no longer",
        Standing::SeatLeft => "the seat was left, or taken again with another ticket",
        Standing::CalledOff => "the event was called off",
        Standing::Used => "the reward was handed over",
        Standing::NotGranted => "the request was taken back, declined or never accepted",
    };
    outln!("NOT VALID: {why}");
    Ok(ExitCode::FAILURE)
}
