//! The running server, from startup to shutdown.

use crate::http::{AppState, Shared, recorder, router};
use crate::sending::Sending;
use crate::settings::Serve;
use crate::site::ClientAssets;
use crate::{daily, demo};
use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::ConnectInfo;
use backend::Db;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// Timeout for running requests and transactions at shutdown.
const LAST_WORK: Duration = Duration::from_secs(30);
/// Timeout for reading request headers, and for an idle connection.
const HEADERS: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// If it cannot start: an address in use, a database that does not respond, a wrong setting.
pub async fn serve(db: Db, settings: &Serve) -> Result<()> {
    recorder();
    let site =
        ClientAssets::read(&settings.site).with_context(|| format!("SITE {}", settings.site.display()))?;
    let sending = Sending::new(settings)?;
    warn_about(settings, &site, &sending);
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("LISTEN {}", settings.listen))?;
    let address = listener.local_addr()?;
    let app = AppState::new(db.clone(), site, sending, settings).await?;
    greet(&app, settings, address).await?;
    let daily = tokio::spawn(daily::run(app.clone()));
    let measuring = tokio::spawn(keep_metrics_small());
    run(listener, app.clone(), shutdown_signal()).await;
    daily.abort();
    measuring.abort();
    app.tasks.close();
    if tokio::time::timeout(LAST_WORK, app.tasks.wait()).await.is_err() {
        tracing::error!("some work did not finish in time; what was not committed is undone");
    }
    db.close().await;
    tracing::info!("ended");
    Ok(())
}

/// Why: durations are stored individually until upkeep runs, and `/metrics` may never be requested.
async fn keep_metrics_small() {
    let mut ticks = tokio::time::interval(Duration::from_secs(30));
    loop {
        ticks.tick().await;
        recorder().run_upkeep();
    }
}

/// Serves requests until `end`, then lets running ones finish.
///
/// Why not `axum::serve`: it has no timeout for reading request headers.
async fn run(listener: TcpListener, app: Shared, end: impl Future<Output = ()>) {
    let routes = router(app.clone());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let open = GracefulShutdown::new();
    let mut end = pin!(end);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    // Most likely there are too many connections: some must end first.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        // Only logged: without it small responses are merely slower.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no delay");
        }
        let routes = routes.clone();
        let answer = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            routes.clone().oneshot(request)
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    tracing::info!("ending: no new requests");
    app.ending.store(true, Ordering::Relaxed);
    if tokio::time::timeout(LAST_WORK, open.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

async fn shutdown_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

fn warn_about(settings: &Serve, site: &ClientAssets, sending: &Sending) {
    if site.build().is_none() {
        tracing::error!(
            folder = %settings.site.display(),
            missing = site.missing().join(", "),
            "THE APP IS MISSING: members can sign in, but /app shows nothing. Build it: .ci/client"
        );
    }
    if settings.demo {
        tracing::warn!("DEMO: anybody can sign in as anybody; codes are shown on the screen and never sent");
    } else {
        let (well, said) = sending.describe();
        if well {
            tracing::info!("{said}")
        } else {
            tracing::warn!("{said}")
        }
    }
    if let Some(url) = &settings.public_url
        && url.starts_with("http://")
        && !["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|host| url["http://".len()..].starts_with(host))
    {
        tracing::warn!(
            "PUBLIC_URL is not https: sign-ins travel readable, and browsers will not keep the app for offline use"
        );
    }
}

/// Prints the address, and in a demo the members who can sign in. Printed, not logged: it is for the person who has
/// just started the server.
async fn greet(app: &Shared, settings: &Serve, address: SocketAddr) -> Result<()> {
    let url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    outln!("compagnon is at {url}");
    if settings.demo {
        let people = demo::people(&app.db).await?;
        if people.is_empty() {
            outln!("  there is nobody to sign in yet: compagnon demo load");
        }
        for person in people {
            outln!(
                "  sign in as {:<14} {:<18} {}, {}",
                person.name,
                person.email,
                person.trade,
                person.company
            );
        }
        outln!("  the code is shown on the page after the address");
    }
    Ok(())
}
