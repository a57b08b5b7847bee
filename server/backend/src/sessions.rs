//! Signing in: one-time codes, and the sessions they open.
//!
//! A code is bound to the browser that requested it (its request id), lives ten minutes, is used once and can be tried
//! five times. Desk and card codes, which need no such request, are too long to guess. Every response, and the work
//! done for it, is the same whether or not the account exists.

use crate::caller::Caller;
use crate::changes::Newest;
use crate::db::{Tx, on, params, query_once};
use crate::members::Addressee;
use crate::{Db, Error, Result, members, programme};
use domain::document::Collection;
use domain::id::{DeviceId, MemberId, SessionId};
use domain::members::Device;
use domain::sync::Cursor;
use domain::{Lang, Receipt, Timestamp, fault, hex};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tracing::instrument;
use uuid::Uuid;

/// Lifetime of a session that is not used.
pub const SESSION_LIFE: i64 = 90 * Timestamp::DAY;
/// Lifetime of a session in use, unless the operator says otherwise: then the member signs in again.
pub const SESSION_MOST: i64 = 400 * Timestamp::DAY;
/// A session in use is prolonged when it has less than this left.
const PROLONG_BELOW: i64 = 60 * Timestamp::DAY;
/// Lifetime of a code sent by message.
pub const CODE_LIFE: i64 = 10 * 60_000;
/// Lifetime of a helpdesk code.
pub const DESK_LIFE: i64 = Timestamp::DAY;
/// Lifetime of an invitation card.
pub const CARD_LIFE: i64 = 30 * Timestamp::DAY;
/// Maximum tries of one code.
pub const TRIES: i64 = 5;
/// How far back the daily job looks for sessions it may have missed.
const LOOKED_BACK: i64 = 7 * Timestamp::DAY;
/// Retention of finished sign-ins: longer than the window of any limit.
const REMEMBERED: i64 = Timestamp::DAY;
/// Retention of ended sessions.
const ENDED_REMEMBERED: i64 = 30 * Timestamp::DAY;

/// A limit that slows down and does not lock out: so many at once, then each after a pause.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Without a pause, within an hour.
    pub an_hour: i64,
    /// Milliseconds since the last one.
    pub pause: i64,
    /// From so many within a day, `long_pause` holds.
    pub a_day: i64,
    pub long_pause: i64,
}

impl Limit {
    const NONE: Limit = Limit {
        an_hour: i64::MAX,
        pause: 0,
        a_day: i64::MAX,
        long_pause: 0,
    };

    fn allows(self, recent: Recent, now: Timestamp) -> bool {
        let waited = recent.last.map_or(i64::MAX, |last| now.0 - last.0);
        match recent.day < self.a_day {
            true => recent.hour < self.an_hour || waited >= self.pause,
            false => waited >= self.long_pause,
        }
    }
}

/// What was counted lately.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
struct Recent {
    hour: i64,
    day: i64,
    last: Option<Timestamp>,
}

/// Rate limits of signing in. A browser that was signed in as the member before is counted by itself, so that strangers
/// cannot use up what the member needs.
///
/// Why not exact under parallel requests on PostgreSQL: counting takes no lock. The number of connections bounds the
/// excess, and the tries of one code are counted exactly.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Codes sent to one phone number or e-mail address.
    pub sends_an_address: Limit,
    /// Codes requested from one network address.
    pub sends_an_ip: Limit,
    /// Wrong codes from one network address.
    pub failures_an_ip: Limit,
    /// False where too many codes were sent in all: only known browsers get one.
    pub strangers: bool,
}

impl Limits {
    pub const STRICT: Limits = Limits {
        sends_an_address: Limit {
            an_hour: 3,
            pause: 10 * MINUTE,
            a_day: 10,
            long_pause: Timestamp::HOUR,
        },
        sends_an_ip: Limit {
            an_hour: 20,
            pause: MINUTE,
            ..Limit::NONE
        },
        failures_an_ip: Limit {
            an_hour: 30,
            pause: MINUTE,
            ..Limit::NONE
        },
        strangers: true,
    };
    /// For a demo, which sends no messages and whose members are public.
    pub const DEMO: Limits = Limits {
        sends_an_address: Limit::NONE,
        sends_an_ip: Limit::NONE,
        failures_an_ip: Limit::NONE,
        strangers: true,
    };
}

