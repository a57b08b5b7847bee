//! The running server, from the first line to the last.

use crate::http::{App, Shared, recorder, router};
use crate::sending::Sending;
use crate::settings::Serve;
use crate::site::Site;
use crate::daily;
use anyhow::{Context, Result};
use backend::{Db, members};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long running requests and transactions may take once the server is told to end.
const LAST_WORK: Duration = Duration::from_secs(30);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Where it cannot begin: an address that is taken, a database that does not answer, a setting that is wrong.
pub async fn serve(db: Db, settings: &Serve) -> Result<()> {
    recorder();
    let site = Site::read(&settings.site).with_context(|| format!("SITE {}", settings.site.display()))?;
    let sending = Sending::new(settings)?;
    warn_about(settings, &site, &sending);
    let listener =
        TcpListener::bind(settings.listen).await.with_context(|| format!("LISTEN {}", settings.listen))?;
    let address = listener.local_addr()?;
    let app = App::new(db.clone(), site, sending, settings).await?;
    greet(&app, settings, address).await?;
    let daily = tokio::spawn(daily::run(app.clone()));
    run(listener, app.clone(), told_to_end()).await?;
    daily.abort();
    app.tasks.close();
    if tokio::time::timeout(LAST_WORK, app.tasks.wait()).await.is_err() {
        tracing::error!("some work did not finish in time; what was not committed is undone");
    }
    db.close().await;
    tracing::info!("ended");
    Ok(())
}

/// Answers requests until `end`, then lets those under way finish.
async fn run(listener: TcpListener, app: Shared, end: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    let (ended, told) = tokio::sync::oneshot::channel();
    let ending = app.clone();
    let routes = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, routes).with_graceful_shutdown(async move {
        end.await;
        tracing::info!("ending: no new requests");
        ending.ending.store(true, Ordering::Relaxed);
        let _ = ended.send(());
    });
    let overdue = async {
        let _ = told.await;
        tokio::time::sleep(LAST_WORK).await;
    };
    tokio::select! {
        served = serving.into_future() => served.context("serving")?,
        () = overdue => tracing::warn!("some connections did not end in time"),
    }
    Ok(())
}

async fn told_to_end() {
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

fn warn_about(settings: &Serve, site: &Site, sending: &Sending) {
    if site.build().is_none() {
        tracing::error!(
            folder = %settings.site.display(),
            missing = site.missing().join(", "),
            "THE APP IS MISSING: members can sign in, but /app shows nothing. Build it: cargo leptos build --release"
        );
    }
    if settings.demo {
        tracing::warn!("DEMO: anybody can sign in as anybody; codes are shown on the screen and never sent");
    } else {
        let (well, said) = sending.describe();
        if well { tracing::info!("{said}") } else { tracing::warn!("{said}") }
    }
    if let Some(url) = &settings.public_url
        && url.starts_with("http://")
        && !["127.0.0.1", "localhost", "[::1]"].iter().any(|host| url["http://".len()..].starts_with(host))
    {
        tracing::warn!(
            "PUBLIC_URL is not https: sign-ins travel readable, and browsers will not keep the app for offline use"
        );
    }
}

/// The address, and in a demo who can sign in. Printed, not logged: this is for the person who has just started it.
async fn greet(app: &Shared, settings: &Serve, address: SocketAddr) -> Result<()> {
    let url = settings.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    println!("compagnon is at {url}");
    if settings.demo {
        let mut tx = app.db.read().await?;
        let people = members::showcase(&mut tx).await?;
        if people.is_empty() {
            println!("  there is nobody to sign in yet: compagnon demo load");
        }
        for member in people {
            println!("  sign in as {:<18} {:<22} {}, {}", member.name, member.email, member.trade, member.company);
        }
        println!("  the code is shown on the page after the address");
    }
    Ok(())
}
