//! Companies, members, staff.

mod email;
mod marks;
mod phone;
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

pub use email::normal_email;
pub use phone::{is_country_prefix, lost_zero, normal_phone};
pub use sql::{CompanyKey, MemberKey, StoredMember, find_member};
pub(crate) use sql::{
    companies_with_members, company_ref, give_up_email, list_company_keys, list_company_refs,
    list_email_owners, list_ended, list_leaving, list_member_keys, list_member_refs, list_present,
    list_staff_refs, of_company, order_points, set_back, set_ended, set_joined_on, tier_of, with_members,
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
    /// For those who have not chosen one in the app.
    pub language: Lang,
    pub leaves: Leaves,
}

/// What a members file says of a member's last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// It has no such column.
    NotSaid,
    No,
    /// The first day without access.
    On(Day),
}

impl Leaves {
    fn day(self) -> Option<Day> {
        match self {
            Leaves::On(day) => Some(day),
            Leaves::No | Leaves::NotSaid => None,
        }
    }
}

/// What ended a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The day in the members file.
    File,
    /// A complete members file without the member.
    Missing,
    /// A person at the command line. Files do not bring such a member back.
    Hand,
}

impl EndedBy {
    pub fn code(self) -> &'static str {
        match self {
            EndedBy::File => "file",
            EndedBy::Missing => "missing",
            EndedBy::Hand => "hand",
        }
    }

    fn from_code(code: &str) -> Option<EndedBy> {
        [EndedBy::File, EndedBy::Missing, EndedBy::Hand]
            .into_iter()
            .find(|by| by.code() == code)
    }
}

/// A saved member, for what follows from the change.
#[derive(Clone, Copy, Debug)]
pub struct SavedMember {
    pub id: MemberId,
    pub saved: Saved,
    /// Phone or e-mail changed: codes under way went to the old one.
    pub new_address: bool,
    /// Name, phone and e-mail all changed: the ref stands for somebody else.
    pub new_person: bool,
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
    let known = list_staff_refs(tx).await?;
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
        Some(before) => {
            let stays = CompanyRow {
                advisor: None,
                ..row.clone()
            };
            if before.row == stays && before.advisor == advisor && !before.bare {
                return Ok(Saved::Unchanged);
            }
            sql::set_company(tx, before.id, row, advisor).await?;
            tx.mark_company_changed(before.id, Collection::Me, "me");
            Ok(Saved::Changed)
        }
    }
}

/// Creates or updates a member; a new one gets a wallet. A member who has left is not brought back.
///
/// # Errors
/// [`crate::Error::Input`] if the company is unknown, or the e-mail address belongs to another member.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn save_member(tx: &mut Tx, row: &MemberRow) -> Result<SavedMember> {
    let company = sql::find_company(tx, &row.company).await?.ok_or_else(|| {
        InputCode::NotThere {
            what: RefKind::Company,
        }
        .field("company_ref")
        .given(&row.company)
    })?;
    // A phone number may be several members': a shop's phone. After the code, they are asked who they are.
    if let Some(email) = &row.email
        && let Some(other) = sql::find_ref_by_email(tx, email).await?
        && other != row.reference
    {
        return Err(InputCode::AddressTaken { member: other }
            .field("email")
            .given(email)
            .into());
    }
    let Some(before) = sql::find_member(tx, &row.reference).await? else {
        let id = MemberId(tx.uuid());
        sql::insert_member(tx, id, company.id, row).await?;
        ledger::open(tx, ledger::Owner::Member(id)).await?;
        return Ok(SavedMember {
            id,
            saved: Saved::New,
            new_address: false,
            new_person: false,
        });
    };
    let mut row = row.clone();
    if before.language_chosen {
        row.language = before.row.language;
    }
    if row.leaves == Leaves::NotSaid {
        row.leaves = before.row.leaves;
    }
    let was = &before.row;
    // What was not there before is not taken away from anybody.
    let changed = |was: &Option<String>, is: &Option<String>| was.is_some() && was != is;
    let (phone, email) = (changed(&was.phone, &row.phone), changed(&was.email, &row.email));
    let all_changed = (phone || was.phone.is_none()) && (email || was.email.is_none());
    let mut saved = SavedMember {
        id: before.id,
        saved: Saved::Unchanged,
        new_address: was.phone != row.phone || was.email != row.email,
        new_person: (phone || email) && all_changed && was.name != row.name,
    };
    if *was != row {
        if was.company != row.company
            && let Some(left) = sql::find_company(tx, &was.company).await?
        {
            let today = crate::programme::current(tx).await?.day(tx.now())?;
            sql::insert_company_before(tx, before.id, left.id, today).await?;
        }
        sql::set_member(tx, before.id, company.id, &row).await?;
        tx.mark_changed(before.id, Collection::Me, "me");
        tx.mark_changed(before.id, Collection::Balance, "company");
        saved.saved = Saved::Changed;
    }
    Ok(saved)
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
        .map(|member| (member.id, member.row.name)))
}

/// Finds the company with this `ref`.
#[instrument(level = "debug", skip_all)]
pub async fn find_company_by_ref(tx: &mut Tx, reference: &str) -> Result<Option<CompanyId>> {
    Ok(sql::find_company(tx, reference).await?.map(|company| company.id))
}

/// Lists stored phone numbers that are no numbers of any plan, with the ref of their member.
#[instrument(level = "debug", skip_all)]
pub async fn unreadable_phones(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    let mut phones = sql::list_phones(tx).await?;
    // Stored numbers are international: a prefix for national ones is not needed.
    phones.retain(|(_, phone)| normal_phone(phone, "").as_ref() != Some(phone));
    Ok(phones)
}

/// A member whom an address reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    pub member: MemberId,
    pub name: String,
    pub language: Lang,
}

/// Lists the members with this phone number or e-mail address, by name.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_by_address(tx: &mut Tx, address: &str) -> Result<Vec<Addressee>> {
    let rows = sql::list_by_address(tx, address).await?;
    Ok(rows
        .into_iter()
        .map(|row| Addressee {
            member: row.id,
            name: row.name,
            language: Lang::from_tag(&row.language).unwrap_or_default(),
        })
        .collect())
}

/// Lists the phone numbers of several members, each with the refs of those.
#[instrument(level = "debug", skip_all)]
pub async fn shared_phones(tx: &mut Tx) -> Result<Vec<(String, Vec<String>)>> {
    let mut shared: Vec<(String, Vec<String>)> = Vec::new();
    for (phone, reference) in sql::list_shared_phones(tx).await? {
        match shared.last_mut() {
            Some((last, refs)) if *last == phone => refs.push(reference),
            _ => shared.push((phone, vec![reference])),
        }
    }
    Ok(shared)
}
