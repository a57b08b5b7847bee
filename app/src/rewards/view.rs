//! The catalogue and the member's requests, pending ones included.

use crate::ledger::view::{LedgerView, PointsEffect};
use crate::members::view::MemberView;
use crate::phone::outbox::Item;
use crate::phone::sort::sort_by_key;
use crate::phone::{Phone, Standing};
use domain::document::{Collection, Feature};
use domain::id::{CommandId, RewardId};
use domain::ledger::Wallet;
use domain::rewards::{Command, Delivery, Redemption, Reward, Step};
use domain::{Error, Points, Text};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct RewardsView {
    /// Ordered by price.
    pub rewards: Vec<Arc<Reward>>,
    /// Newest first.
    pub requests: Vec<RequestView>,
    /// Points that pending requests reserve.
    pub effects: Vec<PointsEffect>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    pub redemption: Redemption,
    /// The request is not decided yet.
    pub pending: bool,
    /// The member took it back; not decided yet.
    pub taking_back: bool,
}

impl RewardsView {
    pub fn of(phone: &Phone) -> RewardsView {
        let mut view = RewardsView {
            rewards: phone
                .replica
                .all(Collection::Reward)
                .into_iter()
                .map(Arc::new)
                .collect(),
            requests: phone
                .replica
                .all(Collection::Redemption)
                .into_iter()
                .map(|redemption| RequestView {
                    redemption,
                    pending: false,
                    taking_back: false,
                })
                .collect(),
            effects: vec![],
        };
        for (item, command) in phone.acts::<Command>(Feature::Rewards) {
            if phone.standing(item) == Standing::Pending {
                view.fold(item, command);
            }
        }
        sort_by_key(&mut view.rewards, |reward| (reward.points, reward.id));
        sort_by_key(&mut view.requests, |request| {
            let redemption = &request.redemption;
            std::cmp::Reverse((redemption.steps.first().map(|(at, _)| *at), redemption.id))
        });
        view
    }

    /// Applies one act on top of the documents.
    fn fold(&mut self, item: &Item, command: Command) {
        match command {
            Command::Redeem {
                reward,
                points,
                wallet,
            } => {
                if self.request(item.id).is_some() {
                    return;
                }
                self.effects.push(PointsEffect::Reserves { wallet, points });
                let known = self.reward(reward);
                let redemption = Redemption {
                    id: item.id,
                    reward,
                    title: known.map(|known| known.title.clone()).unwrap_or_default(),
                    points,
                    wallet,
                    delivery: known.map_or(Delivery::Advisor, |known| known.delivery),
                    steps: vec![(item.made_at, Step::Reserved)],
                    voucher: None,
                };
                self.requests.push(RequestView {
                    redemption,
                    pending: true,
                    taking_back: false,
                });
            }
            Command::TakeBack { redemption } => {
                let asked = self
                    .requests
                    .iter_mut()
                    .find(|request| request.redemption.id == redemption);
                if let Some(request) = asked {
                    request.taking_back = request.redemption.step() == Step::Reserved;
                }
            }
        }
    }

    pub fn reward(&self, id: RewardId) -> Option<&Arc<Reward>> {
        self.rewards.iter().find(|reward| reward.id == id)
    }

    pub fn request(&self, id: CommandId) -> Option<&RequestView> {
        self.requests.iter().find(|request| request.redemption.id == id)
    }

    /// The request for the reward titled `title`, if there is exactly one.
    pub fn only_request(&self, title: &Text) -> Option<CommandId> {
        let mut called = self
            .requests
            .iter()
            .filter(|request| request.redemption.title == *title);
        let only = called.next()?;
        called.next().is_none().then_some(only.redemption.id)
    }

    /// The rewards the member can redeem now.
    pub fn within_reach(&self, buyer: Buyer<'_>) -> Vec<&Arc<Reward>> {
        self.rewards
            .iter()
            .filter(|reward| buyer.may_redeem(reward).is_ok())
            .collect()
    }

    /// The most expensive reward the member can redeem now; otherwise the nearest one, and the points missing for it.
    pub fn worth(&self, buyer: Buyer<'_>) -> Option<(&Arc<Reward>, Points)> {
        if let Some(dearest) = self.within_reach(buyer).last() {
            return Some((*dearest, 0));
        }
        self.rewards
            .iter()
            .find_map(|reward| match buyer.may_redeem(reward) {
                Err(Error::NotEnoughPoints { missing }) => Some((reward, missing)),
                _ => None,
            })
    }
}

/// A member as buyer: their tier and the wallets they spend from.
#[derive(Clone, Copy, Debug)]
pub struct Buyer<'a> {
    pub member: &'a MemberView,
    pub ledger: &'a LedgerView,
}

impl Buyer<'_> {
    /// Checks that the member may redeem it now, from any wallet. The error is that of the wallet with the most points.
    pub fn may_redeem(&self, reward: &Reward) -> Result<(), Error> {
        let wallets = self.ledger.spendable(self.member);
        let most = wallets.iter().map(|(_, wallet)| wallet.available).max();
        reward.may_redeem(self.member.tier(), most.unwrap_or(0))
    }

    /// Checks that a wallet can pay for it now.
    pub fn may_redeem_from(&self, reward: &Reward, wallet: Wallet) -> Result<(), Error> {
        let wallets = self.ledger.spendable(self.member);
        match wallets.iter().find(|(known, _)| *known == wallet) {
            Some((_, wallet)) => reward.may_redeem(self.member.tier(), wallet.available),
            None => Err(Error::ManagersOnly),
        }
    }

    /// The wallet that can pay for it, the member's own first.
    pub fn payer(&self, reward: &Reward) -> Option<Wallet> {
        let wallets = self.ledger.spendable(self.member);
        wallets
            .into_iter()
            .map(|(wallet, _)| wallet)
            .find(|wallet| self.may_redeem_from(reward, *wallet).is_ok())
    }
}
