//! The reference model: a list of events and nothing else.
//!
//! It has no accounts, entries or replays. A wallet is recomputed from its first day, one point at a time.

use domain::Day;
use std::collections::{BTreeMap, BTreeSet};

/// Index of a wallet.
pub type WalletIndex = usize;

/// All events so far.
#[derive(Clone, Default)]
pub struct Model {
    /// The current state of each order, by name.
    pub orders: BTreeMap<u8, Order>,
    /// People's acts in order, without those that were undone.
    acts: Vec<(Day, Act)>,
    pub holds: Vec<Hold>,
    /// Merged wallets, each with its target.
    pub merged: BTreeMap<WalletIndex, WalletIndex>,
    pub today: Day,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    pub wallet: WalletIndex,
    pub on: Day,
    /// Negative: a return.
    pub points: i64,
}

#[derive(Clone, Copy, PartialEq)]
pub struct Hold {
    pub wallet: WalletIndex,
    pub points: i64,
    pub end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Posted,
    Voided,
}

#[derive(Clone, Copy)]
enum Act {
    /// The hold with this index takes its points; `Back` gives them back.
    Hold(usize),
    Back(usize),
    Move(Move),
}

/// Points of one age moved from one wallet to another.
#[derive(Clone, Copy)]
struct Move {
    from: WalletIndex,
    to: WalletIndex,
    points: i64,
    earned_on: Day,
    expires_on: Option<Day>,
    why: Why,
}

#[derive(Clone, Copy, PartialEq)]
enum Why {
    /// The transfer with this name.
    Transfer(u8),
    /// The merge of this wallet into another.
    Merge(WalletIndex),
}

/// The state of a wallet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    pub available: i64,
    /// Day earned, day of expiry and points left, in the order in which they are spent.
    pub lots: Vec<(Day, Option<Day>, i64)>,
    pub expired: i64,
}

impl Sum {
    /// True for the same points of the same age, however they are split into lots.
    pub fn is_worth(&self, other: &Sum) -> bool {
        let by_age = |sum: &Sum| {
            let mut ages: BTreeMap<(Day, Option<Day>), i64> = BTreeMap::new();
            for (earned_on, expires_on, left) in &sum.lots {
                *ages.entry((*earned_on, *expires_on)).or_default() += left;
            }
            (ages, sum.available, sum.expired)
        };
        by_age(self) == by_age(other)
    }
}

#[derive(Debug, PartialEq)]
pub enum Refused {
    NotEnough { missing: i64 },
    NotPossible,
}

impl Model {
    pub fn on(today: Day) -> Model {
        Model {
            today,
            ..Model::default()
        }
    }

    pub fn order(&mut self, name: u8, order: Order) {
        if self.orders.remove(&name).is_some() {
            self.empty_merged();
        }
        if order.points != 0 {
            self.orders.insert(name, order);
            self.empty_merged();
        }
    }

    pub fn hold(&mut self, wallet: WalletIndex, points: i64) -> Result<(), Refused> {
        self.must_have(wallet, points)?;
        self.acts.push((self.today, Act::Hold(self.holds.len())));
        self.holds.push(Hold {
            wallet,
            points,
            end: None,
        });
        Ok(())
    }

    pub fn end(&mut self, hold: usize, end: End) -> Result<(), Refused> {
        let open = self.holds.get_mut(hold).filter(|hold| hold.end.is_none());
        open.ok_or(Refused::NotPossible)?.end = Some(end);
        if end == End::Voided {
            self.acts.push((self.today, Act::Back(hold)));
            self.empty_merged();
        }
        Ok(())
    }

    pub fn transfer(
        &mut self,
        name: u8,
        from: WalletIndex,
        to: WalletIndex,
        points: i64,
    ) -> Result<(), Refused> {
        if from == to {
            return Err(Refused::NotPossible);
        }
        let before: Vec<&Move> = self
            .moves()
            .filter(|known| known.why == Why::Transfer(name))
            .collect();
        if let Some(known) = before.first() {
            let sum: i64 = before.iter().map(|known| known.points).sum();
            let same = (known.from, known.to, sum) == (from, to, points);
            return same.then_some(()).ok_or(Refused::NotPossible);
        }
        self.must_have(from, points)?;
        self.give(from, to, points, Why::Transfer(name));
        self.empty_merged();
        Ok(())
    }