const MINUTE: i64 = 60_000;

/// Destination of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// E.164, e.g. `+33639980010`.
    Phone(String),
    /// Lower case.
    Email(String),
}

impl Address {
    /// Parses user input; national numbers are prefixed with `country`, e.g. `+33`.
    pub fn read(text: &str, country: &str) -> Option<Address> {
        let text = text.trim();
        if text.contains('@') {
            members::normal_email(text).map(Address::Email)
        } else {
            members::normal_phone(text, country).map(Address::Phone)
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Address::Phone(text) | Address::Email(text) => text,
        }
    }
}

/// A code to send, once the transaction is committed.
#[derive(Clone, Debug)]
pub struct Message {
    pub to: Address,
    pub language: Lang,
    pub code: String,
}

/// The result of requesting a code.
#[derive(Clone, Debug)]
pub enum Started {
    /// `request` is for the browser's cookie; `message` is `Some` only if the account exists.
    Asked {
        request: Uuid,
        message: Option<Message>,
        /// True if this browser was signed in as the member before.
        known: bool,
    },
    /// Over a limit.
    TooMany,
}

/// The result of trying a code. The transaction must be committed in every case, because failures are counted.
#[derive(Clone, Debug)]
pub enum Checked {
    Open(Opened),
    /// The code is right, and its address is several members': [`choose`] opens the session.
    Choose(Vec<Addressee>),
    /// `left`: remaining tries of this code.
    Wrong {
        left: i64,
    },
    /// The code is used, expired, tried too often or was never requested: a new one is needed.
    Stale,
    /// Too many wrong codes from this network address.
    TooMany,
}

/// A new session. The token leaves the server only in a cookie.
#[derive(Clone, Debug)]
pub struct Opened {
    pub token: String,
    pub session: SessionId,
    pub member: MemberId,
}

/// The origin of a sign-in.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The network address, at the granularity of the limits.
    pub ip: &'a str,
    /// The browser's name, e.g. `Chrome · Android`.
    pub device: &'a str,
    /// Token of the browser's previous session, which the new one replaces.
    pub replaces: Option<&'a str>,
}

/// Channel of a code that is not sent by message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Given by the helpdesk: eight characters, one day.
    Desk,
    /// Printed on an invitation card: twelve characters, thirty days.
    Card,
}

impl Way {
    fn code(self) -> &'static str {
        match self {
            Way::Desk => "desk",
            Way::Card => "card",
        }
    }

    fn signs(self) -> usize {
        match self {
            Way::Desk => 8,
            Way::Card => 12,
        }
    }

    fn life(self) -> i64 {
        match self {
            Way::Desk => DESK_LIFE,
            Way::Card => CARD_LIFE,
        }
    }
}

/// What a browser keeps to be known again after its session has ended. It opens nothing.
pub fn mark_of(token: &str) -> String {
    mark(&hash_of_token(token))
}

fn mark(token_hash: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"a known browser");
    hash.update(token_hash);
    hex(&hash.finalize())
}

/// Who is counted for a request of a known browser, in place of a network address.
const BROWSER: &str = "browser:";

/// Returns whom to count for a browser that was signed in before as one of these members.
async fn known_browser(tx: &mut Tx, members: &[Addressee], kept: Option<&str>) -> Result<Option<String>> {
    const LIST: &str =
        "SELECT id, token_hash FROM session WHERE member_id = $1 ORDER BY made_at DESC LIMIT 100";
    let Some(kept) = kept else {
        return Ok(None);
    };
    // Once also where there is nobody: the work tells nothing.
    for at in 0..members.len().max(1) {
        let member = members.get(at).map(|addressee| addressee.member);
        let sessions: Vec<(SessionId, Vec<u8>)> =
            on!(tx, c => sqlx::query_as(LIST).bind(member).fetch_all(c).await?);
        let mut all = sessions.iter();
        let known = all.find(|(_, token_hash)| same(mark(token_hash).as_bytes(), kept.as_bytes()));
        if let Some((session, _)) = known {
            return Ok(Some(format!("{BROWSER}{session}")));
        }
    }
    Ok(None)
}

