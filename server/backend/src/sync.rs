//! The one call of a phone: its commands are applied, then it gets what changed.

mod group;

use crate::caller::Caller;
use crate::changes::News;
use crate::db::{Kind, Tx};
use crate::{Db, Error, Result, changes, commands, documents};
use domain::document::{Act, Collection, Family};
use domain::sync::{Cursor, Doc, Reply, Request};
use domain::{Envelope, Outcome, Timestamp, Verdict, fault};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

use group::Answer;
pub(crate) use group::Group;

/// What travels: outcomes and documents are JSON already.
pub type RawReply = Reply<Box<RawValue>, Box<RawValue>>;

/// The answer to a phone that sends nothing and has everything: `newest` was read with its session.
pub fn nothing_new(now: Timestamp, newest: &Cursor, request: &Request<Box<RawValue>>) -> Option<RawReply> {
    let idle = request.commands.is_empty() && !request.push_only;
    (idle && request.have == *newest && newest.content > 0).then(|| Reply {
        now,
        outcomes: Vec::new(),
        cursor: Some(newest.clone()),
        all_content: false,
        all_own: false,
        docs: Vec::new(),
        gone: Vec::new(),
    })
}

/// One round. With nothing new it reads two rows by their primary key.
///
/// # Errors
/// Where nothing is known of the commands: the phone keeps them and sends them again.
pub async fn round(db: &Db, caller: &Caller, request: &Request<Box<RawValue>>) -> Result<RawReply> {
    let mut outcomes = Vec::with_capacity(request.commands.len());
    match db.kind() {
        Kind::Sqlite if request.commands.is_empty() => {}
        Kind::Sqlite => match db.group.round(db, caller, request).await? {
            Answer::Reply(reply) => return Ok(*reply),
            Answer::Outcomes(decided) => outcomes = decided,
        },
        // Many writers: short transactions keep them from waiting for each other's locks.
        Kind::Postgres => {
            for body in &request.commands {
                outcomes.extend(commands::together(db, &[(caller, body)]).await?);
            }
        }
    }
    if request.push_only {
        return Ok(Reply {
            now: db.now(),
            outcomes,
            cursor: None,
            all_content: false,
            all_own: false,
            docs: Vec::new(),
            gone: Vec::new(),
        });
    }
    let (mut tx, mut news) = look(db, &[(caller, request)]).await?;
    let news = news
        .pop()
        .ok_or_else(|| Error::Broken("a round without an answer".into()))?;
    reply(&mut tx, caller, request, outcomes, news).await
}

type Round<'a> = (&'a Caller, &'a Request<Box<RawValue>>);

/// One view of the database, with what is new in it for each of these rounds.
async fn look(db: &Db, rounds: &[Round<'_>]) -> Result<(Tx, Vec<News>)> {
    let mut tx = db.read().await?;
    let asked: Vec<_> = rounds
        .iter()
        .map(|(caller, Request { have, .. })| {
            // A phone that has nothing is sent everything, whatever changed.
            let since = if have.epoch.is_empty() { i64::MAX } else { have.own };
            (caller.member, since)
        })
        .collect();
    let mut news = changes::of_members_since(&mut tx, &asked).await?;
    if fault!("cursor-is-read-outside-the-transaction") {
        news = changes::of_members_since(&mut db.read().await?, &asked).await?;
    }
    Ok((tx, news))
}

/// The answer to a round whose commands are applied, from the view in which this was new for it.
async fn reply(
    tx: &mut Tx,
    caller: &Caller,
    request: &Request<Box<RawValue>>,
    outcomes: Vec<Box<RawValue>>,
    (newest, own_changes): News,
) -> Result<RawReply> {
    let have = &request.have;
    let Cursor {
        epoch,
        content,
        own,
        audience,
    } = newest;
    let restored = have.epoch != epoch;
    let all_content = restored || have.audience != audience || have.content > content || have.content == 0;
    let all_own =
        restored || have.own > own || have.audience != audience || have.own == 0 && have.epoch.is_empty();
    let mut docs = Vec::new();
    let mut gone = Vec::new();
    let mut view = documents::View::new(caller.member).with_acts(confirmed(&request.commands, &outcomes)?);
    if all_content || all_own {
        for collection in Collection::ALL {
            let wanted = match collection.family() {
                Family::Content => all_content,
                Family::Own => all_own,
            };
            if wanted {
                docs.extend(named(*collection, view.all(tx, *collection).await?));
            }
        }
    }
    let mut changed = Vec::new();
    if !all_content && have.content < content {
        changed.extend(changes::content_since(tx, have.content).await?);
    }
    if !all_own {
        changed.extend(own_changes);
    }
    let mut by_collection: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (collection, id) in changed {
        by_collection.entry(collection).or_default().insert(id);
    }
    for (code, mut ids) in by_collection {
        let Some(collection) = Collection::from_code(&code) else {
            continue;
        };
        for doc in named(collection, view.some(tx, collection, &ids).await?) {
            ids.remove(&doc.id);
            docs.push(doc);
        }
        gone.extend(ids.into_iter().map(|id| (code.clone(), id)));
    }
    let cursor = Cursor {
        epoch,
        content,
        own,
        audience,
    };
    Ok(Reply {
        now: tx.now(),
        outcomes,
        cursor: Some(cursor),
        all_content,
        all_own,
        docs,
        gone,
    })
}

/// Acts as they are in the log now: what is confirmed does not change.
fn confirmed(bodies: &[Box<RawValue>], outcomes: &[Box<RawValue>]) -> Result<BTreeMap<String, Act>> {
    let mut acts = BTreeMap::new();
    for (body, outcome) in bodies.iter().zip(outcomes) {
        let outcome: Outcome = serde_json::from_str(outcome.get())?;
        if matches!(outcome.verdict, Verdict::Confirmed(_)) {
            let envelope: Envelope = serde_json::from_str(body.get())?;
            let act = Act {
                made_at: envelope.made_at,
                command: envelope.command,
                outcome,
            };
            acts.insert(envelope.id.to_string(), act);
        }
    }
    Ok(acts)
}

fn named(
    collection: Collection,
    docs: Vec<(String, Box<RawValue>)>,
) -> impl Iterator<Item = Doc<Box<RawValue>>> {
    docs.into_iter().map(move |(id, body)| Doc {
        collection: collection.code().to_owned(),
        id,
        body,
    })
}
