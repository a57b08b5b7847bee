//! Two kinds of failure: a rule said no, or something broke.

/// `Rejected` is an answer and may be shown; `Internal` is logged and never crosses the wire.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("refused: {0:?}")]
    Rejected(domain::Error),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// What somebody handed in (a file, a setting) is wrong; the text says what and where.
    #[error("{0}")]
    Input(String),
    /// A promise of ours does not hold; the text says which.
    #[error("broken: {0}")]
    Broken(String),
}

impl Error {
    /// What [`Error::ails`] says where it knows nothing better.
    pub const NO_ANSWER: &str = "the database does not answer";

    /// What is wrong with the database, in words for whoever runs it: the driver's own text stays in the log.
    pub fn ails(&self) -> &'static str {
        let Error::Database(error) = self else {
            return "something is broken";
        };
        let code = error.as_database_error().and_then(|error| error.code());
        // SQLite's codes carry the kind in their last eight bits; PostgreSQL's have five characters.
        match code.as_deref() {
            Some("53100") => return "the disk is full",
            Some("25006") => return "the database is read-only",
            Some(code) if code.len() < 5 => match code.parse::<u32>().map(|code| code & 0xff) {
                Ok(8) => return "the database is read-only",
                Ok(10) => return "the disk fails",
                Ok(13) => return "the disk is full",
                _ => {}
            },
            _ => {}
        }
        Error::NO_ANSWER
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<domain::Error> for Error {
    fn from(error: domain::Error) -> Self {
        Error::Rejected(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Error::Broken(format!("stored JSON: {error}"))
    }
}

impl From<deadpool::managed::BuildError> for Error {
    fn from(error: deadpool::managed::BuildError) -> Self {
        Error::Broken(format!("no pool of connections: {error}"))
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Error::Input(format!("the database cannot be migrated: {error}"))
    }
}
