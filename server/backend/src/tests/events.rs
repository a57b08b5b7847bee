use super::{apply, caller, documents, envelope, populate, send};
use crate::caller::{Caller, CommandTime};
use crate::db::on;
use crate::testing::{NOW, World};
use crate::{both, events};
use domain::document::Collection;
use domain::events::{Command, Event, Place, Registration};
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

async fn calendar(world: &World) {
    populate(world).await;
    let mut tx = world.db.write().await.unwrap();
    assert_eq!(events::import_file(&mut tx, EVENTS).await.unwrap(), 2);
    tx.commit().await.unwrap();
}

async fn event(world: &World, title: &str) -> Event {
    let ann = caller(world, "m-ann").await;
    let all: Vec<(String, Event)> = documents(world, &ann, Collection::Event).await;
    all.into_iter()
        .map(|(_, event)| event)
        .find(|event| event.title.en == title)
        .unwrap()
}

async fn place(world: &World, caller: &Caller) -> Option<Place> {
    let mine: Vec<(String, Registration)> = documents(world, caller, Collection::Registration).await;
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

async fn content(world: &World) -> i64 {
    let mut tx = world.db.read().await.unwrap();
    on!(tx, c => sqlx::query_scalar("SELECT content FROM system").fetch_one(c).await.unwrap())
}

both! {
    async fn phones_hear_that_the_last_seats_went_at_once(world) {
        calendar(world).await;
        let mut tx = world.db.write().await.unwrap();
        events::import_file(&mut tx, PAIR).await.unwrap();
        tx.commit().await.unwrap();
        let pair = event(world, "Pair").await;
        let (ann, bob) = (caller(world, "m-ann").await, caller(world, "m-bob").await);
        let before = content(world).await;
        // Ann has a seat that Bob's transaction cannot see yet.
        let mut first = world.db.write().await.unwrap();
        let now = first.now();
        let when = CommandTime { made_at: now, now, synced_at: None };
        events::obey(&mut first, &ann, when, Command::Join { event: pair.id }).await.unwrap();
        let later = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            first.commit().await.unwrap();
        };
        let (_, verdict) = tokio::join!(later, send(world, &bob, 2, join(&pair)));
        assert_eq!(verdict, Verdict::Confirmed(Receipt::Joined));
        assert_eq!(event(world, "Pair").await.seats, Band::None);
        assert!(content(world).await > before, "the seats went from few to none");
    }

    async fn the_first_has_the_seat_the_others_wait_and_move_up(world) {
        calendar(world).await;
        let tasting = event(world, "Tasting").await;
        let (ann, bob, cat) = (caller(world, "m-ann").await, caller(world, "m-bob").await, caller(world, "m-cat").await);
        assert_eq!(send(world, &ann, 1, join(&tasting)).await, Verdict::Confirmed(Receipt::Joined));
        assert_eq!(send(world, &bob, 2, join(&tasting)).await, Verdict::Confirmed(Receipt::Waiting { position: 1 }));
        assert_eq!(send(world, &cat, 3, join(&tasting)).await, Verdict::Confirmed(Receipt::Waiting { position: 2 }));
        assert_eq!(send(world, &ann, 4, join(&tasting)).await, Verdict::Refused(Error::AlreadyRegistered));
        assert_eq!(event(world, "Tasting").await.seats, Band::None);
        let Some(Place::Joined(ticket)) = place(world, &ann).await else { panic!("no ticket") };
        assert!(ticket.text.starts_with("CPG1:") && ticket.qr.side > 20);
        assert_eq!(place(world, &cat).await, Some(Place::Waiting { position: 2 }));

        assert_eq!(send(world, &ann, 5, leave(&tasting)).await, Verdict::Confirmed(Receipt::Left));
        assert_eq!(place(world, &ann).await, None);
        assert!(matches!(place(world, &bob).await, Some(Place::Joined(_))));
        assert_eq!(place(world, &cat).await, Some(Place::Waiting { position: 1 }));
        let notices: Vec<(String, Notice)> = documents(world, &bob, Collection::Notice).await;
        assert!(matches!(notices[0].1.about, About::SeatFree { .. }));
        assert_eq!(event(world, "Tasting").await.seats, Band::None);

        assert_eq!(send(world, &cat, 6, leave(&tasting)).await, Verdict::Confirmed(Receipt::Left));
        assert_eq!(send(world, &bob, 7, leave(&tasting)).await, Verdict::Confirmed(Receipt::Left));
        assert_eq!(send(world, &bob, 8, leave(&tasting)).await, Verdict::Refused(Error::NotRegistered));
        assert_eq!(event(world, "Tasting").await.seats, Band::Few);
        assert_eq!(send(world, &ann, 9, join(&tasting)).await, Verdict::Confirmed(Receipt::Joined));
    }

    async fn more_seats_move_the_line_up(world) {
        calendar(world).await;
        let tasting = event(world, "Tasting").await;
        for (number, member) in ["m-ann", "m-bob", "m-cat"].into_iter().enumerate() {
            let caller = caller(world, member).await;
            send(world, &caller, number as u128 + 1, join(&tasting)).await;
        }
        let mut tx = world.db.write().await.unwrap();
        events::import_file(&mut tx, &EVENTS.replace("seats = 1", "seats = 2")).await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(place(world, &caller(world, "m-bob").await).await, Some(Place::Joined(_))));
        assert_eq!(place(world, &caller(world, "m-cat").await).await, Some(Place::Waiting { position: 1 }));
        let mut tx = world.db.write().await.unwrap();
        let fewer = events::import_file(&mut tx, EVENTS).await.unwrap_err();
        assert!(matches!(fewer, crate::Error::Input(InputError { code: InputCode::SeatsTaken { taken: 2 }, .. })), "{fewer}");
    }

    async fn a_reserved_event_says_so(world) {
        calendar(world).await;
        let (evening, cat) = (event(world, "Evening").await, caller(world, "m-cat").await);
        assert_eq!(send(world, &cat, 1, join(&evening)).await, Verdict::Refused(Error::NotForYourTier));
    }

    async fn a_late_act_counts_from_a_phone_that_is_believed(world) {
        calendar(world).await;
        let tasting = event(world, "Tasting").await;
        let ann = caller(world, "m-ann").await;
        let bob = Caller { synced_at: Some(NOW.plus(-73 * Timestamp::HOUR)), ..caller(world, "m-bob").await };
        world.clock.set(tasting.register_until.plus(Timestamp::HOUR));
        let made_at = tasting.register_until.plus(-Timestamp::HOUR);
        let at = tasting.register_until;
        for (caller, number, made_at, expected) in [
            (&bob, 1, made_at, Verdict::Refused(Error::LateAndUnproven { at })),
            (&bob, 2, world.db.now(), Verdict::Refused(Error::RegistrationClosed { at })),
            (&ann, 3, made_at.plus(400 * Timestamp::DAY), Verdict::Refused(Error::RegistrationClosed { at })),
            (&ann, 4, made_at, Verdict::Confirmed(Receipt::Joined)),
        ] {
            let body = envelope(caller, number, join(&tasting), made_at);
            let outcomes = apply(&world.sync, caller, &[body]).await.unwrap();
            assert_eq!(outcomes[0].outcome.verdict, expected, "{number}");
        }
        world.clock.set(tasting.starts_at);
        assert_eq!(send(world, &ann, 5, leave(&tasting)).await, Verdict::Refused(Error::EventStarted));
    }

    async fn a_cancelled_event_tells_everybody(world) {
        calendar(world).await;
        let (tasting, ann, bob) = (event(world, "Tasting").await, caller(world, "m-ann").await, caller(world, "m-bob").await);
        send(world, &ann, 1, join(&tasting)).await;
        let mut tx = world.db.write().await.unwrap();
        events::cancel(&mut tx, "tasting").await.unwrap();
        tx.commit().await.unwrap();
        assert!(event(world, "Tasting").await.cancelled);
        let notices: Vec<(String, Notice)> = documents(world, &ann, Collection::Notice).await;
        assert!(matches!(notices[0].1.about, About::EventCancelled { .. }));
        assert_eq!(send(world, &bob, 2, join(&tasting)).await, Verdict::Refused(Error::EventCancelled));
    }

    async fn many_who_join_at_once_get_one_seat(world) {
        calendar(world).await;
        let tasting = event(world, "Tasting").await;
        let mut tasks = Vec::new();
        for (number, member) in ["m-ann", "m-bob", "m-cat"].into_iter().cycle().take(30).enumerate() {
            let caller = caller(world, member).await;
            let body = envelope(&caller, 500 + number as u128, join(&tasting), world.db.now());
            let server = world.sync.clone();
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
