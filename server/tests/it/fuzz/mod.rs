//! Fuzzes the parsers of external input. Each runs for one second in every test run; `make fuzz MINUTES=10` runs each
//! for 10 minutes. A failure prints its input and the seed to reproduce it.

mod draft;
mod harmless;

use crate::harness::{Harness, MARIE, docs};
use app::phone::json;
use axum::http::StatusCode;
use backend::import::{Options, Report};
use backend::testing::{self, TestDb};
use backend::{Error, import, learning, ledger, markdown, programme, signing};
use domain::events::Event;
use domain::learning::Course;
use domain::rewards::Reward;
use domain::sync::{Cursor, Reply, Request};
use domain::{Command, Envelope, Outcome, Verdict, document, ledger as books, members, notices, status};
use harmless::harmless;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use tokio::runtime::Runtime;

/// Maximum number of edits of one input.
const MOST_EDITS: usize = 5;

/// Runs `$target`, a function of bytes, on edited seeds.
macro_rules! fuzz {
    ($seeds:expr, $target:expr) => {
        let seeds: Vec<Vec<u8>> = $seeds;
        let target = AssertUnwindSafe($target);
        let edits = bolero::produce::<Vec<draft::Edit>>().with().len(0..=MOST_EDITS);
        bolero::check!()
            .with_generator((0..seeds.len(), edits))
            .for_each(|(seed, edits)| (*target)(&draft::draft(&seeds, *seed, edits)));
    };
}

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
}

/// Checks that the phone reads a JSON text as serde_json does.
///
/// Why not the reverse: the phone's parser is smaller and accepts a few texts that are not JSON.
fn reads_alike<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
    let here = json::read::<T>(text);
    if let Ok(there) = serde_json::from_str::<T>(text) {
        assert_eq!(here, Some(there), "{text}");
    }
}

/// True if no number is a fraction: the phone supports none, see `app::phone::json`.
fn is_whole(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Number(number) => number.as_i64().is_some(),
        serde_json::Value::Array(all) => all.iter().all(is_whole),
        serde_json::Value::Object(all) => all.values().all(is_whole),
        _ => true,
    }
}

#[test]
fn the_phone_reads_json_as_the_server_does() {
    let runtime = runtime();
    let seeds = runtime.block_on(async {
        let test = TestDb::sqlite().await;
        let harness = Harness::open(&test).await;
        let mut phone = harness.signed_in(MARIE).await;
        let mut seeds = Vec::new();
        let reply = phone.sync(&Cursor::default(), &[]).await;
        let event: Vec<Event> = docs(&reply, "event");
        let join = Command::Events(domain::events::Command::Join { event: event[0].id });
        let (_, act) = phone.command(join).await;
        let reply = phone.sync(&Cursor::default(), &[&act]).await;
        seeds.push(act.into_bytes());
        seeds.push(serde_json::to_vec(&reply.outcomes[0]).unwrap());
        seeds.push(serde_json::to_vec(&reply.cursor).unwrap());
        for collection in document::Collection::ALL {
            let of = reply
                .docs
                .iter()
                .filter(|doc| doc.collection == collection.code());
            // One of each kind is enough; a course is long.
            seeds.extend(of.take(1).map(|doc| doc.body.get().as_bytes().to_vec()));
        }
        let few = Reply {
            docs: reply.docs.into_iter().take(1).collect(),
            ..reply
        };
        seeds.push(serde_json::to_vec(&few).unwrap());
        seeds
    });
    assert!(seeds.len() > 12, "there is something of every kind");
    fuzz!(seeds, |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        // Parsed in any case: nothing may make it panic.
        let raw = json::read::<Reply<Outcome, json::Raw>>(text);
        // Why parse as any value first: in skipped fields serde_json accepts half a surrogate pair, which no server
        // writes.
        if !serde_json::from_str(text).is_ok_and(|value| is_whole(&value)) {
            return;
        }
        reads_alike::<Envelope>(text);
        reads_alike::<Outcome>(text);
        reads_alike::<Cursor>(text);
        reads_alike::<Event>(text);
        reads_alike::<Course>(text);
        reads_alike::<Reward>(text);
        reads_alike::<members::Me>(text);
        reads_alike::<members::Device>(text);
        reads_alike::<notices::Notice>(text);
        reads_alike::<status::Status>(text);
        reads_alike::<books::Balance>(text);
        reads_alike::<books::Month>(text);
        reads_alike::<domain::events::Registration>(text);
        reads_alike::<domain::programme::Programme>(text);
        if let Ok(there) = serde_json::from_str::<Reply<Outcome, Box<RawValue>>>(text) {
            let here = raw.expect(text);
            let bodies = here.docs.iter().map(|doc| doc.body.as_str());
            assert!(bodies.eq(there.docs.iter().map(|doc| doc.body.get())), "{text}");
        }
    });
}

