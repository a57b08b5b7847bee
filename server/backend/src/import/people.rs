//! Imports companies and members.

use super::emails::Emails;
use super::refs::{Kind, Known, Seen};
use super::table::{Row, Table, Wrong};
use super::{Options, Report, finish, keep_or_note};
use crate::members::{
    CompanyRow, EndedBy, Leaves, MemberRow, Saved, give_up_email, list_company_keys, list_present,
    list_staff_refs, lost_zero, normal_email, normal_phone, save_company, shared_phones,
};
use crate::membership::{self, Enrolled};
use crate::{Db, Result, Tx, programme, status};
use domain::id::{CompanyId, MemberId};
use domain::input::{InputCode, InputError, RefKind, one_of};
use domain::members::{Function, OrderPoints};
use domain::{Day, Lang};
use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use tracing::instrument;

/// Imports `company_ref,name,town,joined_on,order_points,advisor_ref`; the last is optional.
///
/// # Errors
/// If the columns are missing or the database fails; bad rows are in the report.
#[instrument(level = "debug", skip_all)]
pub async fn companies(
    db: &Db,
    file: impl Read,
    options: Options,
    mut progress: impl FnMut(u64),
) -> Result<Report> {
    let mut table = Table::open(
        file,
        &["company_ref", "name", "town", "joined_on", "order_points"],
        &["advisor_ref"],
        options,
    )?;
    let mut tx = db.write().await?;
    let settings = programme::current(&mut tx).await?;
    let lowest = settings.lowest_tier().to_owned();
    let mut report = table.report();
    let known = Known::load(&mut tx, Kind::Company, table.column("company_ref"), options).await?;
    let staff = list_staff_refs(&mut tx).await?;
    let mut seen = Seen::new(options);
    let mut changed = BTreeSet::new();
    while let Some(row) = table.next_readable(&mut report) {
        progress(report.rows);
        let mut notes = Vec::new();
        let read = company(&table, &row, &known, &staff, &mut seen, &mut notes);
        match table.settle(&row, read) {
            Err(bad) => report.bad.push(*bad),
            Ok(company) => {
                report
                    .notes
                    .extend(notes.into_iter().map(|note| table.locate(&row, note)));
                let mark = tx.savepoint().await?;
                let saved = save_company(&mut tx, &company, &lowest).await;
                if matches!(saved, Ok(Saved::Changed)) {
                    changed.insert(company.reference);
                }
                keep_or_note(&mut tx, mark, saved, &mut report, |error| {
                    table.rejected_row(&row, error)
                })
                .await?;
            }
        }
    }
    // A first day that was corrected may move the period of the status.
    refresh_status(&mut tx, &settings, &changed).await?;
    finish(tx, options, report).await
}

/// Recomputes the status of companies, by ref.
async fn refresh_status(
    tx: &mut Tx,
    settings: &programme::Settings,
    companies: &BTreeSet<String>,
) -> Result<()> {
    let refs: Vec<&str> = companies.iter().map(String::as_str).collect();
    let companies = list_company_keys(tx, &refs).await?;
    let mut companies: Vec<CompanyId> = companies.into_iter().map(|company| company.id).collect();
    companies.sort_unstable();
    let today = settings.day(tx.now())?;
    status::refresh(tx, settings, today, &companies).await
}

/// Refuses days that are slips of the pen: before 1900 and from 2200 on.
fn likely(day: Day, column: &str) -> Result<Day, InputError> {
    let (year, ..) = day.ymd();
    match (1900..2200).contains(&year) {
        true => Ok(day),
        false => Err(InputCode::NoDay.field(column)),
    }
}

