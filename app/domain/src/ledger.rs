//! Points: the ledger's read models for the phone, and the first-in-first-out rule of the lots.

use crate::id::EntryId;
use crate::newer::{codes, open};
use crate::{Day, Points, Text, Timestamp, fault};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

codes! {
    /// The owner of the points: the member, or their company (its managers see and spend them).
    pub enum Wallet {
        Own = "own",
        Company = "company",
    }
}

/// A wallet's current contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    pub wallet: Wallet,
    /// Free to spend. Negative after a return of points that were already spent; the next points earned cover it.
    pub available: Points,
    /// Held for requests that the brand has not accepted yet.
    pub reserved: Points,
    /// Lots with points left, in the order in which they are spent: all, or the first ones.
    pub lots: Vec<LotLeft>,
    /// Points in lots that are not listed, because there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub later: Points,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotLeft {
    /// The entry that credited it.
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
    /// True if the month has older lines, which are not listed because there are too many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

fn is_zero(points: &Points) -> bool {
    *points == 0
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
    /// The expiry date of credited points.
    pub expires_on: Option<Day>,
}

open! {
    /// Why points moved.
    pub enum Reason {
        Order {
            order: String,
            rule: u32,
        } = "order",
        Return {
            order: String,
            rule: u32,
        } = "return",
        /// An order was corrected: its old points are taken back before the new amount counts.
        Correction {
            order: String,
        } = "correction",
        Course {
            title: Text,
            version: u32,
        } = "course",
        Held {
            title: Text,
        } = "held",
        /// A request was taken back or declined; its points are free again.
        Freed {
            title: Text,
        } = "freed",
        Expired = "expired",
        /// From one wallet to another. `title`: the brand's reason.
        Transfer {
            title: Text,
        } = "transfer",
        /// A reversed transfer.
        TransferTakenBack {
            title: Text,
        } = "transfer_taken_back",
        /// Two wallets were merged.
        Merged = "merged",
    }
}

/// An event in a wallet's history: the input of [`replay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The day it counts for. Order within a day: lots earned, then returns, then the others by `number`.
    pub on: Day,
    /// The ledger's running number.
    pub number: i64,
    pub kind: MovementKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// Credits a lot of `points` that expires on `expires_on`. `order` breaks ties between lots of one day.
    In {
        points: Points,
        expires_on: Option<Day>,
        order: u128,
    },
    /// Credits a lot of `points` from another wallet. It was earned there on `earned_on` and keeps that age.
    Received {
        points: Points,
        earned_on: Day,
        expires_on: Option<Day>,
    },
    /// A return debits `points`, oldest lot first. If the lots do not suffice, later credits cover the rest.
    Returned { points: Points },
    /// The member spends `points`, in the same order.
    Out { points: Points },
    /// Voids movement `number` (`In`, `Received`, `Returned` or `Out`) as if it had never happened; points taken from a
    /// voided lot are taken from other lots.
    Undone { number: i64 },
    /// The lot that came in under number `lot` was never whole: `points` of it were returned.
    TakenBack { lot: i64, points: Points },
    /// Puts the points of debit `out` back into the lots they were taken from.
    Back { out: i64 },
}

/// The result of [`replay`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lots {
    /// `(number of the movement, points left)`, in the order in which they are spent.
    pub left: Vec<(i64, Points)>,
    /// Points that expired on or before `today`, by expiry day, ascending.
    pub expired: Vec<(Day, Points)>,
    /// Debited but not yet covered by a lot.
    pub short: Points,
    /// The last day on which points were debited, put back, or used to cover a shortfall.
    pub moved_until: Option<Day>,
    /// The youngest day on which a lot was earned that was ever drawn from, and the last day on which a shortfall was
    /// covered. Nothing was ever drawn from a lot that was earned later, so one that is credited, voided or made
    /// smaller there changes no other lot.
    pub drawn_until: Option<Day>,
    /// Points that each debit took from each lot and did not put back: (number of the debit, number of the lot, points).
    pub drawn: Vec<(i64, i64, Points)>,
}

