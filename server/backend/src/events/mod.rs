//! Events: publishing, registration, waiting list, tickets.

mod sql;

use crate::caller::{Caller, CommandTime};
use crate::stored::{Bodies, bodies};
use crate::{Error, Result, Tx, markdown, members, notices, programme, signing, stored, strict_toml};
use domain::document::Collection;
use domain::events::{Command, Event, Gate, Registration, RegistrationState, Ticket, Venue};
use domain::id::{EventId, MemberId, TicketId};
use domain::input::{InputCode, InputError, InputPlace, RefKind};
use domain::notices::About;
use domain::programme::tier_allows;
use domain::stock::Band;
use domain::{Day, Receipt, Text, Timestamp, fault};
use serde::Deserialize;
use sql::EventRow;
use tracing::instrument;

/// How long an event stays on phones after its end.
const SHOWN_AFTER: i64 = 14 * Timestamp::DAY;
/// Longest event: two weeks.
const MOST_MINUTES: u32 = 14 * 24 * 60;
/// Earliest end of the registration before the event: a year.
const MOST_HOURS_BEFORE: u32 = 366 * 24;
/// Latest start of an event, in months from today.
const MOST_MONTHS_AHEAD: i32 = 120;
/// How far back the daily job looks for events it may have missed.
const LOOKED_BACK: i64 = 7 * Timestamp::DAY;

/// Why from the start of the day: the daily job, which runs then, removes expired events from phones.
async fn shown_since(tx: &mut Tx) -> Result<Timestamp> {
    Ok(programme::day_began(tx).await?.plus(-SHOWN_AFTER))
}

/// Marks events that have expired on phones as changed, so that phones delete them.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn expire_from_replicas(tx: &mut Tx) -> Result<()> {
    let until = shown_since(tx).await?;
    for event in sql::list_ended(tx, until.plus(-LOOKED_BACK), until).await? {
        tx.mark_content_changed(Collection::Event, event);
    }
    Ok(())
}

/// What is still to come: ref and stored document.
pub(crate) async fn published(tx: &mut Tx) -> Result<Vec<(String, String)>> {
    let now = tx.now();
    sql::list_documents(tx, now).await
}

/// Its documents as a member sees them.
pub(crate) async fn documents(tx: &mut Tx, member: MemberId, collection: Collection) -> Result<Bodies> {
    match collection {
        Collection::Event => bodies(upcoming(tx).await?, |event| event.id),
        Collection::Registration => bodies(registrations(tx, member).await?, |registration| {
            registration.event
        }),
        other => Err(stored::foreign(other)),
    }
}

/// Lists events that ended at most two weeks ago or are still to come, as phones store them.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn upcoming(tx: &mut Tx) -> Result<Vec<Event>> {
    let since = shown_since(tx).await?;
    let rows = sql::list_since(tx, since).await?;
    Ok(rows.iter().filter_map(document).collect())
}

fn document(row: &EventRow) -> Option<Event> {
    let mut event: Event = stored::read("event", row.id, &row.document)?;
    event.seats = Band::of(row.capacity - row.taken);
    event.cancelled = row.cancelled_at.is_some();
    if matches!(event.venue, Venue::Webinar { .. }) && !fault!("webinar-address-goes-to-everybody") {
        event.venue = Venue::Online;
    }
    Some(event)
}

/// Returns the address of a webinar.
fn webinar(row: &sql::RegistrationRow) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyVenue {
        venue: Venue,
    }
    match stored::read("event", row.event_id, &row.document) {
        Some(OnlyVenue {
            venue: Venue::Webinar { url },
        }) => Some(url),
        _ => None,
    }
}

/// Finds a public event for visitors who are not signed in, for as long as phones show it. `address`: its id, or its
/// ref if that consists of letters, digits, `-` and `_`.
pub async fn find_public(tx: &mut Tx, address: &str) -> Result<Option<Event>> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let row = match address.parse() {
        Ok(id) => sql::find(tx, id).await?,
        // Why the filter: PostgreSQL fails on some texts.
        Err(_) if address.bytes().all(plain) => sql::find_by_ref(tx, address).await?,
        Err(_) => None,
    };
    let Some(event) = row.as_ref().and_then(document) else {
        return Ok(None);
    };
    let since = shown_since(tx).await?;
    let public = event.public || fault!("every-event-has-a-public-page");
    Ok((public && event.ends_at > since).then_some(event))
}

