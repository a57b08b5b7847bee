//! The programme: the brand, its tiers, its rules, as written in `programme.toml`.

use crate::members::Trade;
use crate::money::MOST_ORDER_POINTS;
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
    /// Points for each whole unit of currency of an order, today; 0 where [`Programme::rate`] cannot be written so.
    pub points_per_unit: Points,
    /// Today's rate of orders, where it is not a whole number of points for one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earning_rate: Option<Rate>,
    /// With these a ticket or a voucher is verified without a network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<PassKey>,
}

/// A public key that verifies passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassKey {
    /// As in the pass.
    pub id: u8,
    /// Ed25519, 32 bytes in hexadecimal.
    pub public: String,
}

impl Programme {
    pub fn tier(&self, reference: &str) -> Option<&Tier> {
        self.tiers.iter().find(|tier| tier.reference == reference)
    }

    pub fn trade(&self, reference: &str) -> Option<&Trade> {
        self.trades.iter().find(|trade| trade.reference == reference)
    }

    /// What orders earn today.
    pub fn rate(&self) -> Rate {
        self.earning_rate.unwrap_or(Rate {
            points: self.points_per_unit,
            units: 1,
        })
    }
}

/// So many points for each so many whole units of currency: 1 for 10 is `0.1` in `programme.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub points: Points,
    /// At least 1.
    pub units: i64,
}

impl Rate {
    /// Points for a unit of currency, as a decimal number with at most three decimals; `None` for any other number.
    pub fn from_decimal(per_unit: f64) -> Option<Rate> {
        let thousandths = per_unit * 1000.0;
        let rounded = thousandths.round();
        if !(0.0..1e12).contains(&rounded) || (thousandths - rounded).abs() > 1e-6 * rounded.max(1.0) {
            return None;
        }
        let (mut points, mut units) = (rounded as i64, 1000);
        for factor in [2, 5] {
            while points % factor == 0 && units % factor == 0 {
                (points, units) = (points / factor, units / factor);
            }
        }
        Some(Rate { points, units })
    }

    /// Points of an amount: its whole units of currency times the rate, rounded towards zero. `None` where it is more than
    /// an order may bring.
    pub fn of(self, amount: Cents) -> Option<Points> {
        let whole = i128::from(amount) / 100;
        let points = Points::try_from(whole * i128::from(self.points) / i128::from(self.units)).ok()?;
        (points.abs() <= MOST_ORDER_POINTS).then_some(points)
    }
}

/// A rate as the number of points for one unit, the way `programme.toml` writes it.
mod per_unit {
    use super::Rate;
    use serde::de::{Error, Unexpected, Visitor};
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(rate: &Rate, serializer: S) -> Result<S::Ok, S::Error> {
        match rate.units {
            1 => serializer.serialize_i64(rate.points),
            _ => serializer.serialize_f64(rate.points as f64 / rate.units as f64),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Rate;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("points for one unit of currency, with at most three decimals")
            }

            fn visit_i64<E: Error>(self, points: i64) -> Result<Rate, E> {
                Ok(Rate { points, units: 1 })
            }

            fn visit_u64<E: Error>(self, points: u64) -> Result<Rate, E> {
                self.visit_i64(i64::try_from(points).map_err(E::custom)?)
            }

            fn visit_f64<E: Error>(self, points: f64) -> Result<Rate, E> {
                Rate::from_decimal(points).ok_or_else(|| E::invalid_value(Unexpected::Float(points), &self))
            }
        }
        deserializer.deserialize_any(Number)
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
    #[serde(rename = "points_per_unit", with = "per_unit")]
    pub rate: Rate,
}

impl EarningRule {
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

/// The city that a time zone is named after: `Paris` of `Europe/Paris`.
pub fn city_of(time_zone: &str) -> String {
    let city = time_zone.rsplit('/').next().unwrap_or_default();
    city.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_for_whole_units_and_a_return_mirrors_its_order() {
        let rate = Rate { points: 1, units: 1 };
        for (cents, points) in [(2933, 29), (99, 0), (0, 0), (100, 1), (-2933, -29), (-99, 0)] {
            assert_eq!(rate.of(cents), Some(points));
        }
        let quarter_more = Rate { points: 5, units: 4 };
        assert_eq!(
            [399, 400, 99, -399].map(|cents| quarter_more.of(cents)),
            [3, 5, 0, -3].map(Some)
        );
        let tenth = Rate { points: 1, units: 10 };
        for (cents, points) in [(12_900, 12), (999, 0), (1000, 1), (-12_900, -12)] {
            assert_eq!(tenth.of(cents), Some(points));
        }
    }

    #[test]
    fn a_rate_is_read_as_a_decimal_number() {
        for (per_unit, points, units) in [
            (0.1, 1, 10),
            (0.5, 1, 2),
            (2.5, 5, 2),
            (0.125, 1, 8),
            (3.0, 3, 1),
            (0.0, 0, 1),
        ] {
            let rate = Rate::from_decimal(per_unit);
            assert_eq!(
                rate.map(|rate| (rate.points, rate.units)),
                Some((points, units)),
                "{per_unit}"
            );
        }
        for odd in [0.0001, 1.0 / 3.0, -0.5, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::from_decimal(odd), None, "{odd}");
        }
        let rule: EarningRule =
            serde_json::from_str(r#"{"version":1,"valid_from":"2020-01-01","points_per_unit":0.1}"#).unwrap();
        assert_eq!(rule.rate, Rate { points: 1, units: 10 });
        let again: EarningRule = serde_json::from_str(&serde_json::to_string(&rule).unwrap()).unwrap();
        assert_eq!(again, rule);
    }

    #[test]
    fn no_figure_wraps() {
        let rate = Rate {
            points: crate::Points::MAX,
            units: 1,
        };
        for cents in [Cents::MAX, Cents::MIN, 100_000_000_000, -100_000_000_000] {
            assert_eq!(rate.of(cents), None);
        }
        let whole = Rate { points: 1, units: 1 };
        assert_eq!(whole.of(MOST_ORDER_POINTS * 100), Some(MOST_ORDER_POINTS));
        assert_eq!(whole.of(MOST_ORDER_POINTS * 100 + 100), None);
    }

    #[test]
    fn the_order_date_picks_the_rule() {
        let day = |text| Day::parse(text).unwrap();
        let rules = [
            EarningRule {
                version: 1,
                valid_from: day("2020-01-01"),
                valid_until: None,
                rate: Rate { points: 1, units: 1 },
            },
            EarningRule {
                version: 2,
                valid_from: day("2024-01-01"),
                valid_until: Some(day("2024-12-31")),
                rate: Rate { points: 2, units: 1 },
            },
        ];
        let version = |text| EarningRule::on(&rules, day(text)).map(|rule| rule.version);
        assert_eq!(version("2019-12-31"), None);
        assert_eq!(version("2023-12-31"), Some(1));
        assert_eq!(version("2024-12-31"), Some(2));
        assert_eq!(version("2025-01-01"), Some(1));
    }
}
