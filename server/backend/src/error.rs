//! Two kinds of failure: a rule refused a request, or something broke.

use domain::input::{InputCode, InputError, InputPlace};

/// `Rejected` is a response and may be shown; `Internal` is logged and never crosses the wire.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("refused: {0:?}")]
    Rejected(domain::Error),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// Wrong input, in a file or an argument.
    #[error("wrong input: {0:?}")]
    Input(InputError),
    /// The database, or one of the server's own files, is not set up correctly. For the operator.
    #[error("{0}")]
    Setup(String),
    /// An invariant does not hold; the text says which.
    #[error("broken: {0}")]
    Invariant(String),
}

impl Error {
    /// The default of [`Error::operator_message`].
    pub const NO_ANSWER: &str = "the database does not answer";

    /// Describes a database problem for the operator; the driver's own text stays in the log.
    pub fn operator_message(&self) -> &'static str {
        let Error::Database(error) = self else {
            return "something is broken";
        };
        match code(error) {
            Some(Code::Postgres(code)) if code == "53100" => "the disk is full",
            Some(Code::Postgres(code)) if code == "25006" => "the database is read-only",
            Some(Code::Sqlite(8)) => "the database is read-only",
            Some(Code::Sqlite(10)) => "the disk fails",
            Some(Code::Sqlite(13)) => "the disk is full",
            _ => Error::NO_ANSWER,
        }
    }

    /// Returns the same error; wrong input is located within `place`.
    pub(crate) fn within(self, place: InputPlace) -> Error {
        match self {
            Error::Input(error) => Error::Input(error.within(place)),
            other => other,
        }
    }

    /// True for a transient failure (unavailable, full, read-only, busy): the same statement may succeed later.
    ///
    /// Source: the error classes in appendix A of PostgreSQL's manual, and SQLite's list of result codes.
    pub(crate) fn is_transient(&self) -> bool {
        let Error::Database(error) = self else {
            return false;
        };
        match code(error) {
            // Errors in rows, values, keys, names or sizes, and those raised by a trigger.
            Some(Code::Postgres(code)) => {
                let of_the_act = ["21", "22", "23", "27", "42", "44", "54", "P0"];
                !of_the_act.iter().any(|class| code.starts_with(class))
            }
            Some(Code::Sqlite(code)) => ![1, 18, 19, 20, 25].contains(&code),
            None => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
        }
    }
}

/// An engine's error code.
enum Code {
    /// Five characters; the first two are the class.
    Postgres(String),
    /// The primary code, in the low eight bits.
    Sqlite(u32),
}

fn code(error: &sqlx::Error) -> Option<Code> {
    let code = error.as_database_error()?.code()?;
    // SQLite's numbers have four digits at most.
    if code.len() == 5 {
        return Some(Code::Postgres(code.into_owned()));
    }
    Some(Code::Sqlite(code.parse::<u32>().ok()? & 0xff))
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<domain::Error> for Error {
    fn from(error: domain::Error) -> Self {
        Error::Rejected(error)
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Error::Input(error)
    }
}

impl From<InputCode> for Error {
    fn from(wrong: InputCode) -> Self {
        Error::Input(wrong.into())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Invariant(format!("stored JSON: {error}"))
    }
}

impl From<deadpool::managed::BuildError> for Error {
    fn from(error: deadpool::managed::BuildError) -> Self {
        Error::Invariant(format!("no pool of connections: {error}"))
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Error::Setup(format!("the database cannot be migrated: {error}"))
    }
}