#[test]
fn a_sync_body_is_answered_or_refused() {
    let runtime = runtime();
    let test = runtime.block_on(TestDb::sqlite());
    let harness = runtime.block_on(Harness::open(&test));
    let mut phone = runtime.block_on(harness.signed_in(MARIE));
    let seeds = runtime.block_on(async {
        let reply = phone.sync(&Cursor::default(), &[]).await;
        let now = reply.cursor.clone().unwrap();
        let (event, reward, course) = (
            docs::<Event>(&reply, "event")[0].id,
            docs::<Reward>(&reply, "reward").remove(0),
            docs::<Course>(&reply, "course").remove(0),
        );
        let join = Command::Events(domain::events::Command::Join { event });
        let leave = Command::Events(domain::events::Command::Leave { event });
        let redeem = Command::Rewards(domain::rewards::Command::Redeem {
            reward: reward.id,
            points: reward.points,
            wallet: books::Wallet::Company,
        });
        let read = Command::Learning(domain::learning::Command::ReadLesson {
            course: course.id,
            lesson: course.lessons[0].lesson.clone(),
        });
        let quiz: Command = serde_json::from_str(&format!(
            r#"{{"learning":{{"hand_in_quiz":{{"course":"{}","version":1,"answers":[{{"question":"q1","given":{{"single":1}}}},{{"question":"q5","given":{{"number":4500}}}}]}}}}}}"#,
            course.id
        ))
        .unwrap();
        let speak = Command::Members(members::Command::SetLanguage { language: domain::Lang::En });
        let mut acts = Vec::new();
        for command in [join, leave, redeem, read, quiz, speak] {
            acts.push(phone.command(command).await.1);
        }
        let all: Vec<&str> = acts.iter().map(String::as_str).collect();
        let mut seeds = vec![phone.round(&now, &all).await, phone.round(&now, &[]).await];
        for act in &all {
            let body = phone.round(&now, &[act]).await;
            seeds.push(body.replacen("\"proto\":1", "\"proto\":1,\"push_only\":true", 1));
        }
        seeds.into_iter().map(String::into_bytes).collect::<Vec<_>>()
    });
    let first = runtime.block_on(phone.quietly(phone.json_request("/api/sync", seeds[0].clone())));
    assert_eq!(
        (first.status, first.json()["outcomes"].as_array().unwrap().len()),
        (StatusCode::OK, 6)
    );
    fuzz!(seeds, |bytes: &[u8]| {
        let answer = runtime.block_on(phone.quietly(phone.json_request("/api/sync", bytes.to_vec())));
        if answer.status != StatusCode::OK {
            let refused = [400, 403, 413, 426].contains(&answer.status.as_u16());
            assert!(
                refused && !answer.json()["code"].is_null(),
                "{}: {}",
                answer.status,
                answer.text()
            );
            return;
        }
        let reply: Reply<Outcome, Box<RawValue>> = serde_json::from_slice(&answer.body).unwrap();
        let request: Request<Box<RawValue>> = serde_json::from_slice(bytes).unwrap();
        assert_eq!(reply.outcomes.len(), request.commands.len());
        for (command, outcome) in request.commands.iter().zip(reply.outcomes) {
            if serde_json::from_str::<Envelope>(command.get()).is_ok() {
                assert_ne!(outcome.verdict, Verdict::Failed, "{}", command.get());
            }
        }
    });
    runtime.block_on(async {
        let mut tx = test.db.read().await.unwrap();
        let today = programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
        let proof = ledger::prove(&mut tx, today).await.unwrap();
        assert!(proof.ok, "{:?}", proof.amiss);
    });
}

const OPTIONS: Options = Options {
    dry_run: true,
    skip_bad: true,
    complete: false,
    end_missing: false,
    create_companies: true,
    distinct_refs: false,
    phone_country: "+33",
    given: backend::import::Given::NOTHING,
};

