//! Points as money: what a phone shows of the ledger, and the rule of the lots.

use crate::id::EntryId;
use crate::{Day, Points, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// Whose points: the member's own, or those of the company (its managers see and spend them).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wallet {
    Own,
    Company,
}

impl Wallet {
    pub fn code(self) -> &'static str {
        match self {
            Wallet::Own => "own",
            Wallet::Company => "company",
        }
    }

    pub fn from_code(code: &str) -> Option<Wallet> {
        [Wallet::Own, Wallet::Company]
            .into_iter()
            .find(|wallet| wallet.code() == code)
    }
}

/// What a wallet holds now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    pub wallet: Wallet,
    /// Free to spend. Negative after a return of points that were already spent: what is earned next covers it.
    pub available: Points,
    /// Held for requests that the brand has not taken on yet.
    pub reserved: Points,
    /// Lots with points left, in the order in which they are spent.
    pub lots: Vec<LotLeft>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotLeft {
    /// The entry that brought it.
    pub entry: EntryId,
    pub earned_on: Day,
    pub expires_on: Option<Day>,
    pub left: Points,
}

/// One month of a wallet's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    pub wallet: Wallet,
    /// `2026-11`
    pub month: String,
    /// Newest first.
    pub lines: Vec<Line>,
}

/// One entry, seen from a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub entry: EntryId,
    pub at: Timestamp,
    /// The day it counts for.
    pub on: Day,
    /// Positive: into the wallet.
    pub points: Points,
    pub reason: Reason,
    /// Until when points that came in last.
    pub expires_on: Option<Day>,
}

/// Why points moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Order {
        order: String,
        rule: u32,
    },
    Return {
        order: String,
        rule: u32,
    },
    /// An order was corrected: what it had brought is taken back before the new amount counts.
    Correction {
        order: String,
    },
    Course {
        title: Text,
        version: u32,
    },
    Held {
        title: Text,
    },
    /// A request came to nothing.
    Freed {
        title: Text,
    },
    Expired,
}

/// Something that happened to a wallet, as the rule of the lots sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The day it counts for. Movements of one day: what comes in first, then the others by `number`.
    pub on: Day,
    /// The ledger's running number.
    pub number: i64,
    pub kind: MovementKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// A lot of `points` comes in; it is gone on `expires_on`. `order` breaks ties between lots of one day.
    In {
        points: Points,
        expires_on: Option<Day>,
        order: u128,
    },
    /// `points` are taken, oldest lot first. Where the lots do not suffice, what comes in next makes up for it.
    Out { points: Points },
    /// The lot that came in under number `lot` never was; what had been taken from it is taken elsewhere.
    Undone { lot: i64 },
    /// What went out under number `out` comes back to the lots it was taken from.
    Back { out: i64 },
}

/// What the rule of the lots makes of a wallet's movements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lots {
    /// `(number of the movement, points left)`, in the order in which they are spent.
    pub left: Vec<(i64, Points)>,
    /// Points that expired on or before the day asked for, by the day they expired on, rising.
    pub expired: Vec<(Day, Points)>,
    /// Taken, but covered by no lot yet.
    pub short: Points,
}

/// The rule of the lots: oldest spent first, gone on their day, whatever order the movements arrived in.
///
/// Why a replay: orders arrive late and out of order, and the result must be the one that the right order would
/// have given. So lots are never patched: they follow from the movements and the day `today`.
pub fn replay(movements: &[Movement], today: Day) -> Lots {
    let undone: Vec<i64> = movements
        .iter()
        .filter_map(|movement| match movement.kind {
            MovementKind::Undone { lot } => Some(lot),
            _ => None,
        })
        .collect();
    let mut movements: Vec<Movement> = movements.to_vec();
    movements.sort_by_key(|movement| match movement.kind {
        MovementKind::In { order, .. } => (movement.on, 0, order, movement.number),
        _ => (movement.on, 1, 0, movement.number),
    });
    let mut open: Vec<OpenLot> = Vec::new();
    let mut taken: Vec<(i64, Vec<(i64, Points)>)> = Vec::new();
    let mut lots = Lots::default();
    for movement in &movements {
        expire(&mut open, movement.on, &mut lots.expired);
        match movement.kind {
            MovementKind::In { .. } if undone.contains(&movement.number) => {}
            MovementKind::In {
                points, expires_on, ..
            } => {
                let covers = lots.short.min(points);
                lots.short -= covers;
                open.push(OpenLot {
                    number: movement.number,
                    expires_on,
                    left: points - covers,
                });
            }
            MovementKind::Out { points } => {
                let mut missing = points;
                let mut from = Vec::new();
                for lot in open.iter_mut().filter(|lot| lot.left > 0) {
                    let part = lot.left.min(missing);
                    lot.left -= part;
                    missing -= part;
                    from.push((lot.number, part));
                    if missing == 0 {
                        break;
                    }
                }
                lots.short += missing;
                taken.push((movement.number, from));
            }
            MovementKind::Undone { .. } => {}
            MovementKind::Back { out } => {
                let Some(index) = taken.iter().position(|(number, _)| *number == out) else {
                    continue;
                };
                for (number, part) in taken.swap_remove(index).1 {
                    if let Some(lot) = open.iter_mut().find(|lot| lot.number == number) {
                        let covers = lots.short.min(part);
                        lots.short -= covers;
                        lot.left += part - covers;
                    }
                }
            }
        }
    }
    expire(&mut open, today, &mut lots.expired);
    lots.left = open
        .iter()
        .filter(|lot| lot.left > 0)
        .map(|lot| (lot.number, lot.left))
        .collect();
    lots
}