/// Requests a code to be sent to `address`. `mark`: what the browser kept of an earlier session, see [`mark_of`].
#[instrument(level = "debug", skip_all)]
pub async fn start(
    tx: &mut Tx,
    address: &Address,
    ip: &str,
    mark: Option<&str>,
    limits: Limits,
) -> Result<Started> {
    const SENT_TO: &str = "SELECT COUNT(*) AS day, COALESCE(SUM(CASE WHEN made_at > $2 THEN 1 ELSE 0 END), 0) AS hour, \
        MAX(made_at) AS last FROM sign_in WHERE address = $1 AND made_at > $3 AND way = 'message' \
        AND (ip = $4 OR ($4 = '' AND ip NOT LIKE 'browser:%'))";
    const ASKED_FROM: &str = "SELECT COUNT(*) AS day, COALESCE(SUM(CASE WHEN made_at > $2 THEN 1 ELSE 0 END), 0) AS hour, \
        MAX(made_at) AS last FROM sign_in WHERE ip = $1 AND made_at > $3 AND way = 'message'";
    // By the address, too: the same happens where there is no account.
    const END_EARLIER: &str = "UPDATE sign_in SET used_at = $3 WHERE (address = $1 OR member_id = $2) \
        AND way = 'message' AND used_at IS NULL AND expires_at > $3";
    const INSERT: &str = "INSERT INTO sign_in (id, way, address, member_id, code_hash, made_at, expires_at, ip) \
        VALUES ($1, 'message', $2, $3, $4, $5, $6, $7)";
    let now = tx.now();
    let (hour, day) = (now.plus(-Timestamp::HOUR), now.plus(-Timestamp::DAY));
    let found = members::list_by_address(tx, address.as_str()).await?;
    // Of several, the code is in the name of the first; `check` asks for the member.
    let member = found.first().map(|addressee| addressee.member);
    let browser = known_browser(tx, &found, mark).await?;
    let known = browser.is_some();
    let counted = browser.as_deref().unwrap_or(ip);
    let sent: Recent = on!(tx, c => sqlx::query_as(SENT_TO).bind(address.as_str()).bind(hour).bind(day)
        .bind(browser.as_deref().unwrap_or_default()).fetch_one(c).await?);
    let asked: Recent =
        on!(tx, c => sqlx::query_as(ASKED_FROM).bind(counted).bind(hour).bind(day).fetch_one(c).await?);
    let allowed = limits.sends_an_address.allows(sent, now) && limits.sends_an_ip.allows(asked, now);
    if !allowed || !(known || limits.strangers) {
        return Ok(Started::TooMany);
    }
    let request = uuid::Builder::from_random_bytes(tx.random_bytes()).into_uuid();
    let code = digits(u64::from_le_bytes(tx.random_bytes()));
    on!(tx, c => sqlx::query(END_EARLIER).bind(address.as_str()).bind(member).bind(now)
        .execute(c).await.map(|_| ())?);
    on!(tx, c => sqlx::query(INSERT).bind(request).bind(address.as_str()).bind(member)
        .bind(hash_of_code(request, &code)).bind(now).bind(now.plus(CODE_LIFE)).bind(counted)
        .execute(c).await.map(|_| ())?);
    let message = found.first().map(|addressee| Message {
        to: address.clone(),
        language: addressee.language,
        code,
    });
    Ok(Started::Asked {
        request,
        message,
        known,
    })
}

/// Returns the address a request's code was sent to, while the code is valid.
#[instrument(level = "debug", skip_all)]
pub async fn address_of(tx: &mut Tx, request: Uuid) -> Result<Option<String>> {
    const FIND: &str = "SELECT address FROM sign_in WHERE id = $1 AND way = 'message' AND used_at IS NULL \
        AND expires_at > $2";
    let now = tx.now();
    Ok(on!(tx, c => sqlx::query_scalar(FIND).bind(request).bind(now).fetch_optional(c).await?))
}

