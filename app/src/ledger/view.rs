//! The wallets, with the effects of pending acts.

use crate::members::view::MemberView;
use crate::phone::Phone;
use crate::phone::sort::sort_by;
use domain::document::Collection;
use domain::ledger::{Balance, LotLeft, Month, Wallet};
use domain::{Day, Points};

/// What an act that is not answered yet will change in a wallet. Features make them; only the ledger adds them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointsEffect {
    /// A request moves points from available to reserved.
    Reserves { wallet: Wallet, points: Points },
    /// An unmarked quiz would earn points.
    WouldEarn { points: Points },
}

#[derive(Clone, Debug, Default)]
pub struct LedgerView {
    pub own: WalletView,
    /// The company's wallet, if this member may see it.
    pub company: Option<WalletView>,
    /// Newest first.
    pub months: Vec<Month>,
}

/// A wallet, with the effects of pending acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalletView {
    /// Free to spend, after pending requests.
    pub available: Points,
    /// Held for requests, pending ones included.
    pub reserved: Points,
    /// Points that unmarked quizzes would earn.
    pub to_confirm: Points,
    pub lots: Vec<LotLeft>,
    /// Points in lots that the phone does not have.
    pub later: Points,
}

/// Points that expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    pub on: Day,
    pub earned_on: Day,
    pub points: Points,
}

impl LedgerView {
    pub fn of(phone: &Phone, effects: impl IntoIterator<Item = PointsEffect>) -> LedgerView {
        let mut view = LedgerView {
            own: wallet(phone, Wallet::Own).unwrap_or_default(),
            company: wallet(phone, Wallet::Company),
            months: phone.replica.all(Collection::Month),
        };
        sort_by(&mut view.months, |a, b| b.month.cmp(&a.month));
        for effect in effects {
            match effect {
                PointsEffect::Reserves { wallet, points } => {
                    if let Some(wallet) = view.wallet_mut(wallet) {
                        wallet.available -= points;
                        wallet.reserved += points;
                    }
                }
                PointsEffect::WouldEarn { points } => view.own.to_confirm += points,
            }
        }
        view
    }

    fn wallet_mut(&mut self, wallet: Wallet) -> Option<&mut WalletView> {
        match wallet {
            Wallet::Own => Some(&mut self.own),
            Wallet::Company => self.company.as_mut(),
            Wallet::Newer => None,
        }
    }

    /// The wallets this member can spend from.
    pub fn spendable(&self, member: &MemberView) -> Vec<(Wallet, &WalletView)> {
        let company = self.company.as_ref().filter(|_| member.manages());
        std::iter::once((Wallet::Own, &self.own))
            .chain(company.map(|wallet| (Wallet::Company, wallet)))
            .collect()
    }
}

fn wallet(phone: &Phone, wallet: Wallet) -> Option<WalletView> {
    let balance: Balance = phone.replica.one(Collection::Balance, wallet.code())?;
    Some(WalletView {
        available: balance.available,
        reserved: balance.reserved,
        to_confirm: 0,
        lots: balance.lots,
        later: balance.later,
    })
}

impl WalletView {
    /// Expiring points in lot order; adjacent lots with equal earning and expiry days are merged.
    pub fn expiries(&self) -> impl Iterator<Item = Expiry> {
        let days = |lot: &LotLeft| (lot.expires_on, lot.earned_on);
        self.lots
            .chunk_by(move |one, next| days(one) == days(next))
            .filter_map(move |same| {
                let (expires_on, earned_on) = days(&same[0]);
                Some(Expiry {
                    on: expires_on?,
                    earned_on,
                    points: same.iter().map(|lot| lot.left).sum(),
                })
            })
    }

    /// If a lot expires within `days` of `today`: the first expiry day, and the points that expire on it.
    pub fn expiring(&self, today: Day, days: i32) -> Option<(Day, Points)> {
        let first = self.lots.iter().filter_map(|lot| lot.expires_on).min()?;
        if first > today.plus_days(days) {
            return None;
        }
        let points = self
            .lots
            .iter()
            .filter(|lot| lot.expires_on == Some(first))
            .map(|lot| lot.left)
            .sum();
        Some((first, points))
    }
}
