//! Suggestions on the home screen: three ways to earn points.

use crate::learning::view::LearningView;
use crate::members::view::MemberView;
use domain::learning::Course;
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
    let rate = member.programme.as_ref()?.points_per_unit;
    if rate <= 0 {
        return None;
    }
    Some(match member.missing_for_next_tier() {
        Some(missing) => {
            let units = (missing + rate - 1) / rate;
            EarningSuggestion::OrdersToTier {
                amount: units * 100,
                points: units * rate,
            }
        }
        None => EarningSuggestion::Orders {
            amount: 100 * 100,
            points: 100 * rate,
        },
    })
}