/// Tries the code that was sent for a request.
#[instrument(level = "debug", skip_all)]
pub async fn check(
    tx: &mut Tx,
    request: Option<Uuid>,
    code: &str,
    origin: Origin<'_>,
    limits: Limits,
) -> Result<Checked> {
    const TRY: &str = "UPDATE sign_in SET tries = tries + 1 WHERE id = $1 AND way = 'message' AND used_at IS NULL \
        AND expires_at > $2 AND tries < $3 RETURNING member_id, code_hash, tries, address";
    const PROVEN: &str = "UPDATE sign_in SET proven_at = $2 WHERE id = $1";
    const COUNTED: &str = "SELECT ip FROM sign_in WHERE id = $1 AND way = 'message'";
    let asked_by: Option<String> = on!(tx, c => sqlx::query_scalar(COUNTED).bind(request.unwrap_or(Uuid::nil())).fetch_optional(c).await?);
    let browser = asked_by.filter(|asked_by| asked_by.starts_with(BROWSER));
    let counted = browser.as_deref().unwrap_or(origin.ip);
    if failed_too_often(tx, counted, limits).await? {
        return Ok(Checked::TooMany);
    }
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let now = tx.now();
    // Why the same statement and hash for a browser without a request: one code path, one duration.
    let request = request.unwrap_or(Uuid::nil());
    let hash = hash_of_code(request, &code);
    let row: Option<(Option<MemberId>, Vec<u8>, i64, String)> =
        on!(tx, c => sqlx::query_as(TRY).bind(request).bind(now).bind(TRIES).fetch_optional(c).await?);
    match row {
        Some((Some(member), expected, _, address)) if same(&expected, &hash) => {
            let found = members::list_by_address(tx, &address).await?;
            if found.len() > 1 && !fault!("a-shared-number-opens-the-first-account") {
                tx.execute(PROVEN, params![request, now]).await?;
                return Ok(Checked::Choose(found));
            }
            use_up(tx, request).await?;
            Ok(Checked::Open(open(tx, member, origin).await?))
        }
        Some((_, _, tries, _)) => {
            note_failure(tx, counted).await?;
            Ok(Checked::Wrong { left: TRIES - tries })
        }
        None => {
            note_failure(tx, counted).await?;
            Ok(Checked::Stale)
        }
    }
}

/// Opens a session for one of the members of a shared number, after the code of the request was right.
#[instrument(level = "debug", skip_all)]
pub async fn choose(
    tx: &mut Tx,
    request: Option<Uuid>,
    member: Option<MemberId>,
    origin: Origin<'_>,
    limits: Limits,
) -> Result<Checked> {
    const FIND: &str = "SELECT address FROM sign_in WHERE id = $1 AND way = 'message' AND used_at IS NULL \
        AND expires_at > $2 AND proven_at IS NOT NULL";
    if failed_too_often(tx, origin.ip, limits).await? {
        return Ok(Checked::TooMany);
    }
    let request = request.unwrap_or(Uuid::nil());
    let now = tx.now();
    let address: Option<String> = tx.fetch_optional_scalar(FIND, params![request, now]).await?;
    let found = match &address {
        Some(address) => members::list_by_address(tx, address).await?,
        None => Vec::new(),
    };
    let chosen = found.iter().find(|addressee| Some(addressee.member) == member);
    let Some(chosen) = chosen else {
        note_failure(tx, origin.ip).await?;
        return Ok(Checked::Stale);
    };
    use_up(tx, request).await?;
    Ok(Checked::Open(open(tx, chosen.member, origin).await?))
}

