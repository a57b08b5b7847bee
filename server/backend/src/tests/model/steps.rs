//! The steps of a story, and how they are printed.

use super::reference::{End, WalletIndex};
use proptest::prelude::*;
use std::fmt;
use std::ops::Range;

#[derive(Clone)]
pub struct Story(pub Vec<Step>);

#[derive(Clone)]
pub enum Step {
    /// An order (negative: a return) in points, dated `days_ago` before today; an existing order is corrected, and with
    /// 0 points undone.
    Order {
        name: u8,
        wallet: WalletIndex,
        points: i64,
        days_ago: i32,
    },
    Hold {
        wallet: WalletIndex,
        points: i64,
    },
    /// Spends the points of the n-th hold, or gives them back.
    End {
        hold: usize,
        end: End,
    },
    Transfer {
        name: u8,
        from: WalletIndex,
        to: WalletIndex,
        points: i64,
    },
    TakeBack {
        name: u8,
    },
    Merge {
        from: WalletIndex,
        into: WalletIndex,
    },
    Unmerge {
        from: WalletIndex,
    },
    /// Days pass, and points that are due expire.
    Wait {
        days: i32,
    },
    /// Days pass, and the expiry of points that are due is not booked.
    Sleep {
        days: i32,
    },
    /// A step is done and undone immediately.
    ThereAndBack(Box<Step>),
    /// Everything is compared.
    Compare,
}

/// The wallets of the story: three members and two companies.
pub const WALLETS: usize = 5;
const ORDERS: u8 = 8;
const TRANSFERS: u8 = 4;

/// Few wallets and small amounts, so that stories often hit the same ones.
fn order() -> impl Strategy<Value = Step> {
    (0..ORDERS, 0..WALLETS, -15_i64..40, 0_i32..450).prop_map(|(name, wallet, points, days_ago)| {
        Step::Order {
            name,
            wallet,
            points,
            days_ago,
        }
    })
}

fn hold() -> impl Strategy<Value = Step> {
    (0..WALLETS, 1_i64..30).prop_map(|(wallet, points)| Step::Hold { wallet, points })
}

fn transfer() -> impl Strategy<Value = Step> {
    (0..TRANSFERS, 0..WALLETS, 0..WALLETS, 1_i64..30).prop_map(|(name, from, to, points)| Step::Transfer {
        name,
        from,
        to,
        points,
    })
}

fn merge() -> impl Strategy<Value = Step> {
    (0..WALLETS, 0..WALLETS).prop_map(|(from, into)| Step::Merge { from, into })
}

fn end() -> impl Strategy<Value = Step> {
    (0_usize..4, prop_oneof![Just(End::Posted), Just(End::Voided)])
        .prop_map(|(hold, end)| Step::End { hold, end })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => order(),
        4 => hold(),
        3 => end(),
        4 => transfer(),
        1 => (0..TRANSFERS).prop_map(|name| Step::TakeBack { name }),
        2 => merge(),
        1 => (0..WALLETS).prop_map(|from| Step::Unmerge { from }),
        1 => (1_i32..200).prop_map(|days| Step::Wait { days }),
        1 => (1_i32..200).prop_map(|days| Step::Sleep { days }),
        2 => prop_oneof![3 => order(), 1 => hold(), 2 => transfer(), 1 => merge()]
            .prop_map(|step| Step::ThereAndBack(Box::new(step))),
        1 => Just(Step::Compare),
    ]
}

/// Strategy for stories of `length` steps.
pub fn story(length: Range<usize>) -> impl Strategy<Value = Story> {
    proptest::collection::vec(step(), length).prop_map(Story)
}

/// Strategy for orders with distinct names, and holds.
pub fn orders_and_holds(length: Range<usize>) -> impl Strategy<Value = Story> {
    proptest::collection::vec(prop_oneof![3 => order(), 1 => hold()], length).prop_map(|mut steps| {
        for (place, step) in steps.iter_mut().enumerate() {
            if let Step::Order { name, .. } = step {
                *name = place as u8;
            }
        }
        Story(steps)
    })
}

/// Strategy for the acts of one of several people; no two use the same order and transfer names.
pub fn person(number: u8, length: Range<usize>) -> impl Strategy<Value = Story> {
    let step = prop_oneof![
        4 => order(),
        4 => hold(),
        3 => end(),
        4 => transfer(),
        1 => (0..TRANSFERS).prop_map(|name| Step::TakeBack { name }),
        2 => merge(),
        1 => (0..WALLETS).prop_map(|from| Step::Unmerge { from }),
    ];
    proptest::collection::vec(step, length).prop_map(move |mut steps| {
        for step in &mut steps {
            if let Step::Order { name, .. } | Step::Transfer { name, .. } | Step::TakeBack { name } = step {
                *name = number * 2 + *name % 2;
            }
        }
        Story(steps)
    })
}

const NAMES: [&str; WALLETS] = ["wallet A", "wallet B", "wallet C", "wallet D", "wallet E"];

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Order {
                name,
                wallet,
                points,
                days_ago,
            } => write!(
                f,
                "order o-{name} of {days_ago} days ago brings {points} points to {}",
                NAMES[*wallet]
            ),
            Step::Hold { wallet, points } => write!(f, "{points} points of {} are held", NAMES[*wallet]),
            Step::End {
                hold,
                end: End::Posted,
            } => write!(f, "hold {hold} is posted"),
            Step::End {
                hold,
                end: End::Voided,
            } => write!(f, "hold {hold} is voided"),
            Step::Transfer {
                name,
                from,
                to,
                points,
            } => write!(
                f,
                "transfer t-{name} moves {points} points from {} to {}",
                NAMES[*from], NAMES[*to]
            ),
            Step::TakeBack { name } => write!(f, "transfer t-{name} is taken back"),
            Step::Merge { from, into } => write!(f, "{} is merged into {}", NAMES[*from], NAMES[*into]),
            Step::Unmerge { from } => write!(f, "the merge of {} is undone", NAMES[*from]),
            Step::Wait { days } => write!(f, "{days} days go by"),
            Step::Sleep { days } => write!(f, "{days} days go by, and what is due is not booked"),
            Step::ThereAndBack(step) => write!(f, "{step}, and it is undone at once"),
            Step::Compare => write!(f, "everything is compared"),
        }
    }
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            write!(f, "\n  {}. {step}", number + 1)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
