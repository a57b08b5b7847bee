use super::{CompanyRow, EndedBy, Leaves, MemberRow};
use crate::Result;
use crate::db::{LIST, Tx, list_in, on, params};
use crate::programme::settings::StaffRow;
use domain::id::{AccountId, CompanyId, MemberId, StaffId};
use domain::members::{Function, OrderPoints};
use domain::{Day, Lang, Timestamp, fault};
use sqlx::{FromRow, QueryBuilder};
use tracing::instrument;

#[instrument(level = "debug", skip_all)]
pub async fn upsert_staff(tx: &mut Tx, id: StaffId, row: &StaffRow, role: &str) -> Result<()> {
    const UPSERT: &str = "INSERT INTO staff (id, ref, name, email, phone, role) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (ref) DO UPDATE SET name = excluded.name, email = excluded.email, phone = excluded.phone, \
        role = excluded.role";
    on!(tx, c => sqlx::query(UPSERT).bind(id).bind(&row.reference).bind(&row.name).bind(&row.email)
        .bind(&row.phone).bind(role).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn list_staff_refs(tx: &mut Tx) -> Result<Vec<String>> {
    Ok(on!(tx, c => sqlx::query_scalar("SELECT ref FROM staff ORDER BY ref").fetch_all(c).await?))
}

#[instrument(level = "debug", skip_all)]
pub async fn find_staff(tx: &mut Tx, reference: &str) -> Result<Option<StaffId>> {
    Ok(
        on!(tx, c => sqlx::query_scalar("SELECT id FROM staff WHERE ref = $1").bind(reference).fetch_optional(c).await?),
    )
}

#[instrument(level = "debug", skip_all)]
pub async fn delete_staff(tx: &mut Tx, reference: &str) -> Result<()> {
    const CLEAR: &str =
        "UPDATE company SET advisor_id = NULL WHERE advisor_id = (SELECT id FROM staff WHERE ref = $1)";
    on!(tx, c => sqlx::query(CLEAR).bind(reference).execute(c).await.map(|_| ())?);
    on!(tx, c => sqlx::query("DELETE FROM staff WHERE ref = $1").bind(reference).execute(c).await.map(|_| ())?);
    Ok(())
}

#[derive(FromRow)]
struct CompanyColumns {
    id: CompanyId,
    #[sqlx(rename = "ref")]
    reference: String,
    name: String,
    town: String,
    joined_on: Day,
    order_points: String,
    advisor_id: Option<StaffId>,
    bare: bool,
}

/// A stored company, as a row of its file.
pub struct StoredCompany {
    pub id: CompanyId,
    pub row: CompanyRow,
    pub advisor: Option<StaffId>,
    /// Known from orders alone.
    pub bare: bool,
}

#[instrument(level = "debug", skip_all)]
pub async fn find_company(tx: &mut Tx, reference: &str) -> Result<Option<StoredCompany>> {
    const FIND: &str =
        "SELECT id, ref, name, town, joined_on, order_points, advisor_id, bare FROM company WHERE ref = $1";
    let found: Option<CompanyColumns> =
        on!(tx, c => sqlx::query_as(FIND).bind(reference).fetch_optional(c).await?);
    Ok(found.map(|row| StoredCompany {
        id: row.id,
        row: CompanyRow {
            reference: row.reference,
            name: row.name,
            town: row.town,
            joined_on: row.joined_on,
            order_points: OrderPoints::from_code(&row.order_points).unwrap_or(OrderPoints::Company),
            advisor: None,
        },
        advisor: row.advisor_id,
        bare: row.bare,
    }))
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_company(
    tx: &mut Tx,
    id: CompanyId,
    row: &CompanyRow,
    advisor: Option<StaffId>,
    tier: &str,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO company (id, ref, name, town, joined_on, order_points, advisor_id, tier, told_tier) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(&row.reference).bind(&row.name).bind(&row.town)
        .bind(row.joined_on).bind(row.order_points.code()).bind(advisor).bind(tier).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_company(
    tx: &mut Tx,
    id: CompanyId,
    row: &CompanyRow,
    advisor: Option<StaffId>,
) -> Result<()> {
    const SET: &str = "UPDATE company SET name = $2, town = $3, joined_on = $4, order_points = $5, advisor_id = $6, \
        bare = FALSE WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(id).bind(&row.name).bind(&row.town).bind(row.joined_on)
        .bind(row.order_points.code()).bind(advisor).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_bare_companies(
    tx: &mut Tx,
    rows: &[(CompanyId, &String, Day)],
    tier: &str,
) -> Result<()> {
    for part in rows.chunks(LIST) {
        on!(tx, c => {
            let mut insert =
                QueryBuilder::new("INSERT INTO company (id, ref, name, town, joined_on, order_points, tier, told_tier, bare) ");
            insert.push_values(part, |mut row, (id, reference, joined_on)| {
                row.push_bind(*id).push_bind((*reference).clone()).push_bind((*reference).clone()).push_bind("")
                    .push_bind(*joined_on).push_bind("company").push_bind(tier.to_owned()).push_bind(tier.to_owned())
                    .push_bind(true);
            });
            insert.build().execute(c).await.map(|_| ())?
        });
    }
    Ok(())
}

#[derive(FromRow)]
struct MemberColumns {
    id: MemberId,
    #[sqlx(rename = "ref")]
    reference: String,
    company: String,
    name: String,
    phone: Option<String>,
    email: Option<String>,
    trade: String,
    function: String,
    manager: bool,
    language: String,
    language_chosen: bool,
    left_on: Option<Day>,
    ended_at: Option<Timestamp>,
    ended_by: Option<String>,
}

/// A stored member, as a row of its file.
#[derive(Clone, Debug)]
pub struct StoredMember {
    pub id: MemberId,
    pub row: MemberRow,
    /// True if the member chose the language in the app.
    pub language_chosen: bool,
    pub left_on: Option<Day>,
    /// Who ended it and when, if it has ended.
    pub ended: Option<(Timestamp, EndedBy)>,
}

#[instrument(level = "debug", skip_all)]
pub async fn find_member(tx: &mut Tx, reference: &str) -> Result<Option<StoredMember>> {
    const FIND: &str = "SELECT member.id, member.ref, company.ref AS company, member.name, member.phone, email, trade, \
        \"function\", manager, language, language_chosen, left_on, ended_at, ended_by FROM member \
        JOIN company ON company.id = company_id WHERE member.ref = $1";
    let found: Option<MemberColumns> =
        on!(tx, c => sqlx::query_as(FIND).bind(reference).fetch_optional(c).await?);
    Ok(found.map(|row| {
        let by = row.ended_by.as_deref().and_then(EndedBy::from_code);
        StoredMember {
            id: row.id,
            row: MemberRow {
                reference: row.reference,
                company: row.company,
                name: row.name,
                phone: row.phone,
                email: row.email,
                trade: row.trade,
                function: Function::from_code(&row.function).unwrap_or(Function::User),
                manager: row.manager,
                language: Lang::from_tag(&row.language).unwrap_or_default(),
                leaves: row.left_on.map_or(Leaves::No, Leaves::On),
            },
            language_chosen: row.language_chosen,
            left_on: row.left_on,
            ended: row.ended_at.map(|at| (at, by.unwrap_or(EndedBy::Hand))),
        }
    }))
}

#[instrument(level = "debug", skip_all)]
pub async fn find_ref_by_email(tx: &mut Tx, email: &str) -> Result<Option<String>> {
    const FIND: &str = "SELECT ref FROM member WHERE email = $1";
    tx.fetch_optional_scalar(FIND, params![email]).await
}

#[derive(FromRow)]
pub struct AddresseeColumns {
    pub id: MemberId,
    pub name: String,
    pub language: String,
}

#[instrument(level = "debug", skip_all)]
pub async fn list_by_address(tx: &mut Tx, address: &str) -> Result<Vec<AddresseeColumns>> {
    const LIST: &str =
        "SELECT id, name, language FROM member WHERE phone = $1 OR email = $1 ORDER BY name, id";
    tx.fetch_all(LIST, params![address]).await
}

/// Lists the phone numbers of several members, with the refs of those: a row for each.
#[instrument(level = "debug", skip_all)]
pub async fn list_shared_phones(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    const LIST: &str = "SELECT phone, ref FROM member WHERE phone IN (SELECT phone FROM member \
        WHERE phone IS NOT NULL GROUP BY phone HAVING COUNT(*) > 1) ORDER BY phone, ref";
    tx.fetch_all(LIST, params![]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn insert_member(tx: &mut Tx, id: MemberId, company: CompanyId, row: &MemberRow) -> Result<()> {
    const INSERT: &str = "INSERT INTO member (id, ref, company_id, name, phone, email, trade, \"function\", manager, \
        language, left_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(&row.reference).bind(company).bind(&row.name).bind(&row.phone)
        .bind(&row.email).bind(&row.trade).bind(row.function.code()).bind(row.manager).bind(row.language.tag())
        .bind(row.leaves.day()).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_member(tx: &mut Tx, id: MemberId, company: CompanyId, row: &MemberRow) -> Result<()> {
    const SET: &str = "UPDATE member SET company_id = $2, name = $3, phone = $4, email = $5, \
        trade = $6, \"function\" = $7, manager = $8, language = $9, left_on = $10 WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(id).bind(company).bind(&row.name).bind(&row.phone).bind(&row.email)
        .bind(&row.trade).bind(row.function.code()).bind(row.manager).bind(row.language.tag())
        .bind(row.leaves.day()).execute(c).await.map(|_| ())?);
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_language(tx: &mut Tx, member: MemberId, language: Lang) -> Result<()> {
    const SET: &str = "UPDATE member SET language = $2, language_chosen = TRUE WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(member).bind(language.tag()).execute(c).await.map(|_| ())?);
    Ok(())
}

/// Ends a member: phone and e-mail are free for others.
#[instrument(level = "debug", skip_all)]
pub async fn set_ended(tx: &mut Tx, member: MemberId, on: Day, by: EndedBy) -> Result<()> {
    const SET: &str = "UPDATE member SET ended_at = $2, ended_by = $3, left_on = $4, phone = NULL, \
        email = NULL WHERE id = $1";
    let now = tx.now();
    tx.execute(SET, params![member, now, by.code(), on]).await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_back(tx: &mut Tx, member: MemberId) -> Result<()> {
    const SET: &str = "UPDATE member SET ended_at = NULL, ended_by = NULL, left_on = NULL WHERE id = $1";
    tx.execute(SET, params![member]).await?;
    Ok(())
}

/// Lists members who have not left and whose day to leave has come, by id.
#[instrument(level = "debug", skip_all)]
pub async fn list_leaving(tx: &mut Tx, today: Day) -> Result<Vec<(MemberId, Day)>> {
    const LIST: &str = "SELECT id, left_on FROM member WHERE left_on <= $1 AND ended_at IS NULL ORDER BY id";
    tx.fetch_all(LIST, params![today]).await
}

/// Lists members who have not left, by ref.
#[instrument(level = "debug", skip_all)]
pub async fn list_present(tx: &mut Tx) -> Result<Vec<(String, MemberId)>> {
    const LIST: &str = "SELECT ref, id FROM member WHERE ended_at IS NULL ORDER BY ref";
    tx.fetch_all(LIST, params![]).await
}

/// Lists the refs of members who have left, with what ended them.
#[instrument(level = "debug", skip_all)]
pub async fn list_ended(tx: &mut Tx) -> Result<Vec<(String, EndedBy)>> {
    const LIST: &str = "SELECT ref, ended_by FROM member WHERE ended_at IS NOT NULL ORDER BY ref";
    let rows: Vec<(String, Option<String>)> = on!(tx, c => sqlx::query_as(LIST).fetch_all(c).await?);
    let by = |code: Option<String>| {
        code.as_deref()
            .and_then(EndedBy::from_code)
            .unwrap_or(EndedBy::Hand)
    };
    Ok(rows
        .into_iter()
        .map(|(reference, code)| (reference, by(code)))
        .collect())
}

/// Lists stored phone numbers with the ref of their member.
#[instrument(level = "debug", skip_all)]
pub async fn list_phones(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    const LIST: &str = "SELECT ref, phone FROM member WHERE phone IS NOT NULL ORDER BY ref";
    tx.fetch_all(LIST, params![]).await
}

#[derive(FromRow)]
pub struct MeColumns {
    pub name: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub trade: String,
    pub function: String,
    pub manager: bool,
    pub language: String,
    pub company_id: CompanyId,
    pub company_name: String,
    pub town: String,
    pub order_points: String,
    pub advisor_name: Option<String>,
    pub advisor_phone: Option<String>,
    pub advisor_email: Option<String>,
}

#[instrument(level = "debug", skip_all)]
pub async fn find_me(tx: &mut Tx, member: MemberId) -> Result<Option<MeColumns>> {
    const FIND: &str = "SELECT member.name, member.phone, member.email, trade, \"function\", manager, language, \
        company_id, company.name AS company_name, town, order_points, staff.name AS advisor_name, \
        staff.phone AS advisor_phone, staff.email AS advisor_email \
        FROM member JOIN company ON company.id = company_id LEFT JOIN staff ON staff.id = advisor_id \
        WHERE member.id = $1";
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(member).fetch_optional(c).await?))
}

#[derive(FromRow)]
pub struct ColleagueColumns {
    pub name: String,
    pub trade: String,
    pub function: String,
    pub manager: bool,
}

pub async fn list_colleagues(tx: &mut Tx, company: CompanyId) -> Result<Vec<ColleagueColumns>> {
    const LIST: &str = "SELECT name, trade, \"function\", manager FROM member WHERE company_id = $1 \
        AND ended_at IS NULL ORDER BY name, id";
    Ok(on!(tx, c => sqlx::query_as(LIST).bind(company).fetch_all(c).await?))
}

/// Lists members of a company who have not left, by id.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn of_company(tx: &mut Tx, company: CompanyId) -> Result<Vec<MemberId>> {
    const LIST: &str = "SELECT id FROM member WHERE company_id = $1 AND ended_at IS NULL ORDER BY id";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(company).fetch_all(c).await?))
}

/// Returns those of `companies` that have members; sorted if `companies` is.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn with_members(tx: &mut Tx, companies: &[CompanyId]) -> Result<Vec<CompanyId>> {
    const LIST: &str = "SELECT DISTINCT company_id FROM member WHERE company_id IN (";
    let found: Vec<(CompanyId,)> = list_in!(tx, LIST, companies, " ORDER BY company_id");
    Ok(found.into_iter().map(|(company,)| company).collect())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn companies_with_members(tx: &mut Tx) -> Result<Vec<CompanyId>> {
    const LIST: &str = "SELECT DISTINCT company_id FROM member ORDER BY company_id";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).fetch_all(c).await?))
}

/// The columns of a company that an import of orders needs.
#[derive(Clone, Debug, FromRow)]
pub struct CompanyKey {
    #[sqlx(rename = "ref")]
    pub reference: String,
    pub id: CompanyId,
    pub order_points: String,
    pub joined_on: Day,
    /// Known from orders alone.
    pub bare: bool,
    pub account: AccountId,
}

/// Returns the keys of the companies with these refs; unknown refs are left out.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_company_keys(tx: &mut Tx, refs: &[&str]) -> Result<Vec<CompanyKey>> {
    const LIST: &str = "SELECT company.ref, company.id, order_points, joined_on, bare, \
        account.id AS account FROM company \
        JOIN account ON account.company_id = company.id AND account.kind = 'wallet' WHERE company.ref IN (";
    Ok(list_in!(tx, LIST, refs, " ORDER BY company.ref"))
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn company_ref(tx: &mut Tx, company: CompanyId) -> Result<String> {
    const FIND: &str = "SELECT ref FROM company WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_scalar(FIND).bind(company).fetch_one(c).await?))
}

/// The tier of a member's company.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn tier_of(tx: &mut Tx, member: MemberId) -> Result<String> {
    const FIND: &str = "SELECT tier FROM member JOIN company ON company.id = company_id WHERE member.id = $1";
    Ok(on!(tx, c => sqlx::query_scalar(FIND).bind(member).fetch_one(c).await?))
}

