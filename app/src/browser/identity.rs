//! Who uses this phone: known without a network after the first sign-in.

use super::js;
use crate::phone::json;
use domain::Lang;
use domain::id::{DeviceId, MemberId, SessionId, uuid_v7};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};

/// The member this phone belongs to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub member: MemberId,
    pub session: SessionId,
    /// The installation, whoever is signed in.
    pub device: DeviceId,
}

/// What is known at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Member(Identity),
    /// Nobody is signed in, and the server says so or was told so.
    Nobody,
    /// Nobody is known on this phone, and the server cannot be asked.
    Unknown,
}

#[derive(Deserialize)]
struct Session {
    member: MemberId,
    session: Option<SessionId>,
    /// What servers of the first release call the session.
    device: SessionId,
    language: Lang,
}

const CURRENT: &str = "current";
/// The installation, as the worker sends it too. Before there was such an id, the newest session stood here.
const DEVICE: &str = "device_id";
const SIGN_OUT_PENDING: &str = "sign_out_pending";

async fn text(key: &str) -> Option<String> {
    js::device_get(key).await.ok()?.as_string()
}

/// This installation; it gets its id when it is first asked for.
async fn device() -> DeviceId {
    if let Some(known) = text(DEVICE).await.and_then(|id| id.parse().ok()) {
        return known;
    }
    let new = DeviceId(uuid_v7(js::now(), js::random_bytes()));
    put(DEVICE, &new.to_string()).await;
    new
}

/// Where the session of a member is kept. The name is older than that of sessions.
fn session_key(member: MemberId) -> String {
    format!("device:{member}")
}

async fn put(key: &str, value: &str) {
    let _ = js::device_set(key, &JsValue::from_str(value)).await;
}

fn html_document() -> Option<web_sys::HtmlDocument> {
    web_sys::window()?.document()?.dyn_into().ok()
}

/// The member of the server's session, as its readable cookie tells.
fn signed_in() -> Option<MemberId> {
    let cookies = html_document()?.cookie().ok()?;
    let value = cookies
        .split("; ")
        .find_map(|cookie| cookie.strip_prefix("signed_in="))?
        .to_owned();
    value.parse().ok()
}

fn forget_cookie() {
    if let Some(document) = html_document() {
        let _ = document.set_cookie("signed_in=; Max-Age=0; Path=/; SameSite=Lax");
    }
}

/// Finds out who it is; asks the network only where the phone does not know.
pub async fn who() -> Who {
    let cookie = signed_in();
    if js::device_get(SIGN_OUT_PENDING)
        .await
        .is_ok_and(|value| value.is_truthy())
    {
        // Signing out took the cookie away: one that is there now comes from a new sign-in.
        if cookie.is_some() {
            let _ = js::device_delete(SIGN_OUT_PENDING).await;
        } else if !end_session().await {
            return Who::Unknown;
        }
    }
    let current = text(CURRENT).await.and_then(|id| id.parse().ok());
    match cookie.or(current) {
        Some(member) => {
            let session = text(&session_key(member)).await.and_then(|id| id.parse().ok());
            match session {
                Some(session) => {
                    let device = device().await;
                    let identity = Identity {
                        member,
                        session,
                        device,
                    };
                    if current != Some(member) {
                        store_identity(identity).await;
                    }
                    Who::Member(identity)
                }
                None => fetch_session().await,
            }
        }
        None => fetch_session().await,
    }
}

/// Asks the server whose session this browser has.
pub async fn fetch_session() -> Who {
    match js::get("/api/session").await {
        (200, body) if body == "null" => Who::Nobody,
        (200, body) => match json::read::<Session>(&body) {
            Some(session) => {
                let identity = Identity {
                    member: session.member,
                    session: session.session.unwrap_or(session.device),
                    device: device().await,
                };
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
}

/// Tells the worker and the watchdog which language to use.
pub async fn store_language(lang: Lang) {
    let _ = js::local_storage_set("lang", lang.tag());
    put("lang", lang.tag()).await;
}

/// The language to start with, before any document is there.
pub async fn stored_language() -> Lang {
    let chosen = text("lang").await;
    let tag = chosen
        .or_else(|| web_sys::window()?.navigator().language())
        .unwrap_or_default();
    Lang::from_tag(tag.get(..2).unwrap_or_default()).unwrap_or_default()
}

/// The member's data was on this phone once.
pub async fn mark_alive(member: MemberId) {
    let _ = js::device_set(&format!("alive:{member}"), &JsValue::TRUE).await;
}

/// Was the member's data on this phone once?
pub async fn was_alive(member: MemberId) -> bool {
    js::device_get(&format!("alive:{member}"))
        .await
        .is_ok_and(|value| value.is_truthy())
}

/// Signs out on this phone; what remains is to tell the server, with [`end_session`].
pub async fn sign_out() {
    let _ = js::device_set(CURRENT, &JsValue::NULL).await;
    let _ = js::device_set(SIGN_OUT_PENDING, &JsValue::TRUE).await;
    forget_cookie();
}

/// Ends the server's session; `false` while the server cannot be reached: the next start tries again.
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
