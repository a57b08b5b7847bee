//! The acting member, and the time of a command.

use domain::document::GENERATION;
use domain::id::{CompanyId, MemberId, SessionId};
use domain::{Error, Lang, Timestamp};

/// A signed-in member, read from the session; every use case of a member takes one.
#[derive(Clone, Debug)]
pub struct Caller {
    pub member: MemberId,
    pub session: SessionId,
    pub company: CompanyId,
    pub trade: String,
    pub tier: String,
    pub manager: bool,
    pub language: Lang,
    /// Time of this phone's last sync, to the hour.
    pub synced_at: Option<Timestamp>,
}

/// When a command was made, and the data to decide whether to trust that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandTime {
    pub made_at: Timestamp,
    pub now: Timestamp,
    pub synced_at: Option<Timestamp>,
}

impl CommandTime {
    /// How long a phone's clock is trusted after its last sync.
    const BELIEVED: i64 = 72 * Timestamp::HOUR;

    /// Time for which phones keep their acts.
    const KEPT: i64 = 7 * Timestamp::DAY;

    /// Returns when the command was made by the phone's clock, within the week that ends now.
    ///
    /// Why not only a trusted clock, as for a deadline: this is for rules that bound how much is done in a time, and a
    /// clock that is set wrong gains a week once. What a phone sends again after a backup was restored comes with its own
    /// time too.
    pub fn happened(&self) -> Timestamp {
        self.made_at.clamp(self.now.plus(-Self::KEPT), self.now)
    }

    /// Checks a rule with a deadline: by the server's clock, or by the phone's if it is trusted.
    ///
    /// # Errors
    /// The rule's own refusal; [`domain::Error::LateAndUnproven`] if only an untrusted phone clock was in time.
    pub fn in_time(&self, rule: impl Fn(Timestamp) -> Result<(), Error>) -> Result<(), Error> {
        let refusal = match rule(self.now) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        let Error::RegistrationClosed { at } = refusal else {
            return Err(refusal);
        };
        if self.made_at > self.now || rule(self.made_at).is_err() {
            return Err(refusal);
        }
        if self
            .synced_at
            .is_some_and(|synced| self.now.0 - synced.0 <= Self::BELIEVED)
        {
            Ok(())
        } else {
            Err(Error::LateAndUnproven { at })
        }
    }
}

/// Key of everything that decides which documents a member sees, and in which form. It contains the manager flag, which
/// decides on the company's wallet.
pub(crate) fn audience(company: CompanyId, trade: &str, tier: &str, manager: bool) -> String {
    format!(
        "{GENERATION}|{company}|{trade}|{tier}|{}",
        if manager { "manager" } else { "" }
    )
}
