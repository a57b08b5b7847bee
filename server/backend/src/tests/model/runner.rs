//! Runs a story on the ledger and the model, and compares them.

use super::reference::{End, Model, Order, Refused, Sum, WalletIndex};
use super::steps::{Step, Story, WALLETS};
use crate::db::on;
use crate::ledger::{self, Cause, Earning, Owner, Transfer};
use crate::programme::{self, Settings};
use crate::testing::TestDb;
use crate::{Error, Tx, members};
use domain::id::{AccountId, CommandId, CompanyId, EntryId};
use domain::input::InputCode;
use domain::ledger::Wallet;
use domain::{Day, Points, Text};
use std::collections::{BTreeMap, BTreeSet};

/// The wallets of the stories.
pub struct Fixture {
    pub settings: Settings,
    pub wallets: Vec<TestWallet>,
    pub today: Day,
    /// Prefix of the refs of their transfers.
    prefix: String,
}

pub struct TestWallet {
    pub account: AccountId,
    pub owner: Owner,
    /// The company whose status its orders count for.
    pub company: CompanyId,
}

impl Fixture {
    /// Collects the members and companies whose refs begin with `prefix`, ordered by account id.
    pub async fn of(test: &TestDb, prefix: &str) -> Fixture {
        let mut tx = test.db.read().await.unwrap();
        let settings = programme::current(&mut tx).await.unwrap();
        const REFS: &str = "SELECT ref FROM company UNION SELECT ref FROM member";
        let refs: Vec<String> = on!(tx, c => sqlx::query_scalar(REFS).fetch_all(c).await.unwrap());
        let refs: Vec<&str> = refs
            .iter()
            .map(String::as_str)
            .filter(|known| known.starts_with(prefix))
            .collect();
        let mut wallets: Vec<TestWallet> = members::list_company_keys(&mut tx, &refs)
            .await
            .unwrap()
            .into_iter()
            .map(|key| TestWallet {
                account: key.account,
                owner: Owner::Company(key.id),
                company: key.id,
            })
            .collect();
        wallets.extend(
            members::list_member_keys(&mut tx, &refs)
                .await
                .unwrap()
                .into_iter()
                .map(|key| TestWallet {
                    account: key.account,
                    owner: Owner::Member(key.id),
                    company: key.company_id,
                }),
        );
        wallets.sort_by_key(|purse| purse.account);
        assert_eq!(wallets.len(), WALLETS);
        let today = settings.day(tx.now()).unwrap();
        Fixture {
            settings,
            wallets,
            today,
            prefix: prefix.to_owned(),
        }
    }

    pub fn alike(&self, one: WalletIndex, other: WalletIndex) -> bool {
        matches!(self.wallets[one].owner, Owner::Member(_))
            == matches!(self.wallets[other].owner, Owner::Member(_))
    }

    fn reference(&self, transfer: u8) -> String {
        format!("{}t-{transfer}", self.prefix)
    }

    fn place(&self, account: AccountId) -> Option<WalletIndex> {
        self.wallets.iter().position(|purse| purse.account == account)
    }
}

/// The ledger's ids for the orders and holds of a story.
#[derive(Clone, Default)]
pub struct Known {
    pub orders: BTreeMap<u8, EntryId>,
    pub holds: Vec<EntryId>,
}

pub struct Runner<'a> {
    pub tx: &'a mut Tx,
    pub fixture: &'a Fixture,
    pub model: Model,
    pub known: Known,
    /// Points that are due may not be booked as expired yet, so a balance may still include them.
    overdue: bool,
}

/// The result of an act: an outcome, or an error of the ledger.
pub type Answer = Result<Result<(), Refused>, Error>;

