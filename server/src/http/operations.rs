//! Endpoints for operators.

use super::error::plain;
use super::{Peer, Shared};
use crate::plaintext::is_this_machine;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use backend::readiness;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Liveness: the process runs.
pub async fn healthz() -> Response {
    plain(StatusCode::OK, "ok\n")
}

/// Readiness: the database can be read and, after a failure, written, and the server is not shutting down.
pub async fn readyz(State(app): State<Shared>) -> Response {
    if app.ending.load(Ordering::Relaxed) {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "ending\n");
    }
    // Why only after a failure: a write waits for the disk, and for long imports.
    let asked = async {
        if app.failed.load(Ordering::Relaxed) {
            readiness::write_through(&app.db).await?;
            app.failed.store(false, Ordering::Relaxed);
        }
        app.db.ping().await
    };
    match tokio::time::timeout(Duration::from_secs(3), asked).await {
        Ok(Ok(())) => plain(StatusCode::OK, "ready\n"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: {}", error.operator_message());
            plain(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{}\n", error.operator_message()),
            )
        }
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the database takes too long\n"),
    }
}

/// Why 404 for others: it does not reveal that the page exists.
pub async fn metrics(State(app): State<Shared>, request: Request) -> Response {
    let allowed = match &app.metrics_token {
        Some(token) => request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|given| same(given.as_bytes(), token.as_bytes())),
        None => {
            let near = request
                .extensions()
                .get::<Peer>()
                .is_some_and(|ConnectInfo(peer)| peer.ip().is_loopback());
            near && app.trusted_proxy == 0 && !app.is_public() && !came_through_a_proxy(&request)
        }
    };
    if !allowed {
        tracing::warn!(
            event = "access_refused",
            code = "not_an_operator",
            "the metrics were asked for"
        );
        return plain(StatusCode::NOT_FOUND, "not found\n");
    }
    let handle = recorder();
    handle.run_upkeep();
    let headers = [
        (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, handle.render()).into_response()
}

/// True if a request bears a mark of a proxy. One that leaves none of its headers still names a host of its own, or
/// speaks HTTP/1.0.
fn came_through_a_proxy(request: &Request) -> bool {
    const MARKS: [&str; 8] = [
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-request-id",
        "x-original-forwarded-for",
    ];
    let marked = request.headers().keys().any(|name| {
        let name = name.as_str();
        name.starts_with("x-forwarded") || MARKS.contains(&name)
    });
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    marked || request.version() < Version::HTTP_11 || !host.is_some_and(|host| is_this_machine(host.host()))
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// The process-wide metrics recorder.
pub fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        const BUCKETS: [f64; 10] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
        let builder = PrometheusBuilder::new();
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics are recorded elsewhere");
        }
        describe();
        handle
    })
}

fn describe() {
    metrics::describe_counter!("compagnon_requests_total", "Requests by route and status");
    metrics::describe_histogram!("compagnon_request_seconds", "How long requests take, by route");
    metrics::describe_counter!("compagnon_commands_total", "Commands of members by outcome");
    metrics::describe_counter!(
        "compagnon_sync_rounds_total",
        "Sync rounds; idle ones brought nothing and took nothing"
    );
    metrics::describe_counter!("compagnon_sign_ins_total", "Sign-ins by way and result");
    metrics::describe_counter!("compagnon_codes_sent_total", "Codes sent by way and result");
    metrics::describe_counter!(
        "compagnon_stored_rows_unreadable_total",
        "Stored rows that a newer version wrote and this one leaves out, by table"
    );
    metrics::describe_counter!(
        "compagnon_sign_in_alarms_total",
        "Hours with too many codes or wrong codes over all members, by alarm"
    );
    metrics::describe_counter!(
        "compagnon_task_panics_total",
        "Panics of work in the background, by task"
    );
    metrics::describe_counter!(
        "compagnon_connections_closed_total",
        "Idle connections closed to make room, by the bound that was reached"
    );
    metrics::describe_counter!(
        "compagnon_connections_refused_total",
        "Connections refused because all others were at work"
    );
    metrics::describe_counter!("compagnon_crashes_total", "Crashes that phones reported");
}
