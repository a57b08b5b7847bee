//! Who acts.

use domain::Timestamp;
use domain::id::{CompanyId, MemberId, SessionId};

/// A signed-in member, as the session says; every use case of a member takes one.
#[derive(Clone, Debug)]
pub struct Caller {
    pub member: MemberId,
    pub session: SessionId,
    pub company: CompanyId,
    pub trade: String,
    pub tier: String,
    pub manager: bool,
    /// The last time this phone asked for changes, to the hour.
    pub synced_at: Option<Timestamp>,
}

impl Caller {
    /// What decides which documents the member sees. Manager is in it because it decides on the company's wallet.
    pub fn audience(&self) -> String {
        format!("{}|{}|{}|{}", self.company, self.trade, self.tier, if self.manager { "m" } else { "" })
    }
}
