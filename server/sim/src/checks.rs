//! The invariants at the end of a story, checked on the database file and on what the server would send a new phone.

use crate::phone::Hardware;
use crate::server::Server;
use crate::template;
use crate::world::{Checked, World};
use app::phone::Phone;
use app::phone::store::Store;
use backend::{ledger, programme, sessions};
use domain::document::Collection;
use domain::events::Command as EventCommand;
use domain::id::CommandId;
use domain::learning::{Command as Learn, Tries, Unpaid};
use domain::sync::{PROTO, Request};
use domain::{Command, Envelope, Outcome, Receipt, Timestamp, Verdict};
use futures_util::FutureExt;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

type Documents = BTreeMap<(String, String), Value>;

/// Connects to the database file. The caller must close it: an open connection keeps the server from cleaning up its
/// files.
async fn look(server: &Server) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(server.file())
        .connect()
        .await
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("the database cannot be read: {error}")
}

/// Returns the commands in the server's log.
pub async fn known(server: &Server) -> Checked<BTreeSet<CommandId>> {
    let mut file = look(server).await.map_err(unreadable)?;
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM command_log")
        .fetch_all(&mut file)
        .await
        .map_err(unreadable)?;
    file.close().await.map_err(unreadable)?;
    Ok(ids.into_iter().map(CommandId).collect())
}

/// Returns the number of pieces of a reward that requests hold.
pub async fn taken(server: &Server, reward: usize) -> backend::Result<i64> {
    const TAKEN: &str = "SELECT COUNT(*) FROM redemption JOIN reward ON reward.id = reward_id \
        WHERE ref = $1 AND step NOT IN ('taken_back', 'declined')";
    let mut file = look(server).await?;
    let taken = sqlx::query_scalar(TAKEN)
        .bind(format!("r-{reward}"))
        .fetch_one(&mut file)
        .await?;
    file.close().await?;
    Ok(taken)
}

/// Returns the documents the server sends to a phone with an empty cursor.
pub async fn fresh(world: &World<'_>, phone: usize) -> Checked<Documents> {
    let hardware = &world.phones[phone];
    let cookie = hardware.cookie.as_ref().ok_or("the phone has no session")?;
    let caller = sessions::caller(&world.server.db, &cookie.token)
        .await
        .map_err(unreadable)?
        .ok_or("the session of the phone has ended")?;
    let request = Request {
        proto: PROTO,
        member: caller.member,
        device: hardware.app.device,
        push_only: false,
        have: Default::default(),
        commands: Vec::new(),
    };
    let reply = world
        .server
        .sync
        .round(&caller, request)
        .await
        .map_err(unreadable)?;
    reply
        .docs
        .into_iter()
        .map(|doc| {
            let body = serde_json::from_str(doc.body.get()).map_err(unreadable)?;
            Ok(((doc.collection, doc.id), body))
        })
        .collect()
}

/// Removes the dates of a status: the server sends no new status when only the date has changed.
fn without_its_day(collection: &str, body: &Value) -> Value {
    let mut body = body.clone();
    if let (Some(fields), true) = (body.as_object_mut(), collection == Collection::Status.code()) {
        for field in ["on", "from", "to"] {
            fields.remove(field);
        }
    }
    body
}

/// Returns the first difference between a phone and the server.
pub fn difference(phone: &Documents, server: &Documents) -> Option<String> {
    for ((collection, id), body) in server {
        match phone.get(&(collection.clone(), id.clone())) {
            None => return Some(format!("{collection} {id} is not on the phone")),
            Some(has) if without_its_day(collection, has) != without_its_day(collection, body) => {
                return Some(format!("{collection} {id}:\n  phone  {has}\n  server {body}"));
            }
            Some(_) => {}
        }
    }
    let more = phone.keys().find(|key| !server.contains_key(key))?;
    Some(format!("{} {} is on the phone only", more.0, more.1))
}