/// Lists a member's seats and waiting list positions.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn registrations(tx: &mut Tx, member: MemberId) -> Result<Vec<Registration>> {
    let rows = sql::list_registrations(tx, member).await?;
    let key = if rows.is_empty() {
        None
    } else {
        Some(signing::key(tx).await?)
    };
    let mut registrations = Vec::with_capacity(rows.len());
    for row in rows {
        let webinar = row.ticket_id.and_then(|_| webinar(&row));
        let state = match (row.ticket_id, &key) {
            (Some(ticket), Some(key)) => {
                let until = row.ends_at.plus(Timestamp::DAY);
                let from = row.starts_at.plus(-Timestamp::DAY);
                let text = key.sign(signing::Kind::Ticket, ticket.0, row.event_id.0, from, until);
                let qr = signing::qr(&text)?;
                RegistrationState::Joined(Ticket { id: ticket, text, qr })
            }
            _ => {
                let ahead = sql::count_waiting_before(tx, row.event_id, row.waiting_number).await?;
                RegistrationState::Waiting {
                    position: ahead as u32 + 1,
                }
            }
        };
        registrations.push(Registration {
            event: row.event_id,
            state,
            webinar,
        });
    }
    Ok(registrations)
}

/// A seat as a door sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub member: String,
    pub event: Text,
    /// The event was called off.
    pub cancelled: bool,
}

/// Finds the seat of a ticket; `None` where it was left since, or the ticket replaced.
#[instrument(level = "debug", skip_all)]
pub async fn find_seat(tx: &mut Tx, ticket: TicketId) -> Result<Option<Seat>> {
    Ok(sql::find_seat(tx, ticket).await?.map(|row| {
        let event: Option<Event> = stored::read("event", ticket, &row.document);
        Seat {
            member: row.member,
            event: event.map(|event| event.title).unwrap_or_default(),
            cancelled: row.cancelled_at.is_some(),
        }
    }))
}

/// Signs the tickets of events that are not long over anew, on all phones.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn renew_tickets(tx: &mut Tx) -> Result<usize> {
    let since = tx.now().plus(-Timestamp::DAY);
    let holders = sql::list_ticket_holders(tx, since).await?;
    for (member, event) in &holders {
        tx.mark_changed(*member, Collection::Registration, event);
    }
    Ok(holders.len())
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn handle(
    tx: &mut Tx,
    caller: &Caller,
    when: CommandTime,
    command: Command,
) -> Result<Receipt> {
    match command {
        Command::Join { event } => join(tx, caller, when, event).await,
        Command::Leave { event } => leave(tx, caller, when, event).await,
    }
}

async fn join(tx: &mut Tx, caller: &Caller, when: CommandTime, event: EventId) -> Result<Receipt> {
    // Why first: it locks the event, so that seats and waiting numbers are assigned one at a time, and what is read
    // afterwards stays valid.
    let too_early = match fault!("seats-are-read-before-the-lock") {
        true => sql::find(tx, event).await?,
        false => None,
    };
    let number = sql::next_waiting_number(tx, event)
        .await?
        .ok_or(domain::Error::NotFound)?;
    let row = match too_early {
        Some(row) => row,
        None => sql::find(tx, event).await?.ok_or(domain::Error::NotFound)?,
    };
    let tiers: Vec<String> = serde_json::from_str(&row.tiers)?;
    let gate = Gate {
        starts_at: row.starts_at,
        register_until: row.register_until,
        tiers: &tiers,
        cancelled: row.cancelled_at.is_some(),
    };
    when.in_time(|at| gate.may_join(&caller.tier, at))?;
    if sql::find_registration(tx, event, caller.member)
        .await?
        .is_some_and(|(state, _)| state != "left")
    {
        return Err(domain::Error::AlreadyRegistered.into());
    }
    if !fault!("joining-is-not-told") {
        tx.mark_changed(caller.member, Collection::Registration, event);
    }
    if sql::take_seat(tx, event).await? {
        touch_band(tx, &row, 1);
        let ticket = TicketId(tx.uuid());
        sql::set_registration(tx, event, caller.member, "joined", number, Some(ticket)).await?;
        return Ok(Receipt::Joined);
    }
    sql::set_registration(tx, event, caller.member, "waiting", number, None).await?;
    let ahead = sql::count_waiting_before(tx, event, number).await?;
    Ok(Receipt::Waiting {
        position: ahead as u32 + 1,
    })
}

