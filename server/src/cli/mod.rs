//! The command line: runs each command and prints its output.

mod backup;
mod card;
mod doctor;
mod imports;
mod keys;
mod language;
mod member;
mod points;

use crate::console::seconds_since;
use crate::settings::{
    Command, Common, Config, Database, Demo, Ledger, LogFormat, Programme, Requests, Settings, Step, Withdraw,
};
use crate::{demo, generate, plaintext, private_files, serve, settings, tasks};
use anyhow::{Context, Result, bail};
use app::text::input_error;
use backend::clock::System;
use backend::import::{self, Difference};
use backend::programme::apply::{Changes, Past};
use backend::{Db, copy, events, learning, ledger, members, programme, rewards, sessions, status};
use domain::rewards::Step as RequestStep;
use domain::{Lang, Text, Timestamp, fault};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use tracing_subscriber::EnvFilter;

pub use language::language;

/// Runs one command.
///
/// # Errors
/// A message for the person at the command line, in one line.
pub async fn run(settings: Settings) -> Result<ExitCode> {
    let Settings { common, command } = settings;
    log(&common)?;
    if !common.allow_plaintext {
        refuse_plaintext(&common, &command)?;
    }
    match command {
        Command::Config(Config::Sample) => {
            outln!("{}", settings::sample().trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Doctor(serve) => return doctor::doctor(&common, &serve).await,
        Command::Backup(wanted) => {
            backup::backup(&common.database_url, &wanted).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Restore(wanted) => {
            backup::restore(&common.database_url, &wanted).await?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let db = open(&common.database_url).await?;
    let code = obey(&db, command, language(&common)).await;
    db.close().await;
    code.map_err(|error| match error.downcast_ref() {
        Some(ours @ backend::Error::Database(_)) if ours.operator_message() != backend::Error::NO_ANSWER => {
            let words = ours.operator_message();
            let file = sqlite_path(&common.database_url).unwrap_or("DATABASE_URL");
            error.context(format!("{file}: {words}"))
        }
        Some(backend::Error::Database(_)) => error.context("if the database is new: compagnon migrate"),
        _ => error,
    })
}

/// Words a cause for the command line.
fn words(cause: &(dyn std::error::Error + 'static), language: Lang) -> String {
    match cause.downcast_ref() {
        Some(backend::Error::Input(error)) => input_error(error, language),
        _ => cause.to_string(),
    }
}

/// Formats an error with its causes; a cause already contained in the text is left out.
pub fn in_one_line(error: &anyhow::Error, language: Lang) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| words(cause, language)) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.replace(['\n', '\r'], " ").trim().to_owned()
}

fn refuse_plaintext(common: &Common, command: &Command) -> Result<()> {
    match command {
        // It says so among its other findings.
        Command::Doctor(_) | Command::Config(_) => return Ok(()),
        Command::Serve(settings) => plaintext::refuse_sending(settings)?,
        Command::Database(Database::Copy { to }) => plaintext::refuse_database("--to", to)?,
        _ => {}
    }
    plaintext::refuse_database("DATABASE_URL", &common.database_url)
}

async fn obey(db: &Db, command: Command, language: Lang) -> Result<ExitCode> {
    match command {
        Command::Serve(settings) => {
            backend::migrate(db).await?;
            serve::serve(db.clone(), &settings).await?;
        }
        Command::Migrate => {
            backend::migrate(db).await?;
            outln!("the database is up to date");
        }
        Command::Demo(Demo::Load { if_empty }) => {
            backend::migrate(db).await?;
            demo::load(db, if_empty).await?;
        }
        Command::Demo(Demo::Generate { members, orders }) => {
            let begun = Instant::now();
            let mut progress = |there| outln!("{there} members, {}", seconds_since(begun));
            generate::generate(db, members, orders, &mut progress).await?;
        }
        Command::Withdraw(what) => withdraw(db, what).await?,
        Command::Programme(Programme::Apply {
            file,
            dry_run,
            recompute,
        }) => {
            backend::migrate(db).await?;
            apply_programme(db, &file, dry_run, recompute).await?;
        }
        Command::Import(import) => {
            backend::migrate(db).await?;
            return imports::import(db, import, language).await;
        }
        Command::Requests(Requests::List) => list_requests(db).await?,
        Command::Requests(Requests::Move { id, step }) => {
            let mut tx = db.write().await?;
            let step = match step {
                Step::Accepted => RequestStep::Accepted,
                Step::Sent => RequestStep::Sent,
                Step::Delivered => RequestStep::Delivered,
                Step::Declined => RequestStep::Declined,
            };
            rewards::advance(&mut tx, id, step).await?;
            tx.commit().await?;
            outln!("{id}: {}", step.code());
        }
        Command::Member(wanted) => {
            backend::migrate(db).await?;
            member::obey(db, wanted).await?;
        }
        Command::Keys(wanted) => {
            backend::migrate(db).await?;
            return keys::obey(db, wanted).await;
        }
        Command::Code(wanted) => code(db, &wanted).await?,
        Command::Status(wanted) => show_status(db, &wanted).await?,
        Command::Points(wanted) => {
            backend::migrate(db).await?;
            points::obey(db, wanted).await?;
        }
        Command::Ledger(Ledger::Prove { json }) => return prove(db, json).await,
        Command::Database(Database::Copy { to }) => {
            let target = open(&to).await?;
            backend::migrate(&target).await?;
            let copied = copy::copy(db, &target, |table, rows| outln!("{table}: {rows}")).await?;
            target.close().await;
            outln!("{} rows in {} tables copied", copied.rows, copied.tables);
        }
        Command::Database(Database::Restored) => {
            let mut tx = db.write().await?;
            programme::begin_epoch(&mut tx).await?;
            tx.commit().await?;
            outln!("a new epoch has begun: phones will send again what they still have");
        }
        Command::Backup(_) | Command::Restore(_) | Command::Doctor(_) | Command::Config(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn log(common: &Common) -> Result<()> {
    let filter = EnvFilter::try_new(&common.log).with_context(|| format!("LOG {:?}", common.log))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // Why: otherwise a failed log write is reported on the same stderr, and panics if that fails too. A log on a
        // full disk must not fail requests.
        .log_internal_errors(fault!("log-that-takes-nothing-fails-requests"))
        .with_writer(std::io::stderr);
    match common.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    tasks::log_panics();
    Ok(())
}

/// Opens the database; creates the folder of a SQLite file.
async fn open(url: &str) -> Result<Db> {
    if let Some(path) = sqlite_path(url)
        && let Some(folder) = Path::new(path).parent()
        && !folder.as_os_str().is_empty()
    {
        std::fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    }
    let machine = Arc::new(System::default());
    Ok(Db::open(url, machine.clone(), machine).await?)
}

fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or(path);
    (!path.is_empty() && path != ":memory:").then_some(path)
}

async fn apply_programme(db: &Db, file: &Path, dry_run: bool, recompute: bool) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let settings = programme::Settings::parse(&text).with_context(|| file.display().to_string())?;
    let past = if recompute { Past::Follows } else { Past::Keeps };
    let mut tx = db.write().await?;
    let Changes { sections, past } = programme::apply::apply(&mut tx, &settings, past).await?;
    match (sections.is_empty(), dry_run) {
        (true, _) => outln!("nothing changes"),
        (false, true) => outln!("would change: {}", sections.join(", ")),
        (false, false) => outln!("changed: {}", sections.join(", ")),
    }
    if recompute {
        let today = settings.day(tx.now())?;
        let Difference { orders, points } = import::recompute(&mut tx, &settings, today).await?;
        outln!("{orders} booked orders worked out again: {points:+} points");
    } else if past {
        let Difference { orders, points } = import::difference(&mut tx, &settings).await?;
        outln!("orders of days before today keep the rules they had; the new ones hold from today on");
        if orders > 0 {
            outln!(
                "{orders} booked orders would earn {points:+} points by the new rules: --recompute books that"
            );
        }
    }
    if dry_run {
        tx.roll_back().await?
    } else {
        tx.commit().await?
    }
    Ok(())
}

async fn withdraw(db: &Db, what: Withdraw) -> Result<()> {
    let mut tx = db.write().await?;
    let reference = match &what {
        Withdraw::Course { reference } => {
            learning::withdraw(&mut tx, reference).await?;
            reference
        }
        Withdraw::Event { reference } => {
            events::cancel(&mut tx, reference).await?;
            reference
        }
        Withdraw::Reward { reference } => {
            rewards::withdraw(&mut tx, reference).await?;
            reference
        }
    };
    tx.commit().await?;
    outln!("{reference}: withdrawn");
    Ok(())
}

async fn list_requests(db: &Db) -> Result<()> {
    let mut tx = db.read().await?;
    let settings = programme::current(&mut tx).await?;
    let requests = rewards::open_requests(&mut tx).await?;
    if requests.is_empty() {
        outln!("no open requests");
        return Ok(());
    }
    let lang = settings.brand.languages.first().copied().unwrap_or_default();
    for request in requests {
        let title: Text = serde_json::from_str(&request.title).unwrap_or_default();
        outln!(
            "{}  {}  {:<9} {:>7} points ({})  {:<8} {}  for {}, {}",
            request.id,
            settings.day(request.asked_at)?,
            request.step,
            request.points,
            request.wallet,
            request.delivery,
            title.get(lang),
            request.member,
            request.company,
        );
    }
    Ok(())
}

async fn code(db: &Db, wanted: &settings::Code) -> Result<()> {
    let mut tx = db.write().await?;
    let stored = member::find(&mut tx, &wanted.member_ref).await?;
    if stored.ended.is_some() {
        bail!("{} has left", wanted.member_ref);
    }
    let (member, name) = (stored.id, stored.row.name);
    let way = if wanted.card.is_some() {
        sessions::Way::Card
    } else {
        sessions::Way::Desk
    };
    let (code, expires) = sessions::issue_code(&mut tx, member, way).await?;
    let settings = programme::current(&mut tx).await?;
    let language = members::me(&mut tx, member)
        .await?
        .map_or(Lang::default(), |me| me.language);
    let until = settings.day(expires)?;
    let code = card::grouped(&code);
    if let Some(file) = &wanted.card {
        let card = card::Card {
            brand: &settings.brand.name,
            accent: &settings.brand.accent,
            name: &name,
            code: &code,
            public_url: wanted.public_url.trim_end_matches('/'),
            until,
            language,
        };
        private_files::write(file, card.html()?).with_context(|| file.display().to_string())?;
        tx.commit().await?;
        outln!("{}: the card of {name}, good once, until {until}", file.display());
    } else {
        tx.commit().await?;
        outln!("{code}");
        outln!(
            "for {name}, typed at {}/invitation, good once, until {}",
            wanted.public_url.trim_end_matches('/'),
            moment(&settings, expires)?
        );
    }
    Ok(())
}

/// Formats a day and the time in the programme's zone.
fn moment(settings: &programme::Settings, at: Timestamp) -> Result<String> {
    let day = settings.day(at)?;
    let midnight = settings.instant(day, 0)?;
    let minutes = (at.0 - midnight.0) / 60_000;
    Ok(format!("{day} {:02}:{:02}", minutes / 60, minutes % 60))
}

async fn show_status(db: &Db, wanted: &settings::Status) -> Result<()> {
    let mut tx = db.read().await?;
    let settings = programme::current(&mut tx).await?;
    let on = match wanted.on {
        Some(on) => on,
        None => settings.day(tx.now())?,
    };
    let status = status::of_company(&mut tx, &settings, &wanted.company_ref, on).await?;
    if wanted.json {
        #[derive(serde::Serialize)]
        struct Shown<'a> {
            company: &'a str,
            #[serde(flatten)]
            status: &'a domain::status::Status,
        }
        outln!(
            "{}",
            serde_json::to_string_pretty(&Shown {
                company: &wanted.company_ref,
                status: &status
            })?
        );
        return Ok(());
    }
    outln!(
        "{} on {}: {}, {} points from {} to {}",
        wanted.company_ref,
        status.on,
        status.tier,
        status.points,
        status.from,
        status.to
    );
    match &status.next {
        Some(gap) => outln!("{} points to {}", gap.missing, gap.tier),
        None => outln!("the highest tier"),
    }
    outln!("reviewed on {}", status.review_on);
    Ok(())
}

async fn prove(db: &Db, json: bool) -> Result<ExitCode> {
    let mut tx = db.read().await?;
    let today = programme::current(&mut tx).await?.day(tx.now())?;
    let proof = ledger::prove(&mut tx, today).await?;
    if json {
        outln!("{}", serde_json::to_string_pretty(&proof)?);
    } else {
        outln!(
            "{} accounts, {} entries, sum {}",
            proof.accounts,
            proof.entries,
            proof.sum
        );
        outln!(
            "issued {} = taken back {} + spent {} + expired {} + held {} + available {}",
            proof.issued,
            proof.taken_back,
            proof.spent,
            proof.expired,
            proof.held,
            proof.available
        );
        outln!(
            "{} lots, {} with points left: {}, of which {} are due",
            proof.lots.count,
            proof.lots.open,
            proof.lots.remaining,
            proof.lots.due
        );
        for amiss in &proof.amiss {
            outln!("AMISS: {amiss}");
        }
        outln!(
            "{}",
            if proof.ok {
                "the ledger is right"
            } else {
                "THE LEDGER IS WRONG"
            }
        );
    }
    Ok(if proof.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::sqlite_path;

    #[test]
    fn the_path_of_a_database_file() {
        assert_eq!(sqlite_path("sqlite:data/a.db"), Some("data/a.db"));
        assert_eq!(sqlite_path("sqlite:///srv/a.db?mode=rwc"), Some("/srv/a.db"));
        assert_eq!(sqlite_path("sqlite::memory:"), None);
        assert_eq!(sqlite_path("postgres://host/name"), None);
    }
}
