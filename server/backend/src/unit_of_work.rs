//! Commit: turns the documents a transaction touched into change rows for phones, in the same transaction.

use crate::db::{Changed, Document, Tx};
use crate::{Result, changes, members};
use domain::fault;
use domain::id::{CompanyId, MemberId};
use std::collections::{BTreeMap, BTreeSet};

/// Above this number of companies, one query first finds out which of them have members.
const MANY_COMPANIES: usize = 20;

impl Tx {
    /// Commits, and moves the counters of what changed.
    ///
    /// Why the counters move last: their rows stay locked until the commit, so counters rise in commit order and no
    /// phone skips a change that commits later with a lower number.
    ///
    /// # Errors
    /// If the database fails; nothing is committed then.
    pub async fn commit(mut self) -> Result<()> {
        let mut content = BTreeSet::new();
        let mut members: BTreeMap<MemberId, BTreeSet<Document>> = BTreeMap::new();
        let mut companies: BTreeMap<CompanyId, BTreeSet<Document>> = BTreeMap::new();
        for changed in self.take_changed() {
            let _ = match changed {
                Changed::Content(document) => content.insert(document),
                Changed::Member(member, document) => members.entry(member).or_default().insert(document),
                Changed::Company(company, document) => companies.entry(company).or_default().insert(document),
            };
        }
        if fault!("company-changes-are-not-told") {
            companies.clear();
        }
        let known = if companies.len() > MANY_COMPANIES {
            let companies: Vec<CompanyId> = companies.keys().copied().collect();
            Some(members::with_members(&mut self, &companies).await?)
        } else {
            None
        };
        for (company, documents) in companies {
            // An import touches thousands of companies, most of them without members.
            if known
                .as_ref()
                .is_some_and(|known| known.binary_search(&company).is_err())
            {
                continue;
            }
            for member in members::of_company(&mut self, company).await? {
                members
                    .entry(member)
                    .or_default()
                    .extend(documents.iter().cloned());
            }
        }
        changes::of_members(&mut self, members).await?;
        if !content.is_empty() {
            changes::of_content(&mut self, content).await?;
        }
        self.commit_on_engine().await
    }
}
