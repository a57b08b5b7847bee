//! Rewards, redemptions, delivery.

use crate::events::{Band, Qr};
use crate::id::{CommandId, RewardId};
use crate::ledger::Wallet;
use crate::{Error, Points, Text, Timestamp, programme};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shelf {
    Work,
    Leisure,
    Learning,
    Solidarity,
}

impl Shelf {
    pub const ALL: [Shelf; 4] = [Shelf::Work, Shelf::Leisure, Shelf::Learning, Shelf::Solidarity];

    pub fn code(self) -> &'static str {
        match self {
            Shelf::Work => "work",
            Shelf::Leisure => "leisure",
            Shelf::Learning => "learning",
            Shelf::Solidarity => "solidarity",
        }
    }

    pub fn from_code(code: &str) -> Option<Shelf> {
        Shelf::ALL.into_iter().find(|shelf| shelf.code() == code)
    }
}

/// How a reward gets to the member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The advisor brings it.
    Advisor,
    Post,
    /// A signed voucher on the phone.
    Voucher,
}

impl Delivery {
    pub fn code(self) -> &'static str {
        match self {
            Delivery::Advisor => "advisor",
            Delivery::Post => "post",
            Delivery::Voucher => "voucher",
        }
    }

    pub fn from_code(code: &str) -> Option<Delivery> {
        [Delivery::Advisor, Delivery::Post, Delivery::Voucher]
            .into_iter()
            .find(|way| way.code() == code)
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Points are reserved.
    Reserved,
    /// The brand took it on: the points are spent.
    Accepted,
    Sent,
    Delivered,
    /// The member took it back: the points are free.
    TakenBack,
    /// The brand could not: the points are free.
    Declined,
}

impl Step {
    pub const ALL: [Step; 6] = [
        Step::Reserved,
        Step::Accepted,
        Step::Sent,
        Step::Delivered,
        Step::TakenBack,
        Step::Declined,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Step::Reserved => "reserved",
            Step::Accepted => "accepted",
            Step::Sent => "sent",
            Step::Delivered => "delivered",
            Step::TakenBack => "taken_back",
            Step::Declined => "declined",
        }
    }

    pub fn from_code(code: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.code() == code)
    }

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
        wallet: Wallet,
    },
    TakeBack {
        redemption: CommandId,
    },
}
