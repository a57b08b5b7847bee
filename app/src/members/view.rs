//! The member, their status and the programme; used by every other feature.

use crate::phone::sort::sort_by_key;
use crate::phone::{Phone, Standing};
use domain::document::{Collection, Feature};
use domain::id::SessionId;
use domain::members::{Command, Device, Me};
use domain::programme::{Programme, trade_fits};
use domain::status::Status;
use domain::{Lang, Points};

#[derive(Clone, Debug, Default)]
pub struct MemberView {
    pub programme: Option<Programme>,
    pub me: Option<Me>,
    pub status: Option<Status>,
    /// This phone first.
    pub devices: Vec<Device>,
    /// The session of this phone.
    pub this_phone: Option<SessionId>,
    /// Sessions the member has requested to end.
    pub ending: Vec<SessionId>,
    pub lang: Lang,
}

impl MemberView {
    pub fn of(phone: &Phone) -> MemberView {
        let documents = &phone.replica;
        let me: Option<Me> = documents.one(Collection::Me, "me");
        let mut view = MemberView {
            programme: documents.one(Collection::Programme, "programme"),
            status: documents.one(Collection::Status, "status"),
            devices: documents.all(Collection::Device),
            this_phone: phone.session,
            ending: vec![],
            lang: me.as_ref().map(|me| me.language).unwrap_or_default(),
            me,
        };
        for (item, command) in phone.acts::<Command>(Feature::Members) {
            if phone.standing(item) == Standing::Pending {
                match command {
                    Command::SetLanguage { language } => view.lang = language,
                    Command::SignOutDevice { session } => view.ending.push(session),
                }
            }
        }
        let here = view.this_phone;
        sort_by_key(&mut view.devices, |device| {
            (
                Some(device.session) != here,
                std::cmp::Reverse(device.signed_in_at),
            )
        });
        view
    }

    /// True if there is nothing to show yet.
    pub fn is_empty(&self) -> bool {
        self.programme.is_none() || self.me.is_none()
    }

    /// The member's tier; empty before the first round.
    pub fn tier(&self) -> &str {
        self.status.as_ref().map_or("", |status| &status.tier)
    }

    /// True if the member may spend the company's points.
    pub fn manages(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.manager)
    }

    /// True if an item for `trades` is meant for the member's trade.
    pub fn is_my_trade(&self, trades: &[String]) -> bool {
        trade_fits(trades, self.me.as_ref().map_or("", |me| &me.trade))
    }

    /// The names of `tiers`.
    pub fn tier_names(&self, tiers: &[String], lang: Lang) -> String {
        let Some(programme) = &self.programme else {
            return String::new();
        };
        let names: Vec<&str> = tiers
            .iter()
            .filter_map(|tier| programme.tier(tier))
            .map(|tier| tier.name.get(lang))
            .collect();
        names.join(", ")
    }

    /// Points missing for the next tier, if there is one.
    pub fn missing_for_next_tier(&self) -> Option<Points> {
        let gap = self.status.as_ref()?.next.as_ref()?;
        (gap.missing > 0).then_some(gap.missing)
    }
}
