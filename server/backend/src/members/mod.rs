//! Companies, members, staff.

mod sql;

use crate::caller::Caller;
use crate::programme::settings::StaffRow;
use crate::{Result, Tx, ledger};
use domain::document::Collection;
use domain::id::{CompanyId, MemberId, StaffId};
use domain::input::{InputCode, RefKind};
use domain::members::{Advisor, Colleague, Company, Function, Me, OrderPoints};
use domain::{Day, Lang, Receipt};
use tracing::instrument;

pub use sql::{CompanyKey, MemberKey};
pub(crate) use sql::{
    companies_with_members, company_ref, list_company_keys, list_member_keys, of_company, order_points,
    set_joined_on, tier_of, with_members,
};

/// A row of a companies file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyRow {
    pub reference: String,
    pub name: String,
    pub town: String,
    pub joined_on: Day,
    pub order_points: OrderPoints,
    /// `ref` of the advisor.
    pub advisor: Option<String>,
}

/// A row of a members file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    pub reference: String,
    pub company: String,
    pub name: String,
    /// E.164, e.g. `+33639980010`.
    pub phone: Option<String>,
    /// Lower case.
    pub email: Option<String>,
    pub trade: String,
    pub function: Function,
    pub manager: bool,
    pub language: Lang,
}

/// Outcome of saving a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    New,
    Changed,
    Unchanged,
}

/// Replaces the staff list; companies lose advisors who are no longer on it.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn set_staff(tx: &mut Tx, staff: &[StaffRow]) -> Result<()> {
    for row in staff {
        let id = StaffId(tx.uuid());
        sql::upsert_staff(tx, id, row, row.role.code()).await?;
    }
    let known = sql::list_staff_refs(tx).await?;
    for gone in known
        .iter()
        .filter(|known| !staff.iter().any(|row| row.reference == **known))
    {
        sql::delete_staff(tx, gone).await?;
    }
    Ok(())
}

/// Creates or updates a company; a new one gets a wallet.
///
/// # Errors
/// [`crate::Error::Input`] if the advisor is unknown.
#[instrument(level = "debug", skip_all)]
pub async fn save_company(tx: &mut Tx, row: &CompanyRow, lowest_tier: &str) -> Result<Saved> {
    let advisor = match &row.advisor {
        None => None,
        Some(reference) => Some(sql::find_staff(tx, reference).await?.ok_or_else(|| {
            InputCode::NotThere { what: RefKind::Staff }
                .field("advisor_ref")
                .given(reference)
        })?),
    };
    match sql::find_company(tx, &row.reference).await? {
        None => {
            let id = CompanyId(tx.uuid());
            sql::insert_company(tx, id, row, advisor, lowest_tier).await?;
            ledger::open(tx, ledger::Owner::Company(id)).await?;
            Ok(Saved::New)
        }
        Some((id, before, before_advisor)) => {
            if before
                == (CompanyRow {
                    advisor: None,
                    ..row.clone()
                })
                && before_advisor == advisor
            {
                return Ok(Saved::Unchanged);
            }
            sql::set_company(tx, id, row, advisor).await?;
            tx.mark_company_changed(id, Collection::Me, "me");
            Ok(Saved::Changed)
        }
    }
}

/// Creates or updates a member; a new one gets a wallet.
///
/// # Errors
/// [`crate::Error::Input`] if the company is unknown, or the phone or e-mail belongs to another member.
#[instrument(level = "debug", skip_all)]
pub async fn save_member(tx: &mut Tx, row: &MemberRow) -> Result<Saved> {
    let (company, ..) = sql::find_company(tx, &row.company).await?.ok_or_else(|| {
        InputCode::NotThere {
            what: RefKind::Company,
        }
        .field("company_ref")
        .given(&row.company)
    })?;
    for (column, address) in [("phone", &row.phone), ("email", &row.email)] {
        if let Some(address) = address
            && let Some(other) = sql::find_ref_by_address(tx, address).await?
            && other != row.reference
        {
            return Err(InputCode::AddressTaken { member: other }
                .field(column)
                .given(address)
                .into());
        }
    }
    match sql::find_member(tx, &row.reference).await? {
        None => {
            let id = MemberId(tx.uuid());
            sql::insert_member(tx, id, company, row).await?;
            ledger::open(tx, ledger::Owner::Member(id)).await?;
            Ok(Saved::New)
        }
        Some((_, before)) if before == *row => Ok(Saved::Unchanged),
        Some((id, _)) => {
            sql::set_member(tx, id, company, row).await?;
            tx.mark_changed(id, Collection::Me, "me");
            tx.mark_changed(id, Collection::Balance, "company");
            Ok(Saved::Changed)
        }
    }
}

/// Creates companies known only by their ref in an orders file.
#[instrument(level = "debug", skip_all)]
pub async fn create_companies(tx: &mut Tx, refs: &[(String, Day)], lowest_tier: &str) -> Result<()> {
    let rows: Vec<_> = refs
        .iter()
        .map(|(reference, joined_on)| (CompanyId(tx.uuid()), reference, *joined_on))
        .collect();
    sql::insert_bare_companies(tx, &rows, lowest_tier).await?;
    let owners: Vec<_> = rows.iter().map(|(id, ..)| ledger::Owner::Company(*id)).collect();
    ledger::open_all(tx, &owners).await
}

