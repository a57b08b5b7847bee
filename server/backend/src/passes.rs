//! Tickets and vouchers as whoever takes them sees them, and the end of a key that signed some.

use crate::signing::{self, Kind, Pass};
use crate::{Result, Tx, events, rewards};
use domain::id::{CommandId, TicketId};
use domain::rewards::Step;
use domain::{Text, fault};
use tracing::instrument;

/// The result of inspecting a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// No pass, or one that no key of this programme signed.
    NotOurs,
    /// By a key that was retired since: the phone has a new one after its next round.
    KeyRetired(u8),
    Signed {
        pass: Pass,
        standing: Standing,
        /// `None` where nothing is known of the pass any more.
        holder: Option<Holder>,
    },
}

/// For whom a pass is, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub member: String,
    pub title: Text,
}

/// The standing today of a pass with a good signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Good,
    TooEarly,
    Over,
    /// The seat was left, or taken again with another ticket.
    SeatLeft,
    /// The event was called off.
    CalledOff,
    /// The reward was handed over.
    Used,
    /// The request was taken back, declined, or never accepted.
    NotGranted,
}

/// Verifies a pass and asks the database whether it is still good.
#[instrument(level = "debug", skip_all)]
pub async fn inspect(tx: &mut Tx, text: &str) -> Result<Inspected> {
    let text = text.trim();
    let named = signing::named_key(text);
    let keys = signing::list_keys(tx).await?;
    let Some(key) = keys.iter().find(|key| Some(key.id) == named) else {
        return Ok(Inspected::NotOurs);
    };
    let Some(pass) = signing::verify(text, &key.public) else {
        return Ok(Inspected::NotOurs);
    };
    if key.retired_at.is_some() && !fault!("retired-key-still-verifies") {
        return Ok(Inspected::KeyRetired(key.id));
    }
    let (standing, holder) = match pass.kind {
        Kind::Ticket => {
            let seat = events::find_seat(tx, TicketId(pass.id)).await?;
            let standing = match &seat {
                Some(seat) if seat.cancelled => Standing::CalledOff,
                Some(_) => Standing::Good,
                None => Standing::SeatLeft,
            };
            let holder = seat.map(|seat| Holder {
                member: seat.member,
                title: seat.event,
            });
            (standing, holder)
        }
        Kind::Voucher => {
            let voucher = rewards::find_voucher(tx, CommandId(pass.id)).await?;
            let standing = match voucher.as_ref().map(|voucher| voucher.step) {
                Some(Step::Accepted | Step::Sent) => Standing::Good,
                Some(Step::Delivered) => Standing::Used,
                _ => Standing::NotGranted,
            };
            let holder = voucher.map(|voucher| Holder {
                member: voucher.member,
                title: voucher.reward,
            });
            (standing, holder)
        }
    };
    let now = tx.now();
    let standing = match standing {
        Standing::Good if now < pass.from => Standing::TooEarly,
        Standing::Good if now > pass.until => Standing::Over,
        _ if fault!("pass-is-believed-without-the-database") => Standing::Good,
        standing => standing,
    };
    Ok(Inspected::Signed {
        pass,
        standing,
        holder,
    })
}

/// The result of retiring a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// So many tickets and vouchers are signed anew.
    Done {
        renewed: usize,
    },
    Already,
    /// It signs: make a new key first.
    StillSigns,
    NoSuchKey,
}

/// Retires a key, e.g. because a backup with it was lost: its passes count for nothing, and phones are sent new ones.
#[instrument(level = "debug", skip_all)]
pub async fn retire_key(tx: &mut Tx, id: u8) -> Result<Retired> {
    let keys = signing::list_keys(tx).await?;
    let Some(key) = keys.iter().find(|key| key.id == id) else {
        return Ok(Retired::NoSuchKey);
    };
    if key.retired_at.is_some() {
        return Ok(Retired::Already);
    }
    let signs = keys.iter().rfind(|key| key.retired_at.is_none());
    if signs.is_some_and(|signs| signs.id == id) {
        return Ok(Retired::StillSigns);
    }
    signing::set_retired(tx, id).await?;
    let renewed = events::renew_tickets(tx).await? + rewards::renew_vouchers(tx).await?;
    Ok(Retired::Done { renewed })
}
