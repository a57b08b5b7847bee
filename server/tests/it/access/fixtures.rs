//! Two companies with a manager and a member each, whose texts all contain a unique word; and all kinds of callers.

use crate::harness::{Answer, Harness, Phone, docs};
use axum::http::{Method, header};
use backend::import::Options;
use backend::sessions::{self, SESSION_LIFE, Way};
use backend::testing::TestDb;
use backend::{events, import, learning, programme, rewards};
use domain::id::{CommandId, CompanyId, CourseId, EventId, MemberId, NoticeId, RewardId, SessionId};
use domain::learning::{Answer as QuizAnswer, Course, Given};
use domain::ledger::Wallet;
use domain::rewards::Step;
use domain::sync::{Cursor, Reply};
use domain::{Command, Outcome, Receipt, Verdict};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A member; Ann and Bea are their companies' managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Ann,
    Abe,
    Bea,
    Ben,
}

use Who::{Abe, Ann, Bea, Ben};

pub const ALL: [Who; 4] = [Ann, Abe, Bea, Ben];

impl Who {
    pub fn is_manager(self) -> bool {
        matches!(self, Ann | Bea)
    }

    pub fn is_colleague_of(self, other: Who) -> bool {
        matches!((self, other), (Ann | Abe, Ann | Abe) | (Bea | Ben, Bea | Ben))
    }

    pub fn phone(self) -> &'static str {
        match self {
            Ann => "+33639980101",
            Abe => "+33639980102",
            Bea => "+33639980103",
            Ben => "+33639980104",
        }
    }

    fn reference(self) -> &'static str {
        match self {
            Ann => "m-ann",
            Abe => "m-abe",
            Bea => "m-bea",
            Ben => "m-ben",
        }
    }
}

/// Unique words, each with the only members who may receive it.
pub const WORDS: &[(&str, &[Who])] = &[
    ("Quillon-Ann", &[Ann]),
    ("quillon-ann@example.com", &[Ann]),
    ("+33639980101", &[Ann]),
    ("Quandry-Abe", &[Abe]),
    ("quandry-abe@example.com", &[Abe]),
    ("+33639980102", &[Abe]),
    ("Quorate-Bea", &[Bea]),
    ("quorate-bea@example.com", &[Bea]),
    ("+33639980103", &[Bea]),
    ("Quibble-Ben", &[Ben]),
    ("quibble-ben@example.com", &[Ben]),
    ("+33639980104", &[Ben]),
    ("Moulin-Kestrel", &[Ann, Abe]),
    ("Kestrelville", &[Ann, Abe]),
    ("Travaux-Merlin", &[Bea, Ben]),
    ("Merlinbourg", &[Bea, Ben]),
    ("Osprey-Advisor", &[Ann, Abe]),
    ("osprey@example.com", &[Ann, Abe]),
    ("+33639980201", &[Ann, Abe]),
    ("Harrier-Advisor", &[Bea, Ben]),
    ("harrier@example.com", &[Bea, Ben]),
    // Only managers see the company's wallet.
    ("ORDER-KESTREL", &[Ann]),
    ("ORDER-MERLIN", &[Bea]),
    // Managers do not see a member's own wallet.
    ("ORDER-BEN", &[Ben]),
    ("Heron-Editor", &[]),
    ("heron@example.com", &[]),
    ("Egret-Analyst", &[]),
    ("Bittern-Admin", &[]),
];

/// Words that a member receives from one address only: managers the names of their company's members.
const TOLD_AT: &[(&str, Who, &str)] = &[
    ("Quandry-Abe", Ann, "/api/call/colleagues"),
    ("Quibble-Ben", Bea, "/api/call/colleagues"),
];

/// The staff, one of each role: role, phone number.
pub const STAFF: [(&str, &str); 4] = [
    ("advisor", "+33639980201"),
    ("editor", "+33639980202"),
    ("analyst", "+33639980203"),
    ("admin", "+33639980204"),
];

const STAFF_FILE: &str = r#"
[[staff]]
ref = "s-osprey"
name = "Osprey-Advisor"
phone = "+33639980201"
email = "osprey@example.com"
role = "advisor"