/// Applies the rule of the lots: oldest spent first, expired on their day, whatever order the movements arrived in.
///
/// Why a replay: orders arrive late and out of order, and the result must equal that of the right order. So lots are
/// never patched; they are computed from the movements and `today`.
pub fn replay(movements: &[Movement], today: Day) -> Lots {
    let undone: HashSet<i64> = movements
        .iter()
        .filter_map(|movement| match movement.kind {
            MovementKind::Undone { number } => Some(number),
            _ => None,
        })
        .collect();
    let mut movements: Vec<&Movement> = movements
        .iter()
        .filter(|movement| !undone.contains(&movement.number))
        .collect();
    let mut taken_back: HashMap<i64, Points> = HashMap::new();
    for movement in &movements {
        if let MovementKind::TakenBack { lot, points } = movement.kind {
            *taken_back.entry(lot).or_default() += points;
        }
    }
    movements.sort_by_key(|movement| match movement.kind {
        MovementKind::In { order, .. } => (movement.on, 0, order, movement.number),
        MovementKind::Returned { .. } => (movement.on, 1, 0, movement.number),
        _ => (movement.on, 2, 0, movement.number),
    });
    let mut wallet = OpenWallet::default();
    for movement in movements {
        wallet.on = movement.on;
        wallet.expire(movement.on);
        match movement.kind {
            MovementKind::In {
                points,
                expires_on,
                order,
            } => {
                let left = points - taken_back.get(&movement.number).copied().unwrap_or_default();
                if left > 0 {
                    let age = (movement.on, 0, order, movement.number);
                    wallet.come_in(age, movement.on, left, expires_on);
                }
            }
            MovementKind::Received {
                points,
                earned_on,
                expires_on,
            } => {
                let age = (earned_on, 1, 0, movement.number);
                wallet.come_in(age, movement.on, points, expires_on);
            }
            MovementKind::Out { points } | MovementKind::Returned { points } => {
                wallet.take(movement.number, points);
                wallet.moved_until = Some(movement.on);
            }
            MovementKind::Undone { .. } | MovementKind::TakenBack { .. } => {}
            MovementKind::Back { out } => {
                wallet.give_back(out);
                wallet.moved_until = Some(movement.on);
            }
        }
    }
    wallet.expire(today);
    let drawn = wallet.drawn();
    Lots {
        left: wallet
            .by_age
            .iter()
            .map(|place| &wallet.lots[*place])
            .filter(|lot| lot.left > 0)
            .map(|lot| (lot.age.3, lot.left))
            .collect(),
        expired: wallet.expired,
        short: wallet.owed.iter().map(|(_, points)| points).sum(),
        moved_until: wallet.moved_until,
        drawn_until: wallet.drawn_until,
        drawn,
    }
}

/// The state of a wallet during a replay.
#[derive(Default)]
struct OpenWallet {
    /// The day of the current movement.
    on: Day,
    /// In order of arrival.
    lots: Vec<OpenLot>,
    /// Indexes into `lots`, in spending order.
    by_age: Vec<usize>,
    /// The lots (by index) that each movement debited, by the movement's number.
    taken: HashMap<i64, Vec<(usize, Points)>>,
    /// Debits not yet covered by a lot, oldest first.
    owed: VecDeque<(i64, Points)>,
    expired: Vec<(Day, Points)>,
    moved_until: Option<Day>,
    drawn_until: Option<Day>,
}

/// Sort key of a lot: the day it was earned, 1 if it came from another wallet (sorts behind lots earned here that day),
/// the tie-breaker `order`, the movement's number.
type Age = (Day, u8, u128, i64);

struct OpenLot {
    age: Age,
    expires_on: Option<Day>,
    left: Points,
}

impl OpenWallet {
    fn come_in(&mut self, age: Age, on: Day, points: Points, expires_on: Option<Day>) {
        let place = self.lots.len();
        let younger = self.by_age.partition_point(|other| self.lots[*other].age < age);
        self.by_age.insert(younger, place);
        self.lots.push(OpenLot {
            age,
            expires_on,
            left: 0,
        });
        if !self.owed.is_empty() {
            self.moved_until = Some(on);
        }
        self.fill(place, points);
    }

    /// Debits points, oldest lot first; what the lots do not cover is owed.
    fn take(&mut self, number: i64, points: Points) {
        let mut missing = points;
        let from = self.taken.entry(number).or_default();
        if fault!("newest-points-are-spent-first") {
            self.by_age.reverse();
        }
        for place in &self.by_age {
            if missing == 0 {
                break;
            }
            let lot = &mut self.lots[*place];
            let part = lot.left.min(missing);
            if part > 0 {
                lot.left -= part;
                missing -= part;
                from.push((*place, part));
                self.drawn_until = self.drawn_until.max(Some(lot.age.0));
            }
        }
        if fault!("newest-points-are-spent-first") {
            self.by_age.reverse();
        }
        if missing > 0 {
            self.owed.push_back((number, missing));
            if fault!("debt-is-forgiven") {
                self.owed.clear();
            }
        }
    }

    /// Credits points to a lot, after covering what is owed.
    fn fill(&mut self, place: usize, mut points: Points) {
        while points > 0
            && let Some((number, owed)) = self.owed.front_mut()
        {
            let part = points.min(*owed);
            points -= part;
            *owed -= part;
            self.taken.entry(*number).or_default().push((place, part));
            self.drawn_until = self
                .drawn_until
                .max(Some(self.on))
                .max(Some(self.lots[place].age.0));
            if *owed == 0 {
                self.owed.pop_front();
            }
        }
        self.lots[place].left += points;
    }

    /// Puts a movement's points back into their lots; the part it still owes is cancelled.
    fn give_back(&mut self, number: i64) {
        self.owed.retain(|(owing, _)| *owing != number);
        for (place, points) in self.taken.remove(&number).unwrap_or_default() {
            let place = match fault!("points-go-back-into-the-wrong-lot") {
                true => 0,
                false => place,
            };
            self.fill(place, points);
        }
    }

