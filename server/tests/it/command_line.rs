//! The binary itself.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Returns a command that runs the binary in its own folder, with no settings.
fn compagnon(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_compagnon"));
    command.current_dir(folder).env_clear().env("LOG", "warn");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    compagnon(folder).args(arguments).output().unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn good(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let (out, err) = said(&output);
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out
}

#[test]
fn the_sample_of_settings_is_up_to_date() {
    let committed = include_str!("../../../.env.sample");
    let folder = tempfile::tempdir().unwrap();
    let written = good(folder.path(), &["config", "sample"]);
    assert_eq!(committed, written, "compagnon config sample > .env.sample");
}

#[test]
fn a_bad_row_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    assert!(here.join("data/compagnon.db").exists());
    let orders = "order_ref,company_ref,ordered_on,quantity,amount\nA-1,c-halle,2026-01-05,1,12.50\nA-2,c-halle,2026-01-32,1,12.50\n";
    std::fs::write(here.join("orders.csv"), orders).unwrap();
    let before = good(here, &["ledger", "prove", "--json"]);
    let output = run(here, &["import", "orders", "orders.csv"]);
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err.contains("orders.csv: line 3, ordered_on \"2026-01-32\""),
        "{err}"
    );
    assert!(out.contains("nothing written"), "{out}");
    assert_eq!(good(here, &["ledger", "prove", "--json"]), before);
    let out = good(here, &["import", "orders", "orders.csv", "--skip-bad"]);
    assert!(
        out.contains("1 new") && out.contains("orders.csv.errors.csv"),
        "{out}"
    );
    let errors = std::fs::read_to_string(here.join("orders.csv.errors.csv")).unwrap();
    assert!(
        errors.contains("A-2,c-halle,2026-01-32,1,12.50,3,ordered_on,"),
        "{errors}"
    );
}

#[test]
fn keys_are_listed_rotated_and_retired() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let states = || -> Vec<String> {
        let listed = good(here, &["keys", "list"]);
        listed
            .lines()
            .map(|line| {
                let (_, state) = line.rsplit_once(", ").unwrap();
                format!("{} {}", line.split_whitespace().next().unwrap(), &state[..5])
            })
            .collect()
    };
    assert_eq!(states(), ["1 signs"]);
    let (_, err) = said(&run(here, &["keys", "retire", "1"]));
    assert!(err.contains("compagnon keys rotate"), "{err}");
    assert!(good(here, &["keys", "rotate"]).starts_with("key 2 signs"));
    assert_eq!(states(), ["1 verif", "2 signs"]);
    assert!(good(here, &["keys", "retire", "1"]).starts_with("key 1 counts for nothing"));
    assert_eq!(states(), ["1 retir", "2 signs"]);
    for wrong in ["1", "7"] {
        assert_eq!(run(here, &["keys", "retire", wrong]).status.code(), Some(1));
    }
    let output = run(here, &["keys", "verify", "CPG1:NOT"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).0.starts_with("NOT VALID"), "{:?}", said(&output));
}

#[test]
fn the_demo_goes_in_once_and_a_programme_is_not_mixed_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load", "--if-empty"]);
    let before = good(here, &["ledger", "prove", "--json"]);
    assert!(good(here, &["demo", "load", "--if-empty"]).contains("already"));
    good(here, &["demo", "load"]);
    assert_eq!(good(here, &["ledger", "prove", "--json"]), before);
    let other = include_str!("../../demo/programme.toml").replace("Club Ferrand", "Cercle Durand");
    std::fs::write(here.join("programme.toml"), other).unwrap();
    assert!(
        good(here, &["programme", "apply", "programme.toml", "--dry-run"]).contains("would change: brand")
    );
    assert!(good(here, &["programme", "apply", "programme.toml"]).contains("changed: brand"));
    assert!(good(here, &["programme", "apply", "programme.toml"]).contains("nothing changes"));
    let (_, err) = said(&run(here, &["demo", "load"]));
    assert!(
        err.starts_with("error: ") && err.contains("Cercle Durand") && err.lines().count() == 1,
        "{err}"
    );
}

