//! A phone against a fake server: nothing is lost, nothing counts twice, and the totals shown are right.

mod newer_server;

use super::outbox::State;
use super::store::memory::Memory;
use super::store::{Durability, Store};
use super::sync::{Answer, MOST_ATTEMPTS, Next};
use super::*;
use crate::activity::view::ActivityView;
use crate::events::view::{EventsView, SeatStatus};
use crate::home::suggestions::{EarningSuggestion, earning_suggestions};
use crate::learning::view::LearningView;
use crate::ledger::view::{Expiry, LedgerView, WalletView};
use crate::members::view::MemberView;
use crate::notices::view::NoticesView;
use crate::rewards::view::{Buyer, RewardsView};
use domain::id::{CommandId, CourseId, EntryId, EventId, RewardId, uuid_v7};
use domain::ledger::LotLeft;
use domain::{Command, Day, Lang, Timestamp, events, learning, rewards};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const NOW: i64 = 1_764_000_000_000;

/// Polls once: the in-memory store never waits.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the store waited"),
    }
}

fn id(n: u8) -> uuid::Uuid {
    uuid_v7(Timestamp(1), [n; 10])
}

fn member() -> MemberId {
    MemberId(id(1))
}

fn empty() -> Phone {
    Phone::from_loaded(member(), DeviceId(id(2)), Loaded::default())
}

fn loaded(store: &Memory) -> Phone {
    Phone::from_loaded(member(), DeviceId(id(2)), now_or_never(store.load()).unwrap())
}

/// All views of a phone.
struct Shown {
    member: MemberView,
    activity: ActivityView,
    events: EventsView,
    learning: LearningView,
    ledger: LedgerView,
    notices: NoticesView,
    rewards: RewardsView,
    refused: usize,
}

impl Shown {
    fn of(phone: &Phone) -> Shown {
        let member = MemberView::of(phone);
        let learning = LearningView::of(phone, &member);
        let rewards = RewardsView::of(phone);
        let effects = learning.effects.iter().chain(&rewards.effects);
        Shown {
            activity: ActivityView::of(phone),
            events: EventsView::of(phone),
            ledger: LedgerView::of(phone, effects.copied()),
            notices: NoticesView::of(phone),
            refused: phone.unseen_refusals(),
            member,
            learning,
            rewards,
        }
    }

    fn buyer(&self) -> Buyer<'_> {
        Buyer {
            member: &self.member,
            ledger: &self.ledger,
        }
    }

    fn suggestions(&self) -> Vec<EarningSuggestion> {
        earning_suggestions(&self.member, &self.learning)
    }
}

struct Made {
    phone: Phone,
    store: Memory,
    done: u8,
}

impl Made {
    fn new() -> Made {
        Made {
            phone: empty(),
            store: Memory::default(),
            done: 0,
        }
    }

    fn act(&mut self, command: Command) -> CommandId {
        self.done += 1;
        let at = Timestamp(NOW + i64::from(self.done));
        now_or_never(self.phone.add(&self.store, command, at, [self.done; 10])).unwrap()
    }

    fn answer(&mut self, ids: &[CommandId], answer: &Answer) -> Next {
        let (ops, next) = self.phone.apply(ids, answer, u32::MAX);
        now_or_never(self.store.commit(ops, Durability::Relaxed)).unwrap();
        next
    }

    fn round(&mut self, reply: impl FnOnce(&[CommandId]) -> Answer) -> Next {
        let round = self.phone.request();
        self.phone.sent(&round.ids);
        self.answer(&round.ids, &reply(&round.ids))
    }

    fn state(&self, id: CommandId) -> State {
        self.phone.outbox.get(id).unwrap().state
    }

    fn view(&self) -> Shown {
        Shown::of(&self.phone)
    }
}

fn ok(body: Value) -> Answer {
    Answer {
        status: 200,
        body: body.to_string(),
        retry_after: None,
    }
}

fn status(status: u16) -> Answer {
    Answer {
        status,
        ..Answer::default()
    }
}

fn outcome(id: CommandId, verdict: Value) -> Value {
    json!({ "id": id, "at": NOW + 1000, "verdict": verdict })
}

fn cursor(epoch: &str, content: i64) -> Value {
    json!({ "epoch": epoch, "content": content, "own": content, "audience": "all" })
}

