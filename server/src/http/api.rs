//! The API of the app on the phone.

use super::error::{Problem, plain, refusal};
use super::log_text::for_log;
use super::{Shared, cookies};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use backend::caller::Caller;
use backend::{learning, sessions};
use domain::id::{MemberId, SessionId};
use domain::sync::{Cursor, MOST_BYTES, MOST_COMMANDS, PROTO, SESSION_ENDED};
use domain::{Verdict, fault};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

type Answered = Result<Response, Problem>;
type Round = domain::sync::Request<Box<RawValue>>;

pub const MOST_CRASH_BYTES: usize = 4 * 1024;
/// Crash reports logged per minute; a bad release must not fill the disk.
const MOST_CRASHES: u32 = 60;
/// Of them from one network address: one client must not hide the crashes of others.
const MOST_CRASHES_AN_IP: u32 = 10;
/// Milliseconds.
const CRASH_WINDOW: i64 = 60_000;

/// The session that a request names.
enum Session {
    Live(Box<(Caller, Cursor)>),
    /// By its member on another phone, or by an operator: the phone may be in wrong hands.
    Ended,
    /// None, or one that has run out.
    Missing,
}

async fn session_of(app: &Shared, headers: &HeaderMap) -> Result<Session, Problem> {
    let Some(token) = app.session_token(headers) else {
        return Ok(Session::Missing);
    };
    match sessions::caller_and_newest(&app.db, token).await? {
        Some(found) => {
            name_caller(found.0.member, found.0.session);
            Ok(Session::Live(Box::new(found)))
        }
        None => note_dead_session(app, token).await,
    }
}

pub(super) async fn caller(app: &Shared, headers: &HeaderMap) -> Result<Option<(Caller, Cursor)>, Problem> {
    Ok(match session_of(app, headers).await? {
        Session::Live(found) => Some(*found),
        Session::Ended | Session::Missing => None,
    })
}

/// Puts the caller on the request's line of the log.
pub(super) fn name_caller(member: MemberId, session: SessionId) {
    let span = tracing::Span::current();
    span.record("member", tracing::field::display(member));
    span.record("session", tracing::field::display(session));
}

/// Logs the use of a session that is no more.
async fn note_dead_session(app: &Shared, token: &str) -> Result<Session, Problem> {
    let Some(dead) = sessions::find_dead(&app.db, token).await? else {
        tracing::warn!(
            event = "unknown_session_used",
            "a session was used that is not known"
        );
        return Ok(Session::Missing);
    };
    name_caller(dead.member, dead.session);
    if dead.ended {
        tracing::warn!(event = "ended_session_used", "a session was used that was ended");
        return Ok(Session::Ended);
    }
    tracing::info!(
        event = "expired_session_used",
        "a session was used that has run out"
    );
    Ok(Session::Missing)
}

fn signed_out() -> Response {
    refusal(StatusCode::UNAUTHORIZED, "signed_out")
}

/// `?device=ID`: the installation that asks.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Installation {
    #[serde(default)]
    device: String,
}