/// Checks that the app would show the same after a restart: its memory equals its store.
pub fn memory_is_what_is_written(hardware: &Hardware) -> Checked {
    let loaded = hardware
        .store()
        .load()
        .now_or_never()
        .and_then(Result::ok)
        .ok_or("the store cannot be read")?;
    let fresh = Phone::from_loaded(hardware.app.member, hardware.app.device, loaded);
    if format!("{:?}", fresh.replica) != format!("{:?}", hardware.app.replica) {
        return Err("the documents in memory are not those that are written".into());
    }
    if format!("{:?}", fresh.outbox) != format!("{:?}", hardware.app.outbox) {
        return Err("the outbox in memory is not the one that is written".into());
    }
    Ok(())
}

/// Checks that a new phone has all acts, up to the maximum that is sent.
pub async fn all_acts(world: &World<'_>, phone: usize) -> Checked {
    let mut file = look(&world.server).await.map_err(unreadable)?;
    let member = world.phones[phone].app.member;
    let logged: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM command_log WHERE member_id = $1")
        .bind(member.0)
        .fetch_one(&mut file)
        .await
        .map_err(unreadable)?;
    file.close().await.map_err(unreadable)?;
    let has = world.phones[phone].app.replica.rows(Collection::Act).count() as i64;
    if has == logged.min(200) {
        Ok(())
    } else {
        Err(format!("a new phone got {has} acts, the server has {logged}"))
    }
}

#[derive(sqlx::FromRow)]
struct Logged {
    id: Uuid,
    member_id: Uuid,
    at: i64,
    body: String,
    outcome: String,
}

/// Checks that each command had at most one effect, the one its outcome states.
pub async fn effects(world: &World<'_>) -> Checked {
    let mut tx = world.server.db.read().await.map_err(unreadable)?;
    let today = programme::current(&mut tx)
        .await
        .and_then(|settings| settings.day(tx.now()))
        .map_err(unreadable)?;
    let proof = ledger::prove(&mut tx, today).await.map_err(unreadable)?;
    drop(tx);
    if !proof.ok {
        return Err(format!("the ledger is wrong: {:?}", proof.amiss));
    }
    let mut file = look(&world.server).await.map_err(unreadable)?;
    let log: Vec<Logged> =
        sqlx::query_as("SELECT id, member_id, at, body, outcome FROM command_log ORDER BY at, seq")
            .fetch_all(&mut file)
            .await
            .map_err(unreadable)?;
    let ids: BTreeSet<CommandId> = log.iter().map(|row| CommandId(row.id)).collect();
    for (id, (phone, promise)) in &world.promises {
        if !ids.contains(id) {
            return Err(format!("act {id} of phone {phone} is lost: {}", promise.body));
        }
    }
    for (id, outcome) in &world.answered {
        let kept = log.iter().find(|row| row.id == id.0).map(|row| &row.outcome);
        if kept != Some(outcome) {
            return Err(format!(
                "what was answered is not what is kept:\n  {outcome}\n  {kept:?}"
            ));
        }
    }
    points_and_requests(&mut file, &log).await?;
    practices(&mut file, &log).await?;
    courses(&mut file, &log).await?;
    seats(world.server.now(), &mut file, &log).await?;
    stock(world, &mut file).await
}

fn read(row: &Logged) -> Checked<(Envelope, Outcome)> {
    let envelope = serde_json::from_str(&row.body).map_err(unreadable)?;
    let outcome = serde_json::from_str(&row.outcome).map_err(unreadable)?;
    Ok((envelope, outcome))
}