[[staff]]
ref = "s-harrier"
name = "Harrier-Advisor"
email = "harrier@example.com"
role = "advisor"

[[staff]]
ref = "s-heron"
name = "Heron-Editor"
email = "heron@example.com"
phone = "+33639980202"
role = "editor"

[[staff]]
ref = "s-egret"
name = "Egret-Analyst"
phone = "+33639980203"
role = "analyst"

[[staff]]
ref = "s-bittern"
name = "Bittern-Admin"
phone = "+33639980204"
role = "admin"
"#;

const COMPANIES: &str = "company_ref,name,town,joined_on,order_points,advisor_ref\n\
    c-kestrel,Moulin-Kestrel,Kestrelville,2020-01-01,company,s-osprey\n\
    c-merlin,Travaux-Merlin,Merlinbourg,2020-01-01,member,s-harrier\n";
const MEMBERS: &str = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
    m-ann,c-kestrel,Quillon-Ann,+33639980101,quillon-ann@example.com,baker,decider,true,en\n\
    m-abe,c-kestrel,Quandry-Abe,+33639980102,quandry-abe@example.com,baker,user,false,en\n\
    m-bea,c-merlin,Quorate-Bea,+33639980103,quorate-bea@example.com,foreman,decider,true,en\n\
    m-ben,c-merlin,Quibble-Ben,+33639980104,quibble-ben@example.com,foreman,user,false,en\n";
const ORDERS: &str = "order_ref,company_ref,ordered_on,quantity,amount,member_ref\n\
    ORDER-KESTREL,c-kestrel,2026-11-01,1,900.00,\n\
    ORDER-MERLIN,c-merlin,2026-11-01,1,700.00,\n\
    ORDER-BEN,c-merlin,2026-11-02,1,50.00,m-ben\n";
const COURSE: &str = r#"
ref = "course"
version = 1
title = { en = "Course" }
summary = { en = "Summary" }
minutes = 1
points = 100
pass_mark = 100
languages = ["en"]

[[lesson]]
file = "lesson"

[[question]]
ref = "q"
use = "graded"
lesson = "lesson"
kind = "true_false"
prompt = { en = "Is it?" }
correct = true
"#;
const LESSON: &[u8] = b"# Lesson\n\n![A picture](a.png)\n";
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const EVENTS: &str = r#"
[[event]]
ref = "event"
title = { en = "Event" }
summary = { en = "Summary" }
body = { en = "Body" }
starts = "+120 18:00"
minutes = 60
place = { name = "Hall", address = "Street" }
seats = 50

[[event]]
ref = "other-event"
public = true
title = { en = "Other event" }
summary = { en = "Summary" }
body = { en = "Body" }
starts = "+121 18:00"
minutes = 60
place = { name = "Hall", address = "Street" }
seats = 50
"#;
const REWARDS: &str = r#"
[[reward]]
ref = "reward"
title = { en = "Reward" }
summary = { en = "Summary" }
body = { en = "Body" }
shelf = "work"
points = 10
delivery = "post"
"#;

/// A caller of the tests.
pub struct Caller<'a> {
    pub name: &'static str,
    /// The member, if the session is live.
    pub who: Option<Who>,
    pub phone: Phone<'a>,
}

impl Caller<'_> {
    /// # Panics
    /// If a response contains a word that is not for this caller.
    pub fn assert_told_nothing_foreign(&self, answer: &Answer, asked: &str) {
        let text = String::from_utf8_lossy(&answer.body);
        let headers = format!("{:?}", answer.headers);
        for (word, for_whom) in WORDS {
            let told_here = |who| TOLD_AT.contains(&(*word, who, asked));
            let may = self
                .who
                .is_some_and(|who| for_whom.contains(&who) || told_here(who));
            assert!(
                may || !text.contains(word),
                "{} got {word} from {asked}: {text}",
                self.name
            );
            assert!(
                !headers.contains(word),
                "{} got {word} from {asked}: {headers}",
                self.name
            );
        }
    }
}

