//! From tables to the documents a phone keeps. A document that a member may not see is simply not there.

use crate::{
    Result, Tx, commands, events, learning, ledger, members, notices, programme, rewards, sessions, status,
    stored,
};
use domain::document::{Act, Collection};
use domain::id::MemberId;
use domain::ledger::Wallet;
use domain::members::Me;
use domain::{Day, fault};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, BTreeSet};

/// What one member sees, worked out once a round.
pub(crate) struct DocumentReader {
    member: MemberId,
    /// Acts that were confirmed a moment ago, by their ids: they need not be read again.
    acts: BTreeMap<String, Act>,
    known: Option<Known>,
}

struct Known {
    me: Me,
    settings: programme::Settings,
    today: Day,
}

/// How far back the history on a phone goes.
const MONTHS: i32 = 24;

type Bodies = Vec<(String, Box<RawValue>)>;

impl DocumentReader {
    pub fn new(member: MemberId) -> DocumentReader {
        DocumentReader {
            member,
            acts: BTreeMap::new(),
            known: None,
        }
    }

    pub fn with_acts(self, acts: BTreeMap<String, Act>) -> DocumentReader {
        DocumentReader { acts, ..self }
    }

    /// All documents of a collection.
    pub async fn all(&mut self, tx: &mut Tx, collection: Collection) -> Result<Bodies> {
        self.list(tx, collection, None).await
    }

    /// Those of `ids` that are there.
    pub async fn some(
        &mut self,
        tx: &mut Tx,
        collection: Collection,
        ids: &BTreeSet<String>,
    ) -> Result<Bodies> {
        let mut bodies = self.list(tx, collection, Some(ids)).await?;
        bodies.retain(|(id, _)| ids.contains(id));
        Ok(bodies)
    }

    async fn known(&mut self, tx: &mut Tx) -> Result<&Known> {
        if self.known.is_none() {
            let settings = programme::current(tx).await?;
            let me = members::me(tx, self.member)
                .await?
                .ok_or_else(|| crate::Error::Invariant(format!("member {} is gone", self.member)))?;
            let today = settings.day(tx.now())?;
            self.known = Some(Known { me, settings, today });
        }
        self.known
            .as_ref()
            .ok_or_else(|| crate::Error::Invariant("no view".into()))
    }

    async fn list(
        &mut self,
        tx: &mut Tx,
        collection: Collection,
        ids: Option<&BTreeSet<String>>,
    ) -> Result<Bodies> {
        let member = self.member;
        match collection {
            Collection::Programme => {
                let known = self.known(tx).await?;
                one("programme", &known.settings.document(known.today))
            }
            Collection::Me => one("me", &self.known(tx).await?.me),
            Collection::Status => {
                let known = self.known(tx).await?;
                let company = known.me.company.id;
                one(
                    "status",
                    &status::today(tx, &known.settings, company, known.today).await?,
                )
            }
            Collection::Balance => {
                let known = self.known(tx).await?;
                let mut bodies = Vec::new();
                for (wallet, owner) in known.wallets(member) {
                    bodies.push(body(wallet.code(), &ledger::balance(tx, owner, wallet).await?)?);
                }
                Ok(bodies)
            }
            Collection::Month => {
                let known = self.known(tx).await?;
                let since = known.today.plus_months(-MONTHS);
                let mut bodies = Vec::new();
                for (wallet, owner) in known.wallets(member) {
                    for month in ledger::months(tx, owner, since).await? {
                        let id = format!("{}:{month}", wallet.code());
                        if ids.is_some_and(|ids| !ids.contains(&id)) {
                            continue;
                        }
                        if let Some(page) = ledger::month(tx, owner, wallet, &month).await? {
                            bodies.push(body(id, &page)?);
                        }
                    }
                }
                Ok(bodies)
            }
            Collection::Course => bodies(learning::courses(tx).await?, |course| course.id.to_string()),
            Collection::Progress => {
                let course = ids.filter(|ids| ids.len() == 1).and_then(|ids| ids.first());
                let course = course.and_then(|id| id.parse().ok());
                bodies(learning::progress(tx, member, course).await?, |progress| {
                    progress.course.to_string()
                })
            }
            Collection::Event => bodies(events::upcoming(tx).await?, |event| event.id.to_string()),
            Collection::Registration => bodies(events::registrations(tx, member).await?, |registration| {
                registration.event.to_string()
            }),
            Collection::Reward => bodies(rewards::offered(tx).await?, |reward| reward.id.to_string()),
            Collection::Redemption => bodies(rewards::of_member(tx, member).await?, |redemption| {
                redemption.id.to_string()
            }),
            Collection::Notice => bodies(notices::list(tx, member).await?, |notice| notice.id.to_string()),
            Collection::Device => bodies(sessions::list(tx, member).await?, |device| {
                device.session.to_string()
            }),
            Collection::Act => {
                let known = ids.filter(|ids| ids.iter().all(|id| self.acts.contains_key(id)));
                if known.is_some() {
                    return self.acts.iter().map(|(id, act)| body(id.as_str(), act)).collect();
                }
                commands::acts(tx, member, ids)
                    .await?
                    .iter()
                    .filter_map(|(id, act)| shown(id.to_string(), act).map(Ok))
                    .collect()
            }
        }
    }
}

impl Known {
    /// The wallets a member sees: their own, and the company's for its managers.
    fn wallets(&self, member: MemberId) -> Vec<(Wallet, ledger::Owner)> {
        let mut wallets = vec![(Wallet::Own, ledger::Owner::Member(member))];
        if self.me.manager || fault!("everybody-sees-the-company-wallet") {
            wallets.push((Wallet::Company, ledger::Owner::Company(self.me.company.id)));
        }
        wallets
    }
}

fn one(id: &str, document: &impl Serialize) -> Result<Bodies> {
    Ok(vec![body(id, document)?])
}

fn bodies<D: Serialize>(documents: Vec<D>, id: impl Fn(&D) -> String) -> Result<Bodies> {
    Ok(documents
        .iter()
        .filter_map(|document| shown(id(document), document))
        .collect())
}

/// The document as a body, or `None` where something in it is of a newer version and cannot be written.
fn shown(id: String, document: &impl Serialize) -> Option<(String, Box<RawValue>)> {
    match to_raw_value(document) {
        Ok(body) => Some((id, body)),
        Err(error) => {
            stored::skipped("document", &id, &error);
            None
        }
    }
}

fn body(id: impl Into<String>, document: &impl Serialize) -> Result<(String, Box<RawValue>)> {
    Ok((id.into(), to_raw_value(document)?))
}
