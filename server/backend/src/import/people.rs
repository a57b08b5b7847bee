//! Imports companies and members.

use super::{Options, Report, Row, Seen, Table, finish, keep_or_note};
use crate::members::{
    CompanyRow, EndedBy, Leaves, MemberRow, Saved, list_company_keys, list_present, normal_email,
    normal_phone, save_company,
};
use crate::membership::{self, Enrolled};
use crate::{Db, Result, Tx, programme, status};
use domain::id::CompanyId;
use domain::input::{InputCode, InputError, one_of};
use domain::members::{Function, OrderPoints};
use domain::{Day, Lang};
use std::collections::BTreeSet;
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
    )?;
    let mut tx = db.write().await?;
    let settings = programme::current(&mut tx).await?;
    let lowest = settings.lowest_tier().to_owned();
    let mut report = Report {
        headers: table.headers.clone(),
        ..Report::default()
    };
    let mut seen = Seen::default();
    let mut changed = BTreeSet::new();
    while let Some(row) = table.next_readable(&mut report)? {
        progress(report.rows);
        match company(&table, &row, &mut seen) {
            Err(wrong) => report.bad.push(table.rejected_row(&row, wrong)),
            Ok(company) => {
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

fn company<R: Read>(table: &Table<R>, row: &Row, seen: &mut Seen) -> Result<CompanyRow, InputError> {
    let reference = table.required(row, "company_ref")?;
    seen.check("company_ref", reference, row.line)?;
    let advisor = table.value(row, "advisor_ref");
    Ok(CompanyRow {
        reference: reference.to_owned(),
        name: table.required(row, "name")?.to_owned(),
        town: table.value(row, "town").to_owned(),
        joined_on: Day::parse(table.value(row, "joined_on"))
            .ok_or_else(|| InputCode::like("2026-11-21").field("joined_on"))?,
        order_points: OrderPoints::from_code(table.value(row, "order_points")).ok_or_else(|| {
            one_of(OrderPoints::ALL.iter().map(|policy| policy.code())).field("order_points")
        })?,
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
    let mut table = Table::open(file, &columns, &["left_on"])?;
    let mut tx = db.write().await?;
    let settings = programme::current(&mut tx).await?;
    let mut report = Report {
        headers: table.headers.clone(),
        ..Report::default()
    };
    let mut seen = Seen::default();
    let mut companies = BTreeSet::new();
    let today = settings.day(tx.now())?;
    while let Some(row) = table.next_readable(&mut report)? {
        progress(report.rows);
        match member(&table, &row, &mut seen, &settings, options.phone_country) {
            Err(wrong) => report.bad.push(table.rejected_row(&row, wrong)),
            Ok(member) => {
                let mark = tx.savepoint().await?;
                let saved = match membership::save(&mut tx, &member, today).await {
                    Ok(Enrolled::Saved(saved)) => Ok(saved),
                    Ok(Enrolled::StaysEnded) => {
                        report.stay_ended.push(member.reference);
                        Ok(Saved::Unchanged)
                    }
                    Err(error) => Err(error),
                };
                companies.insert(member.company);
                keep_or_note(&mut tx, mark, saved, &mut report, |error| {
                    table.rejected_row(&row, error)
                })
                .await?;
            }
        }
    }
    refresh_status(&mut tx, &settings, &companies).await?;
    if options.complete {
        let ends = options.end_missing && report.bad.is_empty() && report.rows > 0;
        for (reference, member) in list_present(&mut tx).await? {
            if seen.has(&reference) {
                continue;
            }
            if ends {
                membership::end(&mut tx, member, today, EndedBy::Missing).await?;
                report.ended += 1;
            }
            report.missing.push(reference);
        }
    }
    finish(tx, options, report).await
}

fn member<R: Read>(
    table: &Table<R>,
    row: &Row,
    seen: &mut Seen,
    settings: &programme::Settings,
    country: &str,
) -> Result<MemberRow, InputError> {
    let reference = table.required(row, "member_ref")?;
    seen.check("member_ref", reference, row.line)?;
    let (phone, email, trade) = (
        table.value(row, "phone"),
        table.value(row, "email"),
        table.value(row, "trade"),
    );
    if phone.is_empty() && email.is_empty() {
        return Err(InputCode::NoAddress.field("phone"));
    }
    let optional = |value: &str, read: Option<String>, wrong: InputError| match read {
        _ if value.is_empty() => Ok(None),
        Some(read) => Ok(Some(read)),
        None => Err(wrong),
    };
    if !settings.trades.iter().any(|known| known.reference == trade) {
        let known = settings.trades.iter().map(|trade| trade.reference.as_str());
        return Err(one_of(known).field("trade"));
    }
    Ok(MemberRow {
        reference: reference.to_owned(),
        company: table.required(row, "company_ref")?.to_owned(),
        name: table.required(row, "name")?.to_owned(),
        phone: optional(
            phone,
            normal_phone(phone, country),
            InputCode::NotAPhoneNumber.field("phone"),
        )?,
        email: optional(
            email,
            normal_email(email),
            InputCode::NotAnEmailAddress.field("email"),
        )?,
        trade: trade.to_owned(),
        function: Function::from_code(table.value(row, "function"))
            .ok_or_else(|| one_of(Function::ALL.iter().map(|function| function.code())).field("function"))?,
        manager: match table.value(row, "manager") {
            "true" => true,
            "false" => false,
            _ => return Err(one_of(["true", "false"]).field("manager")),
        },
        language: Lang::from_tag(table.value(row, "language"))
            .ok_or_else(|| one_of(Lang::ALL.map(Lang::tag)).field("language"))?,
        leaves: match table.value(row, "left_on") {
            "" if !table.has("left_on") => Leaves::NotSaid,
            "" => Leaves::No,
            day => Leaves::On(Day::parse(day).ok_or_else(|| InputCode::like("2026-11-21").field("left_on"))?),
        },
    })
}
