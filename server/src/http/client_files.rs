//! The client's files, and those generated for the brand.

use super::Shared;
use super::error::plain;
use crate::site::File;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// May be cached, must be revalidated: a change shows at once, and an unchanged file costs a few bytes.
const ASK_FIRST: &str = "no-cache";

const WORKER_POLICY: &str =
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";

pub async fn versioned(
    State(app): State<Shared>,
    Path((build, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match app.branding().await.site.versioned(&build, &path) {
        Some(file) => send(file, FOR_EVER, &headers),
        None => missing(),
    }
}

pub async fn shell(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let branding = app.branding().await;
    let mut answer = send(&branding.face.shell, ASK_FIRST, &headers);
    if branding.site.build().is_none() {
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    answer
}

pub async fn worker(State(app): State<Shared>, headers: HeaderMap) -> Response {
    let Some(worker) = &app.branding().await.face.worker else {
        return missing();
    };
    let mut answer = send(worker, ASK_FIRST, &headers);
    // A worker is governed by the policy of its own response, not the page's: it loads scripts and fetches files.
    answer.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(WORKER_POLICY),
    );
    answer
}

pub async fn style(State(app): State<Shared>, headers: HeaderMap) -> Response {
    send(&app.branding().await.face.style, ASK_FIRST, &headers)
}

pub async fn manifest(State(app): State<Shared>, headers: HeaderMap) -> Response {
    send(&app.branding().await.face.manifest, ASK_FIRST, &headers)
}

pub async fn favicon(State(app): State<Shared>, headers: HeaderMap) -> Response {
    plain_file(&app, "favicon.svg", &headers).await
}

pub async fn icon(State(app): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    plain_file(&app, &format!("icons/{name}"), &headers).await
}

/// Only the landing page may be indexed.
pub async fn robots() -> Response {
    plain(
        StatusCode::OK,
        "User-agent: *\nDisallow: /app\nDisallow: /invitation\nDisallow: /api\n",
    )
}

async fn plain_file(app: &Shared, path: &str, headers: &HeaderMap) -> Response {
    app.branding()
        .await
        .site
        .find(path)
        .map_or_else(missing, |file| send(file, ASK_FIRST, headers))
}

fn missing() -> Response {
    plain(StatusCode::NOT_FOUND, "not found\n")
}

fn send(file: &File, keeping: &'static str, headers: &HeaderMap) -> Response {
    // Weak, because the same file is sent in several encodings.
    let tag = format!("W/\"{}\"", &file.sha256[..20]);
    let mime = match file.mime {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known == "*" || known.split(',').any(|one| one.trim() == tag));
    let (encoding, bytes) = if known {
        (None, Bytes::new())
    } else {
        encoded(file, headers)
    };
    let mut answer = Response::new(Body::from(bytes));
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let set = answer.headers_mut();
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeping));
    set.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        set.insert(header::ETAG, tag);
    }
    if let Ok(mime) = HeaderValue::from_str(&mime) {
        set.insert(header::CONTENT_TYPE, mime);
    }
    if let Some(encoding) = encoding {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer.into_response()
}

fn encoded(file: &File, headers: &HeaderMap) -> (Option<&'static str>, Bytes) {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let accepts = |name: &str| {
        accepted.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            parts.next() == Some(name) && parts.next() != Some("q=0")
        })
    };
    match (&file.brotli, &file.gzip) {
        (Some(bytes), _) if accepts("br") => (Some("br"), bytes.clone()),
        (_, Some(bytes)) if accepts("gzip") => (Some("gzip"), bytes.clone()),
        _ => (None, file.bytes.clone()),
    }
}
