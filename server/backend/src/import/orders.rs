//! Imports orders, which earn points and status.

use super::booking::Booking;
use super::refs::{Kind, Known, Seen, Spellings};
use super::returns::Groups;
use super::table::{Row, Table, Wrong};
use super::{Options, Report, finish};
use crate::ledger::{Cause, Earning, Owner};
use crate::members::{self, CompanyKey, MemberKey, Saved};
use crate::orders::{self, Order};
use crate::programme::settings::Settings;
use crate::{Db, Result, Tx, programme, status};
use domain::id::CompanyId;
use domain::input::{InputCode, InputError, RefKind};
use domain::members::OrderPoints;
use domain::money::{MOST_CENTS, MOST_ORDER_POINTS};
use domain::{Cents, Day};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use tracing::instrument;

/// Rows per batch.
const ROWS: usize = 2_000;

/// Imports `order_ref,company_ref,ordered_on,quantity,amount` and optionally `member_ref`.
///
/// A negative amount is a return; with `returns_ref` it is one of that order. Rows may be late and out of order: points, lots and status are the same.
///
/// # Errors
/// If the columns are missing or the database fails; bad rows are in the report.
#[instrument(level = "debug", skip_all)]
pub async fn orders(
    db: &Db,
    file: impl Read,
    options: Options,
    mut progress: impl FnMut(u64),
) -> Result<Report> {
    let columns = ["order_ref", "company_ref", "ordered_on", "quantity", "amount"];
    let mut table = Table::open(file, &columns, &["member_ref", "returns_ref"], options)?;
    // Why before the transaction that writes: nobody waits while refs are compared.
    let mut tx = db.read().await?;
    let known = Refs {
        orders: Known::load(
            &mut tx,
            Kind::Order,
            table.column("order_ref").chain(table.column("returns_ref")),
            options,
        )
        .await?,
        companies: Known::load(&mut tx, Kind::Company, table.column("company_ref"), options).await?,
        members: Known::load(&mut tx, Kind::Member, table.column("member_ref"), options).await?,
    };
    drop(tx);
    let mut tx = db.write().await?;
    let settings = programme::current(&mut tx).await?;
    let today = settings.day(tx.now())?;
    let first = settings.rules().map(|rule| rule.valid_from).min();
    let mut import = Import {
        today,
        first: first.map_or(Day(i32::MIN), Day::first_of_year),
        companies: HashMap::new(),
        members: HashMap::new(),
        settings,
        create_companies: options.create_companies,
        known,
        seen: Seen::new(options),
        spellings: Spellings::new(options),
        changed_companies: BTreeSet::new(),
        report: table.report(),
    };
    let mut rows = Vec::with_capacity(ROWS);
    while let Some(row) = table.next_readable(&mut import.report) {
        rows.push(row);
        if rows.len() == ROWS {
            import.take(&mut tx, &table, &rows).await?;
            progress(import.report.rows);
            rows.clear();
        }
    }
    import.take(&mut tx, &table, &rows).await?;
    progress(import.report.rows);
    let changed: Vec<CompanyId> = import.changed_companies.iter().copied().collect();
    let companies = members::with_members(&mut tx, &changed).await?;
    status::refresh(&mut tx, &import.settings, today, &companies).await?;
    finish(tx, options, import.report).await
}

fn by_ref<K>(keys: Vec<K>, reference: impl Fn(&K) -> String) -> HashMap<String, K> {
    keys.into_iter().map(|key| (reference(&key), key)).collect()
}

/// Returns the refs that are not known yet, without duplicates.
fn unknown<'a, K>(known: &HashMap<String, K>, refs: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let refs: BTreeSet<&str> = refs.filter(|reference| !known.contains_key(*reference)).collect();
    refs.into_iter().collect()
}

/// Known refs that look like those of the file.
struct Refs {
    orders: Known,
    companies: Known,
    members: Known,
}

struct Import {
    settings: Settings,
    today: Day,
    /// The first day of the programme's first year.
    first: Day,
    /// Existing ones named by the rows so far; likewise for `members`.
    companies: HashMap<String, CompanyKey>,
    members: HashMap<String, MemberKey>,
    create_companies: bool,
    known: Refs,
    seen: Seen,
    /// Of companies that are not known yet.
    spellings: Spellings,
    changed_companies: BTreeSet<CompanyId>,
    report: Report,
}

/// A row that is valid by itself.
pub(super) struct OrderRow {
    /// Its place among the rows it came with.
    at: usize,
    pub reference: String,
    company: String,
    member: Option<String>,
    pub ordered_on: Day,
    quantity: i64,
    pub amount: Cents,
    /// Of a return: the ref of its order. As it was, where the file has no such column.
    pub returns_ref: Option<String>,
}

