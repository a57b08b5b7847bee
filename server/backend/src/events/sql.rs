use crate::Result;
use crate::db::{Tx, params};
use domain::events::Event;
use domain::id::{EventId, MemberId, TicketId};
use domain::{Timestamp, fault};
use sqlx::FromRow;
use tracing::instrument;

#[derive(Clone, Debug, FromRow)]
pub struct EventRow {
    pub id: EventId,
    pub document: String,
    pub starts_at: Timestamp,
    pub register_until: Timestamp,
    pub capacity: i64,
    pub taken: i64,
    pub tiers: String,
    pub cancelled_at: Option<Timestamp>,
}

#[instrument(level = "debug", skip_all)]
pub async fn list_since(tx: &mut Tx, since: Timestamp) -> Result<Vec<EventRow>> {
    const LIST: &str = "SELECT id, document, starts_at, register_until, capacity, taken, tiers, cancelled_at \
        FROM event WHERE ends_at > $1 ORDER BY starts_at, id";
    tx.fetch_all(LIST, params![since]).await
}

/// Events that are not over by `now` nor cancelled: ref and document.
#[instrument(level = "debug", skip_all)]
pub async fn list_documents(tx: &mut Tx, now: Timestamp) -> Result<Vec<(String, String)>> {
    const LIST: &str =
        "SELECT ref, document FROM event WHERE ends_at > $1 AND cancelled_at IS NULL ORDER BY ref";
    tx.fetch_all(LIST, params![now]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn list_ended(tx: &mut Tx, from: Timestamp, until: Timestamp) -> Result<Vec<EventId>> {
    const LIST: &str = "SELECT id FROM event WHERE ends_at > $1 AND ends_at <= $2 ORDER BY id";
    tx.fetch_scalars(LIST, params![from, until]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn find(tx: &mut Tx, event: EventId) -> Result<Option<EventRow>> {
    const FIND: &str = "SELECT id, document, starts_at, register_until, capacity, taken, tiers, cancelled_at \
        FROM event WHERE id = $1";
    tx.fetch_optional(FIND, params![event]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn find_by_ref(tx: &mut Tx, reference: &str) -> Result<Option<EventRow>> {
    const FIND: &str = "SELECT id, document, starts_at, register_until, capacity, taken, tiers, cancelled_at \
        FROM event WHERE ref = $1";
    tx.fetch_optional(FIND, params![reference]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn upsert(tx: &mut Tx, reference: &str, event: &Event) -> Result<()> {
    const UPSERT: &str = "INSERT INTO event (id, ref, document, starts_at, ends_at, register_until, capacity, tiers) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (ref) DO UPDATE SET document = excluded.document, \
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, register_until = excluded.register_until, \
        capacity = excluded.capacity, tiers = excluded.tiers";
    let document = serde_json::to_string(event)?;
    let tiers = serde_json::to_string(&event.tiers)?;
    tx.execute(
        UPSERT,
        params![
            event.id,
            reference,
            &document,
            event.starts_at,
            event.ends_at,
            event.register_until,
            i64::from(event.capacity),
            &tiers
        ],
    )
    .await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn set_cancelled(tx: &mut Tx, event: EventId) -> Result<()> {
    let now = tx.now();
    const SET: &str = "UPDATE event SET cancelled_at = $2 WHERE id = $1";
    tx.execute(SET, params![event, now]).await?;
    Ok(())
}

/// Locks an event until the commit; returns `false` if there is none.
#[instrument(level = "debug", skip_all)]
pub async fn lock(tx: &mut Tx, event: EventId) -> Result<bool> {
    const LOCK: &str = "UPDATE event SET taken = taken WHERE id = $1";
    Ok(tx.execute(LOCK, params![event]).await? == 1)
}

/// Returns the next waiting number; locks the event until the commit.
#[instrument(level = "debug", skip_all)]
pub async fn next_waiting_number(tx: &mut Tx, event: EventId) -> Result<Option<i64>> {
    const NEXT: &str =
        "UPDATE event SET waiting_number = waiting_number + 1 WHERE id = $1 RETURNING waiting_number";
    tx.fetch_optional_scalar(NEXT, params![event]).await
}

/// Takes a seat; returns `false` if none is free.
#[instrument(level = "debug", skip_all)]
pub async fn take_seat(tx: &mut Tx, event: EventId) -> Result<bool> {
    let take = if fault!("seat-is-taken-where-there-is-none") {
        "UPDATE event SET taken = MIN(taken + 1, capacity) WHERE id = $1"
    } else {
        "UPDATE event SET taken = taken + 1 WHERE id = $1 AND taken < capacity"
    };
    Ok(tx.execute(take, params![event]).await? == 1)
}

#[instrument(level = "debug", skip_all)]
pub async fn free_seat(tx: &mut Tx, event: EventId) -> Result<()> {
    const FREE: &str = "UPDATE event SET taken = taken - 1 WHERE id = $1";
    tx.execute(FREE, params![event]).await?;
    Ok(())
}

/// Returns a member's state in an event and their waiting number.
#[instrument(level = "debug", skip_all)]
pub async fn find_registration(
    tx: &mut Tx,
    event: EventId,
    member: MemberId,
) -> Result<Option<(String, i64)>> {
    const FIND: &str =
        "SELECT state, waiting_number FROM registration WHERE event_id = $1 AND member_id = $2";
    tx.fetch_optional(FIND, params![event, member]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn set_registration(
    tx: &mut Tx,
    event: EventId,
    member: MemberId,
    state: &str,
    number: i64,
    ticket: Option<TicketId>,
) -> Result<()> {
    const SET: &str = "INSERT INTO registration (event_id, member_id, state, waiting_number, ticket_id, at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (event_id, member_id) DO UPDATE SET state = excluded.state, \
        waiting_number = excluded.waiting_number, ticket_id = excluded.ticket_id, at = excluded.at";
    let now = tx.now();
    tx.execute(SET, params![event, member, state, number, ticket, now])
        .await?;
    Ok(())
}

#[instrument(level = "debug", skip_all)]
pub async fn count_waiting_before(tx: &mut Tx, event: EventId, number: i64) -> Result<i64> {
    const COUNT: &str =
        "SELECT COUNT(*) FROM registration WHERE event_id = $1 AND state = 'waiting' AND waiting_number < $2";
    tx.fetch_scalar(COUNT, params![event, number]).await
}

/// Lists waiting members after a number, in waiting order.
#[instrument(level = "debug", skip_all)]
pub async fn list_waiting_after(tx: &mut Tx, event: EventId, number: i64) -> Result<Vec<MemberId>> {
    const LIST: &str = "SELECT member_id FROM registration WHERE event_id = $1 AND state = 'waiting' \
        AND waiting_number > $2 ORDER BY waiting_number";
    tx.fetch_scalars(LIST, params![event, number]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn list_members(tx: &mut Tx, event: EventId) -> Result<Vec<MemberId>> {
    const LIST: &str =
        "SELECT member_id FROM registration WHERE event_id = $1 AND state <> 'left' ORDER BY member_id";
    tx.fetch_scalars(LIST, params![event]).await
}

#[derive(FromRow)]
pub struct RegistrationRow {
    pub event_id: EventId,
    pub waiting_number: i64,
    pub ticket_id: Option<TicketId>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub document: String,
}

#[instrument(level = "debug", skip_all)]
pub async fn list_registrations(tx: &mut Tx, member: MemberId) -> Result<Vec<RegistrationRow>> {
    const LIST: &str = "SELECT event_id, registration.waiting_number, ticket_id, starts_at, ends_at, document \
        FROM registration JOIN event ON event.id = event_id WHERE member_id = $1 AND state <> 'left' ORDER BY event_id";
    tx.fetch_all(LIST, params![member]).await
}

/// The seat of a ticket.
#[derive(Clone, Debug, FromRow)]
pub struct SeatRow {
    pub member: String,
    pub document: String,
    pub cancelled_at: Option<Timestamp>,
}

#[instrument(level = "debug", skip_all)]
pub async fn find_seat(tx: &mut Tx, ticket: TicketId) -> Result<Option<SeatRow>> {
    const FIND: &str = "SELECT member.name AS member, event.document, event.cancelled_at FROM registration \
        JOIN member ON member.id = registration.member_id JOIN event ON event.id = registration.event_id \
        WHERE registration.ticket_id = $1 AND registration.state = 'joined'";
    tx.fetch_optional(FIND, params![ticket]).await
}

#[instrument(level = "debug", skip_all)]
pub async fn list_ticket_holders(tx: &mut Tx, since: Timestamp) -> Result<Vec<(MemberId, EventId)>> {
    const LIST: &str = "SELECT registration.member_id, registration.event_id FROM registration \
        JOIN event ON event.id = registration.event_id WHERE event.ends_at > $1 AND registration.state = 'joined' \
        ORDER BY registration.member_id, registration.event_id";
    tx.fetch_all(LIST, params![since]).await
}