impl<'a> Runner<'a> {
    pub fn new(tx: &'a mut Tx, fixture: &'a Fixture) -> Runner<'a> {
        let model = Model::on(fixture.today);
        Runner {
            tx,
            fixture,
            model,
            known: Known::default(),
            overdue: false,
        }
    }

    pub async fn run_story(mut self, story: &Story) -> Result<(), String> {
        for (number, step) in story.0.iter().enumerate() {
            let told = match step {
                Step::ThereAndBack(step) => self.there_and_back(step).await,
                Step::Compare => self.compare().await,
                step => self.both(step).await,
            };
            told.map_err(|error| format!("step {}, {step}: {error}", number + 1))?;
        }
        self.compare()
            .await
            .map_err(|error| format!("at the end: {error}"))
    }

    /// Runs a step on the ledger and the model, and compares the outcomes.
    async fn both(&mut self, step: &Step) -> Result<(), String> {
        let expected = imagine(&mut self.model, self.fixture, step);
        let done = act(self.tx, self.fixture, &mut self.known, self.model.today, step)
            .await
            .map_err(|error| error.to_string())?;
        if done != expected {
            return Err(format!("the ledger says {done:?}, the model {expected:?}"));
        }
        match step {
            Step::Sleep { .. } => self.overdue = true,
            Step::Wait { .. } => self.overdue = false,
            _ => {}
        }
        if self.overdue {
            return Ok(());
        }
        self.compare_balances().await
    }

    /// Runs a step and undoes it; the wallets must be as before.
    async fn there_and_back(&mut self, step: &Step) -> Result<(), String> {
        let before = self.model.clone();
        let sums: Vec<Sum> = (0..WALLETS).map(|wallet| self.model.wallet(wallet)).collect();
        self.both(step).await?;
        let back = match *step {
            Step::Order { name, .. } => {
                let old = before.orders.get(&name).copied();
                let (wallet, on, points) =
                    old.map_or((0, before.today, 0), |old| (old.wallet, old.on, old.points));
                Step::Order {
                    name,
                    wallet,
                    points,
                    days_ago: before.today.0 - on.0,
                }
            }
            Step::Hold { .. } if self.model.holds.len() > before.holds.len() => Step::End {
                hold: before.holds.len(),
                end: End::Voided,
            },
            Step::Transfer { name, .. } if self.model.deeds() > before.deeds() => Step::TakeBack { name },
            Step::Merge { from, .. } if self.model.merged.len() > before.merged.len() => {
                Step::Unmerge { from }
            }
            _ => return Ok(()),
        };
        self.both(&back).await?;
        let after: Vec<Sum> = (0..WALLETS).map(|wallet| self.model.wallet(wallet)).collect();
        // Why not with merged wallets: points that return to one of them are passed on again, younger lots may have
        // been spent meanwhile, and points due by now expire where they were earned.
        let exactly = before.merged.is_empty();
        if exactly && !std::iter::zip(&sums, &after).all(|(before, after)| before.is_worth(after)) {
            return Err(format!("the wallets were {sums:?} and are {after:?}"));
        }
        let worth = |sums: &[Sum]| sums.iter().map(|sum| sum.available + sum.expired).sum::<i64>();
        if worth(&sums) != worth(&after) {
            return Err(format!("points are lost or made: {sums:?} became {after:?}"));
        }
        self.compare().await
    }

    async fn compare_balances(&mut self) -> Result<(), String> {
        const LIST: &str = "SELECT id, balance FROM account WHERE kind = 'wallet' ORDER BY id";
        let rows: Vec<(AccountId, Points)> =
            on!(self.tx, c => sqlx::query_as(LIST).fetch_all(c).await.map_err(|error| error.to_string())?);
        for (account, balance) in rows {
            let Some(wallet) = self.fixture.place(account) else {
                continue;
            };
            let sum = self.model.wallet(wallet);
            if balance != sum.available {
                return Err(format!(
                    "wallet {wallet} has {balance} points, the model {}",
                    sum.available
                ));
            }
        }
        Ok(())
    }

    /// Compares everything and proves the ledger.
    pub async fn compare(&mut self) -> Result<(), String> {
        self.overdue = false;
        compare(self.tx, self.fixture, &self.model)
            .await
            .map_err(|error| error.to_string())?
    }
}

