//! Checks the installation: one line per check.

use crate::sending::Sending;
use crate::settings::{Common, Serve};
use crate::site::ClientAssets;
use crate::{plaintext, private_files, serve};
use anyhow::Result;
use backend::clock::{Clock, System};
use backend::{Db, ledger, members, programme, signing};
use domain::Day;
use std::path::Path;
use std::process::ExitCode;

/// The result of a check.
enum Found {
    Well(String),
    /// Works, but the operator should know.
    Note(String),
    Ill(String),
}

use Found::{Ill, Note, Well};

/// Runs all checks that are possible before members come.
///
/// # Errors
/// Never for failed checks: those are in the output and in the exit code.
pub async fn doctor(common: &Common, settings: &Serve) -> Result<ExitCode> {
    let mut report = Report::default();
    report.say("clock", clock());
    report.say("site", site(settings));
    report.say("sending", sending(common, settings).await);
    report.say("address", address(settings));
    report.say("files", files(&common.database_url));
    if !common.allow_plaintext
        && let Err(error) = plaintext::refuse_database("DATABASE_URL", &common.database_url)
    {
        report.say("database", Ill(error.to_string()));
        return Ok(report.finish());
    }
    match super::open(&common.database_url).await {
        Err(error) => report.say("database", Ill(format!("{error:#}"))),
        Ok(db) => {
            database(&db, &mut report).await;
            db.close().await;
        }
    }
    Ok(report.finish())
}

#[derive(Default)]
struct Report {
    ill: u32,
}

impl Report {
    fn finish(self) -> ExitCode {
        if self.ill == 0 {
            outln!("all is well");
            ExitCode::SUCCESS
        } else {
            outln!("something is wrong");
            ExitCode::FAILURE
        }
    }

    fn say(&mut self, what: &str, found: Found) {
        let (sign, text) = match found {
            Well(text) => ("ok  ", text),
            Note(text) => ("note", text),
            Ill(text) => {
                self.ill += 1;
                ("BAD ", text)
            }
        };
        outln!("{sign}  {what:<9} {text}");
    }
}

/// No release is older than this: an earlier clock is wrong.
const FIRST_RELEASE: &str = "2026-11-01";
const LAST_YEAR: i32 = 2100;

fn clock() -> Found {
    let now = System::default().now();
    let today = Day((now.0.div_euclid(86_400_000)) as i32);
    match Day::parse(FIRST_RELEASE) {
        Some(first) if today < first => Ill(format!(
            "it says {today}: codes, sessions and points would have wrong dates"
        )),
        _ if today.ymd().0 > LAST_YEAR => Ill(format!("it says {today}")),
        _ => Well(format!("it says {today} (UTC)")),
    }
}

fn site(settings: &Serve) -> Found {
    match ClientAssets::read(&settings.site) {
        Err(error) => Ill(format!("{}: {error}", settings.site.display())),
        Ok(site) => match site.build() {
            Some(build) => Well(format!("build {build}, {} KB", site.size() / 1024)),
            None => Ill(format!(
                "{}: missing {}; build it: .ci/client",
                settings.site.display(),
                site.missing().join(", ")
            )),
        },
    }
}

/// Looks beside the database and in the current folder for files with data that others can read.
fn files(url: &str) -> Found {
    let folder = super::sqlite_path(url).and_then(|path| Path::new(path).parent());
    let here = Path::new(".");
    let beside = folder.filter(|folder| !folder.as_os_str().is_empty() && *folder != here);
    let folders: Vec<&Path> = beside.into_iter().chain([here]).collect();
    let wide = private_files::wide_files(&folders);
    if wide.is_empty() {
        return Well("nobody else can read them".into());
    }
    let names: Vec<String> = wide.iter().map(|path| path.display().to_string()).collect();
    Ill(format!(
        "others on this machine can read {}: chmod 600",
        names.join(", ")
    ))
}

async fn sending(common: &Common, settings: &Serve) -> Found {
    if !common.allow_plaintext
        && let Err(error) = plaintext::refuse_sending(settings)
    {
        return Ill(error.to_string());
    }
    match Sending::new(settings) {
        Err(error) => Ill(format!("{error:#}")),
        Ok(sending) => match (sending.check().await, sending.describe()) {
            (Err(error), _) => Ill(format!("{error:#}")),
            (Ok(()), (true, said)) => Well(said.to_owned()),
            (Ok(()), (false, _)) if serve::lacks_sending(settings, &sending) => {
                Ill(serve::LACKS_SENDING.to_owned())
            }
            (Ok(()), (false, said)) => Note(said.to_owned()),
        },
    }
}

fn address(settings: &Serve) -> Found {
    match &settings.public_url {
        None => Note(format!(
            "PUBLIC_URL is not set: members reach it only as http://{}",
            settings.listen
        )),
        Some(url) if url.starts_with("https://") => Well(url.clone()),
        Some(url) => Note(format!(
            "{url} is not https: fine on this machine, not for members"
        )),
    }
}

async fn database(db: &Db, report: &mut Report) {
    match db.examine().await {
        Ok((said, amiss)) if amiss.is_empty() => report.say("database", Well(said)),
        Ok((said, amiss)) => report.say("database", Ill(format!("{said}: {}", amiss.join("; ")))),
        Err(error) => return report.say("database", Ill(error.to_string())),
    }
    let read = async {
        let mut tx = db.read().await?;
        let settings = programme::current(&mut tx).await?;
        let today = settings.day(tx.now())?;
        let proof = ledger::prove(&mut tx, today).await?;
        let empty = programme::is_untouched(&mut tx).await?;
        let key = signing::check(&mut tx).await;
        let phones = members::unreadable_phones(&mut tx).await?;
        Ok::<_, backend::Error>((settings, proof, empty, key, phones))
    };
    match read.await {
        Err(error) => report.say(
            "tables",
            Ill(format!("{error}; bring them up to date: compagnon migrate")),
        ),
        Ok((settings, proof, empty, key, phones)) => {
            report.say("tables", Well("up to date".into()));
            report.say(
                "programme",
                Well(format!("{}, {} tiers", settings.brand.name, settings.tiers.len())),
            );
            if empty {
                report.say("members", Note("there is nothing in the programme yet".into()));
            }
            report.say("phones", phone_numbers(&phones));
            report.say(
                "tickets",
                match key {
                    Ok(key) => Well(format!("signing key {key} reads back what it signs")),
                    Err(error) => Ill(error.to_string()),
                },
            );
            report.say(
                "ledger",
                if proof.ok {
                    Well(format!(
                        "right: {} entries, {} accounts",
                        proof.entries, proof.accounts
                    ))
                } else {
                    Ill(proof.amiss.join("; "))
                },
            );
        }
    }
}

/// `unreadable`: refs of members, and numbers that no numbering plan has.
fn phone_numbers(unreadable: &[(String, String)]) -> Found {
    if unreadable.is_empty() {
        return Well("every stored number is one".into());
    }
    let listed: Vec<String> = unreadable
        .iter()
        .map(|(reference, phone)| format!("{reference} {phone}"))
        .collect();
    Note(format!(
        "{} stored numbers are none, their members cannot sign in with them: {}",
        unreadable.len(),
        listed.join(", ")
    ))
}
