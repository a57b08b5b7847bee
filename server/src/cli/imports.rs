//! Imports from files.

use crate::console::seconds_since;
use crate::settings::{Import, Rows};
use anyhow::{Context, Result};
use app::text::{input_code, input_error};
use backend::import::{Options, Report};
use backend::{Db, Tx, events, import, learning, rewards};
use domain::Lang;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Maximum bad rows printed; all of them are in the errors file.
const MOST_SHOWN: usize = 20;

pub async fn import(db: &Db, wanted: Import) -> Result<ExitCode> {
    let begun = Instant::now();
    match wanted {
        Import::Companies(rows) => {
            let report = import::companies(db, open(&rows)?, options(&rows, false), progress()).await;
            finish(
                &rows,
                report.with_context(|| rows.file.display().to_string())?,
                begun,
            )
        }
        Import::Members {
            rows,
            complete,
            end_missing,
        } => {
            let options = Options {
                complete,
                end_missing,
                ..options(&rows, false)
            };
            let report = import::members(db, open(&rows)?, options, progress()).await;
            finish(
                &rows,
                report.with_context(|| rows.file.display().to_string())?,
                begun,
            )
        }
        Import::Orders {
            rows,
            create_companies,
        } => {
            let report = import::orders(db, open(&rows)?, options(&rows, create_companies), progress()).await;
            finish(
                &rows,
                report.with_context(|| rows.file.display().to_string())?,
                begun,
            )
        }
        Import::Course { folder, dry_run } => {
            let mut tx = db.write().await?;
            let course = learning::import_folder(&mut tx, &folder).await?;
            let what = format!(
                "course {} version {}: {} lessons, {} questions{}",
                course.reference,
                course.version,
                course.lessons,
                course.questions,
                if course.unchanged { ", unchanged" } else { "" }
            );
            keep(tx, dry_run, &what).await
        }
        Import::Events { file, dry_run } => {
            let text = read(&file)?;
            let mut tx = db.write().await?;
            let count = events::import_file(&mut tx, &text)
                .await
                .with_context(|| file.display().to_string())?;
            keep(tx, dry_run, &format!("{count} events")).await
        }
        Import::Rewards { file, dry_run } => {
            let text = read(&file)?;
            let mut tx = db.write().await?;
            let count = rewards::import_file(&mut tx, &text)
                .await
                .with_context(|| file.display().to_string())?;
            keep(tx, dry_run, &format!("{count} rewards")).await
        }
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

async fn keep(tx: Tx, dry_run: bool, what: &str) -> Result<ExitCode> {
    if dry_run {
        tx.roll_back().await?;
        outln!("{what}: good, nothing written");
    } else {
        tx.commit().await?;
        outln!("{what}");
    }
    Ok(ExitCode::SUCCESS)
}

fn open(rows: &Rows) -> Result<BufReader<File>> {
    let file = File::open(&rows.file).with_context(|| rows.file.display().to_string())?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}

fn options(rows: &Rows, create_companies: bool) -> Options {
    Options {
        dry_run: rows.dry_run,
        skip_bad: rows.skip_bad,
        create_companies,
        complete: false,
        end_missing: false,
        // Leaked: the program ends after this import.
        phone_country: Box::leak(rows.phone_country.clone().into_boxed_str()),
    }
}

/// A progress line, if stderr is a terminal.
fn progress() -> impl FnMut(u64) {
    let watched = std::io::stderr().is_terminal();
    move |rows| {
        if watched && rows.is_multiple_of(500) {
            eprint!("\r{rows} rows");
            let _ = std::io::stderr().flush();
        }
    }
}

fn finish(rows: &Rows, report: Report, begun: Instant) -> Result<ExitCode> {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    for bad in report.bad.iter().take(MOST_SHOWN) {
        eprintln!("{}: {}", rows.file.display(), input_error(&bad.error, Lang::En));
    }
    if report.bad.len() > MOST_SHOWN {
        eprintln!("… and {} more", report.bad.len() - MOST_SHOWN);
    }
    let companies = match report.companies_created {
        0 => String::new(),
        made => format!(", {made} companies made"),
    };
    let counted = format!(
        "{} rows in {}: {} new, {} changed, {} unchanged, {} bad{companies}",
        report.rows,
        seconds_since(begun),
        report.new,
        report.changed,
        report.unchanged,
        report.bad.len()
    );
    tell_who_left(&report);
    if report.kept {
        outln!("{counted}");
    } else {
        outln!("{counted}; nothing written");
    }
    if report.bad.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if report.kept {
        let file = errors_file(&rows.file);
        crate::private_files::write(&file, report.bad_rows_csv(|code| input_code(code, Lang::En))?)
            .with_context(|| file.display().to_string())?;
        outln!("bad rows are in {}", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// Prints who is not in a complete file, and who is in it but was ended by hand.
fn tell_who_left(report: &Report) {
    for reference in &report.stay_ended {
        outln!(
            "{reference}: was ended by hand and stays so; to let them in again: compagnon member back {reference}"
        );
    }
    if report.missing.is_empty() {
        return;
    }
    outln!(
        "{} members are not in the file: {}",
        report.missing.len(),
        report.missing.join(", ")
    );
    match (report.ended, report.kept) {
        (0, _) => outln!("none of them was ended; to end them: --end-missing, with no bad row"),
        (ended, true) => outln!("{ended} of them were ended"),
        (ended, false) => outln!("{ended} of them would be ended"),
    }
}

/// `orders.csv` → `orders.csv.errors.csv`
fn errors_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".errors.csv");
    name.into()
}