impl Import {
    async fn take(&mut self, tx: &mut Tx, table: &Table, rows: &[Row]) -> Result<()> {
        let companies = unknown(
            &self.companies,
            rows.iter().map(|row| table.value(row, "company_ref")),
        );
        let found = members::list_company_keys(tx, &companies).await?;
        self.companies.extend(by_ref(found, |key| key.reference.clone()));
        let people = unknown(
            &self.members,
            rows.iter().map(|row| table.value(row, "member_ref")),
        );
        let found = members::list_member_keys(tx, &people).await?;
        self.members.extend(by_ref(found, |key| key.reference.clone()));
        let mut read = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            match table.settle(row, self.read(table, row, at)) {
                Ok(order) => read.push(order),
                Err(bad) => self.report.bad.push(*bad),
            }
        }
        let refs: Vec<&str> = read.iter().map(|row| row.reference.as_str()).collect();
        let known = by_ref(orders::list_by_ref(tx, &refs).await?, |order| {
            order.reference.clone()
        });
        if !table.has("returns_ref") {
            for row in &mut read {
                let before = known.get(&row.reference);
                row.returns_ref = before.and_then(|before| before.returns_ref.clone());
            }
        }
        let own: Vec<&str> = read.iter().map(|row| row.reference.as_str()).collect();
        let named = read.iter().filter_map(|row| row.returns_ref.as_deref());
        let mut groups = Groups::load(tx, &own, named.collect(), &known).await?;
        let mut orders = Vec::with_capacity(read.len());
        for row in read {
            let before = known.get(&row.reference);
            let company = self.companies.get(&row.company).map(|company| company.id);
            let checked = match before {
                Some(before) => self.contradiction(tx, &row, company, before).await?,
                None => Ok(()),
            };
            match checked.and_then(|()| groups.take(&row, company, before)) {
                Ok(()) => orders.push(row),
                Err(wrong) => self.report.bad.push(table.rejected_row(&rows[row.at], wrong)),
            }
        }
        self.save(tx, orders, &known, &groups).await
    }

    /// What cannot be a correction of an order that is there: another order with its number.
    async fn contradiction(
        &self,
        tx: &mut Tx,
        row: &OrderRow,
        company: Option<CompanyId>,
        before: &Order,
    ) -> Result<Result<(), InputError>> {
        if before.amount.signum() * row.amount.signum() < 0 {
            return Ok(Err(InputCode::SignTurned.field("amount")));
        }
        if company != Some(before.company_id) && row.amount != before.amount {
            let company = members::company_ref(tx, before.company_id).await?;
            return Ok(Err(InputCode::OtherOrder { company }.field("order_ref")));
        }
        Ok(Ok(()))
    }

    fn read(&mut self, table: &Table, row: &Row, at: usize) -> Result<OrderRow, Wrong> {
        let mut wrong = Wrong::default();
        let reference = wrong.take(table.required(row, "order_ref"));
        let company = wrong.take(table.required(row, "company_ref"));
        if let Some(company) = company
            && !self.companies.contains_key(company)
        {
            let likeness = self
                .known
                .companies
                .check("company_ref", company)
                .and_then(|()| self.spellings.check("company_ref", company));
            if wrong.take(likeness).is_some() && !self.create_companies {
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
        let amount = wrong.take(self.amount(table, row, ordered_on));
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
                        let likeness = self.known.members.check("member_ref", reference);
                        if wrong.take(likeness).is_some() {
                            let what = RefKind::Member;
                            wrong.note(InputCode::NotThere { what }.field("member_ref"));
                        }
                    }
                    Some(member)
                        if known.map_or(self.create_companies, |company| company.id != member.company_id) =>
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
            let known = &self.known.orders;
            wrong.take(
                self.seen
                    .check(known, "order_ref", reference, row.line, &mut notes),
            );
            let notes = notes.into_iter().map(|note| table.locate(row, note));
            self.report.notes.extend(notes);
        }
        let returns_ref = table.value(row, "returns_ref");
        wrong.take(self.known.orders.check("returns_ref", returns_ref));
        match (reference, company, ordered_on, quantity, amount) {
            (Some(reference), Some(company), Some(ordered_on), Some(quantity), Some(amount))
                if wrong.is_empty() =>
            {
                Ok(OrderRow {
                    at,
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
    fn amount(&self, table: &Table, row: &Row, on: Option<Day>) -> Result<Cents, InputError> {
        let amount = table.cents(row, "amount")?;
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

    async fn save(
        &mut self,
        tx: &mut Tx,
        rows: Vec<OrderRow>,
        known: &HashMap<String, Order>,
        groups: &Groups,
    ) -> Result<()> {
        self.make_companies(tx, &rows).await?;
        let (mut undo, mut earnings) = (Vec::new(), Vec::new());
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for row in rows {
            let company = &self.companies[&row.company];
            let member = row
                .member
                .as_deref()
                .and_then(|reference| self.members.get(reference));
            let mut order = Order {
                reference: row.reference,
                company_id: company.id,
                member_id: member.map(|member| member.id),
                ordered_on: row.ordered_on,
                quantity: row.quantity,
                amount: row.amount,
                returns_ref: row.returns_ref,
                entry_id: None,
            };
            let saved = match known.get(&order.reference) {
                None => Saved::New,
                Some(before) => {
                    order.entry_id = before.entry_id;
                    if *before == order {
                        self.report.count(Saved::Unchanged);
                        continue;
                    }
                    self.changed_companies.insert(before.company_id);
                    undo.extend(order.entry_id.take());
                    Saved::Changed
                }
            };
            self.report.count(saved);
            self.changed_companies.insert(company.id);
            earnings.extend(self.earning(&order, company, member));
            if saved == Saved::New {
                new.push(order)
            } else {
                changed.push(order)
            }
        }
        let refs = |orders: &[Order]| {
            orders
                .iter()
                .map(|order| order.reference.clone())
                .collect::<BTreeSet<_>>()
        };
        let (new_refs, changed_refs) = (refs(&new), refs(&changed));
        let left: BTreeSet<&str> = changed_refs
            .iter()
            .filter_map(|reference| known.get(reference)?.returns_ref.as_deref())
            .collect();
        let booking = Booking {
            undo,
            earnings,
            plans: groups.plans(
                &new_refs.iter().map(String::as_str).collect(),
                &changed_refs.iter().map(String::as_str).collect(),
                &left,
            ),
        };
        let written = &new_refs | &changed_refs;
        let entries = booking.run(tx, &self.settings, self.today, &written).await?;
        for order in new.iter_mut().chain(&mut changed) {
            order.entry_id = entries.get(&order.reference).copied();
        }
        orders::insert(tx, &new).await?;
        for order in &changed {
            orders::set(tx, order).await?;
        }
        Ok(())
    }

    /// Returns the earning of an order; `None` if it earns nothing.
    fn earning(&self, order: &Order, company: &CompanyKey, member: Option<&MemberKey>) -> Option<Earning> {
        if order.returns_ref.is_some() {
            return None;
        }
        let rule = self.settings.rule_on(order.ordered_on)?;
        let points = rule.rate.of(order.amount)?;
        if points == 0 {
            return None;
        }
        let to_member = OrderPoints::from_code(&company.order_points) == Some(OrderPoints::Member);
        let (owner, account) = match member.filter(|_| to_member) {
            Some(member) => (Owner::Member(member.id), member.account),
            None => (Owner::Company(company.id), company.account),
        };
        Some(Earning {
            owner,
            account,
            company: company.id,
            points,
            on: order.ordered_on,
            cause: Cause::Order,
            cause_ref: order.reference.clone(),
            title: None,
            rule: rule.version,
            command: None,
        })
    }

    /// Creates the unknown companies, joined on the day of their first order.
    async fn make_companies(&mut self, tx: &mut Tx, rows: &[OrderRow]) -> Result<()> {
        let mut first_days: HashMap<&str, Day> = HashMap::new();
        for row in rows {
            let day = first_days.entry(&row.company).or_insert(row.ordered_on);
            *day = row.ordered_on.min(*day);
        }
        let mut missing = Vec::new();
        for (reference, day) in first_days {
            match self.companies.get_mut(reference) {
                None => missing.push((reference.to_owned(), day)),
                // Known only from orders: an earlier order moves its joining day.
                Some(company) if company.bare && day < company.joined_on => {
                    members::set_joined_on(tx, company.id, day).await?;
                    company.joined_on = day;
                }
                Some(_) => {}
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        members::create_companies(tx, &missing, self.settings.lowest_tier()).await?;
        self.report.companies_created += missing.len() as u64;
        let made: Vec<&str> = missing.iter().map(|(reference, _)| reference.as_str()).collect();
        let found = members::list_company_keys(tx, &made).await?;
        self.companies.extend(by_ref(found, |key| key.reference.clone()));
        Ok(())
    }
}