/// Issues a one-time code for a member, for the helpdesk or a card. Earlier unused codes of the same kind end.
#[instrument(level = "debug", skip_all)]
pub async fn issue_code(tx: &mut Tx, member: MemberId, way: Way) -> Result<(String, Timestamp)> {
    const END: &str = "UPDATE sign_in SET used_at = $3 WHERE member_id = $1 AND way = $2 AND used_at IS NULL";
    const INSERT: &str = "INSERT INTO sign_in (id, way, address, member_id, code_hash, made_at, expires_at, ip) \
        VALUES ($1, $2, '', $3, $4, $5, $6, '')";
    let now = tx.now();
    on!(tx, c => sqlx::query(END).bind(member).bind(way.code()).bind(now).execute(c).await.map(|_| ())?);
    let bytes: [u8; 12] = tx.random_bytes();
    let code: String = bytes[..way.signs()]
        .iter()
        .map(|byte| char::from(SIGNS[usize::from(byte & 31)]))
        .collect();
    let id = tx.uuid();
    let expires = now.plus(way.life());
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(way.code()).bind(member).bind(hash_of_invitation(&code))
        .bind(now).bind(expires).execute(c).await.map(|_| ())?);
    Ok((code, expires))
}

/// Signs in with a desk or card code.
#[instrument(level = "debug", skip_all)]
pub async fn redeem_invitation(
    tx: &mut Tx,
    code: &str,
    origin: Origin<'_>,
    limits: Limits,
) -> Result<Checked> {
    const USE: &str = "UPDATE sign_in SET used_at = $2, tries = tries + 1 WHERE code_hash = $1 \
        AND way IN ('desk', 'card') AND used_at IS NULL AND expires_at > $2 RETURNING member_id";
    if failed_too_often(tx, origin.ip, limits).await? {
        return Ok(Checked::TooMany);
    }
    let now = tx.now();
    let hash = hash_of_invitation(&normal_invitation(code));
    let member: Option<Option<MemberId>> =
        on!(tx, c => sqlx::query_scalar(USE).bind(&hash[..]).bind(now).fetch_optional(c).await?);
    match member.flatten() {
        Some(member) => Ok(Checked::Open(open(tx, member, origin).await?)),
        None => {
            note_failure(tx, origin.ip).await?;
            Ok(Checked::Stale)
        }
    }
}

/// Crockford's base 32: no I, L, O, U.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Normalises a desk or card code for comparison: no blanks or hyphens, commonly misread characters corrected.
pub fn normal_invitation(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|sign| match sign.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            sign => sign,
        })
        .take(32)
        .collect()
}

fn digits(chance: u64) -> String {
    format!("{:06}", chance % 1_000_000)
}

fn hash_of_code(request: Uuid, code: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(request.as_bytes());
    hash.update(code.as_bytes());
    hash.finalize().to_vec()
}

fn hash_of_invitation(code: &str) -> Vec<u8> {
    Sha256::digest(code.as_bytes()).to_vec()
}

fn hash_of_token(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Constant-time comparison.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

async fn failed_too_often(tx: &mut Tx, ip: &str, limits: Limits) -> Result<bool> {
    const COUNT: &str = "SELECT COUNT(*) AS day, COALESCE(SUM(CASE WHEN made_at > $2 THEN 1 ELSE 0 END), 0) AS hour, \
        MAX(made_at) AS last FROM sign_in WHERE ip = $1 AND made_at > $3 AND way = 'failed'";
    let now = tx.now();
    let (hour, day) = (now.plus(-Timestamp::HOUR), now.plus(-Timestamp::DAY));
    let failures: Recent =
        on!(tx, c => sqlx::query_as(COUNT).bind(ip).bind(hour).bind(day).fetch_one(c).await?);
    Ok(!limits.failures_an_ip.allows(failures, now))
}

async fn note_failure(tx: &mut Tx, ip: &str) -> Result<()> {
    const INSERT: &str = "INSERT INTO sign_in (id, way, address, code_hash, made_at, expires_at, ip) \
        VALUES ($1, 'failed', '', $2, $3, $3, $4)";
    let id = tx.uuid();
    let now = tx.now();
    on!(tx, c => sqlx::query(INSERT).bind(id).bind(Vec::<u8>::new()).bind(now).bind(ip)
        .execute(c).await.map(|_| ())?);
    Ok(())
}

async fn use_up(tx: &mut Tx, request: Uuid) -> Result<()> {
    let now = tx.now();
    on!(tx, c => sqlx::query("UPDATE sign_in SET used_at = $2 WHERE id = $1").bind(request).bind(now)
        .execute(c).await.map(|_| ())?);
    Ok(())
}

async fn open(tx: &mut Tx, member: MemberId, origin: Origin<'_>) -> Result<Opened> {
    const INSERT: &str = "INSERT INTO session (id, token_hash, member_id, name, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    if let Some(before) = origin.replaces {
        end(tx, before).await?;
    }
    let secret: [u8; 32] = tx.random_bytes();
    let token = hex(&secret);
    let session = SessionId(tx.uuid());
    let now = tx.now();
    let name: String = origin.device.chars().take(80).collect();
    on!(tx, c => sqlx::query(INSERT).bind(session).bind(hash_of_token(&token)).bind(member).bind(&name).bind(now)
        .bind(now.plus(SESSION_LIFE)).execute(c).await.map(|_| ())?);
    tx.mark_changed(member, Collection::Device, session);
    Ok(Opened {
        token,
        session,
        member,
    })
}