/// Returns the member's own document, as their phone stores it.
#[instrument(level = "debug", skip_all)]
pub async fn me(tx: &mut Tx, member: MemberId) -> Result<Option<Me>> {
    Ok(sql::find_me(tx, member).await?.map(|row| Me {
        id: member,
        name: row.name,
        phone: row.phone,
        email: row.email,
        trade: row.trade,
        function: Function::from_code(&row.function).unwrap_or(Function::User),
        manager: row.manager,
        language: Lang::from_tag(&row.language).unwrap_or_default(),
        company: Company {
            id: row.company_id,
            name: row.company_name,
            town: row.town,
            order_points: OrderPoints::from_code(&row.order_points).unwrap_or(OrderPoints::Company),
        },
        advisor: row.advisor_name.map(|name| Advisor {
            name,
            phone: row.advisor_phone,
            email: row.advisor_email,
        }),
    }))
}

/// Lists the members of the caller's company by name, the caller included.
///
/// # Errors
/// `not_found` if the caller is not its manager.
pub async fn colleagues(tx: &mut Tx, caller: &Caller) -> Result<Vec<Colleague>> {
    if !caller.manager {
        return Err(domain::Error::NotFound.into());
    }
    let mut rows = sql::list_colleagues(tx, caller.company).await?;
    rows.sort_by_cached_key(|row| without_accents(&row.name));
    Ok(rows
        .into_iter()
        .map(|row| Colleague {
            name: row.name,
            trade: row.trade,
            function: Function::from_code(&row.function).unwrap_or(Function::User),
            manager: row.manager,
        })
        .collect())
}

/// Sort key of a name: `Élodie` sorts between `Diane` and `Fabrice`.
fn without_accents(name: &str) -> String {
    let plain = |letter: char| match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        letter => letter,
    };
    name.to_lowercase().chars().map(plain).collect()
}

/// Sets a member's language, on all their phones.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn set_language(tx: &mut Tx, caller: &Caller, language: Lang) -> Result<Receipt> {
    sql::set_language(tx, caller.member, language).await?;
    tx.mark_changed(caller.member, Collection::Me, "me");
    Ok(Receipt::Noted)
}

/// Finds the member with this `ref`.
#[instrument(level = "debug", skip_all)]
pub async fn find_by_ref(tx: &mut Tx, reference: &str) -> Result<Option<(MemberId, String)>> {
    Ok(sql::find_member(tx, reference)
        .await?
        .map(|(id, row)| (id, row.name)))
}

/// Finds the company with this `ref`.
#[instrument(level = "debug", skip_all)]
pub async fn find_company_by_ref(tx: &mut Tx, reference: &str) -> Result<Option<CompanyId>> {
    Ok(sql::find_company(tx, reference).await?.map(|(id, ..)| id))
}

/// Finds the member with this phone number or e-mail address, and their language.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn find_by_address(tx: &mut Tx, address: &str) -> Result<Option<(MemberId, Lang)>> {
    sql::find_by_address(tx, address).await
}

/// Normalises a phone number for storage, or returns `None` for what cannot be one: `06 39 98 00 10`, `+33 6…`, `0033
/// 6…`.
///
/// `country` is the prefix for national numbers, e.g. `+33`.
pub fn normal_phone(text: &str, country: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '/' | '\u{a0}' | '\u{202f}'))
        .collect();
    let number = if let Some(rest) = digits.strip_prefix("00") {
        format!("+{rest}")
    } else if let Some(rest) = digits.strip_prefix('0') {
        format!("{country}{rest}")
    } else {
        digits
    };
    let rest = number.strip_prefix('+')?;
    ((8..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

/// Normalises an e-mail address for storage, or returns `None` for what cannot be one.
pub fn normal_email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (name, host) = text.split_once('@')?;
    let sound = !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains("..")
        && text.len() <= 254
        && text
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, ',' | ';' | '<' | '>' | '"'))
        && text.matches('@').count() == 1;
    sound.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_and_emails_have_one_form() {
        for text in [
            "06 39 98 00 10",
            "+33 6 39 98 00 10",
            "0033639980010",
            "06.39.98.00.10",
        ] {
            assert_eq!(
                normal_phone(text, "+33").as_deref(),
                Some("+33639980010"),
                "{text}"
            );
        }
        for bad in ["", "06", "call me", "+33 6 39 98 00 1O", "639980010"] {
            assert_eq!(normal_phone(bad, "+33"), None, "{bad}");
        }
        assert_eq!(
            normal_email(" Marie@Example.com ").as_deref(),
            Some("marie@example.com")
        );
        for bad in [
            "marie",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@b@example.com",
            "a@example..com",
        ] {
            assert_eq!(normal_email(bad), None, "{bad}");
        }
    }
}
