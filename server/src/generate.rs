//! Generates a programme of any size through the same imports as a real one, to test it with many members.

use crate::demo;
use anyhow::{Result, bail};
use backend::clock::{Fixed, Rng};
use backend::import::{self, Options, Report};
use backend::{Db, programme};
use domain::Timestamp;
use std::fmt::Write;

/// Members per company.
pub const TEAM: u64 = 5;
/// Members per file: a file of members is one transaction.
const PART: u64 = 5_000;
const FIRST: [&str; 16] = [
    "Ana", "Ben", "Chloé", "David", "Emma", "Farid", "Gaël", "Hana", "Inès", "Jonas", "Karim", "Léa",
    "Malik", "Nora", "Omar", "Zoé",
];
const LAST: [&str; 16] = [
    "Aubry", "Blanc", "Costa", "Diallo", "Evrard", "Faure", "Girard", "Haddad", "Imbert", "Joly", "Klein",
    "Lopez", "Morel", "Nguyen", "Ozdemir", "Petit",
];

pub fn company_ref(number: u64) -> String {
    format!("g-c{number}")
}

pub fn member_ref(number: u64) -> String {
    format!("g-m{number}")
}

/// Adds `members` members with `orders` orders each to the demo programme; deterministic. `progress` gets the number of
/// members so far.
///
/// # Errors
/// If the database holds another programme, or was filled before.
pub async fn generate(db: &Db, members: u64, orders: u64, progress: &mut dyn FnMut(u64)) -> Result<()> {
    backend::migrate(db).await?;
    demo::content(db, |_| {}).await?;
    let mut tx = db.read().await?;
    let settings = programme::current(&mut tx).await?;
    let today = settings.day(tx.now())?;
    drop(tx);
    let options = Options {
        phone_country: "+33",
        ..Options::default()
    };
    let dice = Fixed::new(Timestamp(0), 0x9E37);
    let mut from = 0;
    while from < members {
        let to = (from + PART).min(members);
        let mut companies = String::from("company_ref,name,town,joined_on,order_points\n");
        for company in from / TEAM..to.div_ceil(TEAM) {
            writeln!(
                companies,
                "{},{} & Co {company},Lyon,2024-01-01,member",
                company_ref(company),
                LAST[company as usize % LAST.len()]
            )?;
        }
        done(import::companies(db, companies.as_bytes(), options, |_| {}).await?)?;
        let mut people =
            String::from("member_ref,company_ref,name,phone,email,trade,function,manager,language\n");
        let mut bought = String::from("order_ref,company_ref,ordered_on,quantity,amount,member_ref\n");
        for member in from..to {
            let company = company_ref(member / TEAM);
            let reference = member_ref(member);
            let trade = &settings.trades[member as usize % settings.trades.len()].reference;
            writeln!(
                people,
                "{reference},{company},{} {},,{reference}@example.com,{trade},{},{},{}",
                FIRST[member as usize % FIRST.len()],
                LAST[(member / 16) as usize % LAST.len()],
                if member % TEAM == 0 { "decider" } else { "user" },
                member % TEAM == 0,
                if member % 2 == 0 { "fr" } else { "en" },
            )?;
            for order in 0..orders {
                let mut chance = [0; 8];
                dice.fill(&mut chance);
                let chance = u64::from_le_bytes(chance);
                let on = today.plus_days(-((order * 360 / orders.max(1)) as i32 + (chance % 15) as i32));
                writeln!(
                    bought,
                    "g-{member}-{order},{company},{on},1,{}.{:02},{reference}",
                    20 + chance / 16 % 280,
                    chance / 5_000 % 100,
                )?;
            }
        }
        done(import::members(db, people.as_bytes(), options, |_| {}).await?)?;
        done(import::orders(db, bought.as_bytes(), options, |_| {}).await?)?;
        from = to;
        progress(from);
    }
    Ok(())
}

fn done(report: Report) -> Result<()> {
    if let Some(bad) = report.bad.first() {
        bail!("a generated row is bad: {:?}", bad.error);
    }
    Ok(())
}