fn company(
    table: &Table,
    row: &Row,
    known: &Known,
    staff: &[String],
    seen: &mut Seen,
    notes: &mut Vec<InputError>,
) -> Result<CompanyRow, Wrong> {
    let mut wrong = Wrong::default();
    let reference = wrong.take(table.required(row, "company_ref").and_then(|reference| {
        seen.check(known, "company_ref", reference, row.line, notes)?;
        Ok(reference)
    }));
    let name = wrong.take(table.required(row, "name"));
    let joined_on = wrong.take(
        table
            .day(row, "joined_on")
            .and_then(|day| likely(day, "joined_on")),
    );
    let order_points = wrong.take(
        OrderPoints::from_code(&table.value(row, "order_points").to_lowercase())
            .ok_or_else(|| one_of(OrderPoints::ALL.iter().map(|policy| policy.code())).field("order_points")),
    );
    let advisor = table.value(row, "advisor_ref");
    if !advisor.is_empty() && !staff.iter().any(|known| known == advisor) {
        let what = RefKind::Staff;
        wrong.note(InputCode::NotThere { what }.field("advisor_ref"));
        return Err(wrong);
    }
    let (Some(reference), Some(name), Some(joined_on), Some(order_points)) =
        (reference, name, joined_on, order_points)
    else {
        return Err(wrong);
    };
    Ok(CompanyRow {
        reference: reference.to_owned(),
        name: name.to_owned(),
        town: table.value(row, "town").to_owned(),
        joined_on,
        order_points,
        advisor: (!advisor.is_empty()).then(|| advisor.to_owned()),
    })
}

/// Imports `member_ref,company_ref,name,phone,email,trade,function,manager,language` and, if wanted, `left_on`.
///
/// With [`Options::complete`], members who are not in the file are listed, and ended if the options say so. Nobody is
/// ended where a row is bad or there is none: it may be the one that is missing.
///
/// # Errors
/// If the columns are missing or the database fails; bad rows are in the report.
#[instrument(level = "debug", skip_all)]
pub async fn members(
    db: &Db,
    file: impl Read,
    options: Options,
    mut progress: impl FnMut(u64),
) -> Result<Report> {
    let columns = [
        "member_ref",
        "company_ref",
        "name",
        "phone",
        "email",
        "trade",
        "function",
        "manager",
        "language",
    ];
    let mut table = Table::open(file, &columns, &["left_on"], options)?;
    let mut tx = db.write().await?;
    let settings = programme::current(&mut tx).await?;
    let mut report = table.report();
    let companies = Companies::load(&mut tx, &table, options).await?;
    let known = Known::load(&mut tx, Kind::Member, table.column("member_ref"), options).await?;
    let mut seen = Seen::new(options);
    let today = settings.day(tx.now())?;
    let zeros_lost = !table.column("phone").any(|phone| phone.starts_with('0'));
    let mut rows = Vec::new();
    while let Some(row) = table.next_readable(&mut report) {
        progress(report.rows);
        let mut notes = Vec::new();
        let read = Reader {
            table: &table,
            companies: &companies,
            known: &known,
            settings: &settings,
            country: options.phone_country,
            zeros_lost,
            notes: &mut notes,
        }
        .member(&row, &mut seen);
        match table.settle(&row, read) {
            Err(bad) => report.bad.push(*bad),
            Ok(member) => {
                report
                    .notes
                    .extend(notes.into_iter().map(|note| table.locate(&row, note)));
                rows.push((row, member));
            }
        }
    }
    let refreshed: BTreeSet<String> = rows.iter().map(|(_, member)| member.company.clone()).collect();
    let save = SaveMembers {
        table: &table,
        rows: &rows,
        today,
        missing: match options.complete {
            true => missing(&mut tx, &seen).await?,
            false => Vec::new(),
        },
    };
    let ends_missing = options.end_missing && report.rows > 0;
    save.run(&mut tx, ends_missing, &mut report).await?;
    refresh_status(&mut tx, &settings, &refreshed).await?;
    report.shared_phones = shared_phones(&mut tx).await?;
    let named = |(_, refs): &(String, Vec<String>)| refs.iter().any(|reference| seen.has(reference));
    report.shared_phones.retain(named);
    finish(tx, options, report).await
}

/// Lists the members who are not in a file.
async fn missing(tx: &mut Tx, seen: &Seen) -> Result<Vec<(String, MemberId)>> {
    let mut present = list_present(tx).await?;
    present.retain(|(reference, _)| !seen.has(reference));
    Ok(present)
}