#[test]
fn what_is_withdrawn_is_named_and_what_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    for (kind, reference) in [
        ("course", "height"),
        ("reward", "knee-pads"),
        ("event", "family-day"),
    ] {
        let out = good(here, &["withdraw", kind, reference]);
        assert_eq!(out, format!("{reference}: withdrawn\n"));
        // Withdrawing is idempotent.
        good(here, &["withdraw", kind, reference]);
        let output = run(here, &["withdraw", kind, "no-such"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            said(&output).1,
            format!("error: \"no-such\": there is no such {kind}\n")
        );
    }
}

#[test]
fn an_import_of_a_course_says_what_it_means_for_who_passed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    let course = here.join("knots");
    std::fs::create_dir(&course).unwrap();
    let import = |version: u32, points: u32, lesson: &str| {
        let text = format!(
            "ref = \"knots\"\nversion = {version}\ntitle = {{ en = \"Knots\" }}\nsummary = {{ en = \"Ropes\" }}\nminutes = 3\n\
             points = {points}\npass_mark = 50\nlanguages = [\"en\"]\n[[lesson]]\nfile = \"bowline\"\n[[question]]\nref = \"q\"\n\
             use = \"graded\"\nlesson = \"bowline\"\nkind = \"true_false\"\nprompt = {{ en = \"Slips?\" }}\ncorrect = false\n"
        );
        std::fs::write(course.join("course.toml"), text).unwrap();
        std::fs::write(course.join("bowline.en.md"), format!("# Bowline\n\n{lesson}\n")).unwrap();
        run(here, &["import", "course", "knots"])
    };
    for (version, points, lesson, told) in [
        (1, 10, "Rabit.", "questions"),
        (1, 10, "Rabit.", "unchanged"),
        (
            1,
            10,
            "Rabbit.",
            "corrected: questions, pass mark and points are the same",
        ),
        (
            2,
            10,
            "Rabbit!",
            "corrected: questions, pass mark and points are the same",
        ),
        (
            3,
            20,
            "Rabbit!",
            "0 who passed before may pass it again; who was paid before is not paid again",
        ),
    ] {
        let (out, error) = said(&import(version, points, lesson));
        assert!(out.contains(told), "{out}{error}");
    }
    let (_, error) = said(&import(3, 30, "Rabbit!"));
    assert!(error.contains("raise the version (the newest is 3)"), "{error}");
    let (_, error) = said(&import(2, 10, "Rabbit!"));
    assert!(error.contains("must be higher than 3"), "{error}");
}

#[test]
fn codes_status_and_copies() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    let code = good(here, &["code", "m-marie"]);
    assert_eq!(code.lines().next().unwrap().len(), 9, "{code}");
    good(
        here,
        &[
            "code",
            "m-marie",
            "--card",
            "card.html",
            "--public-url",
            "https://club.example.com",
        ],
    );
    let card = std::fs::read_to_string(here.join("card.html")).unwrap();
    assert!(card.contains("<svg") && card.contains("club.example.com/invitation"));
    let status: serde_json::Value =
        serde_json::from_str(&good(here, &["status", "c-sorlin", "--json"])).unwrap();
    assert_eq!(
        (&status["company"], &status["tier"]),
        (&"c-sorlin".into(), &"stone".into())
    );
    let (_, err) = said(&run(here, &["status", "nobody"]));
    assert!(err.starts_with("error: ") && err.lines().count() == 1, "{err}");
    assert!(good(here, &["requests", "list"]).contains("no open requests"));
    let proof = good(here, &["ledger", "prove"]);
    good(here, &["database", "copy", "--to", "sqlite:copy.db"]);
    assert_eq!(
        good(here, &["--database-url", "sqlite:copy.db", "ledger", "prove"]),
        proof
    );
}

