//! Builds the reply to a phone from one snapshot of the database.

use super::{RawReply, Round};
use crate::changes::{self, Delta};
use crate::commands::Decided;
use crate::db::Tx;
use crate::documents::DocumentReader;
use crate::{Db, Result};
use domain::document::{Collection, Family};
use domain::fault;
use domain::sync::{Cursor, Doc, Reply};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// Opens a snapshot and reads the delta of each of these rounds in it.
pub(super) async fn open_snapshot(db: &Db, rounds: &[&Round]) -> Result<(Tx, Vec<Delta>)> {
    let mut tx = db.read().await?;
    let asked: Vec<_> = rounds
        .iter()
        .map(|Round { caller, have, .. }| {
            // A phone without data gets everything, whatever changed.
            let since = if have.epoch.is_empty() { i64::MAX } else { have.own };
            (caller.member, since)
        })
        .collect();
    let mut deltas = changes::of_members_since(&mut tx, &asked).await?;
    if fault!("cursor-is-read-outside-the-transaction") {
        deltas = changes::of_members_since(&mut db.read().await?, &asked).await?;
    }
    Ok((tx, deltas))
}

/// Builds the reply to a round whose commands are applied, from the snapshot in which its delta was read.
pub(super) async fn reply(
    tx: &mut Tx,
    round: &Round,
    decided: Vec<Decided>,
    (newest, own_changes): Delta,
) -> Result<RawReply> {
    let have = &round.have;
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
    // Acts as now in the log: a confirmed one does not change.
    let confirmed = round.commands.iter().zip(&decided);
    let confirmed = confirmed.filter_map(|(command, decided)| command.confirmed(&decided.outcome));
    let acts = confirmed.map(|(id, act)| (id.to_string(), act)).collect();
    let mut view = DocumentReader::new(round.caller.member).with_acts(acts);
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
        outcomes: decided,
        cursor: Some(cursor),
        all_content,
        all_own,
        docs,
        gone,
    })
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
