//! E-mail addresses of one members file: its end counts, and not the order of its rows. A phone number may be several
//! members'.

use crate::members::{Leaves, MemberRow, list_email_owners};
use crate::{Result, Tx};
use domain::input::{InputCode, InputError};
use domain::{Day, fault};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The owners of a file's addresses before it is imported, and the members without one after it.
pub struct Emails {
    /// The refs of members, by address.
    owners: HashMap<String, String>,
    /// Refs of members in the file who have left, or stay ended.
    gone: HashSet<String>,
}

/// The result of comparing a file with who has its addresses.
#[derive(Debug, Default)]
pub struct Compared {
    /// Members who would take an address of somebody who keeps it, by place in the file.
    pub clashes: HashMap<usize, InputError>,
    /// Addresses that one member of the file gives up and another one takes.
    pub handed_on: BTreeSet<String>,
}

impl Emails {
    /// `stay_ended`: refs of members whom the file does not bring back.
    pub async fn load(
        tx: &mut Tx,
        rows: impl Iterator<Item = &MemberRow> + Clone,
        stay_ended: &HashSet<String>,
        today: Day,
    ) -> Result<Emails> {
        let wanted: BTreeSet<&str> = rows.clone().filter_map(|row| row.email.as_deref()).collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let owners = list_email_owners(tx, &wanted).await?;
        let has_left = |row: &&MemberRow| matches!(row.leaves, Leaves::On(day) if day <= today);
        let left = rows.filter(has_left).map(|row| row.reference.clone());
        Ok(Emails {
            owners: owners.into_iter().collect(),
            gone: left.chain(stay_ended.iter().cloned()).collect(),
        })
    }

    /// Returns the address that a member of the file has after it.
    fn of<'a>(&self, row: &'a MemberRow) -> Option<&'a String> {
        row.email.as_ref().filter(|_| !self.gone.contains(&row.reference))
    }

    /// Compares those rows that are good so far. A member whose row is refused keeps their address, so that the row of
    /// whoever wants it is refused too. `leaving`: refs of members who are not in the file, and will be ended.
    pub fn compare(&self, rows: &[Option<&MemberRow>], leaving: &HashSet<&str>) -> Compared {
        let mut clashes: HashMap<usize, InputError> = HashMap::new();
        loop {
            let good = || {
                rows.iter()
                    .enumerate()
                    .filter_map(|(place, row)| Some((place, (*row)?)))
                    .filter(|(place, _)| !clashes.contains_key(place))
            };
            let by_ref: HashMap<&str, &MemberRow> =
                good().map(|(_, row)| (row.reference.as_str(), row)).collect();
            // Whoever has an address and keeps it comes before others who want it.
            let keeps = |row: &MemberRow, address: &str| self.owners.get(address) == Some(&row.reference);
            let mut taken: HashMap<&str, &str> = good()
                .filter_map(|(_, row)| Some((row, self.of(row)?.as_str())))
                .filter(|(row, address)| keeps(row, address))
                .map(|(row, address)| (address, row.reference.as_str()))
                .collect();
            let mut found: Vec<(usize, InputError)> = Vec::new();
            let mut handed_on = BTreeSet::new();
            for (place, row) in good() {
                let Some(address) = self.of(row) else { continue };
                let clash = |member: &str| {
                    InputCode::AddressTaken {
                        member: member.to_owned(),
                    }
                    .field("email")
                };
                let first = *taken.entry(address).or_insert(&row.reference);
                if first != row.reference {
                    found.push((place, clash(first)));
                    continue;
                }
                let Some(owner) = self.owners.get(address).filter(|owner| **owner != row.reference) else {
                    continue;
                };
                let gives_up = by_ref
                    .get(owner.as_str())
                    .is_some_and(|owner| self.of(owner) != Some(address));
                if gives_up && !fault!("address-is-not-handed-on") {
                    handed_on.insert(address.clone());
                } else if !leaving.contains(owner.as_str()) {
                    found.push((place, clash(owner)));
                }
            }
            if found.is_empty() {
                return Compared { clashes, handed_on };
            }
            for (place, clash) in found {
                clashes.entry(place).or_insert(clash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Lang;
    use domain::members::Function;

    fn row(reference: &str, email: &str) -> MemberRow {
        MemberRow {
            reference: reference.into(),
            company: "c".into(),
            name: "N".into(),
            phone: None,
            email: Some(email.into()),
            trade: "t".into(),
            function: Function::User,
            manager: false,
            language: Lang::Fr,
            leaves: Leaves::NotSaid,
        }
    }

    #[test]
    fn a_refused_row_keeps_its_address() {
        let owners = [("1", "a"), ("2", "b"), ("3", "c"), ("9", "z")];
        let owners = owners.map(|(address, owner)| (address.to_owned(), owner.to_owned()));
        let addresses = Emails {
            owners: owners.into_iter().collect(),
            gone: HashSet::from(["gone".to_owned()]),
        };
        let compare = |rows: &[Option<&MemberRow>]| addresses.compare(rows, &HashSet::new());
        // a → 2, b → 3, c → 4: a chain; then with c refused: b and a keep theirs.
        let rows = [row("a", "2"), row("b", "3"), row("c", "4")];
        let compared = compare(&rows.iter().map(Some).collect::<Vec<_>>());
        assert!(compared.clashes.is_empty());
        assert_eq!(compared.handed_on.len(), 2);
        let compared = compare(&[Some(&rows[0]), Some(&rows[1]), None]);
        assert_eq!(compared.clashes.len(), 2);
        assert!(compared.handed_on.is_empty());
        // An outsider keeps theirs, and who wanted it is refused with all who wanted theirs.
        let rows = [row("a", "9"), row("b", "1")];
        let compared = compare(&rows.iter().map(Some).collect::<Vec<_>>());
        assert_eq!(compared.clashes.len(), 2);
        // Two rows of the file want the same.
        let rows = [row("x", "7"), row("y", "7")];
        let compared = compare(&rows.iter().map(Some).collect::<Vec<_>>());
        assert_eq!(compared.clashes.keys().collect::<Vec<_>>(), [&1]);
        // Also if somebody else keeps it whose row comes later.
        let rows = [row("x", "1"), row("a", "1")];
        let compared = compare(&rows.iter().map(Some).collect::<Vec<_>>());
        assert_eq!(compared.clashes.keys().collect::<Vec<_>>(), [&0]);
        // Who has left has no address any more.
        let rows = [row("gone", "7"), row("y", "7")];
        let compared = compare(&rows.iter().map(Some).collect::<Vec<_>>());
        assert!(compared.clashes.is_empty());
        // Whoever is ended because they are not in the file gives theirs up.
        let leaving = HashSet::from(["z"]);
        assert!(
            addresses
                .compare(&[Some(&row("a", "9"))], &leaving)
                .clashes
                .is_empty()
        );
    }
}
