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
    /// Where a reward lies in the catalogue.
    pub enum Shelf {
        Work = "work",
        Leisure = "leisure",
        Learning = "learning",
        Solidarity = "solidarity",
    }
}

codes! {
    /// How a reward gets to the member.
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
    /// May it be asked for at the price seen, with `available` points and status `tier`?
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

/// A reward asked for, from the request to its delivery. Its id is that of the command that asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    pub id: CommandId,
    pub reward: RewardId,
    pub title: Text,
    pub points: Points,
    pub wallet: Wallet,
    pub delivery: Delivery,
    /// What happened to it, oldest first; never empty.
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
    /// How far a request has come.
    pub enum Step {
        /// Points are reserved.
        Reserved = "reserved",
        /// The brand took it on: the points are spent.
        Accepted = "accepted",
        Sent = "sent",
        Delivered = "delivered",
        /// The member took it back: the points are free.
        TakenBack = "taken_back",
        /// The brand could not: the points are free.
        Declined = "declined",
    }
}

impl Step {
    /// May a redemption that stands at `self` move to `to`?
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
    /// One of each.
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

    /// Who may give it.
    pub fn giver(&self) -> Giver {
        match self {
            Command::Redeem {
                wallet: Wallet::Own, ..
            } => Giver::Anybody,
            // No wallet of a newer version is spent from: the server leaves that undecided.
            Command::Redeem {
                wallet: Wallet::Company | Wallet::Newer,
                ..
            } => Giver::Manager,
            Command::TakeBack { .. } => Giver::Owner,
        }
    }
}