#[test]
fn a_wrong_setting_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (arguments, word) in [
        (vec!["--database-url", "mysql:x", "migrate"], "DATABASE_URL"),
        (vec!["--log", "a=b=c", "migrate"], "LOG"),
        (vec!["programme", "apply", "no.toml"], "no.toml"),
        (
            vec!["--database-url", "sqlite:new.db", "status", "c-halle"],
            "compagnon migrate: database: ",
        ),
    ] {
        let output = run(here, &arguments);
        let (_, err) = said(&output);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(
            err.starts_with("error: ") && err.contains(word) && err.lines().count() == 1,
            "{err}"
        );
    }
    std::fs::write(here.join(".env"), "DATABASE_URL=sqlite:from-env-file.db\n").unwrap();
    good(here, &["migrate"]);
    assert!(here.join("from-env-file.db").exists());
}

#[test]
fn settings_of_a_folder_above_are_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "DATABASE_URL=sqlite:planted.db\n").unwrap();
    let here = folder.path().join("here");
    std::fs::create_dir(&here).unwrap();
    good(&here, &["migrate"]);
    assert!(here.join("data/compagnon.db").exists() && !here.join("planted.db").exists());
}

/// Each is refused before anything is connected to; `LISTEN` is what comes next.
#[test]
fn unsafe_settings_are_refused_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let serve = ["serve", "--listen", "203.0.113.1:1", "--site", "."];
    let mail = [
        "--mail-from",
        "a@example.com",
        "--smtp-url",
        "smtp://mail.example.com",
    ];
    let texts = ["--sms-url", "http://sms.example.com/send"];
    let https = ["--public-url", "https://club.example.com"];
    for (settings, word, option) in [
        (&mail[..], "SMTP_URL", "--allow-plaintext"),
        (&texts[..], "SMS_URL", "--allow-plaintext"),
        (&https[..], "PUBLIC_URL", "--without-sending"),
    ] {
        let arguments = [&serve[..], settings].concat();
        let (_, err) = said(&run(here, &arguments));
        let line = err.lines().last().unwrap();
        assert!(
            line.starts_with("error: ") && line.contains(word) && line.contains(option),
            "{err}"
        );
        let (_, err) = said(&run(here, &[&arguments[..], &[option]].concat()));
        assert!(err.contains("error: LISTEN"), "{err}");
    }
    let far = "postgres://me:secret@db.invalid/club";
    for arguments in [
        vec!["--database-url", far, "migrate"],
        vec!["database", "copy", "--to", far],
        vec!["--database-url", far, "backup", "backup.db"],
    ] {
        let (_, err) = said(&run(here, &arguments));
        assert!(
            err.contains("without TLS") && err.contains("--allow-plaintext"),
            "{err}"
        );
        assert!(!err.contains("secret"), "{err}");
    }
    let (out, _) = said(&run(here, &[&["doctor"], &mail[..]].concat()));
    assert!(
        out.contains("BAD   sending") && out.contains("without TLS"),
        "{out}"
    );
    let (out, _) = said(&run(
        here,
        &["doctor", "--public-url", "https://club.example.com"],
    ));
    assert!(out.contains("BAD   sending"), "{out}");
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let output = run(here, &["doctor"]);
    let (out, _) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out.contains("BAD   site") && out.contains("BAD   tables"),
        "{out}"
    );
    good(here, &["demo", "load"]);
    let site = here.join("target/site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    for name in [
        "pkg/compagnon.js",
        "pkg/compagnon.wasm",
        "boot.js",
        "store.js",
        "watchdog.js",
        "sw.js",
    ] {
        std::fs::write(site.join(name), "x").unwrap();
    }
    let out = good(here, &["doctor"]);
    assert!(
        out.contains("all is well") && out.contains("ok    ledger"),
        "{out}"
    );
}

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn serving_says_where_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    let mut command = compagnon(here);
    command
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut serving = Serving(command.spawn().unwrap());
    let mut out = serving.0.stdout.take().unwrap();
    let mut text = String::new();
    let mut buffer = [0; 512];
    while !text.contains("the code is shown") {
        let read = out.read(&mut buffer).unwrap();
        assert!(read > 0, "it ended: {text}");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    for name in ["Marie Vasseur", "Karim Benali", "Tom Ashworth"] {
        assert!(text.contains(name), "{text}");
    }
    let address = text
        .split("http://")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    use std::io::Write;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("ready\n"),
        "{answer}"
    );
    // An open connection does not delay the shutdown.
    let _idle = TcpStream::connect(&address).unwrap();
    let told = Command::new("kill")
        .args(["-TERM", &serving.0.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    for _ in 0..100 {
        if let Some(status) = serving.0.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it does not end");
}

#[test]
fn a_file_of_rows_says_how_it_was_read_in_the_language_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    good(here, &["demo", "load"]);
    let columns = "order_ref;company_ref;ordered_on;quantity;amount";
    let unclear = format!("{columns}\r\nL-1;c-halle;03/02/2026;2;1 250\r\nL-2;c-halle;04/02/2026;1;#N/A\r\n");
    std::fs::write(here.join("orders.csv"), unclear).unwrap();
    let (out, err) = said(&run(
        here,
        &["import", "orders", "orders.csv", "--language", "fr"],
    ));
    assert!(
        err.contains("orders.csv: ligne 2, ordered_on \"03/02/2026\"\u{202f}: peut se lire de deux façons")
            && err.contains("--dates dmy"),
        "{err}"
    );
    assert!(
        out.contains("orders.csv: lu comme UTF-8, `;`") && out.contains("rien n’est écrit"),
        "{out}"
    );
    let (dry, _) = said(&run(
        here,
        &[
            "import",
            "orders",
            "orders.csv",
            "--dates",
            "dmy",
            "--skip-bad",
            "--dry-run",
        ],
    ));
    let out = good(
        here,
        &["import", "orders", "orders.csv", "--dates", "dmy", "--skip-bad"],
    );
    let plan = "orders.csv: read as UTF-8, `;`, dd/mm/yyyy";
    assert!(
        dry.lines().any(|line| line == plan) && out.lines().any(|line| line == plan),
        "{dry}{out}"
    );
    assert!(out.contains("1 new") && out.contains("bad rows are in"), "{out}");
    let errors = here.join("orders.csv.errors.csv");
    let mended = std::fs::read_to_string(&errors).unwrap().replace("#N/A", "12,50");
    std::fs::write(&errors, mended).unwrap();
    let out = good(here, &["import", "orders", "orders.csv.errors.csv"]);
    assert!(out.contains("dd/mm/yyyy") && out.contains("1 new"), "{out}");

    // A clean run leaves no older list of bad rows beside it.
    assert!(errors.exists());
    std::fs::write(
        here.join("orders.csv"),
        format!("{columns}\nL-3;c-halle;2026-02-04;1;12,50\n"),
    )
    .unwrap();
    good(here, &["import", "orders", "orders.csv", "--dry-run"]);
    assert!(errors.exists());
    good(here, &["import", "orders", "orders.csv"]);
    assert!(!errors.exists());

    let (_, err) = said(&run(
        here,
        &["import", "orders", "missing.csv", "--language", "de"],
    ));
    assert!(err.contains("must be fr or en"), "{err}");
    let options = [
        "--encoding",
        "iso-8859-15",
        "--separator",
        "tab",
        "--decimal",
        ".",
        "--header-row",
        "2",
        "--sheet",
        "x",
    ];
    std::fs::write(
        here.join("odd.csv"),
        "title\norder_ref\tcompany_ref\tordered_on\tquantity\tamount\nL-4\tc-halle\t2026-02-04\t1\t1,250\n",
    )
    .unwrap();
    let out = good(here, &[&["import", "orders", "odd.csv"], &options[..]].concat());
    assert!(
        out.contains("read as ISO-8859-15, tab, decimal point, yyyy-mm-dd, columns in line 2"),
        "{out}"
    );
}