    /// Returns the points that each debit took, in the order of the debits' numbers, then of the lots'.
    fn drawn(&self) -> Vec<(i64, i64, Points)> {
        let mut sums: BTreeMap<(i64, i64), Points> = BTreeMap::new();
        for (number, parts) in &self.taken {
            for (place, points) in parts {
                *sums.entry((*number, self.lots[*place].age.3)).or_default() += points;
            }
        }
        sums.into_iter()
            .map(|((debit, lot), points)| (debit, lot, points))
            .collect()
    }

    /// Empties the lots that expire by `today`. A lot that gets points back after its expiry day loses them at once.
    fn expire(&mut self, today: Day) {
        let today = match fault!("points-expire-a-day-late") {
            true => today.plus_days(-1),
            false => today,
        };
        for lot in self.lots.iter_mut().filter(|lot| lot.left > 0) {
            if let Some(day) = lot.expires_on.filter(|day| *day <= today) {
                self.expired.push((day, std::mem::take(&mut lot.left)));
            }
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
    fn what_was_owed_and_is_given_back_leaves_no_debt() {
        let undone = Movement {
            on: Day(10),
            number: 3,
            kind: MovementKind::Undone { number: 1 },
        };
        let movements = [lot(1, 10, 50), out(2, 20, 30), undone, lot(4, 25, 50)];
        assert_eq!(replay(&movements, Day(30)).left, [(4, 20)]);
        let back = replay(&[&movements[..], &[back(5, 30, 2)]].concat(), Day(30));
        assert_eq!((back.left, back.short), (vec![(4, 50)], 0));
    }

    #[test]
    fn what_was_received_is_as_old_as_where_it_came_from() {
        let received = Movement {
            on: Day(30),
            number: 3,
            kind: MovementKind::Received {
                points: 40,
                earned_on: Day(5),
                expires_on: Some(Day(60)),
            },
        };
        let movements = [lot(1, 10, 50), received, out(4, 30, 15)];
        assert_eq!(replay(&movements, Day(40)).left, [(3, 25), (1, 50)]);
        assert_eq!(replay(&movements, Day(60)).expired, [(Day(60), 25)]);
        // A debit before the received lot arrived is not taken from it.
        let movements = [lot(1, 10, 50), out(2, 30, 15), received];
        assert_eq!(replay(&movements, Day(40)).left, [(3, 40), (1, 35)]);
    }

    #[test]
    fn a_line_of_a_newer_server_is_read() {
        let line = r#"{"entry":"0198c5b2-7f00-7000-8000-000000000004","at":1,"on":"2026-11-21","points":3,"reason":{"gift":{"to":"x"}},"expires_on":null}"#;
        let line: Line = serde_json::from_str(line).unwrap();
        assert_eq!(line.reason, Reason::Newer);
        let known: Reason = serde_json::from_str(r#"{"order":{"order":"o-1","rule":1}}"#).unwrap();
        assert!(matches!(known, Reason::Order { .. }));
    }

    fn taken_back(number: i64, on: i32, lot: i64, points: Points) -> Movement {
        Movement {
            on: Day(on),
            number,
            kind: MovementKind::TakenBack { lot, points },
        }
    }

    #[test]
    fn what_is_taken_back_of_a_lot_was_never_in_it() {
        // As if the first lot had had 20 points: what was spent came from the second, which keeps its own day.
        let movements = [
            lot(1, 10, 50),
            lot(2, 20, 50),
            out(3, 30, 40),
            taken_back(4, 10, 1, 30),
        ];
        let smaller = [lot(1, 10, 20), lot(2, 20, 50), out(3, 30, 40)];
        assert_eq!(replay(&movements, Day(40)), replay(&smaller, Day(40)));
        // A lot that is gone is not missed a second time.
        let all = [lot(1, 10, 50), lot(2, 20, 50), taken_back(3, 10, 1, 50)];
        let after = replay(&all, Day(115));
        assert_eq!(
            (after.expired, after.left, after.short),
            (vec![], vec![(2, 50)], 0)
        );
        // One that was undone takes nothing.
        let undone = Movement {
            on: Day(10),
            number: 4,
            kind: MovementKind::Undone { number: 3 },
        };
        let movements = [&all[..], &[undone]].concat();
        assert_eq!(replay(&movements, Day(40)).left, [(1, 50), (2, 50)]);
    }

    #[test]
    fn an_undone_lot_never_was() {
        let undone = Movement {
            on: Day(50),
            number: 4,
            kind: MovementKind::Undone { number: 1 },
        };
        let lots = replay(&[lot(1, 10, 50), lot(2, 20, 50), out(3, 30, 60), undone], Day(60));
        assert_eq!((lots.short, lots.left), (10, vec![]));
    }
}