/// Runs a step on the model.
pub fn imagine(model: &mut Model, fixture: &Fixture, step: &Step) -> Result<(), Refused> {
    match *step {
        Step::Order {
            name,
            wallet,
            points,
            days_ago,
        } => {
            let on = model.today.plus_days(-days_ago);
            model.order(name, Order { wallet, on, points });
            Ok(())
        }
        Step::Hold { wallet, points } => model.hold(wallet, points),
        Step::End { hold, end } => model.end(hold, end),
        Step::Transfer {
            name,
            from,
            to,
            points,
        } => model.transfer(name, from, to, points),
        Step::TakeBack { name } => model.take_back(name),
        Step::Merge { from, into } => model.merge(from, into, fixture.alike(from, into)),
        Step::Unmerge { from } => model.unmerge(from),
        Step::Wait { days } | Step::Sleep { days } => {
            model.today = model.today.plus_days(days);
            Ok(())
        }
        Step::ThereAndBack(_) | Step::Compare => Ok(()),
    }
}

/// Runs a step on the ledger.
pub async fn act(tx: &mut Tx, fixture: &Fixture, known: &mut Known, today: Day, step: &Step) -> Answer {
    let answer = match step {
        Step::Order {
            name,
            wallet,
            points,
            days_ago,
        } => {
            if let Some(before) = known.orders.remove(name) {
                let mut unsettled = ledger::Unsettled::default();
                ledger::undo(tx, today, &[before], &mut unsettled).await?;
                unsettled.settle(tx, today).await?;
            }
            if *points != 0 {
                let earning = earning(fixture, *name, *wallet, *points, today.plus_days(-days_ago));
                let ids = ledger::earn(tx, &fixture.settings, today, &[earning]).await?;
                known.orders.insert(*name, ids[0]);
            }
            Ok(())
        }
        Step::Hold { wallet, points } => {
            let id = CommandId(tx.uuid());
            let owner = fixture.wallets[*wallet].owner;
            match ledger::hold(tx, owner, *points, today, id, &Text::default()).await {
                Ok(hold) => {
                    known.holds.push(hold);
                    Ok(())
                }
                Err(error) => Err(error),
            }
        }
        Step::End { hold, end } => match known.holds.get(*hold) {
            None => Err(InputCode::SameWallet.into()),
            Some(hold) => end_hold(tx, *hold, *end, today).await,
        },
        Step::Transfer {
            name,
            from,
            to,
            points,
        } => {
            let transfer = Transfer {
                from: fixture.wallets[*from].owner,
                to: fixture.wallets[*to].owner,
                points: *points,
                reference: fixture.reference(*name),
                reason: Text::default(),
            };
            ledger::transfer(tx, today, &transfer).await.map(|_| ())
        }
        Step::TakeBack { name } => ledger::take_back(tx, today, &fixture.reference(*name)).await,
        Step::Merge { from, into } => ledger::merge(
            tx,
            today,
            fixture.wallets[*from].owner,
            fixture.wallets[*into].owner,
        )
        .await
        .map(|_| ()),
        Step::Unmerge { from } => ledger::unmerge(tx, today, fixture.wallets[*from].owner).await,
        Step::Wait { .. } => ledger::expire(tx, today).await.map(|_| ()),
        Step::Sleep { .. } | Step::ThereAndBack(_) | Step::Compare => Ok(()),
    };
    match answer {
        Ok(()) => Ok(Ok(())),
        Err(Error::Rejected(domain::Error::NotEnoughPoints { missing })) => {
            Ok(Err(Refused::NotEnough { missing }))
        }
        Err(Error::Input(_)) => Ok(Err(Refused::NotPossible)),
        Err(other) => Err(other),
    }
}

