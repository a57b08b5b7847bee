//! HTTP: routes and their shared state and layers.

mod alarms;
mod api;
mod calls;
mod client_files;
mod cookies;
mod cross_site;
mod device_name;
mod error;
mod log_text;
mod middleware;
mod network;
mod operations;
mod pace;
mod public;
mod quota;
mod routes;

use self::alarms::Alarms;
use self::error::Problem;
use crate::plaintext::is_this_machine;
use crate::sending::Sending;
use crate::settings::Serve;
use crate::site::{BrandedAssets, ClientAssets};
use crate::tasks;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use backend::sessions::Limits;
use backend::{Db, programme, sync};
use domain::Timestamp;
use quota::Quota;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tracing::Instrument;
use uuid::Uuid;

pub use middleware::MOST_HEADER_BYTES;
pub use network::Peer;
pub use operations::recorder;
pub use pace::Pace;
pub use routes::{Access, MOST_FORM_BYTES, Route, Takes, routes};

/// Cache lifetime of the branding, in milliseconds.
const BRANDING_TTL: i64 = 2_000;

/// State shared by all requests.
pub struct AppState {
    pub db: Db,
    pub sync: sync::Server,
    pub sending: Sending,
    /// Work that a lost connection must not abort; awaited at shutdown.
    pub tasks: TaskTracker,
    /// True during shutdown: readiness then fails.
    pub ending: AtomicBool,
    /// True if a request failed on the database since it was last known to work.
    pub failed: AtomicBool,
    public_url: Option<String>,
    secure: bool,
    trusted_proxy: usize,
    request_timeout: Duration,
    quota: Quota,
    /// Lifetime of a session in use, in milliseconds.
    session_most: i64,
    phone_country: String,
    metrics_token: Option<String>,
    limits: Limits,
    alarms: Alarms,
    branding: RwLock<(Branding, Timestamp)>,
    /// The client's folder, where it may change under us.
    watched: Option<PathBuf>,
    /// Demo only: the codes that would have been sent.
    demo_codes: Option<Mutex<HashMap<Uuid, (Timestamp, String)>>>,
    /// Since when they are counted, and how many from each network address.
    crashes: Mutex<(Timestamp, HashMap<String, u32>)>,
}

/// The client's files, and the files generated for the brand.
#[derive(Clone)]
pub struct Branding {
    pub site: Arc<ClientAssets>,
    pub face: Arc<BrandedAssets>,
}

/// A shared [`AppState`].
pub type Shared = Arc<AppState>;

impl AppState {
    /// # Errors
    /// If the database has no settings.
    pub async fn new(
        db: Db,
        site: ClientAssets,
        sending: Sending,
        settings: &Serve,
    ) -> backend::Result<Shared> {
        let (brand, now) = (brand(&db).await?, db.now());
        let face = Arc::new(BrandedAssets::new(&site, &brand));
        let branding = Branding {
            site: Arc::new(site),
            face,
        };
        let public_url = settings
            .public_url
            .as_ref()
            .map(|url| url.trim_end_matches('/').to_owned());
        Ok(Arc::new(AppState {
            secure: public_url.as_ref().is_some_and(|url| url.starts_with("https://")),
            public_url,
            sync: sync::Server::new(db.clone()),
            db,
            sending,
            tasks: TaskTracker::new(),
            ending: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            trusted_proxy: settings.trusted_proxy,
            session_most: i64::from(settings.session_days) * Timestamp::DAY,
            request_timeout: Duration::from_secs(settings.request_timeout),
            quota: Quota::new(settings.acts_at_once),
            phone_country: settings.phone_country.clone(),
            metrics_token: settings.metrics_token.clone(),
            limits: if settings.demo {
                Limits::DEMO
            } else {
                Limits::STRICT
            },
            alarms: Alarms::new(settings.codes_an_hour),
            branding: RwLock::new((branding, now)),
            watched: settings.watch_site.then(|| settings.site.clone()),
            demo_codes: settings.demo.then(Mutex::default),
            crashes: Mutex::new((now, HashMap::new())),
        }))
    }

    /// Returns the current branding; a change of the brand shows within seconds, and while the database does not
    /// respond the last one is used.
    pub async fn branding(&self) -> Branding {
        let (known, read_at) = match self.branding.read() {
            Ok(known) => known.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        };
        let now = self.db.now();
        if (read_at.0..read_at.0 + BRANDING_TTL).contains(&now.0) {
            return known;
        }
        let fresh = match brand(&self.db).await {
            Ok(brand) => {
                let site = self
                    .watched
                    .as_ref()
                    .and_then(|folder| ClientAssets::read(folder).ok());
                let site = site.map_or_else(|| known.site.clone(), Arc::new);
                Branding {
                    face: Arc::new(BrandedAssets::new(&site, &brand)),
                    site,
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the programme's settings cannot be read");
                known
            }
        };
        if let Ok(mut known) = self.branding.write() {
            *known = (fresh.clone(), now);
        }
        fresh
    }

    /// True if members come to an address that is not this machine's: a proxy stands in front then.
    fn is_public(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| {
            let url = reqwest::Url::parse(url).ok();
            !url.is_some_and(|url| url.host_str().is_some_and(is_this_machine))
        })
    }

    /// Runs work that a lost connection must not abort. `task` names it for operators.
    async fn detached<T: Send + 'static>(
        &self,
        task: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        match self
            .tasks
            .spawn(tasks::caught(task, work.in_current_span()))
            .await
        {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Problem::Internal(format!("{task}: {error}"))),
            Err(error) => Err(Problem::Internal(format!("{task}: {error}"))),
        }
    }

    /// True for a demo.
    pub fn is_demo(&self) -> bool {
        self.demo_codes.is_some()
    }
}

async fn brand(db: &Db) -> backend::Result<programme::Brand> {
    let mut tx = db.read().await?;
    Ok(programme::current(&mut tx).await?.brand)
}

/// Builds the router with all routes and shared layers.
pub fn router(app: Shared) -> Router {
    guarded(app, routes::router())
}

/// Adds the shared layers to routes.
fn guarded(app: Shared, routes: Router<Shared>) -> Router {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Precise(4))
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(860)));
    routes
        .layer(DefaultBodyLimit::max(routes::MOST_FORM_BYTES))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            cross_site::refuse,
        ))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            middleware::request_context,
        ))
        .layer(compression)
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Command, Settings};
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use backend::testing::TestDb;
    use clap::Parser;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_panic_costs_one_request_and_tells_nothing() {
        let test = TestDb::sqlite().await;
        let Command::Serve(settings) = Settings::parse_from(["compagnon", "serve"]).command else {
            panic!("serve is serve");
        };
        let sending = Sending::new(&settings).unwrap();
        let app = AppState::new(test.db.clone(), ClientAssets::default(), sending, &settings)
            .await
            .unwrap();
        let boom = || async {
            let secret = "the secret";
            assert!(secret.is_empty(), "{secret}");
        };
        let routes = guarded(
            app,
            routes::router()
                .route("/boom", get(boom))
                .route("/api/boom", get(boom)),
        );
        for (path, accept) in [("/boom", "text/html"), ("/boom", "*/*"), ("/api/boom", "*/*")] {
            let request = Request::get(path)
                .header("host", "127.0.0.1:3000")
                .header("accept", accept)
                .body(Body::empty())
                .unwrap();
            let answer = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
            let body = to_bytes(answer.into_body(), 100_000).await.unwrap();
            let body = std::str::from_utf8(&body).unwrap();
            assert!(body.contains(&id) && !body.contains("secret"), "{body}");
        }
    }
}