/// Returns the signed-in member of this browser; `null` if there is none, which is no error on the browser's console.
pub async fn session(
    State(app): State<Shared>,
    Query(Installation { device }): Query<Installation>,
    headers: HeaderMap,
) -> Answered {
    let Some((caller, _)) = caller(&app, &headers).await? else {
        return Ok((
            [(header::CACHE_CONTROL, "no-store")],
            Json(serde_json::Value::Null),
        )
            .into_response());
    };
    let mut tx = app.db.read().await?;
    let (name, language) = sessions::profile(&mut tx, &caller).await?;
    // Phones of before do not say which they are, and keep nothing that needs a key.
    let key = match device.parse() {
        Ok(device) => Some(sessions::phone_key(&mut tx, caller.member, device).await?),
        Err(_) => None,
    };
    let body = serde_json::json!({
        "member": caller.member,
        "session": caller.session,
        // Phones of the first release read their session under this name and use it as their installation id.
        "device": caller.session,
        "name": name,
        "language": language,
        "key": key,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// One sync round.
///
/// Why a separate task: a phone that loses its signal drops this request, which must not abort a transaction whose
/// outcome the phone will request again.
pub async fn sync(State(app): State<Shared>, request: Request) -> Answered {
    if !is_json(request.headers()) {
        return Ok(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"));
    }
    let Some(token) = app.session_token(request.headers()).map(str::to_owned) else {
        return Ok(signed_out());
    };
    let (caller, newest) = match session_of(&app, request.headers()).await? {
        Session::Live(found) => *found,
        Session::Ended if !fault!("ended-session-is-told-as-run-out") => {
            return Ok(refusal(StatusCode::UNAUTHORIZED, SESSION_ENDED));
        }
        Session::Ended | Session::Missing => return Ok(signed_out()),
    };
    let Ok(bytes) = to_bytes(request.into_body(), MOST_BYTES).await else {
        return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    };
    let round = match read_round(&bytes) {
        Ok(round) => round,
        Err((status, code)) => return Ok(refusal(status, code)),
    };
    if round.member != caller.member && !fault!("round-may-name-another-member") {
        tracing::warn!(
            event = "access_refused",
            code = "wrong_member",
            "a round named another member"
        );
        return Ok(refusal(StatusCode::FORBIDDEN, "wrong_member"));
    }
    if round.commands.len() > MOST_COMMANDS {
        return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_many_commands"));
    }
    let now = app.db.now();
    if let Err(seconds) = app.quota.take(caller.member, round.commands.len(), now)
        && !fault!("a-member-sends-without-end")
    {
        tracing::warn!(event = "acts_limited", "a member sent too many acts");
        let mut answer = refusal(StatusCode::TOO_MANY_REQUESTS, "too_many_acts");
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        return Ok(answer);
    }
    let idle = backend::sync::nothing_new(now, &newest, &round);
    let done = match idle.filter(|_| !sessions::sync_is_due(&caller, now)) {
        Some(reply) => done(&reply, caller, false),
        None => app.detached("sync", work(app.clone(), caller, round)).await?,
    };
    let Done {
        body,
        caller,
        prolonged,
    } = done?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let answer = (headers, body).into_response();
    if prolonged {
        return Ok(cookies::with(answer, app.keep_session(&token, caller.member)));
    }
    Ok(answer)
}

/// Parses the request of a round; the error is the status and code of the refusal.
fn read_round(bytes: &[u8]) -> Result<Round, (StatusCode, &'static str)> {
    #[derive(serde::Deserialize)]
    struct OnlyProto {
        proto: u16,
    }
    let round = serde_json::from_slice::<Round>(bytes);
    let proto = match &round {
        Ok(round) => Some(round.proto),
        // Of another protocol version, only this field need be readable.
        Err(_) => serde_json::from_slice(bytes)
            .ok()
            .map(|OnlyProto { proto }| proto),
    };
    match round {
        _ if proto.is_some_and(|proto| proto != PROTO) => {
            Err((StatusCode::UPGRADE_REQUIRED, "unknown_proto"))
        }
        Ok(round) => Ok(round),
        Err(_) => Err((StatusCode::BAD_REQUEST, "unreadable")),
    }
}

struct Done {
    body: Vec<u8>,
    caller: Caller,
    prolonged: bool,
}

async fn work(app: Shared, caller: Caller, round: Round) -> backend::Result<Done> {
    let reply = app.sync.round(&caller, round).await?;
    for decided in &reply.outcomes {
        let result = match decided.outcome.verdict {
            Verdict::Confirmed(_) => "confirmed",
            Verdict::Refused(_) => "refused",
            Verdict::Failed | Verdict::Newer => "failed",
        };
        metrics::counter!("compagnon_commands_total", "outcome" => result).increment(1);
    }
    let mut prolonged = false;
    if sessions::sync_is_due(&caller, app.db.now()) {
        let mut tx = app.db.write().await?;
        prolonged = sessions::note_sync(&mut tx, &caller, app.session_most).await?;
        tx.commit().await?;
    }
    done(&reply, caller, prolonged)
}

fn done(reply: &backend::sync::RawReply, caller: Caller, prolonged: bool) -> backend::Result<Done> {
    let idle = reply.outcomes.is_empty() && reply.docs.is_empty() && reply.gone.is_empty();
    metrics::counter!("compagnon_sync_rounds_total", "idle" => if idle { "yes" } else { "no" }).increment(1);
    Ok(Done {
        body: serde_json::to_vec(reply)?,
        caller,
        prolonged,
    })
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|mime| mime.to_str().ok())
        .and_then(|mime| mime.split(';').next())
        .is_some_and(|mime| mime.trim().eq_ignore_ascii_case("application/json"))
}

/// Ends the session of this browser. The response is the same if there was none: the phone may call late, or twice.
pub async fn sign_out(State(app): State<Shared>, headers: HeaderMap) -> Answered {
    if let Some(token) = app.session_token(&headers).map(str::to_owned) {
        let shared = Arc::clone(&app);
        let work = async move {
            let mut tx = shared.db.write().await?;
            let ended = sessions::end(&mut tx, &token).await?;
            tx.commit().await?;
            Ok::<_, backend::Error>(ended)
        };
        if let Some((member, session)) = app.detached("sign_out", work).await?? {
            name_caller(member, session);
            tracing::info!(event = "signed_out", "signed out");
        }
    }
    let answer = (StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "no-store")]).into_response();
    Ok(cookies::with(answer, app.end_session()))
}

/// Logs a crash report from a phone.
pub async fn crash(State(app): State<Shared>, request: Request) -> Response {
    #[derive(serde::Deserialize)]
    struct Report {
        #[serde(default)]
        build: String,
        #[serde(default)]
        message: String,
    }
    let ip = app.ip(request.headers(), request.extensions());
    if !is_json(request.headers()) {
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json");
    }
    let within = app.crashes.lock().is_ok_and(|mut seen| {
        let now = app.db.now();
        if !(seen.0.0..seen.0.0 + CRASH_WINDOW).contains(&now.0) {
            *seen = (now, HashMap::new());
        }
        let all: u32 = seen.1.values().sum();
        let here = seen.1.entry(ip).or_default();
        let within = all < MOST_CRASHES && *here < MOST_CRASHES_AN_IP;
        *here += u32::from(within);
        within
    });
    if !within {
        return refusal(StatusCode::TOO_MANY_REQUESTS, "too_many");
    }
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let device = super::device_name::device_name(agent);
    let Ok(bytes) = to_bytes(request.into_body(), MOST_CRASH_BYTES).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    };
    let Ok(Report { build, message }) = serde_json::from_slice(&bytes) else {
        return refusal(StatusCode::BAD_REQUEST, "unreadable");
    };
    // Why not `message`: that is the name of the line's own text.
    tracing::warn!(
        event = "app_crashed",
        build = for_log(&build, 64),
        said = for_log(&message, 1000),
        device,
        "the app crashed on a phone"
    );
    metrics::counter!("compagnon_crashes_total").increment(1);
    StatusCode::NO_CONTENT.into_response()
}

/// Returns a lesson's picture. Its name is its content hash, so a phone may cache it for ever.
pub async fn picture(State(app): State<Shared>, Path(hash): Path<String>, headers: HeaderMap) -> Answered {
    let signed_in = caller(&app, &headers).await?.is_some();
    if !signed_in && !fault!("pictures-are-shown-to-anybody") {
        return Ok(signed_out());
    }
    let mut tx = app.db.read().await?;
    let Some((mime, bytes)) = learning::picture(&mut tx, &hash).await? else {
        return Ok(plain(StatusCode::NOT_FOUND, "not found\n"));
    };
    let mime = if mime.starts_with("image/") {
        mime
    } else {
        "application/octet-stream".to_owned()
    };
    let mut answer = bytes.into_response();
    let set = answer.headers_mut();
    set.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=31536000, immutable"),
    );
    set.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_str(&mime).unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    set.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    Ok(answer)
}
