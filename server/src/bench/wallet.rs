//! Checks that what a member does costs the same whatever is in their wallet, and that one who acts without pause does
//! not keep others from acting.

use crate::client::{Client, Member};
use crate::fixture::{Engine, Fixture, Running};
use crate::rounds::{course, db, import_orders, prove, sign_in, today};
use crate::table;
use anyhow::{Context, Result, ensure};
use backend::{Db, sessions, sync};
use domain::id::{CourseId, RewardId};
use domain::ledger::Wallet;
use domain::sync::{Cursor, PROTO, Request};
use domain::{Command, Envelope, Verdict, rewards};
use futures_util::future::select_all;
use serde_json::value::RawValue;
use std::fmt::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Entries of the two wallets.
const FEW: usize = 10;
const MANY: usize = 100_000;
/// Of the many: requests that were made and taken back, two entries each.
const TAKEN_BACK: usize = 2_000;
const TURNS: usize = 21;
/// As many as the short wallet has orders.
const CORRECTIONS: usize = 8;
/// Most that a long wallet may cost more than a short one.
const MOST: f64 = 1.5;

const HOSTILE: usize = 16;
const LASTING: Duration = Duration::from_secs(5);
/// Time between two honest acts: fewer than the quota in all.
const BETWEEN: Duration = Duration::from_millis(50);
/// Most that an honest act may take longer beside a hostile member.
const MOST_BESIDE: f64 = 4.0;

#[derive(Clone, Copy)]
enum Work {
    Act,
    Corrections,
    First,
}

const WORK: [(&str, Work); 3] = [
    ("a request made and taken back", Work::Act),
    ("import of 8 corrections", Work::Corrections),
    ("first sync", Work::First),
];

/// Prints all lines about wallets.
pub async fn lines(engine: &Engine) -> Result<()> {
    let fixture = engine.fixture().await?;
    let db = db(&fixture.url).await?;
    server::generate::generate(&db, 40, 1, &mut |_| {}).await?;
    let reward = cheapest(&fixture).await?;
    let mut members = sign_in(&db, 3, 15).await?;
    let honest = members.pop().context("no member")?;
    let many = members.pop().context("no member")?;
    let few = members.pop().context("no member")?;
    let server = sync::Server::new(db);
    let mut few = Holder::new(few, 0, reward);
    let mut many = Holder::new(many, 1, reward);
    few.fill(&server, FEW - 2, 1).await?;
    many.fill(&server, MANY - 2 * TAKEN_BACK, TAKEN_BACK).await?;
    table::wallet_head(FEW, MANY);
    for (what, work) in WORK {
        let (mut with_few, mut with_many) = (vec![], vec![]);
        for _ in 0..TURNS {
            with_few.push(few.time(&server, work).await?);
            with_many.push(many.time(&server, work).await?);
        }
        table::growth(engine, what, middle(with_few), middle(with_many), MOST);
    }
    prove(server.db()).await?;
    server.db().close().await;

    let course = course(&fixture).await?;
    let bounded = Running::bounded(&fixture.url).await?;
    let unbounded = Running::ours(&fixture.url).await?;
    for (what, running) in [
        ("an act beside 16 hostile connections", &bounded),
        ("the same, with no quota", &unbounded),
    ] {
        let mut phone = Client::connect(running, honest.clone()).await?;
        phone.round(course, 0).await?;
        let alone = act_times(&mut phone, course).await?;
        let mut hostile = Vec::new();
        for _ in 0..HOSTILE {
            hostile.push(Client::connect(running, many.member.clone()).await?);
        }
        let beside = beside(&mut phone, course, &mut hostile, reward, &mut many.seq).await?;
        table::growth(engine, what, alone, beside, MOST_BESIDE);
        many.seq += 1_000_000 * HOSTILE as i64;
    }
    drop((bounded, unbounded));
    fixture.leave().await
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Returns the median time of an act.
async fn act_times(phone: &mut Client, course: CourseId) -> Result<Duration> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < LASTING {
        let act = Instant::now();
        phone.round(course, 1).await?;
        times.push(act.elapsed());
        tokio::time::sleep(BETWEEN).await;
    }
    Ok(middle(times))
}

/// The same, while other connections reserve and take back without pause.
async fn beside(
    phone: &mut Client,
    course: CourseId,
    hostile: &mut [Client],
    reward: (RewardId, i64),
    seq: &mut i64,
) -> Result<Duration> {
    let first = *seq;
    let each = 1_000_000;
    let attacks: Vec<_> = hostile
        .iter_mut()
        .enumerate()
        .map(|(number, client)| {
            Box::pin(async move {
                let mut seq = first + each * number as i64;
                loop {
                    let acts = Holder::made_and_taken_back(&client.member, &mut seq, reward, 12);
                    if let Err(error) = client.send(acts).await {
                        return error;
                    }
                }
            })
        })
        .collect();
    let acts = act_times(phone, course);
    tokio::select! {
        times = acts => times,
        (error, ..) = select_all(attacks) => Err(error),
    }
}

