//! Sign-in: success, rate limits, and what is not disclosed.

use crate::harness::{Harness, KARIM, MARIE, TOM, docs};
use axum::http::StatusCode;
use backend::sessions::{self, Way};
use backend::testing::TestDb;
use backend::{both, members};
use domain::id::SessionId;
use domain::sync::Cursor;
use domain::{Command, Receipt, Timestamp, Verdict};

const MINUTE: i64 = 60_000;

both! {
    async fn a_code_opens_a_session(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.phone();
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED);
        let asked = phone.ask_code(MARIE).await;
        assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, "/sign-in/code"));
        let page = phone.get("/sign-in/code").await;
        assert!(page.text().contains("autocomplete=\"one-time-code\"") && page.text().contains("+33639980010"));
        assert!(!page.text().contains("data-demo-code"));
        let code = harness.code_for(MARIE).await;
        let entered = phone.post("/sign-in/code", &format!("code={}+{}", &code[..3], &code[3..])).await;
        assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/app"));
        let set = entered.set_cookies();
        let session = set.iter().find(|cookie| cookie.starts_with("session=")).unwrap();
        assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Max-Age=7776000"));
        let sign = set.iter().find(|cookie| cookie.starts_with("signed_in=")).unwrap();
        assert!(!sign.contains("HttpOnly"), "{sign}");

        let who = phone.get("/api/session").await.json();
        assert_eq!((&who["name"], &who["language"]), (&"Marie Vasseur".into(), &"fr".into()));
        assert_eq!(phone.cookies["signed_in"], who["member"].as_str().unwrap());
        let reply = phone.sync(&Cursor::default(), &[]).await;
        let devices: Vec<domain::members::Device> = crate::harness::docs(&reply, "device");
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0].name, "Chrome · Android");

        // A code works only once.
        let mut other = harness.phone();
        other.cookies.insert("sign_in".into(), asked.set_cookies()[0][8..44].to_owned());
        let again = other.post("/sign-in/code", &format!("code={code}")).await;
        assert_eq!(again.status, StatusCode::OK);
        assert_eq!(other.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn the_message_is_in_the_members_language(test) {
        let harness = Harness::open(test).await;
        harness.signed_in(TOM).await;
        harness.signed_in(MARIE).await;
        let texts = harness.texts.lock().unwrap().clone();
        assert!(texts[0]["text"].as_str().unwrap().starts_with("Club Ferrand: your code is"), "{texts:?}");
        assert!(texts[1]["text"].as_str().unwrap().contains("votre code est"), "{texts:?}");
    }

    async fn nothing_tells_whether_somebody_is_known(test) {
        let harness = Harness::open(test).await;
        let shape = |answer: &crate::harness::Answer| {
            let cookies: Vec<String> = answer.set_cookies().iter().map(|cookie| {
                let (name, rest) = cookie.split_once('=').unwrap();
                format!("{name}{}", &rest[36..])
            }).collect();
            (answer.status, answer.header("location").to_owned(), answer.body.clone(), cookies)
        };
        let (mut known, mut stranger) = (harness.phone(), harness.phone());
        let (here, there) = (known.ask_code(MARIE).await, stranger.ask_code("+33 6 39 98 99 99").await);
        assert_eq!(shape(&here), shape(&there));
        let page = |text: &str, number: &str| text.replace(number, "");
        let (here, there) = (known.get("/sign-in/code").await, stranger.get("/sign-in/code").await);
        assert_eq!(page(here.text(), "+33639980010"), page(there.text(), "+33639989999"));
        let (here, there) =
            (known.post("/sign-in/code", "code=000000").await, stranger.post("/sign-in/code", "code=000000").await);
        assert_eq!(page(here.text(), "+33639980010"), page(there.text(), "+33639989999"));
        // The limit on sending is the same too.
        for phone in [&mut known, &mut stranger] {
            for _ in 0..2 {
                assert_eq!(phone.post("/sign-in/again", "").await.status, StatusCode::SEE_OTHER);
            }
            assert_eq!(phone.post("/sign-in/again", "").await.status, StatusCode::TOO_MANY_REQUESTS);
        }
        harness.app.tasks.close();
        harness.app.tasks.wait().await;
        assert!(harness.texts.lock().unwrap().iter().all(|text| text["to"] == "+33639980010"));
    }

    async fn what_is_no_address_is_said_so(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.phone();
        let answer = phone.ask_code("marie").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text().contains("role=\"alert\"") && answer.text().contains("value=\"marie\""), "{}", answer.text());
        assert!(!phone.cookies.contains_key("sign_in"));
    }

    async fn sends_are_limited_by_address_and_by_network(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.phone_at("198.51.100.1");
        for _ in 0..3 {
            assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::TOO_MANY_REQUESTS);
        // Refused from another network too.
        assert_eq!(harness.phone_at("198.51.100.2").ask_code(MARIE).await.status, StatusCode::TOO_MANY_REQUESTS);
        for number in 0..17 {
            let number = format!("+33 6 00 00 00 {number:02}");
            assert_eq!(phone.ask_code(&number).await.status, StatusCode::SEE_OTHER, "{number}");
        }
        assert_eq!(phone.ask_code(KARIM).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(harness.phone_at("198.51.100.2").ask_code(KARIM).await.status, StatusCode::SEE_OTHER);
        test.clock.advance(Timestamp::HOUR + 1);
        assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::SEE_OTHER);
    }

    async fn strangers_keep_nobody_out_who_was_in_before(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.phone_at("198.51.100.1");
        phone.sign_in(MARIE).await;
        phone.post("/api/sign-out", "").await;
        let mut thief = harness.phone_at("198.51.100.1");
        for _ in 0..2 {
            assert_eq!(thief.ask_code(MARIE).await.status, StatusCode::SEE_OTHER);
            harness.code_for(MARIE).await;
        }
        assert_eq!(thief.ask_code(MARIE).await.status, StatusCode::TOO_MANY_REQUESTS);
        for _ in 0..30 {
            thief.post("/invitation", "code=WRONG").await;
        }
        assert_eq!(thief.post("/invitation", "code=WRONG").await.status, StatusCode::TOO_MANY_REQUESTS);
        // The member's own browser, behind the same address, enters at once.
        phone.sign_in(MARIE).await;
        assert_eq!(phone.status().await, StatusCode::OK);
        phone.post("/api/sign-out", "").await;
        // It has a limit of its own, and its mark is good for this member only.
        for _ in 0..3 {
            assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::TOO_MANY_REQUESTS);
        for _ in 0..3 {
            assert_eq!(phone.ask_code(KARIM).await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(phone.ask_code(KARIM).await.status, StatusCode::TOO_MANY_REQUESTS);
    }

    async fn limits_slow_down_and_do_not_lock(test) {
        let harness = Harness::open(test).await;
        let mut thief = harness.phone_at("198.51.100.1");
        for _ in 0..3 {
            thief.ask_code(MARIE).await;
        }
        let mut phone = harness.phone_at("198.51.100.2");
        assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::TOO_MANY_REQUESTS);
        test.clock.advance(10 * MINUTE);
        assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::SEE_OTHER, "after ten minutes");
        assert_eq!(phone.ask_code(MARIE).await.status, StatusCode::TOO_MANY_REQUESTS);
        for number in 0..18 {
            thief.ask_code(&format!("+33 6 00 00 00 {number:02}")).await;
        }
        assert_eq!(thief.ask_code(KARIM).await.status, StatusCode::TOO_MANY_REQUESTS);
        test.clock.advance(MINUTE);
        assert_eq!(thief.ask_code(KARIM).await.status, StatusCode::SEE_OTHER, "after a minute");
        for _ in 0..31 {
            thief.post("/invitation", "code=WRONG").await;
        }
        assert_eq!(thief.post("/invitation", "code=WRONG").await.status, StatusCode::TOO_MANY_REQUESTS);
        test.clock.advance(MINUTE);
        assert_eq!(thief.post("/invitation", "code=WRONG").await.status, StatusCode::OK, "one, after a minute");
        assert_eq!(thief.post("/invitation", "code=WRONG").await.status, StatusCode::TOO_MANY_REQUESTS);
    }

    async fn over_all_members_there_is_a_ceiling(test) {
        server::http::recorder();
        let harness = Harness::with(test, &["--codes-an-hour", "2"]).await;
        let mut known = harness.signed_in(MARIE).await;
        known.post("/api/sign-out", "").await;
        // Whom nobody knows gets no code, and costs none.
        assert_eq!(harness.phone().ask_code("+33 6 00 00 00 00").await.status, StatusCode::SEE_OTHER);
        assert_eq!(harness.phone().ask_code(TOM).await.status, StatusCode::SEE_OTHER);
        assert_eq!(harness.phone().ask_code(KARIM).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(server::http::recorder().render().contains(r#"compagnon_sign_in_alarms_total{alarm="codes"}"#));
        known.sign_in(MARIE).await;
        test.clock.advance(Timestamp::HOUR);
        assert_eq!(harness.phone().ask_code(KARIM).await.status, StatusCode::SEE_OTHER);
    }

    async fn a_code_is_tried_five_times_and_lives_ten_minutes(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.phone();
        phone.ask_code(MARIE).await;
        let code = harness.code_for(MARIE).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for left in [4, 3, 2, 1] {
            let answer = phone.post("/sign-in/code", &format!("code={wrong}")).await;
            assert!(answer.text().contains(&format!(": {left}.")), "{left}: {}", answer.text());
        }
        phone.post("/sign-in/code", &format!("code={wrong}")).await;
        phone.post("/sign-in/code", &format!("code={code}")).await;
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED);

        let mut late = harness.phone();
        late.ask_code(KARIM).await;
        let code = harness.code_for(KARIM).await;
        test.clock.advance(10 * MINUTE);
        late.post("/sign-in/code", &format!("code={code}")).await;
        assert_eq!(late.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn wrong_codes_are_limited_by_network(test) {
        let harness = Harness::open(test).await;
        let mut thief = harness.phone_at("198.51.100.1");
        for number in 0..30 {
            let answer = thief.post("/invitation", &format!("code=AAAA{number:04}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{number}");
        }
        assert_eq!(thief.post("/invitation", "code=AAAA9999").await.status, StatusCode::TOO_MANY_REQUESTS);
        // Refused from this network even with the right code.
        thief.ask_code(MARIE).await;
        let code = harness.code_for(MARIE).await;
        let answer = thief.post("/sign-in/code", &format!("code={code}")).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(thief.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn a_code_is_bound_to_the_browser_that_asked(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.phone();
        phone.ask_code(MARIE).await;
        let code = harness.code_for(MARIE).await;
        let mut thief = harness.phone();
        assert_eq!(thief.post("/sign-in/code", &format!("code={code}")).await.status, StatusCode::OK);
        assert_eq!(thief.status().await, StatusCode::UNAUTHORIZED);
        phone.post("/sign-in/code", &format!("code={code}")).await;
        assert_eq!(phone.status().await, StatusCode::OK);
    }

    async fn a_card_works_once_and_only_after_a_tap(test) {
        let harness = Harness::open(test).await;
        let mut tx = test.db.write().await.unwrap();
        let (member, _) = members::find_by_ref(&mut tx, "m-004").await.unwrap().unwrap();
        let (first, _) = sessions::issue_code(&mut tx, member, Way::Card).await.unwrap();
        let (card, _) = sessions::issue_code(&mut tx, member, Way::Card).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(card.len(), 12);
        let mut phone = harness.phone();
        let page = phone.get(&format!("/invitation/{card}")).await;
        assert!(page.text().contains(&card));
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED);
        phone.post("/invitation", &format!("code={first}")).await;
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED, "a second card ends the first");
        let typed = format!("{}-{}", card[..4].to_lowercase(), &card[4..]);
        assert_eq!(phone.post("/invitation", &format!("code={typed}")).await.header("location"), "/app");
        assert_eq!(phone.get("/api/session").await.json()["name"], "Lucas Chapuis");
        let mut other = harness.phone();
        assert!(other.post("/invitation", &format!("code={card}")).await.text().contains("role=\"alert\""));
        assert_eq!(other.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn a_desk_code_lives_a_day(test) {
        let harness = Harness::open(test).await;
        let mut tx = test.db.write().await.unwrap();
        let (member, _) = members::find_by_ref(&mut tx, "m-004").await.unwrap().unwrap();
        let (code, _) = sessions::issue_code(&mut tx, member, Way::Desk).await.unwrap();
        tx.commit().await.unwrap();
        test.clock.advance(Timestamp::DAY);
        let mut phone = harness.phone();
        phone.post("/invitation", &format!("code={code}")).await;
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn a_session_ends_after_ninety_idle_days(test) {
        let harness = Harness::open(test).await;
        let mut idle = harness.signed_in(MARIE).await;
        let mut used = harness.signed_in(KARIM).await;
        test.clock.advance(40 * Timestamp::DAY);
        let body = used.round(&Cursor::default(), &[]).await;
        let answer = used.post_json("/api/sync", body).await;
        assert_eq!(answer.set_cookies().len(), 2, "the cookies are prolonged with the session");
        test.clock.advance(49 * Timestamp::DAY);
        assert_eq!(idle.status().await, StatusCode::OK);
        test.clock.advance(Timestamp::DAY);
        assert_eq!(idle.status().await, StatusCode::UNAUTHORIZED);
        assert_eq!(used.status().await, StatusCode::OK);
        test.clock.advance(40 * Timestamp::DAY);
        assert_eq!(used.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn a_session_in_use_ends_too(test) {
        let harness = Harness::with(test, &["--session-days", "200"]).await;
        let mut phone = harness.signed_in(MARIE).await;
        for _ in 0..9 {
            test.clock.advance(20 * Timestamp::DAY);
            phone.sync(&Cursor::default(), &[]).await;
        }
        test.clock.advance(19 * Timestamp::DAY);
        assert_eq!(phone.status().await, StatusCode::OK);
        test.clock.advance(Timestamp::DAY);
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn a_newer_code_ends_the_earlier_ones(test) {
        let harness = Harness::open(test).await;
        let (mut first, mut second, mut third) = (harness.phone(), harness.phone(), harness.phone());
        first.ask_code(MARIE).await;
        let early = harness.code_for(MARIE).await;
        second.ask_code(MARIE).await;
        let late = harness.code_for(MARIE).await;
        let answer = first.post("/sign-in/code", &format!("code={early}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(first.status().await, StatusCode::UNAUTHORIZED);
        // Of the member, whichever address they ask with; nobody else's.
        third.ask_code(KARIM).await;
        let karims = harness.code_for(KARIM).await;
        first.ask_code("marie@example.com").await;
        second.post("/sign-in/code", &format!("code={late}")).await;
        assert_eq!(second.status().await, StatusCode::UNAUTHORIZED);
        third.post("/sign-in/code", &format!("code={karims}")).await;
        assert_eq!(third.status().await, StatusCode::OK);
    }

    async fn a_device_is_ended_from_another_one(test) {
        let harness = Harness::open(test).await;
        let mut lost = harness.signed_in(MARIE).await;
        let mut phone = harness.signed_in(MARIE).await;
        let (_, device) = lost.who().await;
        let verdict = phone.act(Command::Members(domain::members::Command::SignOutDevice { session: SessionId(device.0) })).await;
        assert_eq!(verdict, Verdict::Confirmed(Receipt::Noted));
        assert_eq!(lost.status().await, StatusCode::UNAUTHORIZED);
        assert_eq!(phone.status().await, StatusCode::OK);
        // Another member's device is not found.
        let mut karim = harness.signed_in(KARIM).await;
        let (_, device) = phone.who().await;
        let verdict = karim.act(Command::Members(domain::members::Command::SignOutDevice { session: SessionId(device.0) })).await;
        assert_eq!(verdict, Verdict::Refused(domain::Error::NotFound));
        assert_eq!(phone.status().await, StatusCode::OK);
    }

    async fn a_number_of_two_people_asks_who_it_is(test) {
        let harness = Harness::open(test).await;
        let marie = harness.signed_in(MARIE).await.who().await.0;
        let number: String = MARIE.chars().filter(|c| !c.is_whitespace()).collect();
        let mut tx = test.db.write().await.unwrap();
        give_karim_the_number_of_marie(&mut tx).await;
        let shared = backend::members::shared_phones(&mut tx).await.unwrap();
        assert_eq!(shared, [(number, vec!["m-karim".to_owned(), "m-marie".to_owned()])]);
        tx.commit().await.unwrap();

        let mut phone = harness.phone();
        phone.ask_code(MARIE).await;
        let early = phone.post("/sign-in/who", &format!("member={marie}")).await;
        assert!(early.status == StatusCode::OK && phone.status().await == StatusCode::UNAUTHORIZED, "before the code");
        let code = harness.code_for(MARIE).await;
        let asked = phone.post("/sign-in/code", &format!("code={code}")).await;
        assert_eq!(asked.status, StatusCode::OK);
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED, "nobody is signed in yet");
        let page = asked.text();
        assert!(page.contains("Marie Vasseur") && page.contains("Karim Benali") && page.contains("action=\"/sign-in/who\""), "{page}");
        let karim = page.split("value=\"").skip(1).map(|rest| &rest[..36]).find(|id| *id != marie.to_string()).unwrap().to_owned();
        // Only one of the two, only in this browser, and once.
        let stranger = harness.signed_in(TOM).await.who().await.0;
        let mut other = harness.phone();
        for (phone, member) in [(&mut other, karim.as_str()), (&mut phone.clone(), &stranger.to_string()), (&mut phone.clone(), "x")] {
            phone.post("/sign-in/who", &format!("member={member}")).await;
            assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED, "{member}");
        }
        let again = phone.clone();
        let entered = phone.post("/sign-in/who", &format!("member={karim}")).await;
        assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/app"));
        assert_eq!(phone.who().await.0.to_string(), karim);
        let mut again = again;
        again.post("/sign-in/who", &format!("member={marie}")).await;
        assert_eq!(again.status().await, StatusCode::UNAUTHORIZED, "a code is good once");
        // Each has a session of their own; by e-mail nobody is asked.
        let mut mail = harness.phone();
        mail.ask_code(MARIE).await;
        let code = harness.code_for(MARIE).await;
        mail.post("/sign-in/code", &format!("code={code}")).await;
        mail.post("/sign-in/who", &format!("member={marie}")).await;
        assert_eq!(mail.who().await.0, marie);
        let devices: Vec<domain::members::Device> = docs(&mail.sync(&Default::default(), &[]).await, "device");
        assert_eq!(devices.len(), 2, "Marie's own sessions alone");
    }

    async fn a_code_for_two_people_runs_out_before_they_choose(test) {
        let harness = Harness::open(test).await;
        let marie = harness.signed_in(MARIE).await.who().await.0;
        let mut tx = test.db.write().await.unwrap();
        give_karim_the_number_of_marie(&mut tx).await;
        tx.commit().await.unwrap();
        let mut phone = harness.phone();
        phone.ask_code(MARIE).await;
        let code = harness.code_for(MARIE).await;
        phone.post("/sign-in/code", &format!("code={code}")).await;
        test.clock.advance(backend::sessions::CODE_LIFE);
        phone.post("/sign-in/who", &format!("member={marie}")).await;
        assert_eq!(phone.status().await, StatusCode::UNAUTHORIZED);
    }

    async fn signing_out_and_in_again_leaves_one_session(test) {
        let harness = Harness::open(test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let old = phone.clone();
        phone.sign_in(KARIM).await;
        assert_eq!(old.clone().status().await, StatusCode::UNAUTHORIZED, "a new session replaces the browser's old one");
        let before = phone.clone();
        let answer = phone.post("/api/sign-out", "").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        // Only the mark stays, by which strangers' requests are told from this browser's.
        assert_eq!(phone.cookies.keys().collect::<Vec<_>>(), ["known"]);
        assert_eq!(before.clone().status().await, StatusCode::UNAUTHORIZED);
        assert_eq!(phone.post("/api/sign-out", "").await.status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn the_demo_shows_its_people_and_their_codes() {
    let test = TestDb::sqlite().await;
    let harness = Harness::with(&test, &["--demo"]).await;
    let mut phone = harness.phone();
    let page = phone.get("/sign-in?lang=en").await;
    for name in ["Marie Vasseur", "Karim Benali", "Tom Ashworth"] {
        assert!(page.text().contains(name), "{name}");
    }
    for _ in 0..6 {
        phone.ask_code("marie@example.com").await;
    }
    let page = phone.get("/sign-in/code").await;
    let code = page.text().split("data-demo-code=\"").nth(1).unwrap()[..6].to_owned();
    phone.post("/sign-in/code", &format!("code={code}")).await;
    assert_eq!(phone.status().await, StatusCode::OK);
    assert!(harness.texts.lock().unwrap().is_empty(), "a demo sends nothing");
}

/// A shop's phone.
async fn give_karim_the_number_of_marie(tx: &mut backend::Tx) {
    let mut row = backend::members::find_member(tx, "m-karim")
        .await
        .unwrap()
        .unwrap()
        .row;
    row.phone = Some(MARIE.chars().filter(|c| !c.is_whitespace()).collect());
    let today = backend::programme::current(tx)
        .await
        .unwrap()
        .day(tx.now())
        .unwrap();
    backend::membership::save(tx, &row, today).await.unwrap();
}
