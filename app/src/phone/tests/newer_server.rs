//! This app against a newer server: values this app does not know block nothing, and a newer app reads them correctly.

use super::*;
use crate::text;
use domain::{Error, Receipt, Verdict};

fn newer_notice(about: Value) -> Value {
    doc(
        "notice",
        id(60),
        json!({ "id": id(60), "at": NOW, "read": false, "about": about }),
    )
}

/// The documents of the tests, each with a field added later.
fn world_with_more() -> Vec<Value> {
    let mut docs = world();
    for doc in &mut docs {
        doc["body"]["since_later"] = json!({ "rate": 1.5, "tags": ["a", { "deep": [null, -2e3] }] });
    }
    docs
}

#[test]
fn verdicts_this_app_does_not_know_are_decided() {
    let unknown = [
        (
            json!({ "refused": { "code": "not_in_season", "until": 1.5 } }),
            State::Refused,
        ),
        (
            json!({ "refused": { "code": "not_in_season", "why": { "season": "winter" } } }),
            State::Refused,
        ),
        (
            json!({ "confirmed": { "drawn": { "chance": 0.25 } } }),
            State::Confirmed,
        ),
        (json!({ "confirmed": "shared" }), State::Confirmed),
        (json!({ "postponed": { "until": NOW } }), State::Confirmed),
        (json!("merged_elsewhere"), State::Confirmed),
    ];
    for (verdict, state) in unknown {
        let mut made = ready();
        let joined = made.act(join());
        let next = made.round(|_| reply(vec![outcome(joined, verdict.clone())], vec![]));
        assert_eq!((next, made.state(joined)), (Next::Rest, state), "{verdict}");
        assert!(
            made.phone.request().ids.is_empty(),
            "{verdict} is not asked again"
        );
        // The server's raw outcome stays in the store for a newer app.
        let rows = now_or_never(made.store.load()).unwrap().outbox;
        let row: Value = serde_json::from_str(rows[0].as_str()).unwrap();
        assert_eq!(row["outcome"]["verdict"], verdict);
        assert_eq!(
            loaded(&made.store).outbox.get(joined),
            made.phone.outbox.get(joined)
        );
    }
}

#[test]
fn a_refusal_this_app_does_not_know_is_shown_and_lays_nothing_over_the_documents() {
    let mut made = ready();
    let asked = made.act(redeem("own"));
    made.round(|_| {
        reply(
            vec![outcome(asked, json!({ "refused": { "code": "not_in_season" } }))],
            vec![],
        )
    });
    let view = made.view();
    assert_eq!(
        (view.ledger.own.available, view.ledger.own.reserved, view.refused),
        (500, 0, 1)
    );
    let act = view.activity.act(asked).unwrap();
    let Some(Verdict::Refused(error)) = act.outcome.as_ref().map(|outcome| &outcome.verdict) else {
        panic!("{act:?}");
    };
    assert_eq!(error, &Error::Newer);
    let words = text::error_text(error, Lang::En, &|_| String::new());
    assert!(words.contains("Update the app"), "{words}");
}

#[test]
fn documents_with_fields_and_cases_of_later_are_shown_as_far_as_they_are_known() {
    let mut made = Made::new();
    let mut docs = world_with_more();
    docs.extend([
        doc(
            "reward",
            id(31),
            json!({
                "id": id(31), "title": text_of("Drone"), "summary": text_of("s"), "html": text_of("h"),
                "shelf": "by_air", "points": 100, "stock": "some", "delivery": "drone", "tiers": [],
            }),
        ),
        doc(
            "event",
            id(21),
            json!({
                "id": id(21), "title": text_of("Cruise"), "summary": text_of("s"), "html": text_of("h"),
                "starts_at": NOW, "ends_at": NOW + 1, "venue": { "boat": { "length": 12.5 } }, "seats": "standing",
                "capacity": 10, "register_until": NOW, "tiers": [], "trades": [], "cancelled": false,
            }),
        ),
        doc("registration", id(21), json!({ "event": id(21), "state": { "cabin": { "deck": 3 } } })),
        newer_notice(json!({ "weather": { "degrees": -1.5 } })),
        doc(
            "redemption",
            id(40),
            json!({
                "id": id(40), "reward": id(31), "title": text_of("Drone"), "points": 100, "wallet": "team",
                "delivery": "drone", "steps": [[NOW, "reserved"], [NOW + 1, "in_the_air"]], "voucher": null,
            }),
        ),
        doc(
            "act",
            id(41),
            json!({ "made_at": NOW, "command": { "draws": { "enter": { "stake": 0.5 } } },
                    "outcome": outcome(CommandId(id(41)), json!({ "confirmed": "entered" })) }),
        ),
        doc("draw", "today", json!({ "prize": 1.5 })),
    ]);
    assert_eq!(made.round(|_| reply(vec![], docs)), Next::Rest);
    for phone in [&made.phone, &loaded(&made.store)] {
        let view = Shown::of(phone);
        assert_eq!(phone.replica.documents(), world().len() + 7);
        assert_eq!(
            (
                view.learning.courses.len(),
                view.events.events.len(),
                view.rewards.rewards.len()
            ),
            (3, 2, 2)
        );
        assert_eq!(
            view.events.event(EventId(id(21))).unwrap().seat,
            SeatStatus::Newer
        );
        assert_eq!(view.ledger.own.available, 500);
        assert!(
            view.buyer()
                .may_redeem(view.rewards.reward(RewardId(id(31))).unwrap())
                .is_ok()
        );
        let words = text::notice_text(&view.notices.notices[0].about, Lang::En, |_| String::new());
        assert!(words.contains("update the app"), "{words}");
        let request = view.rewards.request(CommandId(id(40))).unwrap();
        assert_eq!(request.redemption.step(), rewards::Step::Newer);
        let act = view.activity.act(CommandId(id(41))).unwrap();
        assert_eq!((act.tag.as_str(), act.state), ("draws", State::Confirmed));
        let known = act.outcome.as_ref().map(|outcome| &outcome.verdict);
        assert!(
            matches!(known, Some(Verdict::Confirmed(Receipt::Newer))),
            "{known:?}"
        );
    }
}

