//! Identity of the phone's user: known offline after the first sign-in.

use super::js;
use crate::phone::json;
use domain::Lang;
use domain::id::{DeviceId, MemberId, SessionId, uuid_v7};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};

/// The member signed in on this phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub member: MemberId,
    pub session: SessionId,
    /// The installation; it outlives sign-ins.
    pub device: DeviceId,
}

/// The identity at startup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Member(Identity),
    /// Nobody is signed in, and the server confirmed it or knows of the sign-out.
    Nobody,
    /// No member is known on this phone, and the server cannot be reached.
    Unknown,
}

#[derive(Deserialize)]
struct Session {
    member: MemberId,
    session: Option<SessionId>,
    /// The name of `session` in replies of the first release.
    device: SessionId,
    language: Lang,
    /// Opens what the phone keeps for the member while they are not signed in; `None` from a server of before.
    key: Option<String>,
}

const CURRENT: &str = "current";
/// Key of the installation's id, which the worker sends too. Before this id existed, the key held the newest session.
const DEVICE: &str = "device_id";
const SIGN_OUT_PENDING: &str = "sign_out_pending";
/// Set by `store.js` where somebody ended the session, until the next sign-in.
const ENDED: &str = "ended";

async fn text(key: &str) -> Option<String> {
    js::device_get(key).await.ok()?.as_string()
}

/// Returns the installation's id, creating it on first use.
async fn device() -> DeviceId {
    if let Some(known) = text(DEVICE).await.and_then(|id| id.parse().ok()) {
        return known;
    }
    let new = DeviceId(uuid_v7(js::now(), js::random_bytes()));
    put(DEVICE, &new.to_string()).await;
    new
}

fn key_of(member: MemberId) -> String {
    format!("key:{member}")
}

async fn is_set(key: &str) -> bool {
    js::device_get(key).await.is_ok_and(|value| value.is_truthy())
}

/// Key of a member's session. The name dates from before sessions had that name.
fn session_key(member: MemberId) -> String {
    format!("device:{member}")
}

async fn put(key: &str, value: &str) {
    let _ = js::device_set(key, &JsValue::from_str(value)).await;
}

fn html_document() -> Option<web_sys::HtmlDocument> {
    web_sys::window()?.document()?.dyn_into().ok()
}

/// The member of the server's session, from the cookie that scripts can read.
fn signed_in() -> Option<MemberId> {
    let cookies = html_document()?.cookie().ok()?;
    let named = |name: &str| {
        let mut all = cookies.split("; ");
        all.find_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('='))
    };
    // The bare name is that of plain http, and of the first release.
    named("__Host-signed_in")
        .or_else(|| named("signed_in"))?
        .parse()
        .ok()
}

fn forget_cookie() {
    if let Some(document) = html_document() {
        let _ = document.set_cookie("__Host-signed_in=; Max-Age=0; Path=/; SameSite=Lax; Secure");
        let _ = document.set_cookie("signed_in=; Max-Age=0; Path=/; SameSite=Lax");
    }
}

/// Identifies the user; uses the network only if the phone does not know.
pub async fn who() -> Who {
    let cookie = signed_in();
    if is_set(SIGN_OUT_PENDING).await {
        // Signing out deleted the cookie, so a cookie now comes from a new sign-in.
        if cookie.is_some() {
            let _ = js::device_delete(SIGN_OUT_PENDING).await;
        } else if !end_session().await {
            return Who::Unknown;
        }
    }
    let current: Option<MemberId> = text(CURRENT).await.and_then(|id| id.parse().ok());
    // Whoever holds the phone can write the cookie: another member's data is opened only by the server.
    let member = current.filter(|member| cookie.is_none_or(|cookie| cookie == *member));
    let Some(member) = member else {
        return fetch_session().await;
    };
    match text(&session_key(member)).await.and_then(|id| id.parse().ok()) {
        Some(session) => Who::Member(Identity {
            member,
            session,
            device: device().await,
        }),
        None => fetch_session().await,
    }
}

/// Fetches the identity of the browser's session from the server.
pub async fn fetch_session() -> Who {
    let device = device().await;
    match js::get(&format!("/api/session?device={device}")).await {
        (200, body) if body == "null" => Who::Nobody,
        (200, body) => match json::read::<Session>(&body) {
            Some(session) => {
                let identity = Identity {
                    member: session.member,
                    session: session.session.unwrap_or(session.device),
                    device,
                };
                if let Some(key) = session.key {
                    put(&key_of(identity.member), &key).await;
                }
                store_identity(identity).await;
                store_language(session.language).await;
                Who::Member(identity)
            }
            None => Who::Unknown,
        },
        _ => Who::Unknown,
    }
}

async fn store_identity(identity: Identity) {
    put(&session_key(identity.member), &identity.session.to_string()).await;
    put(CURRENT, &identity.member.to_string()).await;
    let _ = js::device_delete(ENDED).await;
}

/// Closes what belongs to other members of this phone, and fetches the member's key where the phone does not have it.
/// `true`: it has it now, and more may be in the store.
pub async fn keep_only(member: MemberId) -> bool {
    let missing = !is_set(&key_of(member)).await;
    if missing {
        fetch_session().await;
    }
    let _ = js::leave_others().await;
    missing && is_set(&key_of(member)).await
}

/// True if somebody ended the last session of this phone.
pub async fn was_ended() -> bool {
    is_set(ENDED).await
}

/// Stores the language for the worker and the watchdog.
pub async fn store_language(lang: Lang) {
    let _ = js::local_storage_set("lang", lang.tag());
    put("lang", lang.tag()).await;
}

/// The language to use until a document is loaded.
pub async fn stored_language() -> Lang {
    let chosen = text("lang").await;
    let tag = chosen
        .or_else(|| web_sys::window()?.navigator().language())
        .unwrap_or_default();
    Lang::from_tag(tag.get(..2).unwrap_or_default()).unwrap_or_default()
}

/// Records that the member's data was on this phone.
pub async fn mark_alive(member: MemberId) {
    let _ = js::device_set(&format!("alive:{member}"), &JsValue::TRUE).await;
}

/// True if the member's data was on this phone once.
pub async fn was_alive(member: MemberId) -> bool {
    is_set(&format!("alive:{member}")).await
}

/// Signs out on this phone; call [`end_session`] next to end the server's session.
pub async fn sign_out() {
    let _ = js::device_set(CURRENT, &JsValue::NULL).await;
    let _ = js::device_set(SIGN_OUT_PENDING, &JsValue::TRUE).await;
    forget_cookie();
}

/// Ends the server's session. `false`: the server could not be reached; the next start retries.
pub async fn end_session() -> bool {
    let status = match js::post("/api/sign-out", "{}", 10_000).await {
        Ok(posted) => posted.status(),
        Err(_) => 0,
    };
    let ended = (200..300).contains(&status) || status == 401;
    if ended {
        let _ = js::device_delete(SIGN_OUT_PENDING).await;
    }
    ended
}