/// A member's things that others must not touch.
#[derive(Clone, Debug)]
pub struct Things {
    pub member: MemberId,
    pub company: CompanyId,
    /// A second phone of theirs.
    pub session: SessionId,
    pub notice: NoticeId,
    /// Not yet accepted by the brand.
    pub redemption: CommandId,
    /// The bytes of a confirmed act.
    pub act: String,
}

pub struct Fixtures<'a> {
    pub callers: Vec<Caller<'a>>,
    pub things: BTreeMap<Who, Things>,
    pub course: CourseId,
    pub event: EventId,
    pub other_event: EventId,
    pub reward: RewardId,
    pub picture: String,
    /// Build of the client.
    pub build: String,
    /// Unused invitation codes.
    pub invitations: Vec<String>,
}

/// Fills the database with the programme.
pub async fn populate(test: &TestDb) {
    let options = Options {
        phone_country: "+33",
        ..Options::default()
    };
    let settings = include_str!("../../../demo/programme.toml");
    let (without_staff, _) = settings.split_once("[[staff]]").expect("the demo has staff");
    let settings = programme::Settings::parse(&format!("{without_staff}{STAFF_FILE}")).unwrap();
    let mut tx = test.db.write().await.unwrap();
    programme::apply::apply(&mut tx, &settings, programme::apply::Past::Keeps)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for report in [
        import::companies(&test.db, COMPANIES.as_bytes(), options, |_| {})
            .await
            .unwrap(),
        import::members(&test.db, MEMBERS.as_bytes(), options, |_| {})
            .await
            .unwrap(),
        import::orders(&test.db, ORDERS.as_bytes(), options, |_| {})
            .await
            .unwrap(),
    ] {
        assert!(report.kept && report.bad.is_empty(), "{:?}", report.bad);
    }
    let files = [
        ("course.toml", COURSE.as_bytes()),
        ("lesson.en.md", LESSON),
        ("a.png", PICTURE),
    ];
    let files = files
        .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
        .into();
    let mut tx = test.db.write().await.unwrap();
    learning::import_files(&mut tx, &files).await.unwrap();
    events::import_file(&mut tx, EVENTS).await.unwrap();
    rewards::import_file(&mut tx, REWARDS).await.unwrap();
    tx.commit().await.unwrap();
}

impl<'a> Fixtures<'a> {
    pub async fn open(test: &TestDb, harness: &'a Harness) -> Fixtures<'a> {
        // Signs in before the others, so that only this session has expired.
        let expired = harness.signed_in(Abe.phone()).await;
        test.clock.advance(SESSION_LIFE);
        let revoked = harness.signed_in(Abe.phone()).await;
        revoked.quietly(revoked.json_request("/api/sign-out", "")).await;
        let mut forged = harness.phone();
        forged
            .cookies
            .insert("session".into(), "0123456789abcdef".repeat(4));
        let phone = harness.phone();
        let nobody = |name, phone| Caller {
            name,
            who: None,
            phone,
        };
        let mut callers = vec![
            nobody("nobody", phone),
            nobody("an invented session", forged),
            nobody("an ended session", revoked),
            nobody("a session that ran out", expired),
        ];
        let mut things = BTreeMap::new();
        let mut published = None;
        for who in ALL {
            let mut phone = harness.signed_in(who.phone()).await;
            let (member, _) = phone.who().await;
            let second = second_phone(test, harness, member).await;
            let reply = phone.sync(&Cursor::default(), &[]).await;
            let found = Published::of(&reply);
            let (notice, redemption, act) = live(test, &mut phone, &found).await;
            let company = docs::<domain::members::Me>(&reply, "me")[0].company.id;
            things.insert(
                who,
                Things {
                    member,
                    company,
                    session: second,
                    notice,
                    redemption,
                    act,
                },
            );
            published = Some(found);
            callers.push(Caller {
                name: who.reference(),
                who: Some(who),
                phone,
            });
        }
        let published = published.expect("somebody saw it");
        let mut tx = test.db.write().await.unwrap();
        let mut invitations = Vec::new();
        for who in [Ann, Bea] {
            let (code, _) = sessions::issue_code(&mut tx, things[&who].member, Way::Card)
                .await
                .unwrap();
            invitations.push(code);
        }
        tx.commit().await.unwrap();
        Fixtures {
            callers,
            things,
            course: published.course.id,
            event: published.events[0],
            other_event: published.events[1],
            reward: published.reward,
            picture: published.picture(),
            build: harness
                .app
                .branding()
                .await
                .site
                .build()
                .expect("a client")
                .to_owned(),
            invitations,
        }
    }

    /// Returns the phone of a member, with its own network address.
    pub fn phone(&self, who: Who) -> Phone<'a> {
        let caller = self.callers.iter().find(|caller| caller.who == Some(who));
        caller.expect("everybody is there").phone.clone()
    }
}