async fn points_and_requests(file: &mut SqliteConnection, log: &[Logged]) -> Checked {
    type Moved = (Uuid, String, i64);
    let moved: Vec<Moved> =
        sqlx::query_as("SELECT command_id, kind, points FROM entry WHERE command_id IS NOT NULL")
            .fetch_all(&mut *file)
            .await
            .map_err(unreadable)?;
    let requests: Vec<(Uuid, i64)> = sqlx::query_as("SELECT id, points FROM redemption")
        .fetch_all(&mut *file)
        .await
        .map_err(unreadable)?;
    let mut expected_moves = BTreeSet::new();
    let mut expected_requests = BTreeSet::new();
    for row in log {
        match read(row)?.1.verdict {
            Verdict::Confirmed(Receipt::Reserved { points }) => {
                expected_moves.insert((row.id, "hold".to_owned(), points));
                expected_requests.insert((row.id, points));
            }
            Verdict::Confirmed(Receipt::Graded(result)) if result.points > 0 => {
                expected_moves.insert((row.id, "earn".to_owned(), result.points));
            }
            _ => {}
        }
    }
    same("points moved by commands", moved, &expected_moves)?;
    same("requests", requests, &expected_requests)
}

/// Checks that the rows are exactly the expected ones, each once.
fn same<T: Ord + std::fmt::Debug>(what: &str, mut rows: Vec<T>, expected: &BTreeSet<T>) -> Checked {
    rows.sort();
    if rows.iter().eq(expected.iter()) {
        Ok(())
    } else {
        Err(format!(
            "{what} are not what the outcomes say:\n  there {rows:?}\n  said  {expected:?}"
        ))
    }
}

async fn practices(file: &mut SqliteConnection, log: &[Logged]) -> Checked {
    let counted: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT member_id, SUM(times) FROM practice GROUP BY member_id")
            .fetch_all(&mut *file)
            .await
            .map_err(unreadable)?;
    let mut expected: BTreeMap<Uuid, i64> = BTreeMap::new();
    for row in log {
        let (envelope, outcome) = read(row)?;
        if let (Command::Learning(domain::learning::Command::FinishPractice { .. }), Verdict::Confirmed(_)) =
            (envelope.command, outcome.verdict)
        {
            *expected.entry(row.member_id).or_default() += 1;
        }
    }
    same("practices", counted, &expected.into_iter().collect())
}

/// Checks that a course paid each member once for the versions that pay once between them, if a quiz passed in time, and
/// that quizzes were not marked faster than their pauses allow.
async fn courses(file: &mut SqliteConnection, log: &[Logged]) -> Checked {
    const WEEK: i64 = 7 * Timestamp::DAY;
    let made: Vec<(u32, i64)> =
        sqlx::query_as("SELECT version, made_at FROM course_version ORDER BY version")
            .fetch_all(&mut *file)
            .await
            .map_err(unreadable)?;
    let replaced = |version: u32| {
        let later = made
            .iter()
            .filter(|(other, _)| template::edition(*other) > template::edition(version));
        later.map(|(_, at)| *at).min()
    };
    let mut quizzes = Vec::new();
    for row in log {
        let (envelope, outcome) = read(row)?;
        if let (
            Command::Learning(Learn::HandInQuiz { version, .. }),
            Verdict::Confirmed(Receipt::Graded(result)),
        ) = (envelope.command, outcome.verdict)
        {
            quizzes.push((row.member_id, row.at, !result.passed, version, result));
        }
    }
    // A pass goes before a failure of the same instant: after a failure it would have been refused.
    quizzes.sort_by_key(|(member, at, failed, ..)| (*member, *at, *failed));
    let mut payments: BTreeMap<(Uuid, u32), (u32, u32)> = BTreeMap::new();
    let mut passed: BTreeSet<(Uuid, u32)> = BTreeSet::new();
    let mut tries: BTreeMap<Uuid, Tries> = BTreeMap::new();
    for (member, at, failed, version, result) in quizzes {
        let in_time = replaced(version).is_none_or(|replaced| at < replaced + WEEK);
        let may_pay = result.passed && in_time && result.unpaid != Some(Unpaid::Withdrawn);
        let (due, paid) = payments
            .entry((member, template::pays_since(version)))
            .or_default();
        *due = (*due).max(u32::from(may_pay));
        *paid += u32::from(result.points > 0);
        if !failed {
            passed.insert((member, template::edition(version)));
            tries.remove(&member);
        } else if !passed.contains(&(member, template::edition(version))) {
            let before = tries.entry(member).or_default();
            // The clock of a phone is believed for a week.
            let earliest = Timestamp(at - WEEK);
            if let Err(error) = before.may_try(Timestamp(at)) {
                return Err(format!(
                    "a quiz of member {member} was marked during a pause: {error:?}"
                ));
            }
            *before = before.failed_at(if before.is_none() { earliest } else { Timestamp(0) });
        }
    }
    match payments.iter().find(|(_, (due, paid))| due != paid) {
        Some(((member, since), (due, paid))) => Err(format!(
            "the course paid member {member} {paid} times from version {since} on, and {due} is right"
        )),
        None => Ok(()),
    }
}