/// Checks that a file is refused as a whole, or each row is counted and the bad ones can be written as CSV.
fn accounted(result: backend::Result<Report>) {
    match result {
        Ok(report) => {
            let bad = report.bad.len() as u64;
            assert_eq!(report.new + report.changed + report.unchanged + bad, report.rows);
            let written = report.bad_rows_csv(',', |code| format!("{code:?}")).unwrap();
            assert!(!written.is_empty());
        }
        Err(Error::Input(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

fn populated(runtime: &Runtime) -> TestDb {
    runtime.block_on(async {
        let test = TestDb::sqlite().await;
        server::demo::load(&test.db, true).await.unwrap();
        test
    })
}

#[test]
fn a_file_of_companies_is_imported_or_refused() {
    let runtime = runtime();
    let test = populated(&runtime);
    let few = "company_ref,name,fixtures,joined_on,order_points,advisor_ref\n\
        c-halle,Boulangerie \"de la\" Halle,Vienne,2020-09-01,member,s-lea\nc-x,\"X, \"\"Y\"\"\",Lyon,2021-01-18,company,\n";
    let demo = include_str!("../../../demo/companies.csv");
    fuzz!(bytes(&[few, few, demo]), |bytes: &[u8]| {
        accounted(runtime.block_on(import::companies(&test.db, bytes, OPTIONS, |_| {})));
    });
}

#[test]
fn a_file_of_members_is_imported_or_refused() {
    let runtime = runtime();
    let test = populated(&runtime);
    let few = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
        m-marie,c-fournil-saone,Marie Vasseur,+33639980010,marie@example.com,baker,decider,true,fr\n\
        m-x,c-halle,Zoe \u{c9}tienne,06 39 98 77 66,,foreman,user,false,en\n";
    let demo = include_str!("../../../demo/members.csv");
    fuzz!(bytes(&[few, few, demo]), |bytes: &[u8]| {
        accounted(runtime.block_on(import::members(&test.db, bytes, OPTIONS, |_| {})));
    });
}

#[test]
fn a_file_of_orders_is_imported_or_refused() {
    let runtime = runtime();
    let test = populated(&runtime);
    let few = "order_ref,company_ref,ordered_on,quantity,amount,member_ref\n\
        o-1,c-halle,2026-11-01,2,29.33,\no-2,c-halle,2026-11-02,-1,-29.33,\n\
        o-3,c-fournil-saone,1997-01-01,1,1250.00,m-marie\no-4,c-new,2025-12-31,1,0.99,\n";
    let bare = "order_ref,company_ref,ordered_on,quantity,amount\nCD-1,C00004,1997-01-01,2,29.33\n";
    fuzz!(bytes(&[few, few, bare]), |bytes: &[u8]| {
        accounted(runtime.block_on(import::orders(&test.db, bytes, OPTIONS, |_| {})));
    });
}

#[test]
fn a_course_is_imported_or_refused() {
    let runtime = runtime();
    let test = populated(&runtime);
    let lesson = include_str!("../../../demo/courses/hygiene/01-hands.en.md");
    let seeds = [
        include_str!("../../../demo/courses/hygiene/course.toml"),
        include_str!("../../../demo/courses/hygiene/course.toml"),
        "ref = \"fuzz\"\nversion = 1\ntitle = { en = \"T\" }\nsummary = { en = \"S\" }\nminutes = 1\npoints = 0\n\
        pass_mark = 80\nlanguages = [\"en\"]\n[[lesson]]\nfile = \"01-hands\"\n[[question]]\nref = \"q\"\nuse = \"graded\"\n\
        lesson = \"01-hands\"\nkind = \"number\"\nprompt = { en = \"How many?\" }\ncorrect = 4.5\ntolerance = 0.5\nunit = \"mm\"\n",
        lesson,
    ];
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/courses/hygiene");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        files.insert(name, std::fs::read(path).unwrap());
    }
    fuzz!(bytes(&seeds), |bytes: &[u8]| {
        let mut files = files.clone();
        // A draft that begins with `#` replaces the lesson, any other the course file.
        let name = if bytes.starts_with(b"#") {
            "01-hands.en.md"
        } else {
            "course.toml"
        };
        files.insert(name.to_owned(), bytes.to_vec());
        runtime.block_on(async {
            let mut tx = test.db.write().await.unwrap();
            let imported = learning::import_files(&mut tx, &files).await;
            assert!(matches!(imported, Ok(_) | Err(Error::Input(_))), "{imported:?}");
            tx.roll_back().await.unwrap();
        });
    });
}

#[test]
fn only_a_signed_ticket_is_one() {
    let runtime = runtime();
    let test = populated(&runtime);
    let (text, key) = runtime.block_on(async {
        let mut tx = test.db.read().await.unwrap();
        testing::signed_pass(&mut tx).await.unwrap()
    });
    let good = signing::verify(&text, &key).expect("what was signed is read");
    let upper = text.replace("CPG1:", "cpg1:");
    fuzz!(bytes(&[&text, &text, &upper]), |bytes: &[u8]| {
        let Ok(draft) = std::str::from_utf8(bytes) else {
            return;
        };
        let read = signing::verify(draft, &key);
        assert_eq!(read, (draft == text).then_some(good), "{draft:?}");
    });
}

#[test]
fn markdown_becomes_nothing_that_runs() {
    let lesson = include_str!("../../../demo/courses/hygiene/01-hands.en.md");
    let tricks = "# A\n\n| a | b |\n|---|---|\n| [x](javascript:x()) | ![a](fridge.png \"t\") |\n\n\
        <svg><style><a title=\"</style><img src=x onerror=x()>\">\n\n[a]: javascript:x()\n[a]\n\n\
        <math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=x()&gt;\">\n\n\
        1. [b](https://example.com \"on\")\n2. <mailto:a@example.com>\n\n```html\n<script>x()</script>\n```\n";
    fuzz!(bytes(&[lesson, tricks, tricks]), |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let html = markdown::to_html(&text, |name| Ok(format!("/media/{name}"))).unwrap();
        harmless(&html);
    });
}