struct Published {
    course: Course,
    events: Vec<EventId>,
    reward: RewardId,
}

impl Published {
    fn of(reply: &Reply<Outcome, Box<RawValue>>) -> Published {
        let mut events = docs::<domain::events::Event>(reply, "event");
        events.sort_by_key(|event| event.starts_at);
        Published {
            course: docs(reply, "course").remove(0),
            events: events.iter().map(|event| event.id).collect(),
            reward: docs::<domain::rewards::Reward>(reply, "reward")[0].id,
        }
    }

    fn picture(&self) -> String {
        let url = &self.course.lessons[0].pictures[0].url;
        url.strip_prefix("/media/")
            .expect("a picture's address")
            .to_owned()
    }
}

async fn second_phone(test: &TestDb, harness: &Harness, member: MemberId) -> SessionId {
    let mut tx = test.db.write().await.unwrap();
    let (code, _) = sessions::issue_code(&mut tx, member, Way::Desk).await.unwrap();
    tx.commit().await.unwrap();
    let mut phone = harness.phone();
    phone.post("/invitation", &format!("code={code}")).await;
    SessionId(phone.who().await.1.0)
}

/// Acts once of every kind: a passed quiz, a seat, a request that was accepted and one that is still open.
async fn live(test: &TestDb, phone: &mut Phone<'_>, published: &Published) -> (NoticeId, CommandId, String) {
    let quiz = Command::Learning(domain::learning::Command::HandInQuiz {
        course: published.course.id,
        version: 1,
        answers: vec![QuizAnswer {
            question: "q".into(),
            given: Given::TrueFalse(true),
        }],
    });
    assert!(matches!(
        phone.act(quiz).await,
        Verdict::Confirmed(Receipt::Graded(_))
    ));
    let join = Command::Events(domain::events::Command::Join {
        event: published.events[0],
    });
    assert_eq!(phone.act(join).await, Verdict::Confirmed(Receipt::Joined));
    let redeem = Command::Rewards(domain::rewards::Command::Redeem {
        reward: published.reward,
        points: 10,
        wallet: Wallet::Own,
    });
    let (sent, body) = phone.command(redeem.clone()).await;
    phone.sync(&Cursor::default(), &[&body]).await;
    let mut tx = test.db.write().await.unwrap();
    rewards::advance(&mut tx, sent, Step::Accepted).await.unwrap();
    tx.commit().await.unwrap();
    let (waits, act) = phone.command(redeem).await;
    let reply = phone.sync(&Cursor::default(), &[&act]).await;
    assert_eq!(
        reply.outcomes[0].verdict,
        Verdict::Confirmed(Receipt::Reserved { points: 10 })
    );
    let notices: Vec<domain::notices::Notice> = docs(&reply, "notice");
    (notices[0].id, waits, act)
}

/// Builds a request as a page of ours sends it.
pub fn request(
    phone: &Phone<'_>,
    method: &Method,
    uri: &str,
    mime: Option<&str>,
    body: Vec<u8>,
) -> axum::http::Request<axum::body::Body> {
    let mut request = phone
        .request(method.clone(), uri)
        .header("sec-fetch-site", "same-origin");
    if let Some(mime) = mime {
        request = request.header(header::CONTENT_TYPE, mime);
    }
    request.body(body.into()).unwrap()
}
