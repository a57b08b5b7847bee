//! Imports from files.

use crate::console::seconds_since;
use crate::settings::{Dates, Import, Rows};
use anyhow::{Context, Result};
use app::text;
use backend::import::{Given, Options, Report};
use backend::{Db, Tx, events, import, learning, rewards};
use domain::Lang;
use domain::input::InputCode;
use domain::reading::DateOrder;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Maximum bad rows printed; all of them are in the errors file.
const MOST_SHOWN: usize = 20;

pub async fn import(db: &Db, wanted: Import, language: Lang) -> Result<ExitCode> {
    let begun = Instant::now();
    match wanted {
        Import::Companies(rows) => {
            let report = import::companies(db, open(&rows)?, options(&rows, false), progress()).await;
            finish(&rows, report, begun, language)
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
            finish(&rows, report, begun, language)
        }
        Import::Orders {
            rows,
            create_companies,
        } => {
            let report = import::orders(db, open(&rows)?, options(&rows, create_companies), progress()).await;
            finish(&rows, report, begun, language)
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
                what_changed(course.change)
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

/// Says what an import of a course means for those who know it.
fn what_changed(change: learning::Change) -> String {
    match change {
        learning::Change::New => String::new(),
        learning::Change::Unchanged => ", unchanged".to_owned(),
        learning::Change::Corrected => {
            ", corrected: questions, pass mark and points are the same, passes and tries stay".to_owned()
        }
        learning::Change::Renewed { passed, pays_again } => format!(
            ", asks or pays something else: {passed} who passed before may pass it again{}",
            if pays_again {
                ", and are paid again"
            } else {
                "; who was paid before is not paid again"
            }
        ),
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
    // Why leaked: the program ends after this import.
    let leaked = |text: &String| -> &'static str { Box::leak(text.clone().into_boxed_str()) };
    Options {
        dry_run: rows.dry_run,
        skip_bad: rows.skip_bad,
        create_companies,
        complete: false,
        end_missing: false,
        distinct_refs: rows.distinct_refs,
        phone_country: leaked(&rows.phone_country),
        given: Given {
            encoding: rows.encoding.as_deref().and_then(import::encoding),
            separator: rows.separator,
            sheet: rows.sheet.as_ref().map(leaked),
            header_line: rows.header_row,
            decimal: rows.decimal,
            dates: rows.dates.map(|order| match order {
                Dates::Dmy => DateOrder::DayMonthYear,
                Dates::Mdy => DateOrder::MonthDayYear,
            }),
        },
    }
}

/// A progress line, if stderr is a terminal.
fn progress() -> impl FnMut(u64) {
    let watched = std::io::stderr().is_terminal();
    let mut shown = 0;
    move |rows: u64| {
        if watched && rows.abs_diff(shown) >= 500 {
            shown = rows;
            eprint!("\r{rows} rows");
            let _ = std::io::stderr().flush();
        }
    }
}

fn finish(rows: &Rows, report: backend::Result<Report>, begun: Instant, language: Lang) -> Result<ExitCode> {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    let file = rows.file.display();
    let report = report.with_context(|| file.to_string())?;
    outln!("{file}: {}", text::reading_plan(&report.plan, language));
    let notes: Vec<_> = report.notes.iter().collect();
    let errors: Vec<_> = report.bad.iter().flat_map(|bad| bad.errors()).collect();
    for list in [notes, errors] {
        for error in list.iter().take(MOST_SHOWN) {
            eprintln!("{file}: {}", text::input_error(error, language));
        }
        if list.len() > MOST_SHOWN {
            eprintln!("{}", text::report_more(language, list.len() - MOST_SHOWN));
        }
    }
    tell_who_left(&report, language);
    for (phone, refs) in &report.shared_phones {
        outln!("{}", text::report_shared_phone(language, phone, &refs.join(", ")));
    }
    outln!("{}", counted(&report, begun, language));
    let written = errors_file(&rows.file);
    match (report.kept, report.bad.is_empty()) {
        (true, true) => remove_old(&written)?,
        (true, false) => {
            let words = |code: &InputCode| text::input_code(code, language);
            crate::private_files::write(&written, report.bad_rows_csv(list_separator(language), words)?)
                .with_context(|| written.display().to_string())?;
            outln!(
                "{}",
                text::report_bad_rows_in(language, &written.display().to_string())
            );
            // They were good when the file was checked.
            if !rows.skip_bad {
                return Ok(ExitCode::FAILURE);
            }
        }
        (false, true) => {}
        (false, false) => return Ok(ExitCode::FAILURE),
    }
    Ok(ExitCode::SUCCESS)
}

/// The sign between values that a spreadsheet of this language expects.
fn list_separator(language: Lang) -> char {
    match language {
        Lang::Fr => ';',
        Lang::En => ',',
    }
}

/// How many rows did what, in one line.
fn counted(report: &Report, begun: Instant, language: Lang) -> String {
    let time = seconds_since(begun).to_string();
    let (new, changed, unchanged) = (report.new, report.changed, report.unchanged);
    let bad = report.bad.len();
    let mut line = text::report_counted(language, report.rows, &time, new, changed, unchanged, bad);
    if report.companies_created > 0 {
        line = format!(
            "{line}, {}",
            text::report_companies_made(language, report.companies_created)
        );
    }
    if !report.kept {
        line = format!("{line}; {}", text::report_nothing_written(language));
    }
    line
}

/// Prints who is not in a complete file, and who is in it but was ended by hand.
fn tell_who_left(report: &Report, language: Lang) {
    for member in &report.stay_ended {
        outln!("{}", text::report_stays_ended(language, member));
    }
    if report.missing.is_empty() {
        return;
    }
    let members = report.missing.join(", ");
    outln!(
        "{}",
        text::report_missing(language, report.missing.len(), &members)
    );
    match (report.ended, report.kept) {
        (0, _) => outln!("{}", text::report_none_ended(language)),
        (ended, true) => outln!("{}", text::report_ended(language, ended)),
        (ended, false) => outln!("{}", text::report_would_be_ended(language, ended)),
    }
}

/// Removes the file of bad rows of an earlier import.
fn remove_old(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| file.display().to_string())
        }
        _ => Ok(()),
    }
}

/// `orders.csv` → `orders.csv.errors.csv`
fn errors_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".errors.csv");
    name.into()
}