/// Whose wallet the orders of a company pay into.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn order_points(tx: &mut Tx, company: CompanyId) -> Result<Option<OrderPoints>> {
    const FIND: &str = "SELECT order_points FROM company WHERE id = $1";
    let code: String = on!(tx, c => sqlx::query_scalar(FIND).bind(company).fetch_one(c).await?);
    Ok(OrderPoints::from_code(&code))
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn set_joined_on(tx: &mut Tx, company: CompanyId, day: Day) -> Result<()> {
    const SET: &str = "UPDATE company SET joined_on = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SET).bind(company).bind(day).execute(c).await.map(|_| ())?);
    Ok(())
}

/// The columns of a member that an import of orders needs.
#[derive(Clone, Debug, FromRow)]
pub struct MemberKey {
    #[sqlx(rename = "ref")]
    pub reference: String,
    pub id: MemberId,
    pub company_id: CompanyId,
    pub account: AccountId,
    /// Companies they belonged to before, each until a last day.
    #[sqlx(skip)]
    pub before: Vec<(CompanyId, Day)>,
}

impl MemberKey {
    /// True for their company, and on days when it was theirs for one of before.
    pub fn is_of(&self, company: CompanyId, on: Day) -> bool {
        let before = |(of, until): &(CompanyId, Day)| *of == company && on <= *until;
        self.company_id == company
            || self.before.iter().any(before) && !fault!("who-moved-never-was-elsewhere")
    }
}

