//! Error responses.

use crate::tasks::words;
use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use domain::fault;
use std::any::Any;

/// Marks a failed response: the detail goes to the log, the request's id to the caller (see [`super::middleware`]).
#[derive(Clone, Debug)]
pub struct Broke(pub String);

/// Why a request failed.
#[derive(Debug)]
pub enum Problem {
    /// The database is busy or unavailable: a retry may succeed.
    Busy(String),
    Internal(String),
}

impl From<backend::Error> for Problem {
    fn from(error: backend::Error) -> Self {
        match error {
            backend::Error::Database(_) => Problem::Busy(error.to_string()),
            other => Problem::Internal(other.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let (status, detail) = match self {
            Problem::Busy(detail) if fault!("full-disk-is-the-phones-fault") => {
                (StatusCode::BAD_REQUEST, detail)
            }
            Problem::Busy(detail) => (StatusCode::SERVICE_UNAVAILABLE, detail),
            Problem::Internal(detail) => (StatusCode::INTERNAL_SERVER_ERROR, detail),
        };
        let mut answer = status.into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer.extensions_mut().insert(Broke(detail));
        answer
    }
}

/// A refusal with its permanent code.
pub fn refusal(status: StatusCode, code: &'static str) -> axum::response::Response {
    let mut answer = (status, Json(serde_json::json!({ "code": code }))).into_response();
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A plain text response.
pub fn plain(status: StatusCode, text: impl IntoResponse) -> axum::response::Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, text).into_response()
}

/// Turns a panic into an error response: it fails one request, not the server.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    Problem::Internal(format!("panic: {}", words(panic.as_ref()))).into_response()
}