    pub fn take_back(&mut self, name: u8) -> Result<(), Refused> {
        let known = self.moves().any(|known| known.why == Why::Transfer(name));
        known.then_some(()).ok_or(Refused::NotPossible)?;
        self.forget(|known| known.why == Why::Transfer(name));
        self.empty_merged();
        Ok(())
    }

    /// `alike`: both wallets belong to members, or both to companies.
    pub fn merge(&mut self, from: WalletIndex, into: WalletIndex, alike: bool) -> Result<(), Refused> {
        if from == into || !alike {
            return Err(Refused::NotPossible);
        }
        if self.merged.get(&from) == Some(&into) {
            return Ok(());
        }
        if self.merged.contains_key(&from) || self.merged.contains_key(&into) {
            return Err(Refused::NotPossible);
        }
        self.merged.insert(from, into);
        self.empty_merged();
        Ok(())
    }

    pub fn unmerge(&mut self, from: WalletIndex) -> Result<(), Refused> {
        self.merged.remove(&from).ok_or(Refused::NotPossible)?;
        self.forget(|known| known.why == Why::Merge(from));
        self.empty_merged();
        Ok(())
    }

    fn must_have(&self, wallet: WalletIndex, points: i64) -> Result<(), Refused> {
        let missing = points - self.wallet(wallet).available;
        if missing > 0 {
            return Err(Refused::NotEnough { missing });
        }
        Ok(())
    }

    fn moves(&self) -> impl DoubleEndedIterator<Item = &Move> {
        self.acts.iter().filter_map(|(_, act)| match act {
            Act::Move(known) => Some(known),
            _ => None,
        })
    }

    fn forget(&mut self, gone: impl Fn(&Move) -> bool) {
        self.acts
            .retain(|(_, act)| !matches!(act, Act::Move(known) if gone(known)));
    }

    /// Moves points with their age, oldest first; missing points count as earned today and never expire.
    fn give(&mut self, from: WalletIndex, to: WalletIndex, points: i64, why: Why) {
        let mut missing = points;
        for (earned_on, expires_on, left) in self.wallet(from).lots {
            let points = left.min(missing);
            missing -= points;
            self.note(from, to, points, earned_on, expires_on, why);
        }
        self.note(from, to, missing, self.today, None, why);
    }

    fn note(
        &mut self,
        from: WalletIndex,
        to: WalletIndex,
        points: i64,
        earned_on: Day,
        expires_on: Option<Day>,
        why: Why,
    ) {
        if points > 0 {
            self.acts.push((
                self.today,
                Act::Move(Move {
                    from,
                    to,
                    points,
                    earned_on,
                    expires_on,
                    why,
                }),
            ));
        }
    }

    /// Empties merged wallets, which keep no points or debts, one after the other until all are empty.
    fn empty_merged(&mut self) {
        while let Some((from, into, has)) = self.merged.iter().find_map(|(from, into)| {
            let has = self.wallet(*from).available;
            (has != 0).then_some((*from, *into, has))
        }) {
            let why = Why::Merge(from);
            let mut missing = has.abs();
            // Earlier moves of this merge in the opposite direction are undone first, newest first.
            while missing > 0
                && let Some(at) = self.acts.iter().rposition(|(_, act)| {
                    matches!(act, Act::Move(known) if known.why == why && (known.from == from) == (has < 0))
                })
            {
                if let (_, Act::Move(known)) = self.acts.remove(at) {
                    missing -= known.points;
                }
            }
            let has = self.wallet(from).available;
            if has > 0 {
                self.give(from, into, has, why);
            } else {
                self.give(into, from, -has, why);
            }
        }
    }

    /// Returns the number of people's acts.
    pub fn deeds(&self) -> usize {
        self.acts.len()
    }

    /// Returns the points that count for the status, per day, over a company's wallets.
    pub fn earned(&self, wallets: &BTreeSet<WalletIndex>) -> BTreeMap<Day, i64> {
        let mut days = BTreeMap::new();
        for order in self
            .orders
            .values()
            .filter(|order| wallets.contains(&order.wallet))
        {
            *days.entry(order.on).or_default() += order.points;
        }
        days
    }