struct OpenLot {
    number: i64,
    expires_on: Option<Day>,
    left: Points,
}

/// Empties the lots that are gone on `today`. A lot that gets points back after its day loses them at once.
fn expire(open: &mut [OpenLot], today: Day, expired: &mut Vec<(Day, Points)>) {
    for lot in open.iter_mut().filter(|lot| lot.left > 0) {
        if let Some(day) = lot.expires_on.filter(|day| *day <= today) {
            expired.push((day, std::mem::take(&mut lot.left)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot(number: i64, on: i32, points: Points) -> Movement {
        Movement {
            on: Day(on),
            number,
            kind: MovementKind::In {
                points,
                expires_on: Some(Day(on + 100)),
                order: number as u128,
            },
        }
    }

    fn out(number: i64, on: i32, points: Points) -> Movement {
        Movement {
            on: Day(on),
            number,
            kind: MovementKind::Out { points },
        }
    }

    fn back(number: i64, on: i32, out: i64) -> Movement {
        Movement {
            on: Day(on),
            number,
            kind: MovementKind::Back { out },
        }
    }

    #[test]
    fn oldest_is_spent_first_and_a_late_lot_takes_its_place() {
        let in_order = replay(&[lot(1, 10, 50), lot(2, 20, 50), out(3, 30, 60)], Day(40));
        assert_eq!(in_order.left, [(2, 40)]);
        let late = replay(&[lot(2, 20, 50), out(3, 30, 60), lot(1, 10, 50)], Day(40));
        assert_eq!(late, in_order);
    }

    #[test]
    fn what_is_left_expires_on_its_day() {
        let movements = [lot(1, 10, 50), out(2, 30, 20), lot(3, 40, 5)];
        assert_eq!(replay(&movements, Day(109)).expired, []);
        let after = replay(&movements, Day(110));
        assert_eq!((after.expired, after.left), (vec![(Day(110), 30)], vec![(3, 5)]));
    }

    #[test]
    fn what_comes_back_goes_to_its_own_lot_even_after_that_lot_is_gone() {
        let movements = [lot(1, 10, 50), lot(2, 20, 50), out(3, 30, 60), back(4, 31, 3)];
        assert_eq!(replay(&movements, Day(40)).left, [(1, 50), (2, 50)]);
        let movements = [lot(1, 10, 50), out(2, 30, 20), back(3, 115, 2)];
        let lots = replay(&movements, Day(120));
        assert_eq!(
            (lots.expired.iter().map(|(_, p)| p).sum::<i64>(), lots.left),
            (50, vec![])
        );
    }

    #[test]
    fn a_return_of_spent_points_is_made_up_by_what_comes_next() {
        let movements = [lot(1, 10, 50), out(2, 20, 40), out(3, 21, 30)];
        let lots = replay(&movements, Day(30));
        assert_eq!((lots.short, lots.left.len()), (20, 0));
        let covered = replay(&[&movements[..], &[lot(4, 25, 50)]].concat(), Day(30));
        assert_eq!((covered.short, covered.left), (0, vec![(4, 30)]));
    }

    #[test]
    fn an_undone_lot_never_was() {
        let undone = Movement {
            on: Day(50),
            number: 4,
            kind: MovementKind::Undone { lot: 1 },
        };
        let lots = replay(&[lot(1, 10, 50), lot(2, 20, 50), out(3, 30, 60), undone], Day(60));
        assert_eq!((lots.short, lots.left), (10, vec![]));
    }
}