/// The companies that a members file names.
struct Companies {
    refs: BTreeSet<String>,
    /// Known refs that look like those of the file.
    known: Known,
}

impl Companies {
    async fn load(tx: &mut Tx, table: &Table, options: Options) -> Result<Companies> {
        let named: BTreeSet<&str> = table.column("company_ref").collect();
        let named: Vec<&str> = named.into_iter().collect();
        let keys = list_company_keys(tx, &named).await?;
        Ok(Companies {
            refs: keys.into_iter().map(|company| company.reference).collect(),
            known: Known::load(tx, Kind::Company, named.into_iter(), options).await?,
        })
    }
}

struct Reader<'a> {
    table: &'a Table,
    companies: &'a Companies,
    known: &'a Known,
    settings: &'a programme::Settings,
    country: &'a str,
    /// No phone number of the file begins with 0: a spreadsheet took it away.
    zeros_lost: bool,
    notes: &'a mut Vec<InputError>,
}

impl Reader<'_> {
    fn member(&mut self, row: &Row, seen: &mut Seen) -> Result<MemberRow, Wrong> {
        let table = self.table;
        let mut wrong = Wrong::default();
        let reference = wrong.take(table.required(row, "member_ref").and_then(|reference| {
            seen.check(self.known, "member_ref", reference, row.line, self.notes)?;
            Ok(reference)
        }));
        let company = wrong.take(table.required(row, "company_ref").and_then(|company| {
            if !self.companies.refs.contains(company) {
                self.companies.known.check("company_ref", company)?;
                let what = RefKind::Company;
                return Err(InputCode::NotThere { what }.field("company_ref"));
            }
            Ok(company)
        }));
        let name = wrong.take(table.required(row, "name"));
        if table.value(row, "phone").is_empty() && table.value(row, "email").is_empty() {
            wrong.note(InputCode::NoAddress.field("phone"));
        }
        let phone = wrong.take(self.phone(row));
        let email = wrong.take(match table.value(row, "email") {
            "" => Ok(None),
            email => normal_email(email)
                .map(Some)
                .ok_or_else(|| InputCode::NotAnEmailAddress.field("email")),
        });
        let trades = || self.settings.trades.iter().map(|trade| trade.reference.as_str());
        let trade = table.value(row, "trade");
        if !trades().any(|known| known == trade) {
            wrong.note(one_of(trades()).field("trade"));
        }
        let code = |column: &str| table.value(row, column).to_lowercase();
        let function =
            wrong.take(Function::from_code(&code("function")).ok_or_else(|| {
                one_of(Function::ALL.iter().map(|function| function.code())).field("function")
            }));
        let manager = wrong.take(table.yes_or_no(row, "manager"));
        let language = wrong.take(
            Lang::from_tag(&code("language"))
                .ok_or_else(|| one_of(Lang::ALL.map(Lang::tag)).field("language")),
        );
        let leaves = wrong.take(match table.value(row, "left_on") {
            "" if !table.has("left_on") => Ok(Leaves::NotSaid),
            "" => Ok(Leaves::No),
            _ => table
                .day(row, "left_on")
                .and_then(|day| likely(day, "left_on"))
                .map(Leaves::On),
        });
        match (
            reference, company, name, phone, email, function, manager, language, leaves,
        ) {
            (
                Some(reference),
                Some(company),
                Some(name),
                Some(phone),
                Some(email),
                Some(function),
                Some(manager),
                Some(language),
                Some(leaves),
            ) if wrong.is_empty() => Ok(MemberRow {
                reference: reference.to_owned(),
                company: company.to_owned(),
                name: name.to_owned(),
                phone,
                email,
                trade: trade.to_owned(),
                function,
                manager,
                language,
                leaves,
            }),
            _ => Err(wrong),
        }
    }

    /// Reads a phone number. One that lost its 0 is noted where the whole column did, else refused with what it may be.
    fn phone(&mut self, row: &Row) -> Result<Option<String>, InputError> {
        let text = self.table.value(row, "phone");
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(number) = normal_phone(text, self.country) {
            return Ok(Some(number));
        }
        let number =
            lost_zero(text, self.country).ok_or_else(|| InputCode::NotAPhoneNumber.field("phone"))?;
        if !self.zeros_lost {
            return Err(InputCode::PhoneZeroMissing { number }.field("phone"));
        }
        let note = InputCode::PhoneZeroLost {
            number: number.clone(),
        };
        self.notes.push(note.field("phone"));
        Ok(Some(number))
    }
}

