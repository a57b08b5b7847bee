//! All acts of the member: those of this phone, and those of their other phones from the server.

use crate::phone::Phone;
use crate::phone::json::{self, Raw};
use crate::phone::outbox::State;
use crate::phone::sort::sort_by_key;
use domain::document::{Act, Collection};
use domain::id::CommandId;
use domain::{Outcome, Timestamp, Verdict};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivityView {
    /// Newest first, without duplicates.
    pub acts: Vec<ActView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActView {
    pub id: CommandId,
    pub made_at: Timestamp,
    pub state: State,
    pub outcome: Option<Outcome>,
    /// The tag of its feature; empty if unreadable.
    pub tag: String,
    command: Option<Raw>,
}

impl ActView {
    /// Parses the command of the calling feature; `None` if another version of the app wrote it in an unknown form.
    pub fn command<C: DeserializeOwned>(&self) -> Option<C> {
        json::read(self.command.as_ref()?.as_str())
    }
}

impl ActivityView {
    pub fn of(phone: &Phone) -> ActivityView {
        let mut acts: Vec<ActView> = phone
            .outbox
            .iter()
            .map(|item| ActView {
                id: item.id,
                made_at: item.made_at,
                state: item.state,
                outcome: item.outcome().cloned(),
                tag: item.tag().to_owned(),
                command: item.command().cloned(),
            })
            .collect();
        let known = phone.replica.all::<Act<BTreeMap<String, Raw>>>(Collection::Act);
        acts.extend(
            known
                .into_iter()
                .filter(|act| phone.outbox.get(act.outcome.id).is_none())
                .map(|act| {
                    let (tag, command) = act.command.into_iter().next().unzip();
                    ActView {
                        id: act.outcome.id,
                        made_at: act.made_at,
                        state: match act.outcome.verdict {
                            Verdict::Refused(_) => State::Refused,
                            _ => State::Confirmed,
                        },
                        outcome: Some(act.outcome),
                        tag: tag.unwrap_or_default(),
                        command,
                    }
                }),
        );
        sort_by_key(&mut acts, |act| std::cmp::Reverse((act.made_at, act.id)));
        ActivityView { acts }
    }

    /// The act, if this phone knows of it.
    pub fn act(&self, id: CommandId) -> Option<&ActView> {
        self.acts.iter().find(|act| act.id == id)
    }

    /// The time of the newest decision.
    pub fn latest_decision(&self) -> Option<Timestamp> {
        self.acts
            .iter()
            .filter_map(|act| Some(act.outcome.as_ref()?.at))
            .max()
    }
}
