//! Status: from points earned in a period, never from the balance.

use crate::programme::{Period, Tier};
use crate::{Day, Points};
use serde::{Deserialize, Serialize};

/// The status of a company and its members on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// A tier of [`crate::programme::Programme::tiers`].
    pub tier: String,
    /// Points earned from `from` to `to`, both days included, less the points of returns in those days.
    pub points: Points,
    pub from: Day,
    pub to: Day,
    /// The next tier and the points still missing, or `None` at the top.
    pub next: Option<Gap>,
    /// The first day on which the tier could change without anything new being earned.
    pub review_on: Day,
    /// The day this was computed for.
    pub on: Day,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub tier: String,
    pub missing: Points,
}

/// First and last day of the status period that `on` falls into.
///
/// `joined`: the company's first day, for [`Period::Anniversary`].
pub fn period_of(period: Period, on: Day, joined: Day) -> (Day, Day) {
    match period {
        // The server refuses to start with a period it does not know.
        Period::Rolling | Period::Newer => (on.plus_months(-12).plus_days(1), on),
        Period::Calendar => {
            let (year, _, _) = on.ymd();
            year_from(Day::from_ymd(year, 1, 1).unwrap_or(on))
        }
        Period::Anniversary => {
            let mut years = on.ymd().0 - joined.ymd().0;
            if joined.plus_months(12 * years) > on {
                years -= 1;
            }
            let start = joined.plus_months(12 * years);
            (start, joined.plus_months(12 * (years + 1)).plus_days(-1))
        }
    }
}

fn year_from(start: Day) -> (Day, Day) {
    (start, start.plus_months(12).plus_days(-1))
}

/// The highest tier whose threshold `points` reaches. `tiers` ascend; the first has threshold 0.
pub fn tier_of(tiers: &[Tier], points: Points) -> Option<&Tier> {
    tiers
        .iter()
        .rev()
        .find(|tier| points >= tier.threshold)
        .or(tiers.first())
}

/// Computes the status on a day from `(day, points)` pairs of points earned (negative: returned).
///
/// Rolling: the last twelve months count, day by day. Calendar and anniversary: a tier reached in a period holds to the
/// end of the next one, so that nobody drops to the lowest tier on the first day of a year.
pub fn status_on(tiers: &[Tier], period: Period, joined: Day, earned: &[(Day, Points)], on: Day) -> Status {
    let sum = |from: Day, to: Day| -> Points {
        earned
            .iter()
            .filter(|(day, _)| (from..=to).contains(day))
            .map(|(_, points)| points)
            .sum()
    };
    let (from, to) = period_of(period, on, joined);
    // Points after `on` do not count, even if the period ends later.
    let points = sum(from, on);
    let reached = tier_of(tiers, points);
    let (tier, review_on) = match period {
        Period::Rolling | Period::Newer => (reached, first_fall(tiers, period, joined, earned, on)),
        Period::Calendar | Period::Anniversary => {
            let (before_from, before_to) = period_of(period, from.plus_days(-1), joined);
            let kept = tier_of(tiers, sum(before_from, before_to));
            let best = [reached, kept]
                .into_iter()
                .flatten()
                .max_by_key(|tier| tier.threshold);
            (best, to.plus_days(1))
        }
    };
    let threshold = tier.map_or(0, |tier| tier.threshold);
    let next = tiers
        .iter()
        .find(|tier| tier.threshold > threshold)
        .map(|tier| Gap {
            tier: tier.reference.clone(),
            missing: (tier.threshold - points).max(0),
        });
    Status {
        tier: tier.map(|tier| tier.reference.clone()).unwrap_or_default(),
        points,
        from,
        to,
        next,
        review_on,
        on,
    }
}