/// Saves the members of a file.
struct SaveMembers<'a> {
    table: &'a Table,
    rows: &'a [(Row, MemberRow)],
    today: Day,
    /// Members who are not in a complete file.
    missing: Vec<(String, MemberId)>,
}

impl SaveMembers<'_> {
    /// Saves all members whose e-mail addresses are free in the end. Those that are handed on are given up first; a row that is
    /// refused after that keeps its own, so everything is done again without it.
    async fn run(self, tx: &mut Tx, mut ends_missing: bool, report: &mut Report) -> Result<()> {
        let stay_ended =
            membership::list_staying_ended(tx, self.rows.iter().map(|(_, row)| row), self.today).await?;
        let all = self.rows.iter().map(|(_, row)| row);
        let emails = Emails::load(tx, all, &stay_ended, self.today).await?;
        let mut good: Vec<Option<&MemberRow>> = self.rows.iter().map(|(_, row)| Some(row)).collect();
        loop {
            ends_missing &= report.bad.is_empty();
            let leaving: HashSet<&str> = match ends_missing {
                true => self
                    .missing
                    .iter()
                    .map(|(reference, _)| reference.as_str())
                    .collect(),
                false => HashSet::new(),
            };
            let compared = emails.compare(&good, &leaving);
            let clashed = !compared.clashes.is_empty();
            for (place, clash) in compared.clashes {
                good[place] = None;
                report
                    .bad
                    .push(self.table.rejected_row(&self.rows[place].0, clash));
            }
            if clashed && ends_missing {
                continue;
            }
            let begun = tx.savepoint().await?;
            let mut saved = Report::default();
            let refused = self
                .save(tx, &good, &compared.handed_on, ends_missing, &mut saved)
                .await?;
            report.bad.append(&mut saved.bad);
            if refused.is_empty() || (compared.handed_on.is_empty() && !ends_missing) {
                report.new += saved.new;
                report.changed += saved.changed;
                report.unchanged += saved.unchanged;
                report.stay_ended.append(&mut saved.stay_ended);
                report.ended += saved.ended;
                report.missing = self.missing.into_iter().map(|(reference, _)| reference).collect();
                return tx.release(begun).await;
            }
            tx.rollback_to_and_release(begun).await?;
            for place in refused {
                good[place] = None;
            }
        }
    }

    /// Saves the good rows and returns the places of those that were refused.
    async fn save(
        &self,
        tx: &mut Tx,
        good: &[Option<&MemberRow>],
        handed_on: &BTreeSet<String>,
        ends_missing: bool,
        report: &mut Report,
    ) -> Result<Vec<usize>> {
        if ends_missing {
            for (_, member) in &self.missing {
                membership::end(tx, *member, self.today, EndedBy::Missing).await?;
                report.ended += 1;
            }
        }
        for email in handed_on {
            give_up_email(tx, email).await?;
        }
        let mut refused = Vec::new();
        for (place, member) in good.iter().enumerate() {
            let Some(member) = member else { continue };
            let mark = tx.savepoint().await?;
            let saved = match membership::save(tx, member, self.today).await {
                Ok(Enrolled::Saved(saved)) => Ok(saved),
                Ok(Enrolled::StaysEnded) => {
                    report.stay_ended.push(member.reference.clone());
                    Ok(Saved::Unchanged)
                }
                Err(error) => Err(error),
            };
            keep_or_note(tx, mark, saved, report, |error| {
                refused.push(place);
                self.table.rejected_row(&self.rows[place].0, error)
            })
            .await?;
        }
        Ok(refused)
    }
}
