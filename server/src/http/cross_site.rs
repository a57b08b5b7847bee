//! Rejects all posts from other sites.

use super::{Shared, error};
use axum::extract::{Request, State};
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

pub async fn refuse(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_own(request.headers(), app.public_url.as_deref()) {
        return next.run(request).await;
    }
    tracing::warn!(
        event = "cross_site_refused",
        "a post from another site was refused"
    );
    error::refusal(StatusCode::FORBIDDEN, "cross_site")
}

/// True if one of our own pages sends this. Browsers send `Sec-Fetch-Site`; older ones send the page's `Origin`. A
/// request with neither is not from a current browser, and passes only without cookies.
fn is_own(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    if let Some(origin) = headers.get(ORIGIN) {
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let named = origin.split_once("://").map(|(_, authority)| authority);
        return public_url.is_some_and(|own| own.eq_ignore_ascii_case(origin))
            || (named.is_some() && named.map(str::to_ascii_lowercase) == host.map(str::to_ascii_lowercase));
    }
    !headers.contains_key(COOKIE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs.iter().map(|(name, value)| {
            (
                axum::http::HeaderName::from_static(name),
                axum::http::HeaderValue::from_static(value),
            )
        });
        is_own(&headers.collect(), Some("https://club.example.com"))
    }

    #[test]
    fn only_our_own_pages_post() {
        assert!(own(&[("sec-fetch-site", "same-origin"), ("cookie", "session=1")]));
        assert!(own(&[("sec-fetch-site", "none")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[
            ("sec-fetch-site", "same-site"),
            ("origin", "https://club.example.com")
        ]));
        assert!(own(&[
            ("origin", "https://club.example.com"),
            ("host", "10.0.0.1:3000")
        ]));
        assert!(own(&[
            ("origin", "http://127.0.0.1:3000"),
            ("host", "127.0.0.1:3000"),
            ("cookie", "session=1")
        ]));
        assert!(!own(&[
            ("origin", "http://127.0.0.1:4000"),
            ("host", "127.0.0.1:3000")
        ]));
        assert!(!own(&[("origin", "null"), ("host", "127.0.0.1:3000")]));
        assert!(!own(&[("origin", "null")]));
        assert!(!own(&[("cookie", "session=1")]));
        assert!(own(&[]));
    }
}