/// The first day after `on` on which a rolling sum falls below the current tier; a year on if none does.
fn first_fall(tiers: &[Tier], period: Period, joined: Day, earned: &[(Day, Points)], on: Day) -> Day {
    let (from, _) = period_of(period, on, joined);
    let mut inside: Vec<_> = earned
        .iter()
        .filter(|(day, _)| (from..=on).contains(day))
        .copied()
        .collect();
    inside.sort_unstable();
    let mut points: Points = inside.iter().map(|(_, points)| points).sum();
    let threshold = tier_of(tiers, points).map_or(0, |tier| tier.threshold);
    let mut rest = inside.iter().peekable();
    while let Some((day, gone)) = rest.next() {
        points -= gone;
        let last_of_day = rest.peek().is_none_or(|(next, _)| next != day);
        if last_of_day && points < threshold {
            // The first day on which `day` is outside the last twelve months.
            return day_it_leaves(*day);
        }
    }
    on.plus_months(12)
}

/// The first day whose last twelve months do not include `day`.
fn day_it_leaves(day: Day) -> Day {
    let mut leaves = day.plus_months(12);
    while period_of(Period::Rolling, leaves, day).0 <= day {
        leaves = leaves.plus_days(1);
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    fn tiers() -> Vec<Tier> {
        [("low", 0), ("mid", 100), ("top", 300)]
            .map(|(reference, threshold)| Tier {
                reference: reference.into(),
                name: Text::default(),
                threshold,
                benefits: vec![],
            })
            .into()
    }

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn rolling_counts_twelve_months_to_the_day() {
        let earned = [
            (day("1997-06-30"), 50),
            (day("1997-07-01"), 60),
            (day("1998-06-30"), 45),
            (day("1998-07-01"), 900),
        ];
        let status = status_on(
            &tiers(),
            Period::Rolling,
            day("1997-01-01"),
            &earned,
            day("1998-06-30"),
        );
        assert_eq!((status.from, status.to), (day("1997-07-01"), day("1998-06-30")));
        assert_eq!((status.points, status.tier.as_str()), (105, "mid"));
        assert_eq!(
            status.next,
            Some(Gap {
                tier: "top".into(),
                missing: 195
            })
        );
        assert_eq!(status.review_on, day("1998-07-01"));
        let after = status_on(
            &tiers(),
            Period::Rolling,
            day("1997-01-01"),
            &earned[..3],
            status.review_on,
        );
        assert_eq!(after.tier, "low");
    }

    #[test]
    fn review_day_is_the_first_lower_day() {
        for start in [
            "2023-02-28",
            "2024-02-29",
            "2023-08-31",
            "2024-12-31",
            "2024-03-01",
        ] {
            let earned = [(day(start), 100)];
            let status = |on| status_on(&tiers(), Period::Rolling, day(start), &earned, on);
            let review = status(day(start)).review_on;
            assert_eq!(status(review.plus_days(-1)).tier, "mid", "{start}");
            assert_eq!(status(review).tier, "low", "{start}");
        }
    }

    #[test]
    fn a_calendar_tier_holds_through_the_next_year() {
        let earned = [(day("2024-05-01"), 350), (day("2025-02-01"), 20)];
        let on = |text| status_on(&tiers(), Period::Calendar, day("2024-01-01"), &earned, day(text));
        assert_eq!(on("2024-04-30").tier, "low");
        assert_eq!(on("2024-05-01").tier, "top");
        assert_eq!(
            (on("2025-06-01").tier.as_str(), on("2025-06-01").points),
            ("top", 20)
        );
        assert_eq!(on("2025-06-01").review_on, day("2026-01-01"));
        assert_eq!(on("2026-01-01").tier, "low");
    }

    #[test]
    fn an_anniversary_period_runs_from_the_first_day() {
        let joined = day("2020-02-29");
        assert_eq!(
            period_of(Period::Anniversary, day("2023-02-27"), joined),
            (day("2022-02-28"), day("2023-02-27"))
        );
        assert_eq!(
            period_of(Period::Anniversary, day("2024-02-29"), joined).0,
            day("2024-02-29")
        );
    }

    #[test]
    fn returns_lower_the_points_of_their_own_day() {
        let earned = [(day("2024-05-01"), 120), (day("2024-06-01"), -30)];
        let on = |text| status_on(&tiers(), Period::Rolling, joined(), &earned, day(text));
        fn joined() -> Day {
            Day::parse("2024-01-01").unwrap()
        }
        assert_eq!(on("2024-05-31").tier, "mid");
        assert_eq!(
            (on("2024-06-01").tier.as_str(), on("2024-06-01").points),
            ("low", 90)
        );
    }
}
