//! Checks that no cost grows faster with the number of members than a logarithm.

use crate::client::Member;
use crate::fixture::{Engine, Fixture};
use crate::rounds::{course, db, sign_in, spread};
use crate::table;
use anyhow::{Context, Result, ensure};
use backend::commands::Decided;
use backend::{Db, programme, sessions, status, sync};
use domain::Verdict;
use domain::id::CourseId;
use domain::sync::{Cursor, PROTO, Request};
use futures_util::future::try_join_all;
use serde_json::value::RawValue;
use std::time::{Duration, Instant};

/// Rounds of each kind of work; in each, all phones send at once.
const ROUNDS: usize = 100;
const MEMBERS: usize = 16;

const WORK: [(&str, Work); 4] = [
    ("idle round", Work::Idle),
    ("a round with an act", Work::Act),
    ("status of a company", Work::Status),
    ("first sync", Work::First),
];

#[derive(Clone, Copy)]
enum Work {
    Idle,
    Act,
    Status,
    First,
}

/// Prints median times of two programmes, measured alternately so that other load on the machine affects both.
///
/// Why all phones at once: with a single one, most of the time may be spent waking a sleeping processor for each
/// statement, or none of it, depending on the scheduler.
pub async fn lines(engine: &Engine, small: u64, large: u64) -> Result<()> {
    let most = (large as f64).ln() / (small as f64).ln();
    let mut few = ClientAssets::make(engine, small).await?;
    let mut many = ClientAssets::make(engine, large).await?;
    table::scale_head(small, large, most);
    for (what, work) in WORK {
        let (mut with_few, mut with_many) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            with_few.push(few.time(work).await?);
            with_many.push(many.time(work).await?);
        }
        table::growth(engine, what, middle(with_few), middle(with_many), most);
    }
    table::say(
        engine,
        "size of the database a member",
        &format!("{:.1} KiB / {:.1} KiB", few.kib_a_member, many.kib_a_member),
    );
    table::say(
        engine,
        "generating it",
        &format!(
            "{:.1} s / {:.1} s",
            few.generated_in.as_secs_f64(),
            many.generated_in.as_secs_f64()
        ),
    );
    few.leave().await?;
    many.leave().await
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A programme of one size, and some of its members with up-to-date phones.
struct ClientAssets {
    fixture: Fixture,
    server: sync::Server,
    phones: Vec<Phone>,
    kib_a_member: f64,
    generated_in: Duration,
}

struct Phone {
    member: Member,
    company: String,
    course: CourseId,
    have: Cursor,
    seq: i64,
}

impl ClientAssets {
    async fn make(engine: &Engine, members: u64) -> Result<ClientAssets> {
        let fixture = engine.fixture().await?;
        let db = db(&fixture.url).await?;
        let begun = Instant::now();
        server::generate::generate(&db, members, 20, &mut |_| {}).await?;
        let generated_in = begun.elapsed();
        let kib_a_member = fixture.size().await? as f64 / 1024.0 / members as f64;
        let course = course(&fixture).await?;
        let server = sync::Server::new(db);
        let mut phones = Vec::new();
        let signed_in = sign_in(server.db(), MEMBERS, members).await?;
        for (number, member) in spread(MEMBERS, members).zip(signed_in) {
            let mut phone = Phone {
                member,
                company: server::generate::company_ref(number / server::generate::TEAM),
                course,
                have: Cursor::default(),
                seq: 0,
            };
            phone.have = phone.round(&server, Cursor::default(), None).await?;
            phones.push(phone);
        }
        Ok(ClientAssets {
            fixture,
            server,
            phones,
            kib_a_member,
            generated_in,
        })
    }

    async fn leave(self) -> Result<()> {
        self.server.db().close().await;
        self.fixture.leave().await
    }

    /// Returns the time until all phones have their response, divided by their number.
    async fn time(&mut self, work: Work) -> Result<Duration> {
        let server = &self.server;
        let begun = Instant::now();
        try_join_all(self.phones.iter_mut().map(|phone| phone.ask(server, work))).await?;
        Ok(begun.elapsed() / MEMBERS as u32)
    }
}

impl Phone {
    async fn ask(&mut self, server: &sync::Server, work: Work) -> Result<()> {
        match work {
            Work::Idle => drop(self.round(server, self.have.clone(), None).await?),
            Work::Act => {
                self.seq += 1;
                let act = serde_json::value::to_raw_value(&self.member.practice(self.course, self.seq))?;
                self.have = self.round(server, self.have.clone(), Some(act)).await?;
            }
            Work::Status => self.status(server.db()).await?,
            Work::First => drop(self.round(server, Cursor::default(), None).await?),
        }
        Ok(())
    }

    async fn status(&self, db: &Db) -> Result<()> {
        let mut tx = db.read().await?;
        let settings = programme::current(&mut tx).await?;
        let today = settings.day(tx.now())?;
        status::of_company(&mut tx, &settings, &self.company, today).await?;
        Ok(())
    }

    /// Runs a round like the server does, starting from the session.
    async fn round(&self, server: &sync::Server, have: Cursor, act: Option<Box<RawValue>>) -> Result<Cursor> {
        let db = server.db();
        let acts = usize::from(act.is_some());
        let request: Request<Box<RawValue>> = Request {
            proto: PROTO,
            member: self.member.id,
            device: self.member.device,
            push_only: false,
            have,
            commands: act.into_iter().collect(),
        };
        let caller = sessions::caller_and_newest(db, &self.member.token).await?;
        let (caller, newest) = caller.context("the session has ended")?;
        let reply = match sync::nothing_new(db.now(), &newest, &request) {
            Some(reply) => reply,
            None => server.round(&caller, request).await?,
        };
        ensure!(reply.outcomes.len() == acts, "an act has no outcome");
        for Decided { outcome, .. } in &reply.outcomes {
            ensure!(matches!(outcome.verdict, Verdict::Confirmed(_)), "{outcome:?}");
        }
        reply.cursor.context("a round without a cursor")
    }
}
