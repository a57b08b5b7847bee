//! Files with data or a secret are their owner's alone, whatever the mask of the shell.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Returns a command that runs the binary in a folder from a shell whose mask lets everybody read.
fn compagnon(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args([
            "-c",
            "umask 022; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_compagnon"),
        ])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("LOG", "warn");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    compagnon(folder, arguments).output().unwrap()
}

fn good(folder: &Path, arguments: &[&str]) {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
}

/// Returns every file and folder below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

#[test]
fn whatever_is_made_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let rows = "order_ref,company_ref,ordered_on,quantity,amount\nA-1,c-halle,2026-01-32,1,12.50\n";
    fs::write(here.join("orders.csv"), rows).unwrap();
    fs::write(here.join("card.html"), "of an earlier release").unwrap();
    open_to_all(&here.join("card.html"));
    good(here, &["demo", "load"]);
    good(here, &["code", "m-marie", "--card", "card.html"]);
    good(here, &["import", "orders", "orders.csv", "--skip-bad"]);
    good(here, &["backup", "backup.db"]);
    good(here, &["database", "copy", "--to", "sqlite:copy/copy.db"]);
    let mut serving = compagnon(here, &["serve", "--demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut greeting = [0; 16];
    serving.stdout.take().unwrap().read_exact(&mut greeting).unwrap();
    let made = below(here);
    serving.kill().unwrap();
    serving.wait().unwrap();
    for name in [
        "data/compagnon.db",
        "data/compagnon.db-wal",
        "data/compagnon.db-shm",
        "card.html",
        "orders.csv.errors.csv",
        "backup.db",
        "copy/copy.db",
    ] {
        assert!(made.contains(&here.join(name)), "{name}: {made:?}");
    }
    for path in made.iter().filter(|path| !path.ends_with("orders.csv")) {
        assert_eq!(mode(path) & 0o077, 0, "{}: {:o}", path.display(), mode(path));
    }
}

#[test]
fn the_doctor_names_files_that_others_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    good(here, &["code", "m-marie", "--card", "marie.html"]);
    good(here, &["backup", "kept-elsewhere"]);
    fs::write(here.join(".env"), "").unwrap();
    fs::write(here.join("notes.html"), "nothing of ours").unwrap();
    let said = || String::from_utf8(run(here, &["doctor"]).stdout).unwrap();
    for name in [
        "data/compagnon.db",
        "marie.html",
        "kept-elsewhere",
        ".env",
        "notes.html",
    ] {
        fs::set_permissions(here.join(name), Permissions::from_mode(0o600)).unwrap();
    }
    assert!(said().contains("ok    files"), "{}", said());
    for name in ["data/compagnon.db", "marie.html", "kept-elsewhere", ".env"] {
        fs::set_permissions(here.join(name), Permissions::from_mode(0o640)).unwrap();
        let line = said();
        let line = line.lines().find(|line| line.contains("files")).unwrap();
        assert!(line.starts_with("BAD") && line.contains(name), "{line}");
    }
    open_to_all(&here.join("notes.html"));
    assert!(!said().contains("notes.html"));
}

#[test]
fn restoring_over_a_wide_file_leaves_none() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    good(here, &["backup", "backup.db"]);
    open_to_all(&here.join("data/compagnon.db"));
    good(here, &["restore", "backup.db", "--force"]);
    for name in ["data/compagnon.db", "data/compagnon.db.replaced"] {
        assert_eq!(mode(&here.join(name)), 0o600, "{name}");
    }
}
