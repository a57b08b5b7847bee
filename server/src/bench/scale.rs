//! Does anything cost more with more members than a logarithm explains?

use crate::client::Member;
use crate::place::Engine;
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

/// The middle time of each thing at one size.
struct Times {
    idle: Duration,
    act: Duration,
    status: Duration,
    first: Duration,
    bytes_a_member: f64,
    generated_in: Duration,
}

pub async fn lines(engine: &Engine, small: u64, large: u64) -> Result<()> {
    let most = (large as f64).ln() / (small as f64).ln();
    let few = measure(engine, small).await?;
    let many = measure(engine, large).await?;
    table::scale_head(small, large, most);
    table::growth(engine, "idle round", few.idle, many.idle, most);
    table::growth(engine, "a round with an act", few.act, many.act, most);
    table::growth(engine, "status of a company", few.status, many.status, most);
    table::growth(engine, "first sync", few.first, many.first, most);
    table::say(
        engine,
        "size of the database a member",
        &format!(
            "{:.1} KiB / {:.1} KiB",
            few.bytes_a_member / 1024.0,
            many.bytes_a_member / 1024.0
        ),
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
    Ok(())
}

async fn measure(engine: &Engine, members: u64) -> Result<Times> {
    let place = engine.place().await?;
    let db = db(&place.url).await?;
    let begun = Instant::now();
    server::generate::generate(&db, members, 20, &mut |_| {}).await?;
    let generated_in = begun.elapsed();
    let size = place.size().await?;
    let signed_in = sign_in(&db, MEMBERS, members).await?;
    let course = course(&place).await?;
    let mut work = Work {
        db: &db,
        course,
        seq: 0,
    };
    let mut cursors = Vec::new();
    for member in &signed_in {
        cursors.push(work.round(member, Cursor::default(), 0).await?);
    }
    let at = |sample: usize| sample % MEMBERS;
    let (mut idle, mut act, mut status, mut first) = (vec![], vec![], vec![], vec![]);
    for sample in 0..SAMPLES {
        let have = cursors[at(sample)].clone();
        let begun = Instant::now();
        work.round(&signed_in[at(sample)], have, 0).await?;
        idle.push(begun.elapsed());
    }
    for sample in 0..SAMPLES {
        let have = cursors[at(sample)].clone();
        let begun = Instant::now();
        cursors[at(sample)] = work.round(&signed_in[at(sample)], have, 1).await?;
        act.push(begun.elapsed());
    }
    for sample in 0..SAMPLES {
        let member = sample as u64 * members / SAMPLES as u64;
        let reference = server::generate::company_ref(member / server::generate::TEAM);
        let begun = Instant::now();
        let mut tx = db.read().await?;
        let settings = programme::current(&mut tx).await?;
        let today = settings.day(tx.now())?;
        status::of_company(&mut tx, &settings, &reference, today).await?;
        status.push(begun.elapsed());
    }
    for sample in 0..SAMPLES / 4 {
        let begun = Instant::now();
        work.round(&signed_in[at(sample)], Cursor::default(), 0).await?;
        first.push(begun.elapsed());
    }
    db.close().await;
    place.leave().await?;
    Ok(Times {
        idle: middle(idle),
        act: middle(act),
        status: middle(status),
        first: middle(first),
        bytes_a_member: size as f64 / members as f64,
        generated_in,
    })
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

struct Work<'a> {
    db: &'a Db,
    course: CourseId,
    seq: i64,
}

impl Work<'_> {
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
        let caller = sessions::caller_and_newest(self.db, &member.token).await?;
        let (caller, newest) = caller.ok_or_else(|| anyhow::anyhow!("the session has ended"))?;
        if let Some(reply) = sync::nothing_new(self.db.now(), &newest, &request) {
            return reply
                .cursor
                .ok_or_else(|| anyhow::anyhow!("a round without a cursor"));
        }
        let reply = sync::round(self.db, &caller, &request).await?;
        reply
            .cursor
            .ok_or_else(|| anyhow::anyhow!("a round without a cursor"))
    }
}
