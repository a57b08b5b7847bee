//! The running server, from startup to shutdown.

use crate::connections::{Bounds, Connections};
use crate::http::{AppState, MOST_HEADER_BYTES, Shared, recorder, router};
use crate::sending::Sending;
use crate::settings::Serve;
use crate::site::ClientAssets;
use crate::{daily, demo, tasks, unfinished};
use anyhow::{Context, Result, bail};
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
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

/// Timeout for running requests and transactions at shutdown.
const LAST_WORK: Duration = Duration::from_secs(30);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// If it cannot start: an address in use, a database that does not respond, a wrong setting.
pub async fn serve(db: Db, settings: &Serve) -> Result<()> {
    recorder();
    let site =
        ClientAssets::read(&settings.site).with_context(|| format!("SITE {}", settings.site.display()))?;
    let sending = Sending::new(settings)?;
    if lacks_sending(settings, &sending) {
        bail!(LACKS_SENDING);
    }
    warn_about(settings, &site, &sending);
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("LISTEN {}", settings.listen))?;
    let address = listener.local_addr()?;
    let app = AppState::new(db.clone(), site, sending, settings).await?;
    greet(&app, settings, address).await?;
    let daily = tokio::spawn(daily::run(app.clone()));
    let imports = tokio::spawn(unfinished::run(app.clone()));
    let measuring = tokio::spawn(keep_metrics_small());
    let bounds = Bounds::of_this_process(settings.trusted_proxy > 0);
    tracing::info!(
        connections = bounds.most,
        an_address = bounds.most_an_address,
        "serving"
    );
    run(listener, app.clone(), bounds, shutdown_signal()).await;
    daily.abort();
    imports.abort();
    measuring.abort();
    app.tasks.close();
    if tokio::time::timeout(LAST_WORK, app.tasks.wait()).await.is_err() {
        tracing::error!("some work did not finish in time; what was not committed is undone");
    }
    db.close().await;
    tracing::info!("ended");
    Ok(())
}

pub(crate) const LACKS_SENDING: &str = "PUBLIC_URL is https, and no sign-in code can be sent: set SMTP_URL or SMS_URL. \
    Where members come in with cards and desk codes only, say so: --without-sending (WITHOUT_SENDING=true)";

/// True if members would wait for codes in vain.
pub(crate) fn lacks_sending(settings: &Serve, sending: &Sending) -> bool {
    let https = settings
        .public_url
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    https && !settings.demo && !settings.without_sending && !sending.describe().0
}

/// Why: durations are stored individually until upkeep runs, and `/metrics` may never be requested.
async fn keep_metrics_small() {
    let mut ticks = tokio::time::interval(Duration::from_secs(30));
    loop {
        ticks.tick().await;
        // Logged already, and tried again at the next tick.
        let _ = tasks::caught("metrics", async { recorder().run_upkeep() }).await;
    }
}

/// Serves requests until `end`, then lets running ones finish.
///
/// Why not `axum::serve`: it has no timeouts and no bounds.
pub async fn run(listener: TcpListener, app: Shared, bounds: Bounds, end: impl Future<Output = ()>) {
    let routes = router(app.clone());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.headers)
        .max_buf_size(MOST_HEADER_BYTES);
    let connections = Connections::new(bounds);
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
        // Closes it: nothing was read of it yet.
        let Some(place) = connections.admit(peer.ip()) else {
            continue;
        };
        // Only logged: without it small responses are merely slower.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no delay");
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(bounds.writing));
        let (routes, pace) = (routes.clone(), place.pace.clone());
        let answer = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(pace.clone());
            let (routes, pace) = (routes.clone(), pace.clone());
            async move {
                pace.work();
                let answer = routes.oneshot(request).await;
                pace.wait();
                answer
            }
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), answer));
        tokio::spawn(async move {
            let served = async {
                tokio::select! {
                    done = connection => if let Err(error) = done {
                        tracing::debug!(%error, "a connection broke off");
                    },
                    () = place.closing.cancelled() => tracing::debug!("a connection made room"),
                }
            };
            // Logged already.
            let _ = tasks::caught("connection", served).await;
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