#[derive(sqlx::FromRow)]
struct CallerColumns {
    member: MemberId,
    session: SessionId,
    synced_at: Option<Timestamp>,
    language: String,
    #[sqlx(flatten)]
    newest: Newest,
}

impl CallerColumns {
    const FIND: &str = "SELECT member.id AS member, session.id AS session, company.id AS company, member.trade, \
        company.tier, member.manager, member.language, session.synced_at, member.own, system.content, system.epoch FROM session \
        JOIN member ON member.id = session.member_id JOIN company ON company.id = member.company_id \
        JOIN system ON system.id = 1 WHERE token_hash = $1 \
        AND session.ended_at IS NULL AND expires_at > $2";

    fn caller_and_newest(self) -> (Caller, Cursor) {
        let newest = self.newest.cursor();
        let caller = Caller {
            member: self.member,
            session: self.session,
            company: self.newest.company,
            trade: self.newest.trade,
            tier: self.newest.tier,
            manager: self.newest.manager,
            language: Lang::from_tag(&self.language).unwrap_or_default(),
            synced_at: self.synced_at,
        };
        (caller, newest)
    }
}

/// Looks up a live session: its caller and the newest cursor.
///
/// Why one statement: for most rounds nothing is new, and this is all they read.
#[instrument(level = "debug", skip_all)]
pub async fn caller_and_newest(db: &Db, token: &str) -> Result<Option<(Caller, Cursor)>> {
    let now = match fault!("expired-sessions-live-on") {
        true => Timestamp(0),
        false => db.now(),
    };
    let row: Option<CallerColumns> = query_once!(db, c => sqlx::query_as(CallerColumns::FIND)
        .bind(hash_of_token(token)).bind(now).fetch_optional(c).await?);
    Ok(row.map(CallerColumns::caller_and_newest))
}

/// Looks up the caller of a live session.
#[instrument(level = "debug", skip_all)]
pub async fn caller(db: &Db, token: &str) -> Result<Option<Caller>> {
    Ok(caller_and_newest(db, token).await?.map(|(caller, _)| caller))
}

/// Returns a member's name and language, for the first screen.
#[instrument(level = "debug", skip_all)]
pub async fn profile(tx: &mut Tx, caller: &Caller) -> Result<(String, Lang)> {
    let me = members::me(tx, caller.member).await?;
    me.map(|me| (me.name, me.language))
        .ok_or_else(|| Error::Invariant("a session without its member".into()))
}

/// A session that was ended or has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DeadSession {
    #[sqlx(rename = "member_id")]
    pub member: MemberId,
    #[sqlx(rename = "id")]
    pub session: SessionId,
    /// By the member or an operator; else it has run out.
    pub ended: bool,
}

/// Finds whose session a token was, while it is remembered.
#[instrument(level = "debug", skip_all)]
pub async fn find_dead(db: &Db, token: &str) -> Result<Option<DeadSession>> {
    const FIND: &str =
        "SELECT member_id, id, ended_at IS NOT NULL AS ended FROM session WHERE token_hash = $1";
    Ok(query_once!(db, c => sqlx::query_as(FIND).bind(hash_of_token(token)).fetch_optional(c).await?))
}