#[test]
fn a_programme_with_more_languages_tiers_and_periods_still_opens() {
    let mut made = Made::new();
    let mut docs = world_with_more();
    docs[0]["body"]["languages"] = json!(["de", "fr", "en"]);
    docs[0]["body"]["period"] = json!("season");
    docs[0]["body"]["tiers"][0]["colour"] = json!("#ffffff");
    docs[0]["body"]["tiers"][0]["name"]["de"] = json!("Niedrig");
    docs[0]["body"]["trades"][0]["icon"] = json!("bread");
    docs[1]["body"]["language"] = json!("de");
    docs[1]["body"]["function"] = json!("apprentice");
    docs[1]["body"]["company"]["order_points"] = json!("split");
    assert_eq!(made.round(|_| reply(vec![], docs)), Next::Rest);
    let view = made.view();
    assert!(!view.member.is_empty());
    assert_eq!(view.member.programme.unwrap().languages, [Lang::Fr, Lang::En]);
    assert_eq!(view.member.lang, Lang::default());
}

#[test]
fn questions_of_a_new_kind_are_left_out_of_practice_and_close_the_quiz() {
    let mut made = ready();
    let mut newer = course(10, &["baker"], 80);
    let asked = |name: &str, form: Value| json!({ "question": name, "lesson": "a", "prompt": text_of("?"), "form": form });
    let with_key = |mut question: Value, key: Value| {
        question["key"] = key;
        question["explanation"] = text_of("!");
        question
    };
    newer["body"]["practice"] = json!([
        with_key(
            asked("p1", json!("true_false")),
            json!({ "exactly": { "true_false": true } })
        ),
        with_key(
            asked("p2", json!({ "drawing": { "width": 2.5 } })),
            json!({ "exactly": { "true_false": true } })
        ),
        with_key(asked("p3", json!("true_false")), json!({ "by_hand": {} })),
    ]);
    newer["body"]["graded"] = json!([asked("q1", json!("true_false")), asked("q2", json!("essay"))]);
    made.round(|_| reply(vec![], vec![newer]));
    let view = made.view();
    let course = &view.learning.course(CourseId(id(10))).unwrap().course;
    let practice: Vec<&str> = course
        .practice
        .iter()
        .map(|it| it.question.question.as_str())
        .collect();
    assert_eq!(practice, ["p1"]);
    assert!(!course.can_be_taken());
    assert!(
        view.learning
            .course(CourseId(id(11)))
            .unwrap()
            .course
            .can_be_taken()
    );
}

#[test]
fn rows_of_the_outbox_that_a_newer_app_wrote_stay_and_harm_nothing() {
    let mut made = ready();
    let joined = made.act(join());
    let row: Value = serde_json::from_str(&made.phone.outbox.get(joined).unwrap().row()).unwrap();
    let mut postponed = row.clone();
    postponed["id"] = json!(id(70));
    postponed["state"] = json!("postponed");
    postponed["priority"] = json!(0.5);
    let rows = [row, postponed, json!({ "id": id(71), "form": 2 })];
    let text: Vec<String> = rows.iter().map(Value::to_string).collect();
    let all = format!(r#"{{"outbox":[{}]}}"#, text.join(","));
    let outbox = Outbox::from_rows(
        member(),
        &Default::default(),
        &json::read::<Loaded>(&all).unwrap().outbox,
    );
    assert_eq!((outbox.iter().count(), outbox.unreadable), (2, 1));
    assert_eq!(outbox.get(CommandId(id(70))).unwrap().state, State::Saved);
}

#[test]
fn the_rounds_of_a_server_of_before_are_read() {
    // A reply of version 0.1, without later additions.
    let mut made = Made::new();
    let joined = made.act(join());
    let old = format!(
        r#"{{"now":{NOW},"outcomes":[{{"id":"{joined}","at":{NOW},"verdict":{{"confirmed":"joined"}}}}],"cursor":{{"epoch":"e1","content":1,"own":1,"audience":"a"}}}}"#
    );
    let answer = Answer {
        status: 200,
        body: old,
        retry_after: None,
    };
    assert_eq!(made.round(|_| answer), Next::Rest);
    assert_eq!(made.state(joined), State::Confirmed);
}

fn text_of(words: &str) -> Value {
    super::text(words)
}
