//! The programme: the brand, its tiers, its rules, as written in `programme.toml`.

use crate::members::Trade;
use crate::newer::codes;
use crate::{Cents, Day, Lang, Points, Text};
use serde::{Deserialize, Serialize};

codes! {
    /// The days over which earned points count for status.
    pub enum Period {
        /// The last twelve months.
        Rolling = "rolling",
        /// The year, from 1 January.
        Calendar = "calendar",
        /// The year from the company's first day.
        Anniversary = "anniversary",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    #[serde(rename = "ref")]
    pub reference: String,
    pub name: Text,
    /// Points to earn in the period.
    pub threshold: Points,
    #[serde(default)]
    pub benefits: Vec<Text>,
}

/// The programme as one document, the same for all members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    pub name: String,
    /// `#rrggbb`
    pub accent: String,
    /// The first is the default.
    #[serde(deserialize_with = "crate::text::known_of_list")]
    pub languages: Vec<Lang>,
    /// IANA name, e.g. `Europe/Paris`.
    pub time_zone: String,
    /// ISO 4217, e.g. `EUR`.
    pub currency: String,
    pub trades: Vec<Trade>,
    pub tiers: Vec<Tier>,
    pub period: Period,
    /// Months after which points expire; `None`: never.
    pub expiry_months: Option<u32>,
    /// Points for each whole unit of currency of an order, today.
    pub points_per_unit: Points,
}

impl Programme {
    pub fn tier(&self, reference: &str) -> Option<&Tier> {
        self.tiers.iter().find(|tier| tier.reference == reference)
    }

    pub fn trade(&self, reference: &str) -> Option<&Trade> {
        self.trades.iter().find(|trade| trade.reference == reference)
    }
}

/// An earning rule of orders, valid from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarningRule {
    pub version: u32,
    pub valid_from: Day,
    /// The last day it is valid; `None`: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Day>,
    pub points_per_unit: Points,
}

impl EarningRule {
    /// Points of an order: for each whole unit of currency, rounded towards zero, so that a return takes exactly the
    /// points the order brought.
    pub fn points(&self, amount: Cents) -> Points {
        amount / 100 * self.points_per_unit
    }

    /// The rule for `day`: of the rules valid then, the one with the highest version.
    pub fn on(rules: &[EarningRule], day: Day) -> Option<&EarningRule> {
        rules
            .iter()
            .filter(|rule| rule.valid_from <= day && rule.valid_until.is_none_or(|until| day <= until))
            .max_by_key(|rule| rule.version)
    }
}

/// True if a member with status `tier` may have an item reserved for `reserved` tiers (empty: all).
pub fn tier_allows(reserved: &[String], tier: &str) -> bool {
    reserved.is_empty() || reserved.iter().any(|reference| reference == tier)
}

/// True if an item for `trades` (empty: all) is meant for `trade`.
pub fn trade_fits(trades: &[String], trade: &str) -> bool {
    trades.is_empty() || trades.iter().any(|reference| reference == trade)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_whole_units_and_a_return_mirrors_its_order() {
        let rule = EarningRule {
            version: 1,
            valid_from: Day(0),
            valid_until: None,
            points_per_unit: 1,
        };
        for (cents, points) in [(2933, 29), (99, 0), (0, 0), (100, 1), (-2933, -29), (-99, 0)] {
            assert_eq!(rule.points(cents), points);
        }
    }

    #[test]
    fn the_order_date_picks_the_rule() {
        let day = |text| Day::parse(text).unwrap();
        let rules = [
            EarningRule {
                version: 1,
                valid_from: day("2020-01-01"),
                valid_until: None,
                points_per_unit: 1,
            },
            EarningRule {
                version: 2,
                valid_from: day("2024-01-01"),
                valid_until: Some(day("2024-12-31")),
                points_per_unit: 2,
            },
        ];
        let version = |text| EarningRule::on(&rules, day(text)).map(|rule| rule.version);
        assert_eq!(version("2019-12-31"), None);
        assert_eq!(version("2023-12-31"), Some(1));
        assert_eq!(version("2024-12-31"), Some(2));
        assert_eq!(version("2025-01-01"), Some(1));
    }
}