/// Returns the key that opens what one phone keeps for a member who is not signed in on it, in hexadecimal.
///
/// Why not stored: a member can name any number of phones, and a key that follows from the secret is in every backup.
#[instrument(level = "debug", skip_all)]
pub async fn phone_key(tx: &mut Tx, member: MemberId, device: DeviceId) -> Result<String> {
    let secret = programme::phone_secret(tx).await?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret)
        .map_err(|error| Error::Invariant(format!("the secret of phones: {error}")))?;
    if !fault!("members-of-a-phone-share-its-key") {
        mac.update(member.0.as_bytes());
    }
    mac.update(device.0.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

/// Ends the session of a browser that signs out, and returns it.
#[instrument(level = "debug", skip_all)]
pub async fn end(tx: &mut Tx, token: &str) -> Result<Option<(MemberId, SessionId)>> {
    const END: &str = "UPDATE session SET ended_at = $2 WHERE token_hash = $1 AND ended_at IS NULL \
        RETURNING member_id, id";
    let now = tx.now();
    let ended: Option<(MemberId, SessionId)> =
        on!(tx, c => sqlx::query_as(END).bind(hash_of_token(token)).bind(now).fetch_optional(c).await?);
    if let Some((member, session)) = ended {
        tx.mark_changed(member, Collection::Device, session);
    }
    Ok(ended)
}

/// Ends all sessions and open codes of a member; returns the number of sessions.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn end_all(tx: &mut Tx, member: MemberId) -> Result<usize> {
    const END: &str =
        "UPDATE session SET ended_at = $2 WHERE member_id = $1 AND ended_at IS NULL RETURNING id";
    let now = tx.now();
    end_codes(tx, member).await?;
    let ended: Vec<SessionId> = tx.fetch_scalars(END, params![member, now]).await?;
    for session in &ended {
        tx.mark_changed(member, Collection::Device, *session);
    }
    Ok(ended.len())
}

/// Ends the codes of a member that are not used yet.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn end_codes(tx: &mut Tx, member: MemberId) -> Result<()> {
    const END: &str = "UPDATE sign_in SET used_at = $2 WHERE member_id = $1 AND used_at IS NULL";
    let now = tx.now();
    tx.execute(END, params![member, now]).await?;
    Ok(())
}

/// Signs one of a member's devices out.
///
/// # Errors
/// [`domain::Error::NotFound`] if the member has no such live session.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn sign_out_device(tx: &mut Tx, caller: &Caller, session: SessionId) -> Result<Receipt> {
    let end = if fault!("any-device-can-be-signed-out") {
        "UPDATE session SET ended_at = $3 WHERE id = $1 AND $2 IS NOT NULL AND ended_at IS NULL"
    } else {
        "UPDATE session SET ended_at = $3 WHERE id = $1 AND member_id = $2 AND ended_at IS NULL"
    };
    let now = tx.now();
    let ended = on!(tx, c => sqlx::query(end).bind(session).bind(caller.member).bind(now)
        .execute(c).await.map(|done| done.rows_affected())?);
    if ended == 0 {
        return Err(domain::Error::NotFound.into());
    }
    tx.mark_changed(caller.member, Collection::Device, session);
    Ok(Receipt::Noted)
}

#[derive(sqlx::FromRow)]
struct DeviceColumns {
    id: SessionId,
    name: String,
    made_at: Timestamp,
    expires_at: Timestamp,
}

