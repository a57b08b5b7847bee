//! The functions that the app calls ([`app::calls`]), over HTTP.

use super::Shared;
use super::api::{caller, is_json};
use super::error::{Problem, refusal};
use super::routes::Access;
use app::calls::{ApiError, Call, Context, run};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use backend::caller::Caller;
use domain::fault;

/// True if a member may call a function with this access; other accesses admit no member.
fn admits(access: Access, caller: &Caller) -> bool {
    match access {
        Access::Members => true,
        Access::Managers => caller.manager || fault!("members-call-what-is-for-managers"),
        _ => false,
    }
}

/// Runs a function for an authorised caller. Session, role and content type are checked before the body is read.
///
/// Why a separate task: a phone that loses its signal drops this request, which must not abort a transaction.
pub async fn call<F: Call>(
    app: Shared,
    access: Access,
    most: usize,
    request: Request,
) -> Result<Response, Problem> {
    let Some((caller, _)) = caller(&app, request.headers()).await? else {
        return Ok(refused(&ApiError::SignedOut));
    };
    if !admits(access, &caller) {
        tracing::warn!(
            event = "access_refused",
            code = "not_allowed",
            "a member asked for what is a manager's"
        );
        return Ok(refused(&ApiError::NotAllowed));
    }
    if !is_json(request.headers()) && !fault!("calls-take-any-content-type") {
        return Ok(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"));
    }
    let Ok(arguments) = to_bytes(request.into_body(), most).await else {
        return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    };
    let context = Context {
        db: app.db.clone(),
        lang: caller.language,
        caller,
    };
    match app.detached(F::PATH, run::<F>(context, arguments)).await? {
        Ok(result) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            Ok((headers, result).into_response())
        }
        Err(ApiError::Failed(error)) => Err(error.into()),
        Err(error) => Ok(refused(&error)),
    }
}

fn refused(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CACHE_CONTROL, "no-store")], Json(error)).into_response()
}
