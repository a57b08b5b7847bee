//! Applied to every request: an id, a timeout, the headers, a log line, the metrics.

use super::error::{Broke, plain, refusal};
use super::{Pace, Shared, public};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::fault;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

/// For pages: our own files only; no inline script or style.
pub const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; font-src 'none'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";
/// For everything that is not a page, in case a browser renders it as one.
const OTHER_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub async fn request_context(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let mut chance = [0; 16];
    app.db.random_bytes_into(&mut chance);
    let id = uuid::Builder::from_random_bytes(chance).into_uuid().to_string();
    let method = request.method().clone();
    // Why not the address itself: that of an invitation contains its code.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none".to_owned(), |path| path.as_str().to_owned());
    let asked = Asked {
        is_api: request.uri().path().starts_with("/api/"),
        headers: request.headers().clone(),
    };
    let ip = app.ip(request.headers(), request.extensions());
    let span = tracing::info_span!("request", %id, %method, %route, ip, member = Empty, session = Empty);
    let begun = Instant::now();
    let pace = request.extensions().get::<Pace>().cloned().unwrap_or_default();
    pace.work();
    let refused = refuse_head(&request);
    let body = std::mem::take(request.body_mut());
    *request.body_mut() = pace.watch(body);
    let mut answer = async {
        let answered = match refused {
            Some(refusal) => Ok(refusal),
            None => tokio::time::timeout(app.request_timeout, next.run(request)).await,
        };
        let mut answer = match answered {
            Ok(answer) => answer,
            // The rest of the body did not come: not our fault, and nothing is wrong with the database.
            Err(_) if pace.waits_since().is_some() => refusal(StatusCode::REQUEST_TIMEOUT, "too_slow"),
            Err(_) => super::error::Problem::Busy("it took too long".into()).into_response(),
        };
        if answer.status().is_client_error() && !answer.headers().contains_key(header::CACHE_CONTROL) {
            answer = reworded(&app, answer.status(), &asked).await;
        }
        if let Some(Broke(detail)) = answer.extensions_mut().remove::<Broke>() {
            tracing::error!(status = answer.status().as_u16(), detail, "a request failed");
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                app.failed
                    .store(!fault!("readiness-only-reads"), Ordering::Relaxed);
            }
            answer = explain(&app, answer, &asked, &id).await;
        }
        let took = begun.elapsed();
        let status = answer.status();
        if route.starts_with("/v/") || route.ends_with('z') || route == "/metrics" {
            tracing::debug!(status = status.as_u16(), ms = took.as_millis() as u64, "answered");
        } else {
            tracing::info!(status = status.as_u16(), ms = took.as_millis() as u64, "answered");
        }
        let labels = [("method", known(&method).to_owned()), ("route", route.clone())];
        metrics::histogram!("compagnon_request_seconds", &labels).record(took.as_secs_f64());
        let [method, route] = labels;
        let labels = [method, route, ("status", status.as_u16().to_string())];
        metrics::counter!("compagnon_requests_total", &labels).increment(1);
        answer
    }
    .instrument(span)
    .await;
    let is_page = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|mime| mime.as_bytes().starts_with(b"text/html"));
    let headers = answer.headers_mut();
    headers.insert(
        X_REQUEST_ID,
        HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none")),
    );
    protect(headers, is_page, app.secure);
    answer
}

/// Maximum size of the headers of a request.
pub const MOST_HEADER_BYTES: usize = 32 * 1024;

/// Refuses a request for its headers alone.
fn refuse_head(request: &Request) -> Option<Response> {
    if !names_one_host(request) {
        return Some(refusal(StatusCode::BAD_REQUEST, "bad_host"));
    }
    let lines = request.headers().iter();
    let bytes: usize = lines.map(|(name, value)| name.as_str().len() + value.len()).sum();
    (bytes > MOST_HEADER_BYTES)
        .then(|| refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large"))
}

/// True if an HTTP/1.1 request names its host once, and readably.
fn names_one_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).is_ok(),
        (None, None) => request.version() < Version::HTTP_11,
        _ => false,
    }
}

/// Says in our words what the framework refused: each refusal of ours says how long it may be kept, and no other does.
async fn reworded(app: &Shared, status: StatusCode, asked: &Asked) -> Response {
    if asked.is_api {
        return refusal(status, "unreadable");
    }
    if !asked.wants_page() {
        return plain(status, "this request cannot be read\n");
    }
    public::unreadable(app, &asked.headers, status).await
}

/// Why not the method itself: clients may invent methods, and each would become a metrics series.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

struct Asked {
    is_api: bool,
    headers: HeaderMap,
}

impl Asked {
    fn wants_page(&self) -> bool {
        self.headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
    }
}

/// Builds an error response that reveals only the request's id.
async fn explain(app: &Shared, answer: Response, asked: &Asked, id: &str) -> Response {
    let status = answer.status();
    let body = if asked.is_api {
        let code = if status == StatusCode::SERVICE_UNAVAILABLE {
            "busy"
        } else {
            "internal"
        };
        axum::Json(serde_json::json!({ "code": code, "request_id": id })).into_response()
    } else if asked.wants_page() {
        public::broken(app, &asked.headers, id).await
    } else {
        Body::from(format!(
            "{}\nrequest {id}\n",
            status.canonical_reason().unwrap_or("failed")
        ))
        .into_response()
    };
    let (mut parts, body) = body.into_parts();
    parts.status = status;
    if let Some(wait) = answer.headers().get(header::RETRY_AFTER) {
        parts.headers.insert(header::RETRY_AFTER, wait.clone());
    }
    parts
        .headers
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Response::from_parts(parts, body)
}

fn protect(headers: &mut HeaderMap, is_page: bool, secure: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(
        header::CONTENT_SECURITY_POLICY,
        if is_page { PAGE_POLICY } else { OTHER_POLICY },
    );
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Why not no-referrer: browsers then send the origin of our own forms as "null".
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    if is_page {
        set(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        );
        set(
            HeaderName::from_static("permissions-policy"),
            "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
        );
        set(header::X_FRAME_OPTIONS, "DENY");
    }
    if secure {
        set(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
}
