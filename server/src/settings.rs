//! All settings: from flags, the environment and `.env`, in this order of precedence.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use domain::{Day, Lang};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The offline-first member app of a loyalty programme, in one program.
///
/// Each setting can be given as a flag, as an environment variable, or in a file `.env` in the current folder.
#[derive(Clone, Debug, Parser)]
#[command(name = "compagnon", version, propagate_version = true)]
pub struct Settings {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What all commands need.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Where the programme is kept: sqlite:PATH (made if it is not there), or postgres://USER:PASSWORD@HOST/NAME
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite:data/compagnon.db"
    )]
    #[arg(global = true, hide_env_values = true)]
    pub database_url: String,
    /// Reach a database, mail server or gateway on another machine without TLS, too: codes, passwords and members' data
    /// then travel readably
    #[arg(long, env = "ALLOW_PLAINTEXT", global = true)]
    pub allow_plaintext: bool,
    /// How much is logged: error, warn, info, debug or trace; also by part, e.g. info,backend=debug
    #[arg(
        long,
        env = "LOG",
        value_name = "FILTER",
        default_value = "info",
        global = true
    )]
    pub log: String,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "text", global = true)]
    pub log_format: LogFormat,
    /// The language of messages about files; that of the environment (LC_ALL, LC_MESSAGES, LANG) if not given
    #[arg(long, value_name = "fr|en", value_parser = language, global = true)]
    pub language: Option<Lang>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For reading
    Text,
    /// One JSON object a line, for machines
    Json,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Answer phones and browsers
    Serve(Serve),
    /// Bring the database's tables to this version (serving and importing do it too)
    Migrate,
    /// The demo programme
    #[command(subcommand)]
    Demo(Demo),
    /// The programme's own settings: brand, trades, tiers, earning rules, staff
    #[command(subcommand)]
    Programme(Programme),
    /// Bring in companies, members, orders, courses, events, rewards
    #[command(subcommand)]
    Import(Import),
    /// Take a course or a reward out of what is offered, or call an event off
    #[command(subcommand)]
    Withdraw(Withdraw),
    /// Rewards that members asked for
    #[command(subcommand)]
    Requests(Requests),
    /// Show a member, sign out all their devices, or end the membership
    #[command(subcommand)]
    Member(Member),
    /// The keys that sign tickets and vouchers, and what a pass is worth
    #[command(subcommand)]
    Keys(Keys),
    /// Make a one-time sign-in code for a member: to be told (a day), or on an invitation card (30 days)
    Code(Code),
    /// Show the status of a company on a day
    Status(Status),
    /// Points that move from one wallet to another
    #[command(subcommand)]
    Points(Points),
    /// The ledger of points
    #[command(subcommand)]
    Ledger(Ledger),
    /// The database as a whole
    #[command(subcommand)]
    Database(Database),
    /// Write the whole programme into one file, also while it serves
    ///
    /// The file is a SQLite database as of one moment, whichever engine it comes from. It can be opened, proved and
    /// served like any other, and `compagnon restore` puts it back on either engine. Keep it as safe as the database
    /// itself: it holds the key that signs tickets.
    Backup(Backup),
    /// Put a backup in place of the database; phones then send again what it does not know
    ///
    /// Stop Compagnon first, and run this as the user it runs as. A SQLite database that was there is kept beside
    /// the new one, as NAME.replaced.
    Restore(Restore),
    /// Check that everything is in place
    Doctor(Serve),
    /// These settings
    #[command(subcommand)]
    Config(Config),
}