/// Id and price of the cheapest reward for everybody without a stock.
async fn cheapest(fixture: &Fixture) -> Result<(RewardId, i64)> {
    use sqlx::{Connection, PgConnection, SqliteConnection};
    const FIRST: &str =
        "SELECT id, points FROM reward WHERE stock IS NULL AND tiers = '[]' ORDER BY points LIMIT 1";
    let (id, points): (uuid::Uuid, i64) = if fixture.url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&fixture.url).await?;
        sqlx::query_as(FIRST).fetch_one(&mut connection).await?
    } else {
        let mut connection = PgConnection::connect(&fixture.url).await?;
        sqlx::query_as(FIRST).fetch_one(&mut connection).await?
    };
    Ok((RewardId(id), points))
}

/// A member with a wallet of some size.
struct Holder {
    member: Member,
    reference: String,
    company: String,
    reward: (RewardId, i64),
    seq: i64,
    orders: usize,
    amount: usize,
}

impl Holder {
    fn new(member: Member, number: u64, reward: (RewardId, i64)) -> Holder {
        let number = number * 5;
        Holder {
            member,
            reference: server::generate::member_ref(number),
            company: server::generate::company_ref(number / server::generate::TEAM),
            reward,
            seq: 0,
            orders: 0,
            amount: 300,
        }
    }

    /// Orders of the last 20 months, then requests that are taken back.
    async fn fill(&mut self, server: &sync::Server, orders: usize, requests: usize) -> Result<()> {
        self.orders = orders;
        self.import(server.db(), 0..orders).await?;
        let mut left = requests;
        while left > 0 {
            let some = left.min(12);
            let acts = Holder::made_and_taken_back(&self.member, &mut self.seq, self.reward, some);
            self.round(server, Cursor::default(), true, acts).await?;
            left -= some;
        }
        Ok(())
    }

    /// Imports some of the orders, each with the amount of today.
    async fn import(&self, db: &Db, orders: Range<usize>) -> Result<()> {
        let today = today(db).await?;
        let (company, amount, member) = (&self.company, self.amount, &self.reference);
        let mut file = String::from("order_ref,company_ref,ordered_on,quantity,amount,member_ref\n");
        for number in orders {
            let on = today.plus_days(-(600 - (number * 600 / self.orders) as i32));
            writeln!(file, "{company}-{number},{company},{on},1,{amount}.00,{member}")?;
        }
        import_orders(db, &file).await
    }

    /// Requests, each followed by taking it back.
    fn made_and_taken_back(
        member: &Member,
        seq: &mut i64,
        reward: (RewardId, i64),
        count: usize,
    ) -> Vec<Envelope> {
        let mut acts = Vec::new();
        let mut act = |command| {
            *seq += 1;
            member.act(*seq, Command::Rewards(command))
        };
        for _ in 0..count {
            let request = rewards::Command::Redeem {
                reward: reward.0,
                points: reward.1,
                wallet: Wallet::Own,
            };
            let request = act(request);
            let take_back = rewards::Command::TakeBack {
                redemption: request.id,
            };
            acts.push(request);
            acts.push(act(take_back));
        }
        acts
    }

    async fn time(&mut self, server: &sync::Server, work: Work) -> Result<Duration> {
        match work {
            Work::Act => {
                let have = self.round(server, Cursor::default(), false, vec![]).await?;
                let acts = Holder::made_and_taken_back(&self.member, &mut self.seq, self.reward, 1);
                let begun = Instant::now();
                self.round(server, have, false, acts).await?;
                Ok(begun.elapsed())
            }
            Work::Corrections => {
                self.amount += 10;
                let begun = Instant::now();
                self.import(server.db(), self.orders - CORRECTIONS..self.orders)
                    .await?;
                Ok(begun.elapsed())
            }
            Work::First => {
                let begun = Instant::now();
                self.round(server, Cursor::default(), false, vec![]).await?;
                Ok(begun.elapsed())
            }
        }
    }

    async fn round(
        &self,
        server: &sync::Server,
        have: Cursor,
        push_only: bool,
        acts: Vec<Envelope>,
    ) -> Result<Cursor> {
        let count = acts.len();
        let commands: Vec<Box<RawValue>> = acts
            .iter()
            .map(serde_json::value::to_raw_value)
            .collect::<Result<_, _>>()?;
        let request: Request<Box<RawValue>> = Request {
            proto: PROTO,
            member: self.member.id,
            device: self.member.device,
            push_only,
            have,
            commands,
        };
        let caller = sessions::caller(server.db(), &self.member.token).await?;
        let reply = server
            .round(&caller.context("the session has ended")?, request)
            .await?;
        ensure!(reply.outcomes.len() == count, "an act has no outcome");
        for decided in &reply.outcomes {
            let outcome = &decided.outcome;
            ensure!(matches!(outcome.verdict, Verdict::Confirmed(_)), "{outcome:?}");
        }
        Ok(reply.cursor.unwrap_or_default())
    }
}