    /// Computes a wallet day by day, one point at a time: slow but simple.
    pub fn wallet(&self, wallet: WalletIndex) -> Sum {
        let mut open = Open::default();
        let orders: Vec<(&u8, &Order)> = self
            .orders
            .iter()
            .filter(|(_, order)| order.wallet == wallet)
            .collect();
        let days: BTreeSet<Day> = orders
            .iter()
            .map(|(_, order)| order.on)
            .chain(self.acts.iter().map(|(day, _)| *day))
            .chain([self.today])
            .collect();
        for day in days {
            open.expire(day);
            let of_day = || orders.iter().filter(|(_, order)| order.on == day);
            for (name, order) in of_day().filter(|(_, order)| order.points > 0) {
                let lot = LotName::Order(order.on, **name);
                open.come_in(lot, Some(order.on.plus_months(12)), order.points);
            }
            for (_, order) in of_day().filter(|(_, order)| order.points < 0) {
                open.take(Taker::Return, -order.points);
            }
            for (number, (_, act)) in self.acts.iter().enumerate().filter(|(_, (on, _))| *on == day) {
                open.expire(day);
                match act {
                    Act::Hold(hold) if self.holds[*hold].wallet == wallet => {
                        open.take(Taker::Hold(*hold), self.holds[*hold].points);
                    }
                    Act::Back(hold) if self.holds[*hold].wallet == wallet => open.give_back(*hold),
                    Act::Move(known) if known.from == wallet => open.take(Taker::Gift, known.points),
                    Act::Move(known) if known.to == wallet => {
                        let lot = LotName::Gift(known.earned_on, number);
                        open.come_in(lot, known.expires_on, known.points);
                    }
                    _ => {}
                }
            }
            open.expire(day);
        }
        open.sum()
    }
}

/// Sort key of a lot: by the day earned, own orders before gifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LotKey(Day, u8, usize);

#[derive(Clone, Copy)]
enum LotName {
    Order(Day, u8),
    Gift(Day, usize),
}

impl LotName {
    fn key(self) -> LotKey {
        match self {
            LotName::Order(on, name) => LotKey(on, 0, name.into()),
            LotName::Gift(on, number) => LotKey(on, 1, number),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Taker {
    Return,
    Hold(usize),
    Gift,
}

#[derive(Default)]
struct Open {
    lots: BTreeMap<LotKey, (Option<Day>, i64)>,
    /// Every single point taken: its taker and its lot (`None`: still owed).
    taken: Vec<(Taker, Option<LotKey>)>,
    expired: i64,
}

impl Open {
    fn expire(&mut self, today: Day) {
        for (expires_on, left) in self.lots.values_mut() {
            if expires_on.is_some_and(|day| day <= today) {
                self.expired += std::mem::take(left);
            }
        }
    }

    fn come_in(&mut self, lot: LotName, expires_on: Option<Day>, points: i64) {
        self.lots.insert(lot.key(), (expires_on, 0));
        for _ in 0..points {
            self.fill(lot.key());
        }
    }

    fn take(&mut self, taker: Taker, points: i64) {
        for _ in 0..points {
            let from = self.lots.iter_mut().find(|(_, (_, left))| *left > 0);
            let from = from.map(|(key, (_, left))| {
                *left -= 1;
                *key
            });
            self.taken.push((taker, from));
        }
    }

    /// Adds one point to a lot; the oldest owed point is covered first.
    fn fill(&mut self, lot: LotKey) {
        match self.taken.iter_mut().find(|(_, from)| from.is_none()) {
            Some(owed) => owed.1 = Some(lot),
            None => {
                if let Some((_, left)) = self.lots.get_mut(&lot) {
                    *left += 1;
                }
            }
        }
    }

    fn give_back(&mut self, hold: usize) {
        let (back, kept) = std::mem::take(&mut self.taken)
            .into_iter()
            .partition(|(taker, _)| *taker == Taker::Hold(hold));
        self.taken = kept;
        let back: Vec<(Taker, Option<LotKey>)> = back;
        for lot in back.into_iter().filter_map(|(_, lot)| lot) {
            self.fill(lot);
        }
    }

    fn sum(self) -> Sum {
        let owed = self.taken.iter().filter(|(_, from)| from.is_none()).count() as i64;
        let lots: Vec<_> = self
            .lots
            .iter()
            .filter(|(_, (_, left))| *left > 0)
            .map(|(key, (expires_on, left))| (key.0, *expires_on, *left))
            .collect();
        Sum {
            available: lots.iter().map(|lot| lot.2).sum::<i64>() - owed,
            lots,
            expired: self.expired,
        }
    }
}