/// How the server answers.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Show demo members on the sign-in page and their codes on the screen. Anybody can then sign in as anybody
    #[arg(long)]
    pub demo: bool,
    /// The address to listen on
    #[arg(
        long,
        env = "LISTEN",
        value_name = "IP:PORT",
        default_value = "127.0.0.1:3000"
    )]
    pub listen: SocketAddr,
    /// The address members type, e.g. https://club.example.com. With https, cookies are marked Secure and browsers
    /// are told to stay on https. Default: http:// and LISTEN
    #[arg(long, env = "PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// The folder of the client, as `.ci/client` makes it. A binary built with the feature `embed` has the
    /// client inside and needs none
    #[arg(long, env = "SITE", value_name = "FOLDER", default_value = "target/site")]
    pub site: PathBuf,
    /// Read the client's folder again when it changes: for `make dev`
    #[arg(long, hide_short_help = true)]
    pub watch_site: bool,
    /// Codes that are sent in an hour, over all members. More are only for browsers that were signed in before, and the
    /// log has an alarm
    #[arg(long, env = "CODES_AN_HOUR", value_name = "CODES", default_value_t = 1000)]
    pub codes_an_hour: u32,
    /// Days after which members sign in again, however much they use the app
    #[arg(long, env = "SESSION_DAYS", value_name = "DAYS", default_value_t = 400)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub session_days: u32,
    /// Acts that a member may send at once, e.g. after days without a network; one more every ten seconds. 0: no bound
    #[arg(long, value_name = "ACTS", default_value_t = 300, hide_short_help = true)]
    pub acts_at_once: u32,
    /// Seconds that a request may take, its body included
    #[arg(long, value_name = "SECONDS", default_value_t = 40, hide_short_help = true)]
    pub request_timeout: u64,
    /// How many reverse proxies stand in front. The member's network address is then read from that place, counted
    /// from the right, of X-Forwarded-For; with 0 the header is not believed
    #[arg(long, env = "TRUSTED_PROXY", value_name = "HOPS", default_value_t = 0)]
    pub trusted_proxy: usize,
    /// The mail server for codes, e.g. smtps://USER:PASSWORD@mail.example.com (TLS) or
    /// smtp://USER:PASSWORD@mail.example.com:587?tls=required (STARTTLS)
    #[arg(
        long,
        env = "SMTP_URL",
        value_name = "URL",
        hide_env_values = true,
        requires = "mail_from"
    )]
    pub smtp_url: Option<String>,
    /// Serve members over https although no code can be sent: they come in with cards and desk codes only
    /// (compagnon code)
    #[arg(long, env = "WITHOUT_SENDING")]
    pub without_sending: bool,
    /// The sender of mails, e.g. Club Ferrand <club@example.com>
    #[arg(long, env = "MAIL_FROM", value_name = "MAILBOX")]
    pub mail_from: Option<String>,
    /// The text message gateway for codes. It gets POST with the JSON {"to":"+336…","text":"…"} and answers 2xx
    #[arg(long, env = "SMS_URL", value_name = "URL", hide_env_values = true)]
    pub sms_url: Option<String>,
    /// Sent to the gateway as Authorization: Bearer TOKEN
    #[arg(
        long,
        env = "SMS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        requires = "sms_url"
    )]
    pub sms_token: Option<String>,
    /// Refs that differ from known ones in leading zeros or letters alone are others
    #[arg(long)]
    pub distinct_refs: bool,
    /// Put before phone numbers that are typed without their country
    #[arg(long, env = "PHONE_COUNTRY", value_name = "PREFIX", default_value = "+33", value_parser = phone_country)]
    pub phone_country: String,
    /// Who may read /metrics: whoever sends Authorization: Bearer TOKEN. Without a token: only requests from this
    /// machine that came through no proxy, and nobody where PUBLIC_URL is not on this machine
    #[arg(long, env = "METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Demo {
    /// Load the demo programme, with a year of orders up to today
    Load {
        /// Do nothing when the database holds anything already
        #[arg(long)]
        if_empty: bool,
    },
    /// Add made-up members with orders to the demo programme, to see how it fares with many
    Generate {
        /// How many members, five in each company
        #[arg(long)]
        members: u64,
        /// Orders of each member, within the last year
        #[arg(long, default_value_t = 20)]
        orders: u64,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum Withdraw {
    /// Who passed it keeps what it brought; importing a new version puts it back
    Course { reference: String },
    /// Call it off: everybody who joined or waits is told
    Event { reference: String },
    /// Requests that were made go on; importing it again puts it back
    Reward { reference: String },
}

#[derive(Clone, Debug, Subcommand)]
pub enum Programme {
    /// Make a programme.toml the programme's settings
    Apply {
        file: PathBuf,
        /// Say what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Where earning rules for days of the past change: work the points of booked orders out again
        #[arg(long)]
        recompute: bool,
    },
}

/// How files of rows are imported.
#[derive(Clone, Debug, Args)]
pub struct Rows {
    /// CSV or XLSX with a line of column names
    pub file: PathBuf,
    /// Check everything and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Import the good rows and write the bad ones, with the reason, to FILE.errors.csv
    #[arg(long)]
    pub skip_bad: bool,
    /// Refs that differ from known ones in leading zeros or letters alone are others
    #[arg(long)]
    pub distinct_refs: bool,
    /// Put before phone numbers that are written without their country
    #[arg(long, env = "PHONE_COUNTRY", value_name = "PREFIX", default_value = "+33", value_parser = phone_country)]
    pub phone_country: String,
    /// The encoding of the file, e.g. utf-8, windows-1252, utf-16le or macintosh; guessed if not given
    #[arg(long, value_name = "NAME", value_parser = encoding_name)]
    pub encoding: Option<String>,
    /// The sign between values, or tab; guessed if not given
    #[arg(long, value_name = "SIGN", value_parser = separator)]
    pub separator: Option<char>,
    /// The sheet of a spreadsheet; the one that names the columns if not given
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// The line that names the columns, from 1; found among the first 20 if not given
    #[arg(long, value_name = "LINE", value_parser = clap::value_parser!(u64).range(1..))]
    pub header_row: Option<u64>,
    /// The decimal sign, . or ,; guessed if not given, and only where the file proves it
    #[arg(long, value_name = "SIGN", value_parser = decimal)]
    pub decimal: Option<char>,
    /// Which comes first in days like 01/10/2026; guessed if not given, and only where the file proves it
    #[arg(long, value_enum, value_name = "ORDER")]
    pub dates: Option<Dates>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dates {
    /// 31/10/2026
    Dmy,
    /// 10/31/2026
    Mdy,
}

fn encoding_name(text: &str) -> Result<String, &'static str> {
    match backend::import::encoding(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("is no encoding that is known"),
    }
}

fn separator(text: &str) -> Result<char, &'static str> {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(sign), None)
            if sign.is_ascii() && !sign.is_ascii_alphanumeric() && !"\"\r\n".contains(sign) =>
        {
            Ok(sign)
        }
        _ if text == "tab" => Ok('\t'),
        _ => Err("must be one sign, such as ; or tab"),
    }
}