pub fn earning(fixture: &Fixture, name: u8, wallet: WalletIndex, points: i64, on: Day) -> Earning {
    let purse = &fixture.wallets[wallet];
    Earning {
        owner: purse.owner,
        account: purse.account,
        company: purse.company,
        points,
        on,
        cause: Cause::Order,
        cause_ref: format!("o-{name:03}"),
        title: None,
        rule: 1,
        command: None,
    }
}

/// Ends a hold. The database refuses a second end; the attempt is rolled back to a savepoint.
async fn end_hold(tx: &mut Tx, hold: EntryId, end: End, today: Day) -> Result<(), Error> {
    let mark = tx.savepoint().await?;
    let ended = match end {
        End::Posted => ledger::post(tx, hold, today).await,
        End::Voided => ledger::void(tx, hold, today).await,
    };
    match ended {
        Ok(()) => tx.release(mark).await,
        Err(error @ Error::Database(_)) if !error.is_transient() => {
            tx.rollback_to_and_release(mark).await?;
            Err(InputCode::SameWallet.into())
        }
        Err(other) => Err(other),
    }
}

/// Compares the wallets and the status points with the model; the inner error describes the difference.
pub async fn compare_wallets(
    tx: &mut Tx,
    fixture: &Fixture,
    model: &Model,
) -> Result<Result<(), String>, Error> {
    ledger::expire(tx, model.today).await?;
    for (wallet, purse) in fixture.wallets.iter().enumerate() {
        let sum = model.wallet(wallet);
        let balance = ledger::balance(tx, purse.owner, Wallet::Own).await?;
        let lots: Vec<_> = balance
            .lots
            .iter()
            .map(|lot| (lot.earned_on, lot.expires_on, lot.left))
            .collect();
        let held: i64 = model
            .holds
            .iter()
            .filter(|hold| hold.wallet == wallet && hold.end.is_none())
            .map(|hold| hold.points)
            .sum();
        if (balance.available, &lots, balance.reserved) != (sum.available, &sum.lots, held) {
            return Ok(Err(format!(
                "wallet {wallet} has {} points in {lots:?} and {} held, the model has {} in {:?} and {held}",
                balance.available, balance.reserved, sum.available, sum.lots
            )));
        }
    }
    let companies: BTreeSet<CompanyId> = fixture.wallets.iter().map(|purse| purse.company).collect();
    for company in companies {
        let wallets = (0..WALLETS)
            .filter(|wallet| fixture.wallets[*wallet].company == company)
            .collect();
        let earned = ledger::earned(tx, company, Day(0), model.today).await?;
        let earned: BTreeMap<Day, i64> = earned.into_iter().filter(|(_, points)| *points != 0).collect();
        let mut expected = model.earned(&wallets);
        expected.retain(|_, points| *points != 0);
        if earned != expected {
            return Ok(Err(format!(
                "points for the status {earned:?}, the model has {expected:?}"
            )));
        }
    }
    Ok(Ok(()))
}

/// Compares everything: no other stories use the database.
async fn compare(tx: &mut Tx, fixture: &Fixture, model: &Model) -> Result<Result<(), String>, Error> {
    if let Err(differs) = compare_wallets(tx, fixture, model).await? {
        return Ok(Err(differs));
    }
    let proof = ledger::prove(tx, model.today).await?;
    if !proof.ok {
        return Ok(Err(format!("the proof fails: {:?}", proof.amiss)));
    }
    let of = |end: Option<End>| -> i64 {
        let holds = model.holds.iter().filter(|hold| hold.end == end);
        holds.map(|hold| hold.points).sum()
    };
    let ledger = (proof.sum, proof.held, proof.spent, proof.expired);
    let expired = (0..WALLETS).map(|wallet| model.wallet(wallet).expired).sum();
    let expected = (0, of(None), of(Some(End::Posted)), expired);
    if ledger != expected {
        return Ok(Err(format!(
            "sum, held, spent and expired are {ledger:?}, the model has {expected:?}"
        )));
    }
    Ok(Ok(()))
}
