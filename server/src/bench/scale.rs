//! Does anything cost more with more members than a logarithm explains?

use crate::client::Member;
use crate::place::{Engine, Place};
use crate::rounds::{course, db, sign_in};
use crate::table;
use anyhow::Result;
use backend::{Db, programme, sessions, status, sync};
use domain::id::{CommandId, CourseId, DeviceId, uuid_v7};
use domain::sync::{Cursor, PROTO, Request};
use domain::{Command, Envelope, learning};
use serde_json::value::RawValue;
use std::time::{Duration, Instant};

const SAMPLES: usize = 200;
const MEMBERS: usize = 16;

/// What is measured, and how often.
const WORK: [(&str, Work, usize); 4] = [
    ("idle round", Work::Idle, SAMPLES),
    ("a round with an act", Work::Act, SAMPLES),
    ("status of a company", Work::Status, SAMPLES),
    ("first sync", Work::First, SAMPLES / 4),
];

#[derive(Clone, Copy)]
enum Work {
    Idle,
    Act,
    Status,
    First,
}

/// Middle times of two programmes, of which now one and now the other works: what else the machine does hits both.
pub async fn lines(engine: &Engine, small: u64, large: u64) -> Result<()> {
    let most = (large as f64).ln() / (small as f64).ln();
    let mut few = Site::make(engine, small).await?;
    let mut many = Site::make(engine, large).await?;
    table::scale_head(small, large, most);
    for (what, work, samples) in WORK {
        let (mut with_few, mut with_many) = (vec![], vec![]);
        for sample in 0..samples {
            with_few.push(few.time(work, sample).await?);
            with_many.push(many.time(work, sample).await?);
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

/// A programme of one size, and some of its members with phones that have everything.
struct Site {
    place: Place,
    db: Db,
    members: u64,
    course: CourseId,
    phones: Vec<(Member, Cursor)>,
    seq: i64,
    kib_a_member: f64,
    generated_in: Duration,
}

impl Site {
    async fn make(engine: &Engine, members: u64) -> Result<Site> {
        let place = engine.place().await?;
        let db = db(&place.url).await?;
        let begun = Instant::now();
        server::generate::generate(&db, members, 20, &mut |_| {}).await?;
        let generated_in = begun.elapsed();
        let kib_a_member = place.size().await? as f64 / 1024.0 / members as f64;
        let signed_in = sign_in(&db, MEMBERS, members).await?;
        let mut site = Site {
            course: course(&place).await?,
            place,
            db,
            members,
            phones: Vec::new(),
            seq: 0,
            kib_a_member,
            generated_in,
        };
        for member in signed_in {
            let has = site.round(&member, Cursor::default(), 0).await?;
            site.phones.push((member, has));
        }
        Ok(site)
    }

    async fn leave(self) -> Result<()> {
        self.db.close().await;
        self.place.leave().await
    }

    async fn time(&mut self, work: Work, sample: usize) -> Result<Duration> {
        let at = sample % MEMBERS;
        let (member, have) = self.phones[at].clone();
        let begun = Instant::now();
        match work {
            Work::Idle => drop(self.round(&member, have, 0).await?),
            Work::Act => self.phones[at].1 = self.round(&member, have, 1).await?,
            // As with the phones: what the first of them reads from the disk, the others find in memory.
            Work::Status => self.status(at as u64 * self.members / MEMBERS as u64).await?,
            Work::First => drop(self.round(&member, Cursor::default(), 0).await?),
        }
        Ok(begun.elapsed())
    }

    async fn status(&self, member: u64) -> Result<()> {
        let reference = server::generate::company_ref(member / server::generate::TEAM);
        let mut tx = self.db.read().await?;
        let settings = programme::current(&mut tx).await?;
        let today = settings.day(tx.now())?;
        status::of_company(&mut tx, &settings, &reference, today).await?;
        Ok(())
    }

    /// A round as the server does it, from the session on.
    async fn round(&mut self, member: &Member, have: Cursor, acts: usize) -> Result<Cursor> {
        let mut commands = Vec::new();
        for _ in 0..acts {
            self.seq += 1;
            let mut chance = [9; 10];
            chance[..8].copy_from_slice(&self.seq.to_be_bytes());
            let envelope = Envelope {
                id: CommandId(uuid_v7(self.db.now(), chance)),
                member: member.id,
                device: DeviceId(member.device.0),
                seq: self.seq,
                made_at: self.db.now(),
                command: Command::Learning(learning::Command::FinishPractice { course: self.course }),
            };
            commands.push(serde_json::value::to_raw_value(&envelope)?);
        }
        let request: Request<Box<RawValue>> = Request {
            proto: PROTO,
            member: member.id,
            device: member.device,
            push_only: false,
            have,
            commands,
        };
        let caller = sessions::caller_and_newest(&self.db, &member.token).await?;
        let (caller, newest) = caller.ok_or_else(|| anyhow::anyhow!("the session has ended"))?;
        if let Some(reply) = sync::nothing_new(self.db.now(), &newest, &request) {
            return reply
                .cursor
                .ok_or_else(|| anyhow::anyhow!("a round without a cursor"));
        }
        let reply = sync::round(&self.db, &caller, &request).await?;
        reply
            .cursor
            .ok_or_else(|| anyhow::anyhow!("a round without a cursor"))
    }
}