/// Notes that a member belonged to a company until a day.
#[instrument(level = "debug", skip_all)]
pub async fn insert_company_before(
    tx: &mut Tx,
    member: MemberId,
    company: CompanyId,
    until: Day,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO company_before (member_id, company_id, until) VALUES ($1, $2, $3) \
        ON CONFLICT (member_id, company_id) DO UPDATE SET until = excluded.until";
    tx.execute(INSERT, params![member, company, until]).await?;
    Ok(())
}

/// Returns the keys of the members with these refs; unknown refs are left out.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_member_keys(tx: &mut Tx, refs: &[&str]) -> Result<Vec<MemberKey>> {
    const LIST: &str = "SELECT member.ref, member.id, member.company_id, account.id AS account FROM member \
        JOIN account ON account.member_id = member.id AND account.kind = 'wallet' WHERE member.ref IN (";
    const BEFORE: &str = "SELECT ref, company_before.company_id, until FROM company_before \
        JOIN member ON member.id = company_before.member_id WHERE ref IN (";
    let mut keys: Vec<MemberKey> = list_in!(tx, LIST, refs, " ORDER BY member.ref");
    let before: Vec<(String, CompanyId, Day)> = list_in!(tx, BEFORE, refs, " ORDER BY ref, until");
    for (reference, company, until) in before {
        let key = keys.binary_search_by(|key| key.reference.as_str().cmp(&reference));
        if let Ok(at) = key {
            keys[at].before.push((company, until));
        }
    }
    Ok(keys)
}