fn reply(outcomes: Vec<Value>, docs: Vec<Value>) -> Answer {
    ok(json!({ "now": NOW + 1000, "outcomes": outcomes, "cursor": cursor("e1", 1), "docs": docs }))
}

fn doc(collection: &str, id: impl ToString, body: Value) -> Value {
    json!({ "collection": collection, "id": id.to_string(), "body": body })
}

fn text(words: &str) -> Value {
    json!({ "fr": words, "en": words })
}

fn course(n: u8, trades: &[&str], points: i64) -> Value {
    doc(
        "course",
        id(n),
        json!({
            "id": id(n), "version": 1, "title": text(&format!("course {n}")), "summary": text("s"), "trades": trades,
            "minutes": 10, "points": points, "pass_mark": 70, "practice": [],
            "lessons": [
                { "lesson": "a", "title": text("A"), "html": text("<p>a</p>"), "pictures": [] },
                { "lesson": "b", "title": text("B"), "html": text("<p>b</p>"), "pictures": [] }
            ],
            "graded": [{ "question": "q1", "lesson": "a", "prompt": text("?"), "form": "true_false" }],
        }),
    )
}

fn world() -> Vec<Value> {
    vec![
        doc(
            "programme",
            "programme",
            json!({
                "name": "Club", "accent": "#B45309", "languages": ["fr", "en"], "time_zone": "Europe/Paris",
                "currency": "EUR", "trades": [{ "ref": "baker", "name": text("Baker") }],
                "tiers": [{ "ref": "low", "name": text("Low"), "threshold": 0 },
                          { "ref": "top", "name": text("Top"), "threshold": 1000 }],
                "period": "rolling", "expiry_months": 24, "points_per_unit": 2,
            }),
        ),
        doc(
            "me",
            "me",
            json!({
                "id": member(), "name": "Ana B", "phone": null, "email": null, "trade": "baker",
                "function": "decider", "manager": true, "language": "en", "advisor": null,
                "company": { "id": id(9), "name": "Co", "town": "Lyon", "order_points": "company" },
            }),
        ),
        doc(
            "status",
            "status",
            json!({
                "tier": "low", "points": 400, "from": "2025-11-25", "to": "2026-11-24",
                "next": { "tier": "top", "missing": 601 }, "review_on": "2027-01-01", "on": "2026-11-24",
            }),
        ),
        doc(
            "balance",
            "own",
            json!({ "wallet": "own", "available": 500, "reserved": 0, "lots": [] }),
        ),
        doc(
            "balance",
            "company",
            json!({ "wallet": "company", "available": 900, "reserved": 0, "lots": [] }),
        ),
        course(10, &["baker"], 80),
        course(11, &["foreman"], 300),
        course(12, &["baker"], 50),
        doc(
            "event",
            id(20),
            json!({
                "id": id(20), "title": text("Event"), "summary": text("s"), "html": text("<p>h</p>"),
                "starts_at": NOW + 864_000_000, "ends_at": NOW + 868_000_000,
                "venue": { "webinar": { "url": "https://example.com/" } }, "seats": "few", "capacity": 10,
                "register_until": NOW + 800_000_000, "tiers": [], "trades": [], "cancelled": false,
            }),
        ),
        doc(
            "reward",
            id(30),
            json!({
                "id": id(30), "title": text("Knife"), "summary": text("s"), "html": text("<p>h</p>"),
                "shelf": "work", "points": 400, "stock": "few", "delivery": "post", "tiers": [],
            }),
        ),
    ]
}

fn ready() -> Made {
    let mut made = Made::new();
    assert_eq!(made.round(|_| reply(vec![], world())), Next::Rest);
    made
}

fn redeem(wallet: &str) -> Command {
    serde_json::from_value(
        json!({ "rewards": { "redeem": { "reward": id(30), "points": 400, "wallet": wallet } } }),
    )
    .unwrap()
}

fn join() -> Command {
    Command::Events(events::Command::Join {
        event: EventId(id(20)),
    })
}

fn leave() -> Command {
    Command::Events(events::Command::Leave {
        event: EventId(id(20)),
    })
}

fn hand_in(course: u8) -> Command {
    Command::Learning(learning::Command::HandInQuiz {
        course: CourseId(id(course)),
        version: 1,
        answers: vec![],
    })
}

