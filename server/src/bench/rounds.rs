//! Sync rounds of phones over HTTP, against the baseline.

use crate::baseline;
use crate::client::{Client, Member, What, full_speed, paced};
use crate::fixture::{Engine, Fixture, Running};
use crate::table;
use anyhow::{Context, Result, bail, ensure};
use backend::clock::System;
use backend::import::{self, Options};
use backend::{Db, members, programme, sessions};
use domain::Day;
use domain::id::{CourseId, DeviceId, MemberId};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;

const CONNECTIONS: usize = 16;
/// Phones where many act at once.
const MANY: usize = 64;
const MEMBERS: u64 = 1_000;
const LASTING: Duration = Duration::from_secs(4);
/// Phones at once, where the server's processor time is told.
const PHONES: [usize; 3] = [16, 64, 256];
const TURNS: usize = 3;

pub async fn db(url: &str) -> Result<Db> {
    Ok(Db::open(url, Arc::new(System::default()), Arc::new(System::default())).await?)
}

/// Returns the programme's day.
pub async fn today(db: &Db) -> Result<Day> {
    let mut tx = db.read().await?;
    Ok(programme::current(&mut tx).await?.day(tx.now())?)
}

/// Imports orders of a file that has no bad row.
pub async fn import_orders(db: &Db, file: &str) -> Result<()> {
    let report = import::orders(db, file.as_bytes(), Options::default(), |_| {}).await?;
    ensure!(report.kept && report.bad.is_empty(), "{:?}", report.bad.first());
    Ok(())
}

/// Checks that the ledger proves.
pub async fn prove(db: &Db) -> Result<()> {
    let today = today(db).await?;
    let proof = backend::ledger::prove(&mut db.read().await?, today).await?;
    ensure!(proof.ok, "the ledger does not prove: {:?}", proof.amiss);
    Ok(())
}

/// Returns `count` members evenly spread over the `members` of a generated programme.
pub fn spread(count: usize, members: u64) -> impl Iterator<Item = u64> {
    (0..count as u64).map(move |number| number * members / count as u64)
}

/// Opens a session for each of the members that [`spread`] returns.
pub async fn sign_in(db: &Db, count: usize, members: u64) -> Result<Vec<Member>> {
    let mut signed_in = Vec::new();
    for number in spread(count, members) {
        let mut tx = db.write().await?;
        let reference = server::generate::member_ref(number);
        let (member, _) = members::find_by_ref(&mut tx, &reference)
            .await?
            .with_context(|| format!("there is no member {reference}"))?;
        let (code, _) = sessions::issue_code(&mut tx, member, sessions::Way::Desk).await?;
        let origin = sessions::Origin {
            ip: "127.0.0.1",
            device: "bench",
            replaces: None,
        };
        let checked = sessions::redeem_invitation(&mut tx, &code, origin, sessions::Limits::STRICT).await?;
        tx.commit().await?;
        let sessions::Checked::Open(opened) = checked else {
            bail!("{checked:?}");
        };
        signed_in.push(Member {
            id: member,
            device: DeviceId(opened.session.0),
            token: opened.token,
        });
    }
    Ok(signed_in)
}

/// Returns a course to practise.
pub async fn course(fixture: &Fixture) -> Result<CourseId> {
    const FIRST: &str = "SELECT id FROM course ORDER BY ref LIMIT 1";
    let id: uuid::Uuid = if fixture.url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&fixture.url).await?;
        sqlx::query_scalar(FIRST).fetch_one(&mut connection).await?
    } else {
        let mut connection = PgConnection::connect(&fixture.url).await?;
        sqlx::query_scalar(FIRST).fetch_one(&mut connection).await?
    };
    Ok(CourseId(id))
}

async fn clients(server: &Running, members: &[Member]) -> Result<Vec<Client>> {
    let mut clients = Vec::new();
    for member in members {
        clients.push(Client::connect(server, member.clone()).await?);
    }
    Ok(clients)
}

/// Returns the server's processor time in milliseconds for an act alone in a round, an act in ten, and an idle round; by
/// number of phones. Other than a rate, it does not depend on the disk.
async fn costs(server: &Running, members: &[Member], course: CourseId) -> Result<Vec<(usize, String)>> {
    let mut costs = Vec::new();
    for count in PHONES {
        let mut phones = clients(server, &members[..count]).await?;
        for phone in &mut phones {
            phone.round(course, 0).await?;
        }
        let mut figures = Vec::new();
        for (what, acts) in [
            (What::Acts { course, each: 1 }, 1),
            (What::Acts { course, each: 10 }, 10),
            (What::Idle { course }, 1),
        ] {
            let Some(before) = server.cpu() else {
                return Ok(Vec::new());
            };
            let begun = std::time::Instant::now();
            let rounds = full_speed(&mut phones, what, LASTING / 2).await? * begun.elapsed().as_secs_f64();
            let used = server.cpu().unwrap_or_default() - before;
            figures.push(format!(
                "{:.3}",
                used.as_secs_f64() * 1e3 / (rounds * f64::from(acts))
            ));
        }
        costs.push((count, figures.join(" / ")));
    }
    Ok(costs)
}

