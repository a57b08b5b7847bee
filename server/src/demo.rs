//! The demo programme of `server/demo`, embedded in the binary and loaded through the same imports as a real one.

use crate::console::seconds_since;
use anyhow::{Context, Result, bail};
use app::text::input_error;
use backend::clock::{Fixed, Rng};
use backend::import::{Options, Report};
use backend::{Db, events, import, learning, ledger, members, programme, rewards};
use domain::Lang;
use domain::members::OrderPoints;
use domain::{Day, Timestamp};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

static DEMO: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// Fixed seed: every demo gets the same year of orders.
const SEED: u64 = 0x0C0F_FEE0;

fn text(path: &str) -> Result<&'static str> {
    DEMO.get_file(path)
        .and_then(|file| file.contents_utf8())
        .with_context(|| format!("demo/{path} is missing"))
}

/// Loads the demo. `if_empty`: does nothing if the database holds anything already.
///
/// # Errors
/// If the database holds another programme.
pub async fn load(db: &Db, if_empty: bool) -> Result<()> {
    let begun = Instant::now();
    let mut tx = db.read().await?;
    let untouched = programme::is_untouched(&mut tx).await?;
    let current = programme::current(&mut tx).await?;
    if !untouched && if_empty {
        outln!("demo: the database holds {} already", current.brand.name);
        return Ok(());
    }
    drop(tx);
    content(db, |line| outln!("{line}")).await?;
    let mut tx = db.read().await?;
    let today = programme::current(&mut tx).await?.day(tx.now())?;
    let ordered = ledger::prove(&mut tx, today).await?.entries > 0;
    drop(tx);

    let options = Options {
        phone_country: "+33",
        ..Options::default()
    };
    let companies = text("companies.csv")?;
    let members = text("members.csv")?;
    told(
        "companies",
        import::companies(db, companies.as_bytes(), options, |_| {}).await?,
    )?;
    told(
        "members",
        import::members(db, members.as_bytes(), options, |_| {}).await?,
    )?;

    if ordered {
        outln!("demo: orders are there already");
    } else {
        let orders = year_of_orders(text("orders.toml")?, companies, members, today)?;
        told(
            "orders",
            import::orders(db, orders.as_bytes(), options, |_| {}).await?,
        )?;
    }
    outln!("demo: loaded in {}", seconds_since(begun));
    Ok(())
}

/// Loads the demo's programme, courses, events and rewards, without members; passes one line per step to `say`.
///
/// # Errors
/// If the database holds another programme.
pub async fn content(db: &Db, mut say: impl FnMut(String)) -> Result<()> {
    let settings = programme::Settings::parse(text("programme.toml")?)?;
    let mut tx = db.write().await?;
    let current = programme::current(&mut tx).await?;
    if !programme::is_untouched(&mut tx).await? && current.brand.name != settings.brand.name {
        bail!(
            "the database holds the programme {:?}: the demo would mix with it",
            current.brand.name
        );
    }
    programme::apply::apply(&mut tx, &settings, programme::apply::Past::Keeps).await?;
    tx.commit().await?;
    say(format!("demo: programme {}", settings.brand.name));

    let courses = DEMO.get_dir("courses").context("demo/courses is missing")?;
    for folder in courses.dirs() {
        let files: BTreeMap<String, Vec<u8>> = folder
            .files()
            .filter_map(|file| {
                Some((
                    file.path().file_name()?.to_str()?.to_owned(),
                    file.contents().to_vec(),
                ))
            })
            .collect();
        let mut tx = db.write().await?;
        let course = learning::import_files(&mut tx, &files).await?;
        tx.commit().await?;
        say(format!(
            "demo: course {}, {} lessons, {} questions",
            course.reference, course.lessons, course.questions
        ));
    }
    let mut tx = db.write().await?;
    let count = events::import_file(&mut tx, text("events.toml")?).await?;
    say(format!("demo: {count} events"));
    let count = rewards::import_file(&mut tx, text("rewards.toml")?).await?;
    say(format!("demo: {count} rewards"));
    tx.commit().await?;
    Ok(())
}