async fn seats(now: Timestamp, file: &mut SqliteConnection, log: &[Logged]) -> Checked {
    // Nobody moves up in an event that is off or has begun.
    const EVENTS: &str = "SELECT ref, capacity, taken, cancelled_at IS NULL AND starts_at > $1, \
        (SELECT COUNT(*) FROM registration WHERE event_id = event.id AND state = 'joined'), \
        (SELECT COUNT(*) FROM registration WHERE event_id = event.id AND state = 'waiting') FROM event";
    let events: Vec<(String, i64, i64, bool, i64, i64)> = sqlx::query_as(EVENTS)
        .bind(now.0)
        .fetch_all(&mut *file)
        .await
        .map_err(unreadable)?;
    for (event, capacity, taken, to_come, joined, waiting) in events {
        if taken != joined || joined > capacity {
            return Err(format!(
                "event {event}: {joined} joined, {taken} seats counted, {capacity} there"
            ));
        }
        if to_come && waiting > 0 && joined < capacity {
            return Err(format!(
                "event {event}: {waiting} wait although {} seats are free",
                capacity - joined
            ));
        }
    }
    let rows: Vec<(Uuid, Uuid, String)> =
        sqlx::query_as("SELECT member_id, event_id, state FROM registration")
            .fetch_all(&mut *file)
            .await
            .map_err(unreadable)?;
    // The last confirmed Join or Leave of a member per event; `None` if two of them have the same timestamp.
    let mut last: BTreeMap<(Uuid, Uuid), (i64, Option<bool>)> = BTreeMap::new();
    for row in log {
        let (envelope, outcome) = read(row)?;
        let (event, joins) = match envelope.command {
            Command::Events(EventCommand::Join { event }) => (event, true),
            Command::Events(EventCommand::Leave { event }) => (event, false),
            _ => continue,
        };
        if let Verdict::Confirmed(_) = outcome.verdict {
            let clash = last
                .get(&(row.member_id, event.0))
                .is_some_and(|(at, _)| *at == row.at);
            last.insert((row.member_id, event.0), (row.at, (!clash).then_some(joins)));
        }
    }
    for (member, event, state) in rows {
        let said = last.get(&(member, event)).and_then(|(_, joins)| *joins);
        if said.is_some_and(|joins| joins == (state == "left")) {
            return Err(format!(
                "member {member} is {state:?} at event {event}, their last confirmed word says otherwise"
            ));
        }
        if !last.contains_key(&(member, event)) {
            return Err(format!(
                "member {member} is at event {event} without having asked"
            ));
        }
    }
    Ok(())
}

async fn stock(world: &World<'_>, file: &mut SqliteConnection) -> Checked {
    for (reward, set) in &world.server.stock {
        let left: i64 = sqlx::query_scalar("SELECT stock FROM reward WHERE ref = $1")
            .bind(format!("r-{reward}"))
            .fetch_one(&mut *file)
            .await
            .map_err(unreadable)?;
        let taken = taken(&world.server, *reward).await.map_err(unreadable)?;
        let expected = set.set_to - (taken - set.taken_then);
        if left != expected {
            return Err(format!(
                "reward {reward}: {left} left, but {} were there and {} were given out since",
                set.set_to,
                taken - set.taken_then
            ));
        }
    }
    Ok(())
}