fn read(lesson: &str) -> Command {
    Command::Learning(learning::Command::ReadLesson {
        course: CourseId(id(10)),
        lesson: lesson.into(),
    })
}

#[test]
fn saved_means_on_the_disk() {
    let mut made = Made::new();
    let id = made.act(join());
    assert_eq!(made.store.strict.get(), 1);
    let later = loaded(&made.store);
    assert_eq!(later.outbox.get(id), made.phone.outbox.get(id));
    made.store.broken.set(true);
    let failed = now_or_never(made.phone.add(&made.store, leave(), Timestamp(NOW), [9; 10]));
    assert!(failed.is_err());
    assert_eq!(made.phone.outbox.iter().count(), 1);
}

#[test]
fn acts_go_out_in_the_order_they_were_made_with_the_same_bytes_each_time() {
    let mut made = Made::new();
    let ids = [made.act(join()), made.act(leave()), made.act(join())];
    let first = made.phone.request();
    assert_eq!(first.ids, ids);
    made.answer(&first.ids, &status(0));
    let again = loaded(&made.store);
    assert_eq!(again.request().body, first.body);
    let body: Value = serde_json::from_str(&first.body).unwrap();
    let seqs: Vec<i64> = body["commands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, [1, 2, 3]);
    assert_eq!(body["proto"], 1);
    let envelope = &made.phone.outbox.get(ids[0]).unwrap().body;
    assert!(first.body.contains(envelope.as_str()));
}

#[test]
fn numbers_go_on_after_everything_was_forgotten() {
    let mut made = Made::new();
    made.act(join());
    made.act(leave());
    let week_later = NOW + 8 * Timestamp::DAY;
    let next = made.round(|ids| {
        let outcomes = ids
            .iter()
            .map(|id| outcome(*id, json!({ "confirmed": "noted" })))
            .collect::<Vec<_>>();
        ok(json!({ "now": week_later, "outcomes": outcomes, "cursor": cursor("e1", 1) }))
    });
    assert_eq!(next, Next::Rest);
    let mut later = loaded(&made.store);
    assert_eq!(later.outbox.iter().count(), 0);
    let (item, _) = later.prepare(join(), None, Timestamp(week_later), [5; 10]);
    assert_eq!(item.seq, 3);
}

#[test]
fn a_lost_reply_changes_nothing_and_its_replay_is_taken_once() {
    let mut made = ready();
    let quiz = made.act(hand_in(10));
    assert!(matches!(made.round(|_| status(0)), Next::Wait(_)));
    assert_eq!(made.state(quiz), State::Saved);
    assert_eq!(made.view().ledger.own.to_confirm, 80);
    let result = json!({ "right": 1, "of": 1, "passed": true, "points": 80, "unpaid": null, "review": [] });
    let told = reply(
        vec![outcome(quiz, json!({ "confirmed": { "graded": result } }))],
        vec![
            doc(
                "balance",
                "own",
                json!({ "wallet": "own", "available": 580, "reserved": 0, "lots": [] }),
            ),
            doc(
                "progress",
                id(10),
                json!({ "course": id(10), "read": [], "practised": 0, "passed_on": "2026-11-24",
                        "attempts": [{ "id": quiz, "at": NOW, "version": 1, "result": result }] }),
            ),
        ],
    );
    assert_eq!(made.round(|_| told.clone()), Next::Rest);
    let once = made.view();
    assert_eq!((once.ledger.own.available, once.ledger.own.to_confirm), (580, 0));
    made.answer(&[quiz], &told);
    let twice = made.view();
    assert_eq!(
        (twice.ledger.own.available, twice.ledger.own.to_confirm),
        (580, 0)
    );
    let course = twice.learning.course(CourseId(id(10))).unwrap();
    assert_eq!((course.attempts.len(), course.unmarked), (1, None));
    assert_eq!(Shown::of(&loaded(&made.store)).ledger.own, twice.ledger.own);
}

#[test]
fn sent_is_said_only_while_a_round_is_out() {
    let mut made = ready();
    let joined = made.act(join());
    let round = made.phone.request();
    assert_eq!(made.state(joined), State::Saved);
    made.phone.sent(&round.ids);
    assert_eq!(made.state(joined), State::Sent);
    // If the browser is killed now, the act is sent again.
    let again = loaded(&made.store);
    assert_eq!(again.outbox.get(joined).unwrap().state, State::Saved);
    assert_eq!(again.request().body, round.body);
    // So is an act that an earlier version of the app stored as sent.
    let mut left = made.phone.outbox.get(joined).unwrap().clone();
    left.attempts = 1;
    now_or_never(
        made.store
            .commit(vec![super::store::Op::put_item(&left)], Durability::Strict),
    )
    .unwrap();
    assert_eq!(
        loaded(&made.store).outbox.get(joined).unwrap().state,
        State::Saved
    );
    assert!(matches!(made.answer(&round.ids, &status(0)), Next::Wait(_)));
    assert_eq!(made.state(joined), State::Saved);
}

#[test]
fn documents_cursor_and_outcomes_survive_a_restart_together() {
    let mut made = ready();
    let joined = made.act(join());
    made.round(|_| {
        reply(
            vec![outcome(
                joined,
                json!({ "confirmed": { "waiting": { "position": 2 } } }),
            )],
            vec![
                doc(
                    "registration",
                    id(20),
                    json!({ "event": id(20), "state": { "waiting": { "position": 2 } } }),
                ),
                doc("weather", "today", json!({ "sun": true })),
                doc("event", "broken", json!({ "id": 7 })),
            ],
        )
    });
    let later = loaded(&made.store);
    assert_eq!(later.replica.cursor.epoch, "e1");
    assert_eq!(
        later.replica.documents(),
        world().len() + 3,
        "also those that this app cannot read"
    );
    assert_eq!(
        Shown::of(&later).events.event(EventId(id(20))).unwrap().seat,
        SeatStatus::Waiting(2)
    );
    assert_eq!(later.outbox.get(joined).unwrap().state, State::Confirmed);
}

#[test]
fn gone_and_all_of_a_family() {
    let mut made = ready();
    made.round(|_| {
        ok(json!({ "now": NOW, "outcomes": [], "cursor": cursor("e1", 2), "gone": [["course", id(11)]] }))
    });
    assert_eq!(made.view().learning.courses.len(), 2);
    made.round(|_| {
        ok(json!({
            "now": NOW, "outcomes": [], "cursor": cursor("e1", 3), "all_content": true,
            "docs": [world()[0], course(12, &[], 10)],
        }))
    });
    let view = made.view();
    assert_eq!(
        (
            view.learning.courses.len(),
            view.rewards.rewards.len(),
            view.events.events.len()
        ),
        (1, 0, 0)
    );
    assert_eq!(view.ledger.own.available, 500, "own documents stay");
    assert_eq!(Shown::of(&loaded(&made.store)).learning.courses.len(), 1);
}

#[test]
fn a_new_epoch_sends_what_was_decided_once_more() {
    let mut made = ready();
    let joined = made.act(join());
    made.round(|_| reply(vec![outcome(joined, json!({ "confirmed": "joined" }))], vec![]));
    assert_eq!(made.state(joined), State::Confirmed);
    let next = made.round(|_| {
        ok(
            json!({ "now": NOW, "outcomes": [], "cursor": cursor("e2", 1), "all_own": true,
                                        "all_content": true, "docs": world() }),
        )
    });
    assert_eq!(next, Next::Again);
    assert_eq!(made.state(joined), State::Saved);
    assert_eq!(
        made.view().events.event(EventId(id(20))).unwrap().seat,
        SeatStatus::Asked
    );
    let round = made.phone.request();
    assert_eq!(round.ids, [joined]);
    let next = made.answer(
        &round.ids,
        &ok(
            json!({ "now": NOW, "outcomes": [outcome(joined, json!({ "confirmed": "joined" }))],
                    "cursor": cursor("e2", 2) }),
        ),
    );
    assert_eq!((next, made.state(joined)), (Next::Rest, State::Confirmed));
    assert!(made.phone.request().ids.is_empty());
}

#[test]
fn what_was_decided_before_any_epoch_was_known_goes_out_once_more() {
    let mut made = Made::new();
    let joined = made.act(join());
    let confirmed = outcome(joined, json!({ "confirmed": "joined" }));
    made.round(|_| ok(json!({ "now": NOW, "outcomes": [confirmed], "cursor": null })));
    assert_eq!(made.state(joined), State::Confirmed);
    let next = made.round(|_| reply(vec![], world()));
    assert_eq!((next, made.state(joined)), (Next::Again, State::Saved));
}

#[test]
fn ten_odd_failures_park_an_act_and_the_member_can_try_again() {
    let mut made = Made::new();
    let bad = made.act(join());
    for turn in 1..=MOST_ATTEMPTS {
        assert_eq!(made.state(bad), State::Saved, "turn {turn}");
        made.round(|ids| reply(vec![outcome(ids[0], json!("failed"))], vec![]));
    }
    assert_eq!(made.state(bad), State::Parked);
    let good = made.act(leave());
    assert_eq!(made.phone.request().ids, [good]);
    assert_eq!(
        made.phone.outbox.count_open() - made.phone.outbox.count_waiting(),
        1
    );
    made.phone.unpark(bad);
    assert_eq!(made.phone.request().ids, [bad, good]);
}

#[test]
fn an_act_that_breaks_every_round_is_found_and_does_not_hold_up_the_others() {
    let mut made = Made::new();
    let ids: Vec<CommandId> = (0..6).map(|_| made.act(join())).collect();
    let bad = ids[2];
    for _ in 0..200 {
        if made.phone.outbox.count_waiting() == 0 {
            break;
        }
        made.round(|ids| {
            if ids.contains(&bad) {
                return status(500);
            }
            reply(
                ids.iter()
                    .map(|id| outcome(*id, json!({ "confirmed": "noted" })))
                    .collect(),
                vec![],
            )
        });
    }
    assert_eq!(made.state(bad), State::Parked);
    assert!(
        ids.iter()
            .filter(|id| **id != bad)
            .all(|id| made.state(*id) == State::Confirmed)
    );
}

#[test]
fn a_round_takes_fifty_and_more_follow() {
    let mut made = Made::new();
    for _ in 0..60 {
        made.act(join());
    }
    let confirm = |ids: &[CommandId]| {
        reply(
            ids.iter()
                .map(|id| outcome(*id, json!({ "confirmed": "noted" })))
                .collect(),
            vec![],
        )
    };
    assert_eq!(made.phone.clone().request().ids.len(), 50);
    assert_eq!(made.round(confirm), Next::Again);
    assert_eq!(made.round(confirm), Next::Rest);
    assert_eq!(made.phone.outbox.count_waiting(), 0);
}

#[test]
fn answers_that_are_not_ok_keep_everything() {
    let mut made = ready();
    let joined = made.act(join());
    assert_eq!(made.round(|_| status(401)), Next::SignIn);
    assert_eq!(made.round(|_| status(426)), Next::Update);
    let other = Answer {
        status: 403,
        body: r#"{"error":"wrong_member"}"#.into(),
        retry_after: None,
    };
    assert_eq!(made.round(|_| other.clone()), Next::OtherMember);
    assert_eq!(made.state(joined), State::Saved);
    let busy = Answer {
        status: 503,
        body: String::new(),
        retry_after: Some(120),
    };
    assert_eq!(made.round(|_| busy.clone()), Next::Wait(120_000));
    assert_eq!(made.view().ledger.own.available, 500);
}

fn ended() -> Answer {
    Answer {
        body: r#"{"code":"session_ended"}"#.into(),
        ..status(401)
    }
}

#[test]
fn a_session_that_somebody_ended_takes_the_documents_and_leaves_the_acts() {
    let mut made = ready();
    let joined = made.act(join());
    let op = made.phone.draft("quiz/1", "half".into());
    now_or_never(made.store.commit(vec![op], Durability::Strict)).unwrap();
    assert_eq!(made.round(|_| ended()), Next::Ended);
    for phone in [made.phone.clone(), loaded(&made.store)] {
        let shown = Shown::of(&phone);
        assert!(shown.member.is_empty() && shown.ledger.own == WalletView::default());
        assert_eq!((phone.replica.documents(), phone.replica.synced_at), (0, None));
        assert_eq!(phone.outbox.get(joined).unwrap().state, State::Saved);
        assert_eq!(phone.drafts["quiz/1"], "half");
    }
    let rows = now_or_never(made.store.load()).unwrap();
    assert!(rows.docs.is_empty() && rows.meta.read::<Value>("cursor").is_none());

    // The same member signs in again: everything is asked for anew, and the act is sent once.
    let mut again = Made {
        phone: loaded(&made.store),
        ..made
    };
    let next = again.round(|ids| {
        assert_eq!(ids, [joined]);
        reply(vec![outcome(joined, json!({ "confirmed": "noted" }))], world())
    });
    assert_eq!((next, again.state(joined)), (Next::Rest, State::Confirmed));
    assert!(again.phone.request().ids.is_empty() && !again.view().member.is_empty());
}

#[test]
fn documents_are_hidden_after_thirty_days_without_contact_and_acts_stay() {
    let day = |days: i64| Timestamp(NOW + 1000 + days * Timestamp::DAY);
    let mut made = ready();
    let joined = made.act(join());
    assert!(!made.phone.is_hidden(day(29)) && made.phone.is_hidden(day(30)));
    // A refusal is no contact that shows them again.
    made.round(|_| status(401));
    let mut opened = loaded(&made.store);
    assert!(opened.is_hidden(day(31)));
    assert_eq!(opened.outbox.get(joined).unwrap().state, State::Saved);
    // A contact counts by the phone's own clock, which may be years ahead of the server's.
    opened.heard_at = Some(day(900));
    assert!(!opened.is_hidden(day(901)) && opened.is_hidden(day(930)));
    opened.reload(now_or_never(made.store.load()).unwrap());
    assert!(!opened.is_hidden(day(901)));
    assert!(!empty().is_hidden(day(900)), "nothing is there to hide");
}

#[test]
fn waiting_grows_to_five_minutes_and_never_beyond() {
    let mut made = Made::new();
    made.act(join());
    let waits: Vec<i64> = (0..12)
        .map(|_| match made.round(|_| status(0)) {
            Next::Wait(millis) => millis,
            next => panic!("{next:?}"),
        })
        .collect();
    assert_eq!(waits[..3], [2_000, 4_000, 8_000]);
    assert_eq!(waits[11], 300_000);
}

#[test]
fn another_members_acts_are_never_sent() {
    let mut made = Made::new();
    made.act(join());
    let other = Phone::from_loaded(
        MemberId(id(77)),
        DeviceId(id(2)),
        now_or_never(made.store.load()).unwrap(),
    );
    assert_eq!(other.outbox.iter().count(), 0);
    assert!(other.clone().request().ids.is_empty());
}

#[test]
fn a_request_reserves_points_until_it_is_answered() {
    let mut made = ready();
    assert!(
        made.view()
            .buyer()
            .may_redeem(&made.view().rewards.rewards[0])
            .is_ok()
    );
    let asked = made.act(redeem("own"));
    let view = made.view();
    assert_eq!((view.ledger.own.available, view.ledger.own.reserved), (100, 400));
    assert!(view.rewards.requests[0].pending && view.rewards.requests[0].redemption.id == asked);
    let reward = view.rewards.reward(RewardId(id(30))).unwrap();
    assert_eq!(
        view.buyer().may_redeem_from(reward, domain::ledger::Wallet::Own),
        Err(domain::Error::NotEnoughPoints { missing: 300 })
    );
    assert!(
        view.buyer().may_redeem(reward).is_ok(),
        "the company's wallet can still pay"
    );
    made.act(redeem("company"));
    assert_eq!(made.view().ledger.company.as_ref().unwrap().available, 500);
    made.act(Command::Rewards(rewards::Command::TakeBack { redemption: asked }));
    assert!(made.view().rewards.request(asked).unwrap().taking_back);
    made.round(|ids| {
        reply(
            ids.iter()
                .map(|id| outcome(*id, json!({ "refused": { "code": "sold_out" } })))
                .collect(),
            vec![],
        )
    });
    let view = made.view();
    assert_eq!(
        (
            view.ledger.own.available,
            view.ledger.own.reserved,
            view.rewards.requests.len()
        ),
        (500, 0, 0)
    );
    assert_eq!(view.refused, 3);
    made.phone.see(Timestamp(NOW + 1000));
    assert_eq!(made.view().refused, 0);
}

#[test]
fn joining_and_leaving_show_before_the_server_knows() {
    let seat = |made: &Made| made.view().events.event(EventId(id(20))).unwrap().seat.clone();
    let mut made = ready();
    made.act(join());
    assert_eq!(seat(&made), SeatStatus::Asked);
    made.act(leave());
    assert_eq!(seat(&made), SeatStatus::No);
    let last = made.act(join());
    made.round(|ids| {
        reply(
            ids.iter()
                .map(|id| {
                    let verdict = if *id == last {
                        json!({ "refused": { "code": "event_cancelled" } })
                    } else {
                        json!({ "confirmed": "noted" })
                    };
                    outcome(*id, verdict)
                })
                .collect(),
            vec![],
        )
    });
    assert_eq!(seat(&made), SeatStatus::No);
    let view = made.view();
    assert_eq!(
        view.events.event(EventId(id(20))).unwrap().refused,
        Some(domain::Error::EventCancelled)
    );
}

#[test]
fn lessons_read_add_up_and_what_gets_you_there_has_three_ways() {
    let mut made = ready();
    made.act(read("a"));
    made.act(read("a"));
    let view = made.view();
    let course = view.learning.course(CourseId(id(10))).unwrap();
    assert_eq!((course.lessons_read(), course.next_lesson()), (1, Some("b")));
    assert_eq!(view.learning.to_continue().unwrap().course.id, CourseId(id(10)));
    let points: Vec<i64> = view
        .suggestions()
        .iter()
        .map(|way| match way {
            EarningSuggestion::Course { course, .. } => course.points,
            EarningSuggestion::OrdersToTier { points, .. } | EarningSuggestion::Orders { points, .. } => {
                *points
            }
        })
        .collect();
    assert_eq!(points, [80, 50, 602]);
    assert!(matches!(
        view.suggestions()[2],
        EarningSuggestion::OrdersToTier { amount: 30_100, .. }
    ));
    made.act(hand_in(10));
    assert!(
        matches!(&made.view().suggestions()[1], EarningSuggestion::Course { course, .. } if course.points == 300)
    );
}

#[test]
fn a_language_is_there_at_once() {
    let mut made = ready();
    assert_eq!(made.view().member.lang, Lang::En);
    made.act(Command::Members(domain::members::Command::SetLanguage {
        language: Lang::Fr,
    }));
    assert_eq!(made.view().member.lang, Lang::Fr);
}

fn quiz(n: u8, right: bool) -> Command {
    Command::Learning(learning::Command::HandInQuiz {
        course: CourseId(id(n)),
        version: 1,
        answers: vec![learning::Answer {
            question: "q1".into(),
            given: learning::Given::TrueFalse(right),
        }],
    })
}

#[test]
fn a_phone_without_a_network_knows_when_the_next_try_of_a_quiz_is_possible() {
    let mut made = ready();
    let next = |made: &Made, now: i64| {
        made.view()
            .learning
            .course(CourseId(id(10)))
            .unwrap()
            .next_try(Timestamp(now))
    };
    assert_eq!(next(&made, NOW), None);
    made.act(quiz(10, false));
    let made_at = NOW + 1;
    assert_eq!(next(&made, NOW), Some(Timestamp(made_at + 60_000)));
    assert_eq!(next(&made, made_at + 60_000), None);
    // What the server counts goes before, and a pass ends it.
    let progress = |fields: Value| {
        let mut body =
            json!({ "course": id(10), "read": [], "practised": 0, "attempts": [], "passed_on": null });
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        doc("progress", id(10), body)
    };
    let mut made = ready();
    let tries = json!({ "failed": 3, "failed_at": NOW });
    made.round(|_| reply(vec![], vec![progress(tries.clone())]));
    assert_eq!(next(&made, NOW), Some(Timestamp(NOW + 30 * 60_000)));
    made.act(quiz(10, true));
    assert_eq!(next(&made, NOW), Some(Timestamp(NOW + (30 + 120) * 60_000)));
    let mut made = ready();
    let passed = json!({ "passed_on": "2026-11-24", "paid": true });
    made.round(|_| reply(vec![], vec![progress(passed)]));
    made.act(quiz(10, false));
    assert_eq!(next(&made, NOW), None);
}

#[test]
fn answers_of_a_quiz_that_came_too_soon_are_not_lost() {
    let mut made = ready();
    let returned = |made: &Made| crate::learning::draft::returned(&made.view().activity, CourseId(id(10)));
    let early = made.act(quiz(10, true));
    assert_eq!(returned(&made), None);
    let refused = json!({ "refused": { "code": "too_soon", "at": NOW + 60_000 } });
    made.round(|_| reply(vec![outcome(early, refused)], vec![]));
    let (version, answers) = returned(&made).unwrap();
    assert_eq!(
        (version, &answers[0].given),
        (1, &learning::Given::TrueFalse(true))
    );
    // They go with the next try.
    made.act(quiz(10, true));
    assert_eq!(returned(&made), None);
}

#[test]
fn a_course_that_was_paid_promises_no_points() {
    let mut made = ready();
    let paid = json!({ "course": id(11), "read": [], "practised": 0, "attempts": [], "passed_on": null, "paid": true });
    made.round(|_| reply(vec![], vec![doc("progress", id(11), paid)]));
    let suggested = made.view().suggestions();
    let courses: Vec<i64> = suggested
        .iter()
        .filter_map(|one| match one {
            EarningSuggestion::Course { course, .. } => Some(course.points),
            _ => None,
        })
        .collect();
    assert_eq!(courses, [80, 50]);
    made.act(hand_in(11));
    assert_eq!(made.view().ledger.own.to_confirm, 0);
    made.act(hand_in(10));
    assert_eq!(made.view().ledger.own.to_confirm, 80);
}

#[test]
fn the_address_of_a_webinar_is_that_of_the_seat() {
    let mut made = ready();
    let address = |made: &Made| made.view().events.event(EventId(id(20))).unwrap().webinar.clone();
    assert_eq!(address(&made), None);
    let ticket = json!({ "id": id(40), "text": "C1:x", "qr": { "side": 21, "path": "M0 0h1v1H0z" } });
    let seat =
        json!({ "event": id(20), "state": { "joined": ticket }, "webinar": "https://example.com/room" });
    made.round(|_| reply(vec![], vec![doc("registration", id(20), seat)]));
    assert_eq!(address(&made).as_deref(), Some("https://example.com/room"));
}

#[test]
fn drafts_outlive_a_restart_and_go_with_their_act() {
    let mut made = ready();
    let op = made.phone.draft("quiz:1", "[]".into());
    now_or_never(made.store.commit(vec![op], Durability::Strict)).unwrap();
    assert_eq!(loaded(&made.store).drafts["quiz:1"], "[]");
    let (item, ops) = made
        .phone
        .prepare(hand_in(10), Some("quiz:1"), Timestamp(NOW), [7; 10]);
    now_or_never(made.store.commit(ops, Durability::Strict)).unwrap();
    made.phone.saved(item, Some("quiz:1"));
    assert!(loaded(&made.store).drafts.is_empty() && made.phone.drafts.is_empty());
}

#[test]
fn points_of_the_same_two_days_are_one_line() {
    let lot = |expires_on, earned_on, left| LotLeft {
        entry: EntryId(id(3)),
        earned_on: Day(earned_on),
        expires_on,
        left,
    };
    let purse = WalletView {
        lots: vec![
            lot(Some(Day(400)), 10, 5),
            lot(Some(Day(400)), 10, 7),
            lot(Some(Day(400)), 11, 1),
            lot(Some(Day(430)), 11, 2),
            lot(None, 12, 100),
        ],
        ..WalletView::default()
    };
    let expiry = |on, earned_on, points| Expiry {
        on: Day(on),
        earned_on: Day(earned_on),
        points,
    };
    assert_eq!(
        purse.expiries().collect::<Vec<_>>(),
        [expiry(400, 10, 12), expiry(400, 11, 1), expiry(430, 11, 2)]
    );
}

#[test]
fn acts_belong_to_the_installation_and_outlive_sign_ins() {
    let mut made = Made::new();
    made.phone.signed_in(SessionId(id(7)));
    let act = made.act(join());
    made.phone.signed_in(SessionId(id(8)));
    assert_eq!(made.view().member.this_phone, Some(SessionId(id(8))));
    let round = made.phone.request();
    assert_eq!(round.ids, [act]);
    assert!(
        round.body.contains(&format!(r#""device":"{}""#, id(2))),
        "{}",
        round.body
    );
}
