//! Ids. Every id is a UUID with its own type, so that one cannot be used for another.

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(transparent))]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map($name)
            }
        }
    )* };
}

id! {
    AccountId
    /// A command and the items it creates: a redemption and a quiz attempt have the id of their command.
    CommandId
    CompanyId
    CourseId
    /// One installation of the app on one phone. It outlives sign-ins; a sign-in is a [`SessionId`].
    DeviceId
    EntryId
    EventId
    MemberId
    NoticeId
    RewardId
    SessionId
    StaffId
    TicketId
}

/// Makes a version 7 UUID from a time and ten random bytes.
///
/// It is an id, not a secret: its first half is the time it was made.
pub fn uuid_v7(at: crate::Timestamp, chance: [u8; 10]) -> uuid::Uuid {
    uuid::Builder::from_unix_timestamp_millis(at.0.max(0) as u64, &chance).into_uuid()
}
