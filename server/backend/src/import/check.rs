//! Checks a whole file of orders against what is stored, and writes nothing.

use super::decide::{OrderRow, decide};
use super::refs::{Kind, Known, Seen, Spellings};
use super::returns::Groups;
use super::table::{Row, Table, Wrong};
use super::{Bad, Options, Report};
use crate::members::{self, CompanyKey, MemberKey, Saved};
use crate::programme::settings::Settings;
use crate::{Db, Result, programme};
use domain::id::CompanyId;
use domain::input::{InputCode, InputError, RefKind};
use domain::money::{MOST_CENTS, MOST_ORDER_POINTS};
use domain::{Cents, Day};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use tracing::instrument;

/// Rows that are read against one snapshot.
const ROWS: usize = 2_000;

/// A file whose rows are taken apart.
pub(super) struct OrdersFile {
    table: Table,
    rows: Vec<Row>,
    /// Rows that could not be taken apart.
    unreadable: Vec<Bad>,
    options: Options,
}

/// The effects of a file, checked and not applied.
pub(super) struct Checked {
    pub report: Report,
    /// The rows that change something, in the order in which they are to be applied.
    pub changes: Vec<(OrderRow, Saved)>,
}

impl OrdersFile {
    /// # Errors
    /// [`crate::Error::Input`] if the file cannot be read or a column is missing.
    pub(super) fn open(file: impl Read, options: Options) -> Result<OrdersFile> {
        let columns = ["order_ref", "company_ref", "ordered_on", "quantity", "amount"];
        let mut table = Table::open(file, &columns, &["member_ref", "returns_ref"], options)?;
        let mut report = table.report();
        let rows = std::iter::from_fn(|| table.next_readable(&mut report)).collect();
        Ok(OrdersFile {
            table,
            rows,
            unreadable: report.bad,
            options,
        })
    }

    /// True if the file says which order a return returns.
    pub(super) fn names_returns(&self) -> bool {
        self.table.has("returns_ref")
    }

    fn column<'a>(&'a self, column: &'a str) -> impl Iterator<Item = &'a str> {
        self.rows.iter().map(|row| self.table.value(row, column))
    }

    /// Says what is wrong with the row of a line.
    pub(super) fn bad(&self, line: u64, wrong: InputError) -> Option<Bad> {
        let at = self.rows.binary_search_by_key(&line, |row| row.line).ok()?;
        Some(self.table.rejected_row(&self.rows[at], wrong))
    }

    /// Decides each row as if those before it had been saved.
    ///
    /// Why by company: a slice then works out few wallets, and each wallet once or twice in a run. The check has the same
    /// order, so that what is good here is good there.
    #[instrument(level = "debug", skip_all)]
    pub(super) async fn check(&self, db: &Db, progress: &mut impl FnMut(u64)) -> Result<Checked> {
        let mut check = Check::begin(db, self).await?;
        let mut rows = Vec::with_capacity(self.rows.len());
        for part in self.rows.chunks(ROWS) {
            check.read(db, part, &mut rows).await?;
        }
        rows.sort_by(|one, other| (&one.company, one.line).cmp(&(&other.company, other.line)));
        check.decide(db, rows, progress).await?;
        let mut report = check.report;
        report.bad.sort_by_key(|bad| bad.line);
        Ok(Checked {
            report,
            changes: check.changes,
        })
    }
}

struct Check<'a> {
    file: &'a OrdersFile,
    settings: Settings,
    today: Day,
    /// The first day of the programme's first year.
    first: Day,
    /// Existing ones named by the rows so far; likewise for `members`.
    companies: HashMap<String, CompanyKey>,
    members: HashMap<String, MemberKey>,
    /// Companies that are to be created, with ids that nobody else has.
    created: HashMap<String, CompanyId>,
    /// Known refs that look like those of the file.
    known_orders: Known,
    known_companies: Known,
    known_members: Known,
    seen: Seen,
    /// Of companies that are not known yet.
    spellings: Spellings,
    report: Report,
    changes: Vec<(OrderRow, Saved)>,
}

