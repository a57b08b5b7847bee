use super::{apply, caller, documents, envelope, order, populate, send};
use crate::caller::{Caller, CommandTime};
use crate::db::{Pools, on};
use crate::testing::{NOW, TestDb};
use crate::{both, events};
use domain::document::Collection;
use domain::events::{Command, Event, Registration, RegistrationState};
use domain::input::{InputCode, InputError};
use domain::notices::{About, Notice};
use domain::stock::Band;
use domain::{Error, Receipt, Timestamp, Verdict};

const EVENTS: &str = r#"
[[event]]
ref = "tasting"
title = { fr = "Dégustation", en = "Tasting" }
summary = { fr = "Pain", en = "Bread" }
body = { fr = "Venez.", en = "Come." }
starts = "+2 18:30"
minutes = 90
place = { name = "Mill", address = "Lyon", latitude = 45.76, longitude = 4.83 }
seats = 1
register_until_hours = 24

[[event]]
ref = "evening"
title = { fr = "Soirée", en = "Evening" }
summary = { fr = "Réservée", en = "Reserved" }
body = { fr = "Venez.", en = "Come." }
starts = "+30 18:30"
minutes = 90
webinar = "https://example.com/live"
seats = 50
tiers = ["stone"]
"#;

const PAIR: &str = r#"
[[event]]
ref = "pair"
title = { fr = "À deux", en = "Pair" }
summary = { fr = "Pain", en = "Bread" }
body = { fr = "Venez.", en = "Come." }
starts = "+2 18:30"
minutes = 90
webinar = "https://example.com/pair"
seats = 2
register_until_hours = 24
"#;

async fn calendar(test: &TestDb) {
    populate(test).await;
    let mut tx = test.db.write().await.unwrap();
    assert_eq!(events::import_file(&mut tx, EVENTS).await.unwrap(), 2);
    tx.commit().await.unwrap();
}

async fn event(test: &TestDb, title: &str) -> Event {
    let ann = caller(test, "m-ann").await;
    let all: Vec<(String, Event)> = documents(test, &ann, Collection::Event).await;
    all.into_iter()
        .map(|(_, event)| event)
        .find(|event| event.title.en == title)
        .unwrap()
}

async fn place(test: &TestDb, caller: &Caller) -> Option<RegistrationState> {
    let mine: Vec<(String, Registration)> = documents(test, caller, Collection::Registration).await;
    mine.into_iter()
        .next()
        .map(|(_, registration)| registration.state)
}

fn join(event: &Event) -> domain::Command {
    domain::Command::Events(Command::Join { event: event.id })
}

fn leave(event: &Event) -> domain::Command {
    domain::Command::Events(Command::Leave { event: event.id })
}

async fn content(test: &TestDb) -> i64 {
    let mut tx = test.db.read().await.unwrap();
    on!(tx, c => sqlx::query_scalar("SELECT content FROM system").fetch_one(c).await.unwrap())
}

