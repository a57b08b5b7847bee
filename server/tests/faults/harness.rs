//! The binary in its own folder, with the demo and a few scarce rewards and events.

use crate::phones::Net;
use backend::testing::TestDb;
use domain::fault;
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Timeout of every wait. Only an upper bound: nothing is measured.
pub const WAIT_TIMEOUT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Stock so low that members compete for it.
const SCARCE_REWARDS: &str = r#"
[[reward]]
ref = "scarce"
title = { fr = "Rare", en = "Scarce" }
summary = { fr = "Rare", en = "Scarce" }
body = { fr = "Rare.", en = "Scarce." }
shelf = "work"
points = 10
stock = 5
delivery = "post"

[[reward]]
ref = "plenty"
title = { fr = "Beaucoup", en = "Plenty" }
summary = { fr = "Beaucoup", en = "Plenty" }
body = { fr = "Beaucoup.", en = "Plenty." }
shelf = "work"
points = 1
delivery = "voucher"
"#;
const SCARCE_EVENTS: &str = r#"
[[event]]
ref = "scarce"
title = { fr = "Rare", en = "Scarce" }
summary = { fr = "Rare", en = "Scarce" }
body = { fr = "Rare.", en = "Scarce." }
starts = "+9 10:00"
minutes = 60
webinar = "https://example.com/scarce"
seats = 3
register_until_hours = 1
trades = []
"#;

pub struct Harness {
    pub folder: tempfile::TempDir,
    pub url: String,
    /// Arguments of `nsenter` to reach the mount namespace of the database; empty if none is needed.
    pub beside: Vec<String>,
    /// The PostgreSQL database of the test.
    _world: Option<TestDb>,
}

/// The serving binary; killed on drop.
pub struct Running {
    pub address: SocketAddr,
    child: Child,
}

impl Harness {
    /// On a new SQLite file.
    pub fn sqlite() -> Harness {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("compagnon.db").display());
        Harness::furnished(folder, url, None)
    }

    /// On a new PostgreSQL database; `None`, with a message, if there is no PostgreSQL.
    pub async fn postgres() -> Option<Harness> {
        let test = TestDb::postgres().await?;
        test.db.close().await;
        Some(Harness::at(test.url.clone(), Some(test)))
    }

    /// On an empty database.
    pub fn at(url: String, test: Option<TestDb>) -> Harness {
        Harness::furnished(tempfile::tempdir().unwrap(), url, test)
    }

    fn furnished(folder: tempfile::TempDir, url: String, test: Option<TestDb>) -> Harness {
        let harness = Harness {
            folder,
            url,
            beside: Vec::new(),
            _world: test,
        };
        harness.good(&["demo", "load"]);
        harness.write("rewards.toml", SCARCE_REWARDS);
        harness.write("events.toml", SCARCE_EVENTS);
        harness.good(&["import", "rewards", "rewards.toml"]);
        harness.good(&["import", "events", "events.toml"]);
        harness
    }

    /// Returns a separate harness on a SQLite file in this harness's folder.
    pub fn copy(&self, name: &str) -> Harness {
        Harness {
            folder: tempfile::tempdir().unwrap(),
            url: format!("sqlite:{}", self.path(name).display()),
            beside: Vec::new(),
            _world: None,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Returns the command that runs the binary, with only the database set.
    pub fn command(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_compagnon");
        if self.beside.is_empty() {
            return self.through(Command::new(binary));
        }
        let mut command = self.through(Command::new("nsenter"));
        command.args(&self.beside).arg(binary);
        command
    }

    /// Applies the same settings to a command that runs the binary.
    pub fn through(&self, mut command: Command) -> Command {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LOG", "warn")
            .env("DATABASE_URL", &self.url)
            .envs(std::env::var(fault::VARIABLE).map(|on| (fault::VARIABLE, on)));
        command
    }

    /// Runs the binary; returns success, stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> (bool, String, String) {
        let output = self.command().args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    pub fn good(&self, arguments: &[&str]) -> String {
        let (good, out, err) = self.run(arguments);
        assert!(good, "{arguments:?}: {out}{err}");
        out
    }

    /// Runs a command that must fail; returns its one-line error.
    pub fn bad(&self, arguments: &[&str]) -> String {
        let (good, out, err) = self.run(arguments);
        assert!(!good, "{arguments:?} should have failed: {out}{err}");
        assert!(err.starts_with("error: ") && err.lines().count() == 1, "{err}");
        err
    }

    /// Issues a one-time code for a member, as a helpdesk does.
    pub fn code(&self, member: &str) -> String {
        self.good(&["code", member]).lines().next().unwrap().to_owned()
    }

    /// Waits until `/readyz` returns the status code; returns its body.
    pub async fn readyz(&self, net: &Net, status: u16) -> String {
        let mut said = String::new();
        until("/readyz answers so", async || {
            let (is, text) = net.get("/readyz").await;
            said = text;
            is == status
        })
        .await;
        said
    }

    /// Returns the server's log since the harness was built.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Starts the server and waits until it is up.
    pub async fn serve(&self) -> Running {
        self.serve_as(self.command()).await
    }

    /// [`Harness::serve`] through another command, e.g. one with limits.
    pub async fn serve_as(&self, command: Command) -> Running {
        let (child, out) = self.spawn(command);
        let address = self.address(&out).await;
        Running { address, child }
    }

    /// Starts the server without waiting.
    pub fn spawn(&self, mut command: Command) -> (Child, PathBuf) {
        let out = self.path("out");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let child = command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--trusted-proxy",
                "0",
                "--acts-at-once",
                "0",
            ])
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        (child, out)
    }

    async fn address(&self, out: &Path) -> SocketAddr {
        let mut address = None;
        until("it is up", async || {
            let text = std::fs::read_to_string(out).unwrap();
            let rest = text.strip_prefix("compagnon is at http://");
            address = rest.and_then(|rest| rest.split_once('\n')?.0.parse().ok());
            address.is_some()
        })
        .await;
        address.unwrap()
    }
}

/// Waits until a condition is true.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(WAIT_TIMEOUT, waiting)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the server with SIGKILL.
    pub fn kill(mut self) {
        self.end();
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn end(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
