//! Disk writes fail, then succeed again. The same process continues.
#![cfg(target_os = "linux")]

use crate::audit::Audit;
use crate::harness::{Harness, Running};
use crate::phones::Crowd;
use crate::rng::seed;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PHONES: usize = 8;
const LOAD: Duration = Duration::from_millis(600);
/// Size of the disk, in bytes.
const SIZE: usize = 8 << 20;
/// Maximum file size, in bytes.
const LIMIT: usize = 64 << 10;
/// Number of times the disk fills up.
const TIMES: usize = 3;

/// Alternates `full` and `room` while phones act.
///
/// `look`: returns the URL at which the database can be inspected afterwards.
async fn fills_up(
    harness: &mut Harness,
    mut audit: Audit,
    mut server: Running,
    full: impl Fn(),
    room: impl Fn(),
    look: impl FnOnce() -> String,
) {
    let seed = seed();
    let crowd = Crowd::sign_in(harness, server.address, PHONES, seed).await;
    let busy = crowd.go();
    for _ in 0..TIMES {
        tokio::time::sleep(LOAD).await;
        let before = busy.net.unanswered.get();
        full();
        let said = harness.readyz(&busy.net, 503).await;
        assert!(
            said == "the disk is full\n" || said == "the disk fails\n",
            "{said}{}",
            harness.log()
        );
        assert_eq!(busy.net.get("/healthz").await.0, 200);
        tokio::time::sleep(LOAD).await;
        assert!(busy.net.unanswered.get() > before, "phones noticed nothing");
        room();
        harness.readyz(&busy.net, 200).await;
    }
    let mut crowd = busy.stop().await;
    crowd.settle().await;
    crowd.assert_all_decided();
    crowd.assert_equal_to_new_phones().await;
    harness.beside.clear();
    harness.url = look();
    audit.url = harness.url.clone();
    audit.has_all(&crowd.net.take_told()).await;
    assert_eq!(
        audit.log().await.len(),
        crowd.made(),
        "each act is in the log once"
    );
    audit.all_right(harness).await;
    assert!(server.is_alive(), "it was not started again");
    println!("{} acts, {} refused", crowd.made(), crowd.refused());
}

/// A file size limit, which needs no rights and works on any file system. SQLite reports it as an I/O error. The log
/// cannot grow either.
#[tokio::test]
async fn no_file_may_grow() {
    let local = tokio::task::LocalSet::new();
    let mut harness = Harness::sqlite();
    std::fs::write(harness.path("log"), "\n".repeat(LIMIT)).unwrap();
    // Why the trap: without it SIGXFSZ kills a process that exceeds the limit.
    let mut command = harness.through(Command::new("sh"));
    command.args([
        "-c",
        "trap '' XFSZ; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_compagnon"),
    ]);
    let test = async {
        let audit = Audit::begin(&harness).await;
        let server = harness.serve_as(command).await;
        let process = server.id().to_string();
        let limit = |bytes: &str| {
            let limit = format!("--fsize={bytes}:");
            let done = Command::new("prlimit").args(["--pid", &process, &limit]).status();
            assert!(done.unwrap().success(), "prlimit {limit}");
        };
        let url = harness.url.clone();
        let (full, room) = (|| limit(&LIMIT.to_string()), || limit("unlimited"));
        fills_up(&mut harness, audit, server, full, room, || url).await;
    };
    local.run_until(test).await;
}

/// A full file system, visible to this process only. Skipped with a message if none can be mounted.
#[tokio::test]
async fn the_disk_is_full() {
    let local = tokio::task::LocalSet::new();
    let mut harness = Harness::sqlite();
    let disk = harness.path("disk");
    std::fs::create_dir(&disk).unwrap();
    let Some((alone, beside)) = alone() else {
        println!("SKIPPED: no file system of one's own can be made here");
        return;
    };
    let mut command = harness.through(Command::new("unshare"));
    command.args(alone).args([
        "sh",
        "-c",
        "mount -t tmpfs -o size=8388608 tmpfs disk && cp compagnon.db disk/ && exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_compagnon"),
        "--database-url",
        "sqlite:disk/compagnon.db",
    ]);
    let test = async {
        let audit = Audit::begin(&harness).await;
        let server = harness.serve_as(command).await;
        let seen = PathBuf::from(format!("/proc/{}/root{}", server.id(), disk.display()));
        harness.beside = [&["--wd=.", "--target", &server.id().to_string()], beside]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect();
        harness.url = "sqlite:disk/compagnon.db".to_owned();
        let ballast = seen.join("ballast");
        let full = || {
            // The error is expected: the disk is full.
            let written = std::fs::write(&ballast, vec![0; SIZE]);
            assert!(written.is_err());
        };
        let room = || std::fs::remove_file(&ballast).unwrap();
        // Why a copy: SQLite cannot open a file through another process's file system.
        let copy = harness.path("copy");
        let look = || {
            std::fs::create_dir(&copy).unwrap();
            for file in std::fs::read_dir(&seen).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
            }
            format!("sqlite:{}", copy.join("compagnon.db").display())
        };
        fills_up(&mut harness, audit, server, full, room, look).await;
        assert!(harness.log().contains("a request failed"), "{}", harness.log());
        assert!(
            harness.log().contains("not ready: the disk "),
            "{}",
            harness.log()
        );
    };
    local.run_until(test).await;
}

type Arguments = &'static [&'static str];

/// Returns the arguments of `unshare` for a private mount namespace, and those of `nsenter` to enter it: as root, or as
/// any user if the system allows that.
fn alone() -> Option<(Arguments, Arguments)> {
    const WAYS: [(Arguments, Arguments); 2] = [
        (&["--mount"], &["--mount"]),
        (
            &["--user", "--map-root-user", "--mount"],
            &["--user", "--preserve-credentials", "--mount"],
        ),
    ];
    WAYS.into_iter().find(|(alone, _)| {
        let mut command = Command::new("unshare");
        command
            .args(*alone)
            .args(["sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]);
        command.output().is_ok_and(|output| output.status.success())
    })
}

/// A read-only database gives a one-line error; the server starts once the file is writable again.
#[cfg(unix)]
#[tokio::test]
async fn the_file_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let harness = Harness::sqlite();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let binary = harness.path("compagnon");
    std::fs::copy(env!("CARGO_BIN_EXE_compagnon"), &binary).unwrap();
    let file = harness.path("compagnon.db");
    let proof = harness.good(&["ledger", "prove"]);
    mode(harness.folder.path(), 0o777);
    mode(&file, 0o444);
    // Why as another user: root ignores the read-only mode.
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = harness.through(Command::new(if is_root { Path::new("setpriv") } else { &binary }));
    if is_root {
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&binary);
    }
    let output = command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("error: ") && last.contains("compagnon.db: the database is read-only"),
        "{said}"
    );
    mode(&file, 0o644);
    assert_eq!(harness.good(&["ledger", "prove"]), proof);
    harness.serve().await;
}