fn decimal(text: &str) -> Result<char, &'static str> {
    match text {
        "." => Ok('.'),
        "," => Ok(','),
        _ => Err("must be . or ,"),
    }
}

fn language(text: &str) -> Result<Lang, &'static str> {
    Lang::from_tag(text).ok_or("must be fr or en")
}

#[derive(Clone, Debug, Subcommand)]
pub enum Import {
    /// company_ref,name,town,joined_on,order_points,advisor_ref
    Companies(Rows),
    /// member_ref,company_ref,name,phone,email,trade,function,manager,language and, if wanted, left_on
    Members {
        #[command(flatten)]
        rows: Rows,
        /// The file holds all members: list those it lacks
        #[arg(long)]
        complete: bool,
        /// End the members whom a complete file lacks, unless a row is bad
        #[arg(long, requires = "complete")]
        end_missing: bool,
    },
    /// order_ref,company_ref,ordered_on,quantity,amount and, if wanted, member_ref
    Orders {
        #[command(flatten)]
        rows: Rows,
        /// Make companies that are not known yet, named by their ref
        #[arg(long)]
        create_companies: bool,
    },
    /// A folder with course.toml, lessons in Markdown and their pictures
    Course {
        folder: PathBuf,
        /// Check everything and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// A file of events
    Events {
        file: PathBuf,
        /// Check everything and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// A file of rewards
    Rewards {
        file: PathBuf,
        /// Check everything and write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum Requests {
    /// List the requests that are not finished
    List,
    /// Take a request a step further; the member is told
    Move { id: domain::id::CommandId, step: Step },
}

/// What staff can do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    Accepted,
    Sent,
    Delivered,
    /// Its points are free again
    Declined,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Member {
    /// Company, addresses, devices that are signed in, points
    Show {
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// End all sessions and open codes; the member may sign in again
    SignOut {
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// The member leaves: sessions and codes end at once, seats pass on, undecided requests are declined. Own points
    /// stay in the ledger; phone and e-mail are free for others. Files do not bring the member back
    End {
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Let a member who was ended in again; the next members file gives the addresses
    Back {
        #[arg(value_name = "REF")]
        reference: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum Keys {
    /// List the keys, and which of them signs
    List,
    /// Make a new key, which signs from now on. Passes of the former keys verify until they end
    Rotate,
    /// Let nothing that a former key signed count any more, e.g. because a backup was lost. Phones get new passes with
    /// their next contact
    Retire {
        #[arg(value_name = "ID")]
        id: u8,
    },
    /// Verify a pass, the text in its QR code, and say whether the seat or the voucher is still good
    Verify {
        #[arg(value_name = "PASS")]
        pass: String,
    },
}

#[derive(Clone, Debug, Args)]
pub struct Code {
    /// The member's ref
    pub member_ref: String,
    /// Write an invitation card with the code and a QR code, to print
    #[arg(long, value_name = "FILE.html")]
    pub card: Option<PathBuf>,
    /// The address members type: it is printed on the card
    #[arg(
        long,
        env = "PUBLIC_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:3000"
    )]
    pub public_url: String,
}

#[derive(Clone, Debug, Args)]
pub struct Status {
    /// The company's ref
    pub company_ref: String,
    /// The day, e.g. 2026-06-30. Default: today
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub on: Option<Day>,
    /// For machines
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Points {
    /// Give points of one wallet to another; they keep the day they were earned on and the day they expire on
    Transfer(PointsTransfer),
    /// Undo a transfer, as if it had never been; who has spent the points is short
    Undo {
        /// What --ref said
        #[arg(value_name = "REF")]
        reference: String,
        /// Try only, keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Move all points of one wallet to another, and whatever comes into it later; its open requests go on
    Merge {
        #[command(flatten)]
        giver: Giver,
        #[command(flatten)]
        receiver: Receiver,
        /// Try only, keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Undo a merge, as if it had never been; who has spent the points is short
    Unmerge {
        #[command(flatten)]
        giver: Giver,
        /// Try only, keep nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Clone, Debug, Args)]
pub struct PointsTransfer {
    #[command(flatten)]
    pub giver: Giver,
    #[command(flatten)]
    pub receiver: Receiver,
    /// How many
    pub points: i64,
    /// Names the transfer; said twice, it is done once
    #[arg(long = "ref", value_name = "REF")]
    pub reference: String,
    /// What both read in their history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The same in English, where --reason is in French
    #[arg(long, value_name = "TEXT")]
    pub reason_en: Option<String>,
    /// Try only, keep nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Giver {
    /// From the wallet of this member
    #[arg(long, value_name = "REF")]
    pub from_member: Option<String>,
    /// From the wallet of this company
    #[arg(long, value_name = "REF")]
    pub from_company: Option<String>,
}

#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Receiver {
    /// To the wallet of this member
    #[arg(long, value_name = "REF")]
    pub to_member: Option<String>,
    /// To the wallet of this company
    #[arg(long, value_name = "REF")]
    pub to_company: Option<String>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Ledger {
    /// Work out every balance and lot again from the entries; fails when one differs
    Prove {
        /// For machines
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum Database {
    /// Copy everything into another, empty database, of either kind
    Copy {
        /// sqlite:PATH or postgres://…
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Say that this database was restored from a backup: phones then send again what they still have
    Restored,
}

#[derive(Clone, Debug, Args)]
pub struct Backup {
    pub file: PathBuf,
    /// Replace the file where there is one already
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Restore {
    pub file: PathBuf,
    /// Restore although the database holds a programme already
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Config {
    /// Print a sample of the file .env
    Sample,
}

fn phone_country(text: &str) -> Result<String, String> {
    match backend::members::is_country_prefix(text) {
        true => Ok(text.to_owned()),
        false => Err("a country's prefix is written like +33".to_owned()),
    }
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "a day is written like 2026-06-30".to_owned())
}

/// The sample of the file `.env`: every setting with what it does and its default.
pub fn sample() -> String {
    let command = Settings::command();
    let mut text = String::from(
        "# Settings of compagnon. Copy this file to .env and change what you need. Written by: compagnon config sample\n",
    );
    let serve = command.find_subcommand("serve");
    for arg in command
        .get_arguments()
        .chain(serve.into_iter().flat_map(|serve| serve.get_arguments()))
    {
        let Some(name) = arg.get_env().and_then(|name| name.to_str()) else {
            continue;
        };
        text.push('\n');
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let mut choices: Vec<String> = Vec::new();
        if arg.get_num_args().is_none_or(|range| range.takes_values()) {
            choices = arg
                .get_possible_values()
                .iter()
                .map(|value| value.get_name().to_owned())
                .collect();
        }
        let help = if choices.is_empty() {
            help
        } else {
            format!("{help}: {}", choices.join(" or "))
        };
        for line in wrap(&help, 110) {
            text.push_str("# ");
            text.push_str(&line);
            text.push('\n');
        }
        let default = match arg.get_action() {
            clap::ArgAction::SetTrue => Some("false"),
            _ => arg.get_default_values().first().and_then(|value| value.to_str()),
        };
        text.push_str(&format!("#{name}={}\n", default.unwrap_or_default()));
    }
    text
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Settings::command().debug_assert();
    }

    #[test]
    fn every_setting_is_in_the_sample() {
        let sample = sample();
        for name in [
            "DATABASE_URL",
            "LISTEN",
            "SMTP_URL",
            "METRICS_TOKEN",
            "LOG_FORMAT",
        ] {
            assert!(sample.contains(&format!("\n#{name}=")), "{name}: {sample}");
        }
    }
}
