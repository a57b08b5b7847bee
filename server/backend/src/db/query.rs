//! Statements whose text is fixed: `tx.fetch_all::<Row>(SQL, params![member, event])`.
//!
//! Why values instead of `on!` each time: the code of both engines is then generated once per row type, not once per
//! statement.

use super::{Tx, on};
use crate::Result;
use domain::id::{
    AccountId, CommandId, CompanyId, CourseId, DeviceId, EntryId, EventId, MemberId, NoticeId, RewardId,
    SessionId, StaffId, TicketId,
};
use domain::{Day, Timestamp};
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// A statement parameter, in a type that both engines have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'q> {
    Int(Option<i64>),
    Small(Option<i32>),
    Flag(Option<bool>),
    Str(Option<&'q str>),
    Id(Option<Uuid>),
    Bytes(Option<&'q [u8]>),
}

macro_rules! values {
    ($($kind:ident { $($type:ty => |$value:ident| $inner:expr,)* })*) => { $($(
        impl From<$type> for Value<'_> {
            fn from($value: $type) -> Self {
                Value::$kind(Some($inner))
            }
        }

        impl From<Option<$type>> for Value<'_> {
            fn from(value: Option<$type>) -> Self {
                Value::$kind(value.map(|$value| $inner))
            }
        }
    )*)* };
}

values! {
    Int { i64 => |value| value, Timestamp => |at| at.0, }
    Small { i32 => |value| value, Day => |day| day.0, }
    Flag { bool => |value| value, }
    Id {
        Uuid => |id| id, AccountId => |id| id.0, CommandId => |id| id.0, CompanyId => |id| id.0,
        CourseId => |id| id.0, DeviceId => |id| id.0, EntryId => |id| id.0, EventId => |id| id.0,
        MemberId => |id| id.0, NoticeId => |id| id.0, RewardId => |id| id.0, SessionId => |id| id.0,
        StaffId => |id| id.0, TicketId => |id| id.0,
    }
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(text: &'q str) -> Self {
        Value::Str(Some(text))
    }
}

impl<'q> From<&'q String> for Value<'q> {
    fn from(text: &'q String) -> Self {
        Value::Str(Some(text))
    }
}

impl<'q> From<&'q Option<String>> for Value<'q> {
    fn from(text: &'q Option<String>) -> Self {
        Value::Str(text.as_deref())
    }
}

impl<'q> From<&'q [u8]> for Value<'q> {
    fn from(bytes: &'q [u8]) -> Self {
        Value::Bytes(Some(bytes))
    }
}

/// The parameters of a statement, in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::Value::from($value)),*]
    };
}
pub(crate) use params;

/// A row type that both engines can decode.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<R> Row for R where R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

macro_rules! bound {
    ($query:expr, $params:expr) => {{
        let mut query = $query;
        for value in $params {
            query = match *value {
                Value::Int(value) => query.bind(value),
                Value::Small(value) => query.bind(value),
                Value::Flag(value) => query.bind(value),
                Value::Str(value) => query.bind(value),
                Value::Id(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Tx {
    pub(crate) async fn fetch_all<R: Row>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Vec<R>> {
        Ok(on!(self, c => bound!(sqlx::query_as(sql), params).fetch_all(c).await?))
    }

    pub(crate) async fn fetch_optional<R: Row>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Option<R>> {
        Ok(on!(self, c => bound!(sqlx::query_as(sql), params).fetch_optional(c).await?))
    }

    /// For a statement that always returns one row.
    pub(crate) async fn fetch_one<R: Row>(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<R> {
        Ok(on!(self, c => bound!(sqlx::query_as(sql), params).fetch_one(c).await?))
    }

    /// Returns the only column of all rows.
    pub(crate) async fn fetch_scalars<T>(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<T>>
    where
        (T,): Row,
    {
        let rows: Vec<(T,)> = self.fetch_all(sql, params).await?;
        Ok(rows.into_iter().map(|(value,)| value).collect())
    }

    /// Returns the only column of an optional row.
    pub(crate) async fn fetch_optional_scalar<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Option<T>>
    where
        (T,): Row,
    {
        let row: Option<(T,)> = self.fetch_optional(sql, params).await?;
        Ok(row.map(|(value,)| value))
    }

    /// Returns the only column of a statement that always returns one row.
    pub(crate) async fn fetch_scalar<T>(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<T>
    where
        (T,): Row,
    {
        let (value,) = self.fetch_one(sql, params).await?;
        Ok(value)
    }

    /// Returns how many rows were changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64> {
        Ok(on!(self, c => bound!(sqlx::query(sql), params).execute(c).await?.rows_affected()))
    }
}