/// Lists some refs of companies by order, from the one after `after`.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_company_refs(tx: &mut Tx, after: &str) -> Result<Vec<String>> {
    const LIST: &str = "SELECT ref FROM company WHERE ref > $1 ORDER BY ref LIMIT 10000";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(after).fetch_all(c).await?))
}

/// As [`list_company_refs`], of members.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_member_refs(tx: &mut Tx, after: &str) -> Result<Vec<String>> {
    const LIST: &str = "SELECT ref FROM member WHERE ref > $1 ORDER BY ref LIMIT 10000";
    Ok(on!(tx, c => sqlx::query_scalar(LIST).bind(after).fetch_all(c).await?))
}

/// Returns those of these e-mail addresses that members have, with the members' refs.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn list_email_owners(tx: &mut Tx, emails: &[&str]) -> Result<Vec<(String, String)>> {
    const LIST: &str = "SELECT email, ref FROM member WHERE email IN (";
    Ok(list_in!(tx, LIST, emails, " ORDER BY ref"))
}

/// Takes an e-mail address away from its member, who must be saved next: nobody can sign in with what stands there until
/// then.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn give_up_email(tx: &mut Tx, email: &str) -> Result<()> {
    const SET: &str = "UPDATE member SET email = 'given up: ' || email WHERE email = $1";
    tx.execute(SET, params![email]).await?;
    Ok(())
}
