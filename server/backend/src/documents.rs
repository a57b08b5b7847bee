//! Builds the documents a phone stores. A document that a member may not see is left out.

use crate::stored::{Bodies, bodies, body, one, shown};
use crate::{
    Result, Tx, commands, events, learning, ledger, members, notices, programme, rewards, sessions, signing,
    status, stored,
};
use domain::document::{Act, Collection, Feature};
use domain::id::MemberId;
use domain::ledger::Wallet;
use domain::members::Me;
use domain::{Day, fault};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the documents of one member; settings and profile are read once per round.
pub(crate) struct DocumentReader {
    member: MemberId,
    /// Acts confirmed in this round, by id: they need not be read again.
    acts: BTreeMap<String, Act>,
    known: Option<Known>,
}

struct Known {
    me: Me,
    settings: programme::Settings,
    today: Day,
}

/// Months of history on a phone.
const MONTHS: i32 = 24;

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

    /// Returns all documents of a collection.
    pub async fn all(&mut self, tx: &mut Tx, collection: Collection) -> Result<Bodies> {
        self.list(tx, collection, None).await
    }

    /// Returns the existing documents of `ids`.
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
        match collection.feature() {
            Feature::Events => return events::documents(tx, member, collection).await,
            Feature::Learning => return learning::documents(tx, member, collection, ids).await,
            Feature::Notices => return notices::documents(tx, member).await,
            Feature::Rewards => return rewards::documents(tx, member, collection, ids).await,
            Feature::Activity | Feature::Ledger | Feature::Members => {}
        }
        match collection {
            Collection::Programme => {
                let keys = signing::public_keys(tx).await?;
                let known = self.known(tx).await?;
                one("programme", &known.settings.document(known.today, keys))
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
                    let months = match ids {
                        Some(ids) => asked_months(ids, wallet),
                        None => ledger::months(tx, owner, since).await?,
                    };
                    for month in months {
                        if let Some(page) = ledger::month(tx, owner, wallet, &month).await? {
                            bodies.push(body(format!("{}:{month}", wallet.code()), &page)?);
                        }
                    }
                }
                Ok(bodies)
            }
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
            Collection::Device => bodies(sessions::list(tx, member).await?, |device| device.session),
            other => Err(stored::foreign(other)),
        }
    }
}

/// Returns the months of a wallet that ids of documents name.
fn asked_months(ids: &BTreeSet<String>, wallet: Wallet) -> Vec<String> {
    ids.iter()
        .filter_map(|id| id.split_once(':'))
        .filter(|(of, _)| *of == wallet.code())
        .map(|(_, month)| month.to_owned())
        .collect()
}

impl Known {
    /// Returns the wallets a member sees: their own, and the company's for its managers.
    fn wallets(&self, member: MemberId) -> Vec<(Wallet, ledger::Owner)> {
        let mut wallets = vec![(Wallet::Own, ledger::Owner::Member(member))];
        if self.me.manager || fault!("everybody-sees-the-company-wallet") {
            wallets.push((Wallet::Company, ledger::Owner::Company(self.me.company.id)));
        }
        wallets
    }
}