/// Returns the refs that are not known yet, without duplicates.
fn unknown<'a, K>(known: &HashMap<String, K>, refs: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let refs: BTreeSet<&str> = refs.filter(|reference| !known.contains_key(*reference)).collect();
    refs.into_iter().collect()
}

impl<'a> Check<'a> {
    async fn begin(db: &Db, file: &'a OrdersFile) -> Result<Check<'a>> {
        let options = file.options;
        let mut tx = db.read().await?;
        let refs = file.column("order_ref").chain(file.column("returns_ref"));
        let known_orders = Known::load(&mut tx, Kind::Order, refs, options).await?;
        let refs = file.column("company_ref");
        let known_companies = Known::load(&mut tx, Kind::Company, refs, options).await?;
        let refs = file.column("member_ref");
        let known_members = Known::load(&mut tx, Kind::Member, refs, options).await?;
        let settings = programme::current(&mut tx).await?;
        let today = settings.day(tx.now())?;
        let first = settings.rules().map(|rule| rule.valid_from).min();
        let mut report = file.table.report();
        report.rows = (file.rows.len() + file.unreadable.len()) as u64;
        report.bad.clone_from(&file.unreadable);
        Ok(Check {
            file,
            today,
            first: first.map_or(Day(i32::MIN), Day::first_of_year),
            settings,
            companies: HashMap::new(),
            members: HashMap::new(),
            created: HashMap::new(),
            known_orders,
            known_companies,
            known_members,
            seen: Seen::new(options),
            spellings: Spellings::new(options),
            report,
            changes: Vec::new(),
        })
    }

    /// Reads some rows, each by itself.
    async fn read(&mut self, db: &Db, rows: &[Row], read: &mut Vec<OrderRow>) -> Result<()> {
        let table = &self.file.table;
        let mut tx = db.read().await?;
        let named = rows.iter().map(|row| table.value(row, "company_ref"));
        let found = members::list_company_keys(&mut tx, &unknown(&self.companies, named)).await?;
        self.companies
            .extend(found.into_iter().map(|key| (key.reference.clone(), key)));
        let named = rows.iter().map(|row| table.value(row, "member_ref"));
        let found = members::list_member_keys(&mut tx, &unknown(&self.members, named)).await?;
        self.members
            .extend(found.into_iter().map(|key| (key.reference.clone(), key)));
        drop(tx);
        for row in rows {
            match table.settle(row, self.order(row)) {
                Ok(order) => read.push(order),
                Err(bad) => self.report.bad.push(*bad),
            }
        }
        Ok(())
    }

    /// Decides the rows of the whole file one after the other.
    async fn decide(&mut self, db: &Db, rows: Vec<OrderRow>, progress: &mut impl FnMut(u64)) -> Result<()> {
        let names_returns = self.file.names_returns();
        let mut groups = Groups::default();
        let mut rows = rows.into_iter().peekable();
        let mut done = 0;
        while rows.peek().is_some() {
            let part: Vec<OrderRow> = rows.by_ref().take(ROWS).collect();
            done += part.len() as u64;
            let mut tx = db.read().await?;
            for row in &part {
                if !self.companies.contains_key(&row.company) && !self.created.contains_key(&row.company) {
                    self.created.insert(row.company.clone(), CompanyId(tx.uuid()));
                }
            }
            let company = |reference: &str| self.company(reference);
            let decided = decide(&mut tx, &mut groups, part, names_returns, company).await?;
            drop(tx);
            for (line, wrong) in decided.refused {
                self.report.bad.extend(self.file.bad(line, wrong));
            }
            for row in decided.rows {
                let Some(company) = self.company(&row.company) else {
                    continue;
                };
                let member = row.member.as_ref().and_then(|member| self.members.get(member));
                let before = decided.known.get(&row.reference);
                let (_, saved) = row.order(company, member.map(|member| member.id), before);
                self.report.count(saved);
                if saved != Saved::Unchanged {
                    self.changes.push((row, saved));
                }
            }
            progress(done);
        }
        let created = self.changes.iter().map(|(row, _)| &row.company);
        let created: BTreeSet<&String> = created
            .filter(|company| self.created.contains_key(*company))
            .collect();
        self.report.companies_created = created.len() as u64;
        Ok(())
    }

    fn company(&self, reference: &str) -> Option<CompanyId> {
        let known = self.companies.get(reference).map(|company| company.id);
        known.or_else(|| self.created.get(reference).copied())
    }

    fn order(&mut self, row: &Row) -> Result<OrderRow, Wrong> {
        let table = &self.file.table;
        let create_companies = self.file.options.create_companies;
        let mut wrong = Wrong::default();
        let reference = wrong.take(table.required(row, "order_ref"));
        let company = wrong.take(table.required(row, "company_ref"));
        if let Some(company) = company
            && !self.companies.contains_key(company)
        {
            let likeness = self
                .known_companies
                .check("company_ref", company)
                .and_then(|()| self.spellings.check("company_ref", company));
            if wrong.take(likeness).is_some() && !create_companies {
                wrong.note(InputCode::NoCompanyYet.field("company_ref"));
            }
        }
        let ordered_on = wrong.take(table.day(row, "ordered_on"));
        if let Some(ordered_on) = ordered_on
            && ordered_on > self.today
        {
            let today = self.today;
            wrong.note(InputCode::AfterToday { today }.field("ordered_on"));
        }
        if let Some(ordered_on) = ordered_on
            && ordered_on < self.first
        {
            let first = self.first;
            wrong.note(InputCode::BeforeProgramme { first }.field("ordered_on"));
        }
        let quantity = wrong.take(table.quantity(row, "quantity"));
        let amount = wrong.take(self.amount(row, ordered_on));
        if let (Some(quantity), Some(amount)) = (quantity, amount)
            && quantity.signum * amount.signum() < 0
        {
            wrong.note(InputCode::SignsDiffer.field("amount"));
        }
        let member = match table.value(row, "member_ref") {
            "" => None,
            reference => {
                let known = self.companies.get(company.unwrap_or_default());
                match self.members.get(reference) {
                    None => {
                        let likeness = self.known_members.check("member_ref", reference);
                        if wrong.take(likeness).is_some() {
                            let what = RefKind::Member;
                            wrong.note(InputCode::NotThere { what }.field("member_ref"));
                        }
                    }
                    Some(member)
                        if known.map_or(create_companies, |company| {
                            !member.is_of(company.id, ordered_on.unwrap_or(self.today))
                        }) =>
                    {
                        let company = company.unwrap_or_default().to_owned();
                        wrong.note(InputCode::NotOfCompany { company }.field("member_ref"));
                    }
                    Some(_) => {}
                }
                Some(reference.to_owned())
            }
        };
        if let Some(reference) = reference {
            let mut notes = Vec::new();
            let known = &self.known_orders;
            wrong.take(
                self.seen
                    .check(known, "order_ref", reference, row.line, &mut notes),
            );
            let notes = notes.into_iter().map(|note| table.locate(row, note));
            self.report.notes.extend(notes);
        }
        let returns_ref = table.value(row, "returns_ref");
        wrong.take(self.known_orders.check("returns_ref", returns_ref));
        match (reference, company, ordered_on, quantity, amount) {
            (Some(reference), Some(company), Some(ordered_on), Some(quantity), Some(amount))
                if wrong.is_empty() =>
            {
                Ok(OrderRow {
                    line: row.line,
                    reference: reference.to_owned(),
                    company: company.to_owned(),
                    member,
                    ordered_on,
                    quantity: quantity.whole,
                    amount,
                    returns_ref: (!returns_ref.is_empty()).then(|| returns_ref.to_owned()),
                })
            }
            _ => Err(wrong),
        }
    }

    /// Reads an amount that is within bounds and brings points that are.
    fn amount(&self, row: &Row, on: Option<Day>) -> Result<Cents, InputError> {
        let amount = self.file.table.cents(row, "amount")?;
        if !(-MOST_CENTS..=MOST_CENTS).contains(&amount) {
            return Err(InputCode::AmountTooLarge { most: MOST_CENTS }.field("amount"));
        }
        let rule = on.and_then(|on| self.settings.rule_on(on));
        if rule.is_some_and(|rule| rule.rate.of(amount).is_none()) {
            let most = MOST_ORDER_POINTS;
            return Err(InputCode::TooManyPoints { most }.field("amount"));
        }
        Ok(amount)
    }
}
