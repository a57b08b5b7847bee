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

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Error::Input(format!("the database cannot be migrated: {error}"))
    }
}