fn told(what: &str, report: Report) -> Result<()> {
    if let Some(bad) = report.bad.first() {
        bail!("demo {what}: {}", input_error(&bad.error, Lang::En));
    }
    outln!("demo: {} {what}", report.rows);
    Ok(())
}

/// A member offered for trying the demo.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub email: String,
    /// Its ref.
    pub trade: String,
    pub company: String,
}

/// Number of members offered: one per trade.
const PEOPLE: usize = 3;

/// Returns the first members of the demo's file that exist in the database.
///
/// # Errors
/// If the database does not respond.
pub async fn people(db: &Db) -> backend::Result<Vec<Person>> {
    let file = text("members.csv").unwrap_or_default();
    let mut tx = db.read().await?;
    let mut people = Vec::new();
    for line in file.lines().skip(1).take(PEOPLE) {
        let reference = line.split(',').next().unwrap_or_default();
        let Some((id, _)) = members::find_by_ref(&mut tx, reference).await? else {
            continue;
        };
        let Some(me) = members::me(&mut tx, id).await? else {
            continue;
        };
        let Some(email) = me.email else { continue };
        people.push(Person {
            name: me.name,
            email,
            trade: me.trade,
            company: me.company.name,
        });
    }
    Ok(people)
}

/// `orders.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Habits {
    #[serde(rename = "company")]
    companies: Vec<Habit>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Habit {
    #[serde(rename = "ref")]
    reference: String,
    orders_per_month: u32,
    /// Whole units of currency.
    typical_amount: u32,
}

struct Drawn {
    day: Day,
    company: String,
    quantity: i64,
    cents: i64,
    member: String,
}

/// Generates a year of orders up to yesterday, in the file format of a supplier.
fn year_of_orders(habits: &str, companies: &str, members: &str, today: Day) -> Result<String> {
    let habits: Habits = toml::from_str(habits).context("demo/orders.toml")?;
    let mut dice = Dice(Fixed::new(Timestamp(0), SEED));
    let mut drawn = Vec::new();
    for habit in &habits.companies {
        let buyers = buyers(&habit.reference, companies, members)?;
        draw(habit, &buyers, today, &mut dice, &mut drawn);
    }
    drawn.sort_by(|a, b| (a.day, &a.company).cmp(&(b.day, &b.company)));
    let mut file = String::from("order_ref,company_ref,ordered_on,quantity,amount,member_ref\n");
    for (number, order) in drawn.iter().enumerate() {
        let Drawn {
            day,
            company,
            quantity,
            cents,
            member,
        } = order;
        let sign = if *cents < 0 { "-" } else { "" };
        let (units, rest) = (cents.abs() / 100, cents.abs() % 100);
        let year = day.ymd().0;
        writeln!(
            file,
            "D-{year}-{:05},{company},{day},{quantity},{sign}{units}.{rest:02},{member}",
            number + 1
        )?;
    }
    Ok(file)
}

/// Returns the ordering members of a company that credits orders to members; empty for other companies.
fn buyers(company: &str, companies: &str, members: &str) -> Result<Vec<String>> {
    let rows = |file: &'static str, text: &str, wanted: &[&str]| -> Result<Vec<Vec<String>>> {
        let mut lines = text
            .lines()
            .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let names = lines.next().with_context(|| format!("{file} is empty"))?;
        let places: Vec<usize> = wanted
            .iter()
            .filter_map(|name| names.iter().position(|column| column == name))
            .collect();
        Ok(lines
            .map(|row| {
                places
                    .iter()
                    .filter_map(|place| row.get(*place).cloned())
                    .collect()
            })
            .collect())
    };
    let policies = rows("demo/companies.csv", companies, &["company_ref", "order_points"])?;
    let to_members = policies
        .iter()
        .any(|row| row[..] == [company, OrderPoints::Member.code()]);
    if !to_members {
        return Ok(Vec::new());
    }
    let people = rows(
        "demo/members.csv",
        members,
        &["company_ref", "function", "member_ref"],
    )?;
    let buying = people
        .into_iter()
        .filter(|row| row.len() == 3 && row[0] == company);
    Ok(buying
        .filter(|row| row[1] != "payer")
        .map(|row| row[2].clone())
        .collect())
}

