//! Use cases on both engines. Every test that moves points proves the ledger afterwards.

mod commands;
mod courses;
mod events;
mod import;
mod learning;
mod ledger;
mod membership;
mod model;
mod newer;
mod office_files;
mod passes;
mod returns;
mod rewards;
mod schema;
mod settled;
mod slices;
mod sync;
mod transactions;

use crate::caller::Caller;
use crate::commands::Decided;
use crate::import::Options;
use crate::sync::Server;
use crate::testing::TestDb;
use crate::{Result, import as files, members, programme, status};
use domain::id::{CommandId, DeviceId, SessionId};
use domain::sync::{Cursor, PROTO, Request};
use domain::{Command, Day, Envelope, Timestamp, Verdict};
use serde_json::value::RawValue;

pub const PROGRAMME: &str = include_str!("programme.toml");
const COMPANIES: &str = "company_ref,name,town,joined_on,order_points,advisor_ref\n\
    c-mill,Mill & Sons,Lyon,2020-01-01,company,s-lea\n\
    c-site,Site Works,Vienne,2020-01-01,member,\n";
const MEMBERS: &str = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
    m-ann,c-mill,Ann Mill,06 39 98 00 10,ann@example.com,baker,decider,true,fr\n\
    m-bob,c-mill,Bob Crumb,,bob@example.com,baker,user,false,en\n\
    m-cat,c-site,Cat Brick,+33639980012,,foreman,user,true,fr\n";

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub const OPTIONS: Options = Options {
    dry_run: false,
    skip_bad: false,
    create_companies: false,
    complete: false,
    end_missing: false,
    distinct_refs: false,
    phone_country: "+33",
    given: crate::import::Given::NOTHING,
};

/// Imports a small programme with two companies and three members.
pub async fn populate(test: &TestDb) {
    let settings = programme::Settings::parse(PROGRAMME).unwrap();
    let mut tx = test.db.write().await.unwrap();
    programme::apply::apply(&mut tx, &settings, programme::apply::Past::Keeps)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let report = files::companies(&test.db, COMPANIES.as_bytes(), OPTIONS, |_| {})
        .await
        .unwrap();
    assert!(report.bad.is_empty() && report.kept, "{:?}", report.bad);
    let report = files::members(&test.db, MEMBERS.as_bytes(), OPTIONS, |_| {})
        .await
        .unwrap();
    assert!(report.bad.is_empty() && report.kept, "{:?}", report.bad);
}

pub async fn order(test: &TestDb, rows: &str) -> files::Report {
    let file = format!("order_ref,company_ref,ordered_on,quantity,amount,member_ref\n{rows}");
    files::orders(&test.db, file.as_bytes(), OPTIONS, |_| {})
        .await
        .unwrap()
}

/// Returns the caller of a session of the member.
pub async fn caller(test: &TestDb, reference: &str) -> Caller {
    let mut tx = test.db.read().await.unwrap();
    let (member, _) = members::find_by_ref(&mut tx, reference).await.unwrap().unwrap();
    let me = members::me(&mut tx, member).await.unwrap().unwrap();
    let settings = programme::current(&mut tx).await.unwrap();
    let today = settings.day(tx.now()).unwrap();
    let status = status::today(&mut tx, &settings, me.company.id, today)
        .await
        .unwrap();
    Caller {
        member,
        session: SessionId(member.0),
        company: me.company.id,
        trade: me.trade,
        tier: status.tier,
        manager: me.manager,
        language: me.language,
        synced_at: Some(test.db.now()),
    }
}

/// Returns the serialized command; its id is `number`.
pub fn envelope(caller: &Caller, number: u128, command: Command, made_at: Timestamp) -> Box<RawValue> {
    serde_json::value::to_raw_value(&Envelope {
        id: CommandId(uuid::Uuid::from_u128(number)),
        member: caller.member,
        device: DeviceId(caller.session.0),
        seq: number as i64,
        made_at,
        command,
    })
    .unwrap()
}

/// A request of the caller's phone.
pub fn request(caller: &Caller, have: Cursor, commands: Vec<Box<RawValue>>) -> Request<Box<RawValue>> {
    Request {
        proto: PROTO,
        member: caller.member,
        device: DeviceId(caller.session.0),
        push_only: false,
        have,
        commands,
    }
}

/// Applies commands in a push-only round; returns the outcomes.
pub async fn apply(server: &Server, caller: &Caller, bodies: &[Box<RawValue>]) -> Result<Vec<Decided>> {
    let request = Request {
        push_only: true,
        ..request(caller, Cursor::default(), bodies.to_vec())
    };
    Ok(server.round(caller, request).await?.outcomes)
}

pub async fn send(test: &TestDb, caller: &Caller, number: u128, command: Command) -> Verdict {
    let body = envelope(caller, number, command, test.db.now());
    let decided = apply(&test.sync, caller, &[body]).await.unwrap();
    decided[0].outcome.verdict.clone()
}

pub async fn proof(test: &TestDb) -> crate::ledger::Proof {
    let mut tx = test.db.read().await.unwrap();
    let today = programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
    let proof = crate::ledger::prove(&mut tx, today).await.unwrap();
    assert!(proof.ok, "{:#?}", proof.amiss);
    assert_eq!(
        proof.issued,
        proof.taken_back + proof.spent + proof.expired + proof.held + proof.available
    );
    proof
}

/// Returns the own documents of a collection, as the member's phone would get them.
pub async fn documents<D: serde::de::DeserializeOwned>(
    test: &TestDb,
    caller: &Caller,
    collection: domain::document::Collection,
) -> Vec<(String, D)> {
    let mut tx = test.db.read().await.unwrap();
    let bodies = crate::documents::DocumentReader::new(caller.member)
        .all(&mut tx, collection)
        .await
        .unwrap();
    bodies
        .into_iter()
        .map(|(id, body)| (id, serde_json::from_str(body.get()).unwrap()))
        .collect()
}
