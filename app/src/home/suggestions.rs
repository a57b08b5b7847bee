//! Suggestions on the home screen: three ways to earn points.

use crate::learning::view::LearningView;
use crate::members::view::MemberView;
use domain::learning::Course;
use domain::programme::Rate;
use domain::{Cents, Points};
use std::sync::Arc;

/// A way to earn points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarningSuggestion {
    Course {
        course: Arc<Course>,
        begun: bool,
    },
    /// Orders that alone reach the next tier.
    OrdersToTier {
        amount: Cents,
        points: Points,
    },
    /// The points for orders of `amount`.
    Orders {
        amount: Cents,
        points: Points,
    },
}

const MOST: usize = 3;

/// Suggests courses not passed, those of the member's trade first, and orders.
pub fn earning_suggestions(member: &MemberView, learning: &LearningView) -> Vec<EarningSuggestion> {
    let orders = orders(member);
    let room = MOST - usize::from(orders.is_some());
    learning
        .earning()
        .into_iter()
        .take(room)
        .map(|view| EarningSuggestion::Course {
            course: view.course.clone(),
            begun: view.begun(),
        })
        .chain(orders)
        .collect()
}

fn orders(member: &MemberView) -> Option<EarningSuggestion> {
    let Rate { points, units } = member.programme.as_ref()?.rate();
    if points <= 0 || units <= 0 {
        return None;
    }
    Some(match member.missing_for_next_tier() {
        Some(missing) => {
            let times = (missing + points - 1) / points;
            EarningSuggestion::OrdersToTier {
                amount: times * units * 100,
                points: times * points,
            }
        }
        None => {
            let times = (100 / units).max(1);
            EarningSuggestion::Orders {
                amount: times * units * 100,
                points: times * points,
            }
        }
    })
}