/// Returns once a transaction waits for another: for the only writer of SQLite, or for a lock of PostgreSQL.
async fn until_one_waits(test: &TestDb) {
    const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    let begun = std::time::Instant::now();
    loop {
        let waits = match &test.db.pools {
            Pools::Sqlite { write, .. } => write.status().waiting > 0,
            Pools::Postgres(pool) => {
                let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(pool).await.unwrap();
                waiting > 0
            }
        };
        if waits {
            return;
        }
        assert!(begun.elapsed().as_secs() < 30, "nobody waits");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

both! {
    async fn phones_hear_that_the_last_seats_went_at_once(test) {
        calendar(test).await;
        let mut tx = test.db.write().await.unwrap();
        events::import_file(&mut tx, PAIR).await.unwrap();
        tx.commit().await.unwrap();
        let pair = event(test, "Pair").await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        let before = content(test).await;
        // Ann's seat is uncommitted, so Bob's transaction cannot see it yet.
        let mut first = test.db.write().await.unwrap();
        let now = first.now();
        let when = CommandTime { made_at: now, now, synced_at: None };
        events::handle(&mut first, &ann, when, Command::Join { event: pair.id }).await.unwrap();
        let later = async {
            until_one_waits(test).await;
            first.commit().await.unwrap();
        };
        let (_, verdict) = tokio::join!(later, send(test, &bob, 2, join(&pair)));
        assert_eq!(verdict, Verdict::Confirmed(Receipt::Joined));
        assert_eq!(event(test, "Pair").await.seats, Band::None);
        assert!(content(test).await > before, "the seats went from few to none");
    }

    async fn only_who_is_of_the_tier_moves_up(test) {
        calendar(test).await;
        let orders = "o-1,c-mill,2026-11-01,1,600.00,\no-2,c-site,2026-11-01,1,600.00,\n";
        assert!(order(test, orders).await.kept);
        let import = async |text: &str| {
            let mut tx = test.db.write().await.unwrap();
            events::import_file(&mut tx, text).await.unwrap();
            tx.commit().await.unwrap();
        };
        let gala = PAIR.replace("Pair", "Gala").replace("pair", "gala").replace("seats = 2", "seats = 1");
        assert!(gala.contains("seats = 1"), "{gala}");
        let gala = format!("{}\ntiers = [\"brick\"]\n", gala.trim_end());
        import(&gala).await;
        let id = event(test, "Gala").await;
        let (ann, cat) = (caller(test, "m-ann").await, caller(test, "m-cat").await);
        assert_eq!(send(test, &ann, 1, join(&id)).await, Verdict::Confirmed(Receipt::Joined));
        assert_eq!(send(test, &cat, 2, join(&id)).await, Verdict::Confirmed(Receipt::Waiting { position: 1 }));
        assert!(order(test, "o-3,c-site,2026-11-02,-1,-500.00,\n").await.kept);
        assert_eq!(send(test, &ann, 3, leave(&id)).await, Verdict::Confirmed(Receipt::Left));
        let state = async || documents::<Registration>(test, &cat, Collection::Registration).await[0].1.state.clone();
        assert_eq!(state().await, RegistrationState::Waiting { position: 1 });
        // Back at the tier, the next seat is theirs.
        assert!(order(test, "o-4,c-site,2026-11-03,1,500.00,\n").await.kept);
        import(&gala.replace("seats = 1", "seats = 3")).await;
        assert!(matches!(state().await, RegistrationState::Joined(_)));
    }

    async fn who_has_a_place_is_told_of_another_time_or_place(test) {
        calendar(test).await;
        let import = async |text: &str| {
            let mut tx = test.db.write().await.unwrap();
            events::import_file(&mut tx, text).await.unwrap();
            tx.commit().await.unwrap();
            test.clock.advance(1);
        };
        import(PAIR).await;
        let pair = event(test, "Pair").await;
        let (ann, bob) = (caller(test, "m-ann").await, caller(test, "m-bob").await);
        assert_eq!(send(test, &ann, 1, join(&pair)).await, Verdict::Confirmed(Receipt::Joined));
        let told = async |caller: &Caller| -> Vec<(bool, bool)> {
            let mut notices: Vec<(String, Notice)> = documents(test, caller, Collection::Notice).await;
            notices.sort_by_key(|(_, notice)| notice.at);
            notices.into_iter().filter_map(|(_, notice)| match notice.about {
                About::EventMoved { time, place, .. } => Some((time, place)),
                _ => None,
            }).collect()
        };
        import(PAIR).await;
        assert_eq!(told(&ann).await, []);
        let later = PAIR.replace("minutes = ", "minutes = 1");
        import(&later).await;
        import(&later.replace("https://example.com/pair", "https://example.com/elsewhere")).await;
        assert_eq!(told(&ann).await, [(true, false), (false, true)]);
        assert_eq!(told(&bob).await, []);
    }

    async fn what_no_event_can_be_is_refused_with_its_field(test) {
        populate(test).await;
        for (good, bad, field) in [
            ("ref = \"evening\"", "ref = \"tasting\"", None),
            ("ref = \"evening\"", "ref = \"the evening\"", Some("ref")),
            ("ref = \"evening\"", "ref = \"\"", Some("ref")),
            ("{ fr = \"Soirée\", en = \"Evening\" }", "{ fr = \" \", en = \"\" }", Some("title")),
            ("latitude = 45.76", "latitude = nan", Some("place.latitude")),
            ("latitude = 45.76", "latitude = -90.1", Some("place.latitude")),
            ("longitude = 4.83", "longitude = 180.5", Some("place.longitude")),
            (", longitude = 4.83", "", Some("place.longitude")),
            ("address = \"Lyon\"", "address = \" \"", Some("place.address")),
            ("https://example.com/live", "https://", Some("webinar")),
            ("https://example.com/live", "https://exam ple.com", Some("webinar")),
            ("https://example.com/live", "https://me:secret@example.com", Some("webinar")),
            ("https://example.com/live", "ftp://example.com", Some("webinar")),
            ("minutes = 90", "minutes = 0", Some("minutes")),
            ("minutes = 90", "minutes = 4000000000", Some("minutes")),
            ("register_until_hours = 24", "register_until_hours = 100000", Some("register_until_hours")),
            ("\"+30 18:30\"", "\"2226-01-15 10:00\"", Some("starts")),
            ("\"+30 18:30\"", "\"9999-12-31 23:59\"", Some("starts")),
        ] {
            let text = EVENTS.replacen(good, bad, 1);
            assert_ne!(text, EVENTS, "{good}");
            let mut tx = test.db.write().await.unwrap();
            match events::import_file(&mut tx, &text).await {
                Err(crate::Error::Input(wrong)) => assert_eq!(wrong.field(), field, "{bad}: {wrong:?}"),
                other => panic!("{bad}: {other:?}"),
            }
        }
        let mut tx = test.db.write().await.unwrap();
        let text = EVENTS.replace("https://example.com", "HTTPS://Example.com");
        assert_eq!(events::import_file(&mut tx, &text).await.unwrap(), 2);
    }

    async fn an_hour_that_is_not_there_once_is_refused(test) {
        calendar(test).await;
        let mut tx = test.db.write().await.unwrap();
        for (starts, expected) in [
            ("2027-03-28 02:30", Some(InputCode::HourSkipped)),
            ("2027-03-28 02:00", Some(InputCode::HourSkipped)),
            ("2027-03-28 03:00", None),
            ("2027-10-31 02:00", Some(InputCode::HourTwice)),
            ("2027-10-31 02:59", Some(InputCode::HourTwice)),
            ("2027-10-31 03:00", None),
            ("2027-10-31 01:59", None),
            ("2026-11-20 10:00", Some(InputCode::InThePast)),
            ("0026-12-01 10:00", Some(InputCode::InThePast)),
        ] {
            let text: String = PAIR
                .lines()
                .map(|line| if line.starts_with("starts") { format!("starts = \"{starts}\"\n") } else { format!("{line}\n") })
                .collect();
            let wrong = match events::import_file(&mut tx, &text).await {
                Ok(_) => None,
                Err(crate::Error::Input(error)) => Some(error.code),
                Err(other) => panic!("{starts}: {other:?}"),
            };
            assert_eq!(wrong, expected, "{starts}");
        }
    }

    async fn the_first_has_the_seat_the_others_wait_and_move_up(test) {
        calendar(test).await;
        let tasting = event(test, "Tasting").await;
        let (ann, bob, cat) = (caller(test, "m-ann").await, caller(test, "m-bob").await, caller(test, "m-cat").await);
        assert_eq!(send(test, &ann, 1, join(&tasting)).await, Verdict::Confirmed(Receipt::Joined));
        assert_eq!(send(test, &bob, 2, join(&tasting)).await, Verdict::Confirmed(Receipt::Waiting { position: 1 }));
        assert_eq!(send(test, &cat, 3, join(&tasting)).await, Verdict::Confirmed(Receipt::Waiting { position: 2 }));
        assert_eq!(send(test, &ann, 4, join(&tasting)).await, Verdict::Refused(Error::AlreadyRegistered));
        assert_eq!(event(test, "Tasting").await.seats, Band::None);
        let Some(RegistrationState::Joined(ticket)) = place(test, &ann).await else { panic!("no ticket") };
        assert!(ticket.text.starts_with("CPG1:") && ticket.qr.side > 20);
        assert_eq!(place(test, &cat).await, Some(RegistrationState::Waiting { position: 2 }));

        assert_eq!(send(test, &ann, 5, leave(&tasting)).await, Verdict::Confirmed(Receipt::Left));
        assert_eq!(place(test, &ann).await, None);
        assert!(matches!(place(test, &bob).await, Some(RegistrationState::Joined(_))));
        assert_eq!(place(test, &cat).await, Some(RegistrationState::Waiting { position: 1 }));
        let notices: Vec<(String, Notice)> = documents(test, &bob, Collection::Notice).await;
        assert!(matches!(notices[0].1.about, About::SeatFree { .. }));
        assert_eq!(event(test, "Tasting").await.seats, Band::None);

        assert_eq!(send(test, &cat, 6, leave(&tasting)).await, Verdict::Confirmed(Receipt::Left));
        assert_eq!(send(test, &bob, 7, leave(&tasting)).await, Verdict::Confirmed(Receipt::Left));
        assert_eq!(send(test, &bob, 8, leave(&tasting)).await, Verdict::Refused(Error::NotRegistered));
        assert_eq!(event(test, "Tasting").await.seats, Band::Few);
        assert_eq!(send(test, &ann, 9, join(&tasting)).await, Verdict::Confirmed(Receipt::Joined));
    }

    async fn more_seats_move_the_line_up(test) {
        calendar(test).await;
        let tasting = event(test, "Tasting").await;
        for (number, member) in ["m-ann", "m-bob", "m-cat"].into_iter().enumerate() {
            let caller = caller(test, member).await;
            send(test, &caller, number as u128 + 1, join(&tasting)).await;
        }
        let mut tx = test.db.write().await.unwrap();
        events::import_file(&mut tx, &EVENTS.replace("seats = 1", "seats = 2")).await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(place(test, &caller(test, "m-bob").await).await, Some(RegistrationState::Joined(_))));
        assert_eq!(place(test, &caller(test, "m-cat").await).await, Some(RegistrationState::Waiting { position: 1 }));
        let mut tx = test.db.write().await.unwrap();
        let fewer = events::import_file(&mut tx, EVENTS).await.unwrap_err();
        assert!(matches!(fewer, crate::Error::Input(InputError { code: InputCode::SeatsTaken { taken: 2 }, .. })), "{fewer}");
    }

    async fn a_reserved_event_says_so(test) {
        calendar(test).await;
        let (evening, cat) = (event(test, "Evening").await, caller(test, "m-cat").await);
        assert_eq!(send(test, &cat, 1, join(&evening)).await, Verdict::Refused(Error::NotForYourTier));
    }

    async fn a_late_act_counts_from_a_phone_that_is_believed(test) {
        calendar(test).await;
        let tasting = event(test, "Tasting").await;
        let ann = caller(test, "m-ann").await;
        let bob = Caller { synced_at: Some(NOW.plus(-73 * Timestamp::HOUR)), ..caller(test, "m-bob").await };
        test.clock.set(tasting.register_until.plus(Timestamp::HOUR));
        let made_at = tasting.register_until.plus(-Timestamp::HOUR);
        let at = tasting.register_until;
        for (caller, number, made_at, expected) in [
            (&bob, 1, made_at, Verdict::Refused(Error::LateAndUnproven { at })),
            (&bob, 2, test.db.now(), Verdict::Refused(Error::RegistrationClosed { at })),
            (&ann, 3, made_at.plus(400 * Timestamp::DAY), Verdict::Refused(Error::RegistrationClosed { at })),
            (&ann, 4, made_at, Verdict::Confirmed(Receipt::Joined)),
        ] {
            let body = envelope(caller, number, join(&tasting), made_at);
            let outcomes = apply(&test.sync, caller, &[body]).await.unwrap();
            assert_eq!(outcomes[0].outcome.verdict, expected, "{number}");
        }
        test.clock.set(tasting.starts_at);
        assert_eq!(send(test, &ann, 5, leave(&tasting)).await, Verdict::Refused(Error::EventStarted));
    }

    async fn a_cancelled_event_tells_everybody(test) {
        calendar(test).await;
        let (tasting, ann, bob) = (event(test, "Tasting").await, caller(test, "m-ann").await, caller(test, "m-bob").await);
        send(test, &ann, 1, join(&tasting)).await;
        let mut tx = test.db.write().await.unwrap();
        events::cancel(&mut tx, "tasting").await.unwrap();
        tx.commit().await.unwrap();
        assert!(event(test, "Tasting").await.cancelled);
        let notices: Vec<(String, Notice)> = documents(test, &ann, Collection::Notice).await;
        assert!(matches!(notices[0].1.about, About::EventCancelled { .. }));
        assert_eq!(send(test, &bob, 2, join(&tasting)).await, Verdict::Refused(Error::EventCancelled));
    }

    async fn many_who_join_at_once_get_one_seat(test) {
        calendar(test).await;
        let tasting = event(test, "Tasting").await;
        let mut tasks = Vec::new();
        for (number, member) in ["m-ann", "m-bob", "m-cat"].into_iter().cycle().take(30).enumerate() {
            let caller = caller(test, member).await;
            let body = envelope(&caller, 500 + number as u128, join(&tasting), test.db.now());
            let server = test.sync.clone();
            tasks.push(tokio::spawn(async move { apply(&server, &caller, &[body]).await.unwrap() }));
        }
        let mut told = Vec::new();
        for task in tasks {
            if let Verdict::Confirmed(receipt) = &task.await.unwrap()[0].outcome.verdict {
                told.push(receipt.clone());
            }
        }
        told.sort_by_key(|receipt| format!("{receipt:?}"));
        assert_eq!(told, [Receipt::Joined, Receipt::Waiting { position: 1 }, Receipt::Waiting { position: 2 }]);
    }
}
