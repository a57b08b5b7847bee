//! Rewards, redemptions, delivery.

use crate::id::{CommandId, RewardId};
use crate::ledger::Wallet;
use crate::newer::codes;
use crate::qr::Qr;
use crate::samples::{Giver, Things};
use crate::stock::Band;
use crate::{Error, Points, Text, Timestamp, programme};
use serde::{Deserialize, Serialize};

codes! {
    /// The catalogue section of a reward.
    pub enum Shelf {
        Work = "work",
        Leisure = "leisure",
        Learning = "learning",
        Solidarity = "solidarity",
    }
}

codes! {
    /// The delivery method of a reward.
    pub enum Delivery {
        /// The advisor brings it.
        Advisor = "advisor",
        Post = "post",
        /// A signed voucher on the phone.
        Voucher = "voucher",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    pub id: RewardId,
    pub title: Text,
    pub summary: Text,
    /// Sanitised HTML.
    pub html: Text,
    pub shelf: Shelf,
    pub points: Points,
    pub stock: Band,
    pub delivery: Delivery,
    /// Tiers it is reserved for; empty: all.
    pub tiers: Vec<String>,
}

impl Reward {
    /// Checks that a member with status `tier` and `available` points may redeem it at the price seen.
    pub fn may_redeem(&self, tier: &str, available: Points) -> Result<(), Error> {
        if !programme::tier_allows(&self.tiers, tier) {
            return Err(Error::NotForYourTier);
        }
        if self.stock == Band::None {
            return Err(Error::SoldOut);
        }
        if available < self.points {
            return Err(Error::NotEnoughPoints {
                missing: self.points - available,
            });
        }
        Ok(())
    }
}

/// A reward request, from the request to its delivery. Its id is that of the command that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    pub id: CommandId,
    pub reward: RewardId,
    pub title: Text,
    pub points: Points,
    pub wallet: Wallet,
    pub delivery: Delivery,
    /// Its history, oldest first; never empty.
    pub steps: Vec<(Timestamp, Step)>,
    pub voucher: Option<Voucher>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    /// The signed text in the QR.
    pub text: String,
    pub qr: Qr,
}

codes! {
    /// The state of a request.
    pub enum Step {
        /// Points are reserved.
        Reserved = "reserved",
        /// The brand accepted it: the points are spent.
        Accepted = "accepted",
        Sent = "sent",
        Delivered = "delivered",
        /// The member took it back: the points are free.
        TakenBack = "taken_back",
        /// The brand declined it: the points are free.
        Declined = "declined",
    }
}

impl Step {
    /// True if a redemption may move from `self` to `to`.
    pub fn may_become(self, to: Step) -> bool {
        matches!(
            (self, to),
            (Step::Reserved, Step::Accepted | Step::TakenBack | Step::Declined)
                | (Step::Accepted, Step::Sent | Step::Delivered)
                | (Step::Sent, Step::Delivered)
        )
    }
}

impl Redemption {
    pub fn step(&self) -> Step {
        self.steps.last().map_or(Step::Reserved, |(_, step)| *step)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `points`: the price the member saw.
    Redeem {
        reward: RewardId,
        points: Points,
        #[serde(deserialize_with = "Wallet::known")]
        wallet: Wallet,
    },
    TakeBack {
        redemption: CommandId,
    },
}

impl Command {
    /// A sample of each command.
    pub fn samples(things: &Things) -> Vec<Command> {
        vec![
            Command::Redeem {
                reward: things.reward,
                points: things.points,
                wallet: Wallet::Own,
            },
            Command::Redeem {
                reward: things.reward,
                points: things.points,
                wallet: Wallet::Company,
            },
            Command::TakeBack {
                redemption: things.redemption,
            },
        ]
    }

    /// Returns who may give the command.
    pub fn giver(&self) -> Giver {
        match self {
            Command::Redeem {
                wallet: Wallet::Own, ..
            } => Giver::Anybody,
            // `Newer` is never spent from: the server leaves such a command undecided.
            Command::Redeem {
                wallet: Wallet::Company | Wallet::Newer,
                ..
            } => Giver::Manager,
            Command::TakeBack { .. } => Giver::Owner,
        }
    }
}
