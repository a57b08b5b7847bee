//! A database for one measurement, and a server process on it.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub enum Engine {
    Sqlite,
    /// Address of a server on which databases can be created.
    Postgres(String),
}

static COUNT: AtomicU64 = AtomicU64::new(0);

impl Engine {
    pub fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// Creates an empty database.
    pub async fn fixture(&self) -> Result<Fixture> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        match self {
            Engine::Sqlite => {
                let folder = tempfile::tempdir()?;
                Ok(Fixture {
                    url: format!("sqlite:{}", folder.path().join("bench.db").display()),
                    folder: Some(folder),
                    server: None,
                })
            }
            Engine::Postgres(server) => {
                let name = format!("compagnon_bench_{}_{number}", std::process::id());
                let mut admin = PgConnection::connect(server).await?;
                sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
                    .execute(&mut admin)
                    .await?;
                let (base, _) = server
                    .rsplit_once('/')
                    .context("TEST_POSTGRES_URL names a database")?;
                Ok(Fixture {
                    url: format!("{base}/{name}"),
                    folder: None,
                    server: Some((server.clone(), name)),
                })
            }
        }
    }
}

pub struct Fixture {
    pub url: String,
    folder: Option<tempfile::TempDir>,
    server: Option<(String, String)>,
}

impl Fixture {
    /// Returns its size on disk in bytes.
    pub async fn size(&self) -> Result<u64> {
        match (&self.folder, &self.server) {
            (Some(folder), _) => Ok(std::fs::metadata(folder.path().join("bench.db"))?.len()),
            (_, Some((_, name))) => {
                let mut connection = PgConnection::connect(&self.url).await?;
                let size: i64 = sqlx::query_scalar("SELECT pg_database_size($1)")
                    .bind(name)
                    .fetch_one(&mut connection)
                    .await?;
                Ok(size.unsigned_abs())
            }
            _ => Ok(0),
        }
    }

    /// Deletes the database.
    pub async fn leave(self) -> Result<()> {
        if let Some((server, name)) = &self.server {
            let mut admin = PgConnection::connect(server).await?;
            sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
                .execute(&mut admin)
                .await?;
        }
        Ok(())
    }
}

/// A server process, killed on drop.
pub struct Running {
    process: Child,
    pub address: SocketAddr,
}

impl Running {
    /// Starts `compagnon serve` on a database, with no bound on what a member sends.
    pub async fn ours(url: &str) -> Result<Running> {
        Running::start(Running::serve(&["--acts-at-once", "0"])?, url).await
    }

    /// Starts `compagnon serve` on a database with the bounds it has by itself.
    pub async fn bounded(url: &str) -> Result<Running> {
        Running::start(Running::serve(&[])?, url).await
    }

    fn serve(more: &[&str]) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?.with_file_name("compagnon"));
        command.args(["serve", "--log", "error", "--site"]);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site"));
        command.args(more);
        Ok(command)
    }

    /// Starts this binary's bare handler on the same database.
    pub async fn bare(url: &str) -> Result<Running> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare");
        Running::start(command, url).await
    }

    async fn start(mut command: Command, url: &str) -> Result<Running> {
        let address = free_address().await?;
        let process = command
            .env("DATABASE_URL", url)
            .env("LISTEN", address.to_string())
            .env("LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .context("the server beside this program: make bench builds it")?;
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(Running { process, address });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the server does not listen at {address}")
    }

    /// Returns memory in MiB: current and peak. Linux only.
    pub fn memory(&self) -> Option<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        Some((field("VmRSS:")? / 1024.0, field("VmHWM:")? / 1024.0))
    }

    /// Returns the processor time it has used. Linux only.
    pub fn cpu(&self) -> Option<Duration> {
        /// Ticks a second of the times that Linux tells processes (`USER_HZ`), on every architecture it runs on today.
        const TICKS: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).ok()?;
        // The second field is the name in brackets and may hold blanks; user and system time are fields 14 and 15.
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        Some(Duration::from_secs_f64((user + system) / TICKS))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn free_address() -> Result<SocketAddr> {
    Ok(tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}