/// Lists a member's sessions that are live or expired today, newest first.
#[instrument(level = "debug", skip_all)]
pub async fn list(tx: &mut Tx, member: MemberId) -> Result<Vec<Device>> {
    const LIST: &str = "SELECT id, name, made_at, expires_at FROM session \
        WHERE member_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY made_at DESC, id DESC";
    let today = programme::day_began(tx).await?;
    let rows: Vec<DeviceColumns> =
        on!(tx, c => sqlx::query_as(LIST).bind(member).bind(today).fetch_all(c).await?);
    Ok(rows
        .into_iter()
        .map(|row| Device {
            session: row.id,
            name: row.name,
            signed_in_at: row.made_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// Records that a phone synced, at most once an hour, and prolongs a session in use, up to `most` milliseconds after
/// the sign-in.
///
/// Returns `true` if it was prolonged: the browser's cookie then needs the new expiry too.
#[instrument(level = "debug", skip_all)]
pub async fn note_sync(tx: &mut Tx, caller: &Caller, most: i64) -> Result<bool> {
    const NOTE: &str =
        "UPDATE session SET synced_at = $2 WHERE id = $1 AND (synced_at IS NULL OR synced_at <= $3)";
    const PROLONG: &str = "UPDATE session SET expires_at = CASE WHEN made_at + $4 < $2 THEN made_at + $4 ELSE $2 END \
        WHERE id = $1 AND ended_at IS NULL AND expires_at < $3 AND expires_at < made_at + $4";
    let now = tx.now();
    on!(tx, c => sqlx::query(NOTE).bind(caller.session).bind(now).bind(now.plus(-Timestamp::HOUR))
        .execute(c).await.map(|_| ())?);
    let prolonged = on!(tx, c => sqlx::query(PROLONG).bind(caller.session).bind(now.plus(SESSION_LIFE))
        .bind(now.plus(PROLONG_BELOW)).bind(most).execute(c).await.map(|done| done.rows_affected())?);
    if prolonged == 1 {
        tx.mark_changed(caller.member, Collection::Device, caller.session);
    }
    Ok(prolonged == 1)
}

/// True if the last recorded sync is an hour old or missing.
pub fn sync_is_due(caller: &Caller, now: Timestamp) -> bool {
    caller
        .synced_at
        .is_none_or(|synced| synced.plus(Timestamp::HOUR) <= now)
}

/// Deletes finished sign-ins and long-ended sessions; expired sessions leave the list of devices.
#[instrument(level = "debug", skip_all)]
pub async fn tidy(tx: &mut Tx) -> Result<()> {
    const RAN_OUT: &str = "SELECT member_id, id FROM session WHERE expires_at <= $1 AND expires_at > $2";
    const SIGN_INS: &str = "DELETE FROM sign_in WHERE expires_at < $1";
    const SESSIONS: &str = "DELETE FROM session WHERE expires_at < $1 OR ended_at < $1";
    let now = tx.now();
    let today = programme::day_began(tx).await?;
    let ran_out: Vec<(MemberId, SessionId)> = on!(tx, c => sqlx::query_as(RAN_OUT).bind(today)
        .bind(today.plus(-LOOKED_BACK)).fetch_all(c).await?);
    for (member, session) in ran_out {
        tx.mark_changed(member, Collection::Device, session);
    }
    on!(tx, c => sqlx::query(SIGN_INS).bind(now.plus(-REMEMBERED)).execute(c).await.map(|_| ())?);
    on!(tx, c => sqlx::query(SESSIONS).bind(now.plus(-ENDED_REMEMBERED)).execute(c).await.map(|_| ())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_read_as_people_write_it() {
        assert_eq!(normal_invitation(" k7qm-2xpd "), "K7QM2XPD");
        assert_eq!(normal_invitation("oil0"), "0110");
        assert_eq!(normal_invitation("é"), "");
    }

    #[test]
    fn a_limit_slows_down_and_opens_again() {
        let limit = Limits::STRICT.sends_an_address;
        let now = Timestamp(100 * Timestamp::DAY);
        let at = |hour, day, ago: i64| {
            let last = Some(now.plus(-ago));
            limit.allows(Recent { hour, day, last }, now)
        };
        assert!(limit.allows(Recent::default(), now));
        assert!(at(2, 2, 0) && !at(3, 3, 0) && !at(3, 3, 10 * MINUTE - 1) && at(3, 3, 10 * MINUTE));
        assert!(!at(0, 10, Timestamp::HOUR - 1) && at(0, 10, Timestamp::HOUR));
    }

    #[test]
    fn codes_have_six_digits() {
        assert_eq!(digits(7), "000007");
        assert_eq!(digits(u64::MAX).len(), 6);
    }

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!(
            Address::read(" Marie@Example.com", "+33"),
            Some(Address::Email("marie@example.com".into()))
        );
        assert_eq!(
            Address::read("06 39 98 00 10", "+33"),
            Some(Address::Phone("+33639980010".into()))
        );
        assert_eq!(Address::read("marie", "+33"), None);
    }
}