async fn leave(tx: &mut Tx, caller: &Caller, when: CommandTime, event: EventId) -> Result<Receipt> {
    if !sql::lock(tx, event).await? {
        return Err(domain::Error::NotFound.into());
    }
    let row = sql::find(tx, event).await?.ok_or(domain::Error::NotFound)?;
    let tiers = Vec::new();
    let gate = Gate {
        starts_at: row.starts_at,
        register_until: row.register_until,
        tiers: &tiers,
        cancelled: row.cancelled_at.is_some(),
    };
    gate.may_leave(when.now)?;
    let (state, waiting_number) = sql::find_registration(tx, event, caller.member)
        .await?
        .ok_or(domain::Error::NotRegistered)?;
    if !give_up(tx, caller.member, &row, &state, waiting_number).await? {
        return Err(domain::Error::NotRegistered.into());
    }
    Ok(Receipt::Left)
}

/// Gives up a member's seat or place on the waiting list; returns `false` if there is none. The event must be locked.
async fn give_up(
    tx: &mut Tx,
    member: MemberId,
    row: &EventRow,
    state: &str,
    waiting_number: i64,
) -> Result<bool> {
    let event = row.id;
    match state {
        "joined" => {
            sql::set_registration(tx, event, member, "left", 0, None).await?;
            sql::free_seat(tx, event).await?;
            if !promote_from_waiting_list(tx, event, row).await? {
                touch_band(tx, row, -1);
            }
        }
        "waiting" => {
            sql::set_registration(tx, event, member, "left", 0, None).await?;
            for behind in sql::list_waiting_after(tx, event, waiting_number).await? {
                tx.mark_changed(behind, Collection::Registration, event);
            }
        }
        _ => return Ok(false),
    }
    tx.mark_changed(member, Collection::Registration, event);
    Ok(true)
}

/// Gives up all that a member has in events still to come; what has begun stays as it was.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn give_up_all(tx: &mut Tx, member: MemberId) -> Result<()> {
    let now = tx.now();
    for registration in sql::list_registrations(tx, member).await? {
        let event = registration.event_id;
        sql::lock(tx, event).await?;
        let row = sql::find(tx, event).await?.ok_or(domain::Error::NotFound)?;
        if row.starts_at > now
            && let Some((state, waiting_number)) = sql::find_registration(tx, event, member).await?
        {
            give_up(tx, member, &row, &state, waiting_number).await?;
        }
    }
    Ok(())
}

/// Gives a free seat to the first on the waiting list; returns `false` if it is empty.
async fn promote_from_waiting_list(tx: &mut Tx, event: EventId, row: &EventRow) -> Result<bool> {
    if row.cancelled_at.is_some() || row.starts_at <= tx.now() {
        return Ok(false);
    }
    let waiting = sql::list_waiting_after(tx, event, 0).await?;
    let tiers: Vec<String> = serde_json::from_str(&row.tiers)?;
    // Whoever is no longer of the tier keeps waiting.
    let mut first = None;
    for member in &waiting {
        if tier_allows(&tiers, &members::tier_of(tx, *member).await?) || fault!("waiting-forgets-the-tier") {
            first = Some(*member);
            break;
        }
    }
    let Some(first) = first else {
        return Ok(false);
    };
    if !sql::take_seat(tx, event).await? {
        return Err(Error::Invariant(format!(
            "the seat freed in event {event} cannot be taken"
        )));
    }
    let ticket = TicketId(tx.uuid());
    sql::set_registration(tx, event, first, "joined", 0, Some(ticket)).await?;
    let title = stored::title(&row.document)?;
    notices::notify(tx, first, About::SeatFree { event, title }).await?;
    for member in waiting {
        tx.mark_changed(member, Collection::Registration, event);
    }
    Ok(true)
}

/// Marks the event as changed only if its seat band changes.
fn touch_band(tx: &mut Tx, row: &EventRow, taken: i64) {
    let left = row.capacity - row.taken;
    if Band::of(left) != Band::of(left - taken) {
        tx.mark_content_changed(Collection::Event, row.id);
    }
}