/// Draws the orders of one company. Amounts differ by a factor of three; their sum matches the file, returns included.
fn draw(habit: &Habit, buyers: &[String], today: Day, dice: &mut Dice, into: &mut Vec<Drawn>) {
    let count = habit.orders_per_month * 12;
    let first = into.len();
    let mut sum = 0;
    for number in 0..count {
        // One order in each of `count` equal parts of the year, on a random day of it, never on a Sunday.
        let part = 360.0 / f64::from(count);
        let back = 1 + (part * (f64::from(number) + dice.random_fraction())) as i32;
        let mut day = today.plus_days(-back);
        if is_sunday(day) {
            day = day.plus_days(-1);
        }
        let weight = 50 + dice.below(100) as i64;
        let member = match buyers.len() {
            0 => String::new(),
            // Some orders name no member: their points go to the company.
            _ if dice.below(8) == 0 => String::new(),
            some => buyers[dice.below(some as u64) as usize].clone(),
        };
        let company = habit.reference.clone();
        let quantity = 1 + dice.below(40) as i64;
        sum += weight;
        into.push(Drawn {
            day,
            company: company.clone(),
            quantity,
            cents: weight,
            member: member.clone(),
        });
        if dice.below(30) == 0 && back > 8 {
            let returned = weight / 4;
            sum -= returned;
            let day = day.plus_days(2 + dice.below(5) as i32);
            into.push(Drawn {
                day,
                company,
                quantity: -1,
                cents: -returned,
                member,
            });
        }
    }
    let target = i64::from(count) * i64::from(habit.typical_amount) * 100;
    for order in &mut into[first..] {
        order.cents = order.cents * target / sum.max(1);
    }
}

fn is_sunday(day: Day) -> bool {
    // Day 0 was a Thursday.
    (day.0 + 4).rem_euclid(7) == 0
}

struct Dice(Fixed);

impl Dice {
    fn draw(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.draw() % most
    }

    /// Returns a number from 0 up to but excluding 1.
    fn random_fraction(&mut self) -> f64 {
        self.below(1_000_000) as f64 / 1_000_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_orders_keeps_its_promise() {
        let today = Day::parse("2026-11-21").unwrap();
        let (companies, members) = (text("companies.csv").unwrap(), text("members.csv").unwrap());
        let habits = text("orders.toml").unwrap();
        let file = year_of_orders(habits, companies, members, today).unwrap();
        assert_eq!(file, year_of_orders(habits, companies, members, today).unwrap());
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        let (mut returns, mut named) = (0, 0);
        for line in file.lines().skip(1) {
            let row: Vec<&str> = line.split(',').collect();
            let cents = domain::money::parse_cents(row[4]).unwrap();
            let day = Day::parse(row[2]).unwrap();
            assert!(
                day < today && day > today.plus_months(-12) && !is_sunday(day) || cents < 0,
                "{line}"
            );
            assert!(day <= today, "{line}");
            *sums.entry(row[1]).or_default() += cents;
            returns += u32::from(cents < 0);
            named += u32::from(!row[5].is_empty());
        }
        for habit in toml::from_str::<Habits>(habits).unwrap().companies {
            let target = f64::from(habit.orders_per_month * 12 * habit.typical_amount * 100);
            let off = (sums[habit.reference.as_str()] as f64 / target - 1.0).abs();
            assert!(off < 0.05, "{}: {off}", habit.reference);
        }
        assert!(
            returns >= 5 && named >= 100,
            "{returns} returns, {named} with a member"
        );
    }
}
