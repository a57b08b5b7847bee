//! Who acts.

use domain::document::GENERATION;
use domain::id::{CompanyId, MemberId, SessionId};
use domain::{Lang, Timestamp};

/// A signed-in member, as the session says; every use case of a member takes one.
#[derive(Clone, Debug)]
pub struct Caller {
    pub member: MemberId,
    pub session: SessionId,
    pub company: CompanyId,
    pub trade: String,
    pub tier: String,
    pub manager: bool,
    pub language: Lang,
    /// The last time this phone asked for changes, to the hour.
    pub synced_at: Option<Timestamp>,
}

/// What decides which documents a member sees, and in which form. Manager is in it because it decides on the company's wallet.
pub(crate) fn audience(company: CompanyId, trade: &str, tier: &str, manager: bool) -> String {
    format!(
        "{GENERATION}|{company}|{trade}|{tier}|{}",
        if manager { "manager" } else { "" }
    )
}