/// Prints what a second server on the same database adds, with half the phones on each.
async fn two_servers(
    engine: &Engine,
    url: &str,
    ours: &Running,
    members: &[Member],
    course: CourseId,
) -> Result<()> {
    let second = Running::ours(url).await?;
    let (here, there) = members.split_at(members.len() / 2);
    let mut one = clients(ours, members).await?;
    let mut two = clients(ours, here).await?;
    two.extend(clients(&second, there).await?);
    for phone in one.iter_mut().chain(&mut two) {
        phone.round(course, 0).await?;
    }
    let what = What::Acts { course, each: 1 };
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let with_one = full_speed(&mut one, what, LASTING).await?;
        let with_two = full_speed(&mut two, what, LASTING).await?;
        turns.push((with_two, with_one));
    }
    let (with_two, with_one) = median(turns);
    let words = format!("acts of {} phones, two servers; bare: one", members.len());
    table::line(engine, &words, with_two, with_one, 0.8);
    Ok(())
}

fn median(mut turns: Vec<(f64, f64)>) -> (f64, f64) {
    turns.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    turns[turns.len() / 2]
}

/// Prints all lines about rounds.
pub async fn lines(engine: &Engine) -> Result<()> {
    let fixture = engine.fixture().await?;
    let db = db(&fixture.url).await?;
    server::generate::generate(&db, MEMBERS, 20, &mut |_| {}).await?;
    let all = sign_in(&db, *PHONES.iter().max().unwrap_or(&CONNECTIONS), MEMBERS).await?;
    let members = all[..CONNECTIONS].to_vec();
    db.close().await;
    let course = course(&fixture).await?;

    let ours = Running::ours(&fixture.url).await?;
    let mut phones = clients(&ours, &members).await?;
    for phone in &mut phones {
        phone.round(course, 0).await?;
    }
    let at_rest = ours.memory();
    for (each, count) in [(1, CONNECTIONS), (10, CONNECTIONS), (1, MANY)] {
        let mut more = clients(&ours, &all[phones.len()..count]).await?;
        for phone in &mut more {
            phone.round(course, 0).await?;
        }
        phones.append(&mut more);
        let ids: Vec<MemberId> = all[..count].iter().map(|member| member.id).collect();
        let what = What::Acts { course, each };
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            let rounds = full_speed(&mut phones, what, LASTING).await?;
            let bare = baseline::acts(&fixture.url, &ids, course, LASTING).await?;
            clear_bare_acts(&fixture).await?;
            turns.push((rounds * each as f64, bare));
        }
        let (acts, bare) = median(turns);
        let least = match engine {
            Engine::Sqlite => 2.0,
            Engine::Postgres(_) => 0.5,
        };
        let words = format!("acts confirmed, {each} in a round, {count} phones");
        table::line(engine, &words, acts, bare, least);
    }

    drop(phones);
    if let Engine::Postgres(_) = engine {
        two_servers(engine, &fixture.url, &ours, &all[..MANY], course).await?;
    }
    let mut more = Vec::new();
    for (phones, cpu) in costs(&ours, &all, course).await? {
        more.push(format!("{phones}: {cpu}"));
    }
    table::say(
        engine,
        "server CPU, ms an act / act in ten / idle round",
        &more.join("; "),
    );
    let mut phones = clients(&ours, &members).await?;
    for phone in &mut phones {
        phone.round(course, 0).await?;
    }

    let least_server = Running::bare(&fixture.url).await?;
    let mut bare_phones = clients(&least_server, &members).await?;
    let idle = What::Idle { course };
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let rounds = full_speed(&mut phones, idle, LASTING).await?;
        let bare = full_speed(&mut bare_phones, What::Bare, LASTING).await?;
        turns.push((rounds, bare));
    }
    let (rounds, bare) = median(turns);
    table::line(engine, "idle rounds, 16 phones", rounds, bare, 0.6);
    let (middle, slow) = paced(&mut phones, idle, rounds / 2.0, LASTING).await?;
    let (bare_middle, bare_slow) = paced(&mut bare_phones, What::Bare, bare / 2.0, LASTING).await?;
    table::say(
        engine,
        "idle rounds at half that load, median / p99",
        &format!(
            "{} / {}; bare {} / {}",
            table::millis(middle),
            table::millis(slow),
            table::millis(bare_middle),
            table::millis(bare_slow)
        ),
    );
    if let (Some((rest, _)), Some((_, most))) = (at_rest, ours.memory()) {
        table::say(
            engine,
            "memory of the server, at rest / at most",
            &format!("{rest:.0} MiB / {most:.0} MiB"),
        );
    }
    drop((least_server, ours));
    fixture.leave().await
}

/// Deletes the acts of the bare loop, so that phones do not get acts that are incomplete in the log.
async fn clear_bare_acts(fixture: &Fixture) -> Result<()> {
    const ACTS: &str = "DELETE FROM command_log WHERE body_hash = $1";
    let mark = vec![7_u8; 32];
    if fixture.url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&fixture.url).await?;
        sqlx::query(ACTS).bind(mark).execute(&mut connection).await?;
    } else {
        let mut connection = PgConnection::connect(&fixture.url).await?;
        sqlx::query(ACTS).bind(mark).execute(&mut connection).await?;
    }
    Ok(())
}