/// Cancels an event and notifies everybody who joined or waits.
///
/// # Errors
/// [`Error::Input`] if there is no such event.
#[instrument(level = "debug", skip_all)]
pub async fn cancel(tx: &mut Tx, reference: &str) -> Result<()> {
    let row = sql::find_by_ref(tx, reference)
        .await?
        .ok_or_else(|| InputCode::NotThere { what: RefKind::Event }.given(reference))?;
    if row.cancelled_at.is_some() {
        return Ok(());
    }
    sql::set_cancelled(tx, row.id).await?;
    tx.mark_content_changed(Collection::Event, row.id);
    let title = stored::title(&row.document)?;
    for member in sql::list_members(tx, row.id).await? {
        notices::notify(
            tx,
            member,
            About::EventCancelled {
                event: row.id,
                title: title.clone(),
            },
        )
        .await?;
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct EventsFile {
    #[serde(rename = "event")]
    events: Vec<EventFile>,
}

#[derive(Debug, Deserialize)]
struct EventFile {
    #[serde(rename = "ref")]
    reference: String,
    title: Text,
    summary: Text,
    body: Text,
    /// `2026-12-05 18:30`, or `+12 18:30`: days from the day of the import.
    starts: String,
    minutes: u32,
    place: Option<PlaceFile>,
    webinar: Option<String>,
    seats: u32,
    #[serde(default)]
    register_until_hours: u32,
    #[serde(default)]
    tiers: Vec<String>,
    #[serde(default)]
    trades: Vec<String>,
    /// Anybody with its address may read its title, summary, time and place, and whether seats are free.
    #[serde(default)]
    public: bool,
}

#[derive(Debug, Deserialize)]
struct PlaceFile {
    name: String,
    address: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

/// Imports events from a TOML file; existing ones (by ref) are changed. Returns the number of events in the file.
///
/// # Errors
/// [`Error::Input`] that names the event and the problem.
#[instrument(level = "debug", skip_all)]
pub async fn import_file(tx: &mut Tx, text: &str) -> Result<usize> {
    let file: EventsFile = strict_toml::read(text)?;
    let items = file.events.iter().map(|event| {
        let texts = [("title", &event.title), ("summary", &event.summary)];
        (event.reference.as_str(), texts)
    });
    programme::check_items(InputPlace::Event, items)?;
    let settings = programme::current(tx).await?;
    let today = settings.day(tx.now())?;
    for event in &file.events {
        let here = |error: Error| error.within(InputPlace::Event(event.reference.clone()));
        let wrong = |error: InputError| here(error.into());
        let before = sql::find_by_ref(tx, &event.reference).await?;
        let id = before.as_ref().map_or_else(|| EventId(tx.uuid()), |row| row.id);
        let (day, minutes) = moment(&event.starts, today).ok_or_else(|| {
            wrong(
                InputCode::like("2026-12-05 18:30")
                    .field("starts")
                    .given(&event.starts),
            )
        })?;
        if day > today.plus_months(MOST_MONTHS_AHEAD) {
            let latest = today.plus_months(MOST_MONTHS_AHEAD);
            return Err(wrong(
                InputCode::TooFarAhead { latest }
                    .field("starts")
                    .given(&event.starts),
            ));
        }
        let starts_at = settings
            .exact(day, minutes)?
            .map_err(|code| wrong(code.field("starts").given(&event.starts)))?;
        let moved = before.as_ref().is_none_or(|row| row.starts_at != starts_at);
        if moved && starts_at < tx.now() {
            return Err(wrong(InputCode::InThePast.field("starts").given(&event.starts)));
        }
        let venue = venue(event).map_err(wrong)?;
        settings.has(&event.tiers, &event.trades).map_err(wrong)?;
        for (field, given, least, most) in [
            ("minutes", event.minutes, 1, MOST_MINUTES),
            (
                "register_until_hours",
                event.register_until_hours,
                0,
                MOST_HOURS_BEFORE,
            ),
        ] {
            if !(least..=most).contains(&given) {
                let (least, most) = (least.into(), most.into());
                let code = InputCode::OutOfRange { least, most };
                return Err(wrong(code.field(field).given(given.to_string())));
            }
        }
        let document = Event {
            id,
            title: event.title.clone(),
            summary: event.summary.clone(),
            html: markdown::text_to_html(&event.body)
                .map_err(|error| here(error.within(InputPlace::field("body"))))?,
            starts_at,
            ends_at: starts_at.plus(i64::from(event.minutes) * 60_000),
            venue,
            seats: Band::Many,
            capacity: event.seats,
            register_until: starts_at.plus(-i64::from(event.register_until_hours) * Timestamp::HOUR),
            tiers: event.tiers.clone(),
            trades: event.trades.clone(),
            cancelled: false,
            public: event.public,
        };
        if let Some(before) = &before
            && before.taken > i64::from(event.seats)
        {
            return Err(wrong(
                InputCode::SeatsTaken { taken: before.taken }
                    .field("seats")
                    .given(event.seats.to_string()),
            ));
        }
        sql::upsert(tx, &event.reference, &document).await?;
        tx.mark_content_changed(Collection::Event, id);
        if let Some(before) = &before {
            tell_of_move(tx, before, &document).await?;
        }
        // If there are more seats than before, the waiting list moves up.
        while let Some(row) = sql::find(tx, id).await?
            && row.taken < row.capacity
            && promote_from_waiting_list(tx, id, &row).await?
        {}
    }
    Ok(file.events.len())
}

/// Reads where an event takes place: at a place, or at an address of the web.
fn venue(event: &EventFile) -> std::result::Result<Venue, InputError> {
    match (&event.place, &event.webinar) {
        (Some(place), None) => {
            for (field, text) in [("place.name", &place.name), ("place.address", &place.address)] {
                if text.trim().is_empty() {
                    return Err(InputCode::Empty.field(field));
                }
            }
            let degrees = |field, given: Option<f64>, most: i64| match given {
                Some(degrees) if degrees.abs() <= most as f64 => Ok((degrees * 1e6).round() as i32),
                Some(degrees) => Err(InputCode::OutOfBounds { least: -most, most }
                    .field(field)
                    .given(degrees.to_string())),
                None => Err(InputCode::Missing.field(field)),
            };
            let position = match (place.latitude, place.longitude) {
                (None, None) => None,
                (north, east) => Some((
                    degrees("place.latitude", north, 90)?,
                    degrees("place.longitude", east, 180)?,
                )),
            };
            Ok(Venue::Place {
                name: place.name.clone(),
                address: place.address.clone(),
                position,
            })
        }
        (None, Some(url)) if is_https(url) => Ok(Venue::Webinar { url: url.clone() }),
        (None, Some(url)) => Err(InputCode::NotHttps.field("webinar").given(url)),
        _ => Err(InputCode::PlaceOrWebinar.into()),
    }
}

/// True for an address of the web with a host, without a name and password in it.
fn is_https(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("https")
        && host.chars().any(char::is_alphanumeric)
        && !host
            .chars()
            .any(|c| c == '@' || c.is_whitespace() || c.is_control())
}

/// Tells all who joined or wait that an event to come has another time or place.
async fn tell_of_move(tx: &mut Tx, before: &EventRow, after: &Event) -> Result<()> {
    let Some(old) = stored::read::<Event>("event", before.id, &before.document) else {
        return Ok(());
    };
    let time = (old.starts_at, old.ends_at) != (after.starts_at, after.ends_at);
    let place = old.venue != after.venue;
    let members = sql::list_members(tx, before.id).await?;
    if place {
        // The address of a webinar is in the registration.
        for member in &members {
            tx.mark_changed(*member, Collection::Registration, before.id);
        }
    }
    let over = before.cancelled_at.is_some() || old.ends_at <= tx.now();
    if over || !(time || place) {
        return Ok(());
    }
    for member in members {
        let about = About::EventMoved {
            event: before.id,
            title: after.title.clone(),
            time,
            place,
        };
        notices::notify(tx, member, about).await?;
    }
    Ok(())
}

/// Parses a day and minutes after midnight.
fn moment(text: &str, today: Day) -> Option<(Day, u32)> {
    let (day, time) = text.split_once(' ')?;
    let day = match day.strip_prefix('+') {
        Some(days) => today.plus_days(days.parse().ok()?),
        None => Day::parse(day)?,
    };
    let (hours, minutes) = time.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some((day, hours * 60 + minutes))
}
