//! Golden forms: every released form of a command, an outcome and an error code, as phones may still hold it.
//! Lines are added; a released line is never changed or removed.

use domain::document::{Collection, WithBody};
use domain::ledger::Reason;
use domain::samples::Things;
use domain::sync::{Reply, Request};
use domain::{Command, Envelope, Error, Outcome};
use std::collections::BTreeSet;

const COMMANDS: &[&str] = &[
    r#"{"learning":{"read_lesson":{"course":"0198c5b2-7f00-7000-8000-000000000001","lesson":"01-hands"}}}"#,
    r#"{"learning":{"finish_practice":{"course":"0198c5b2-7f00-7000-8000-000000000001"}}}"#,
    r#"{"learning":{"hand_in_quiz":{"course":"0198c5b2-7f00-7000-8000-000000000001","version":2,"answers":[{"question":"q1","given":{"single":1}},{"question":"q2","given":{"multiple":[0,2]}},{"question":"q3","given":{"true_false":true}},{"question":"q4","given":{"ordering":[2,0,1]}},{"question":"q5","given":{"number":4500}}]}}}"#,
    r#"{"events":{"join":{"event":"0198c5b2-7f00-7000-8000-000000000002"}}}"#,
    r#"{"events":{"leave":{"event":"0198c5b2-7f00-7000-8000-000000000002"}}}"#,
    r#"{"rewards":{"redeem":{"reward":"0198c5b2-7f00-7000-8000-000000000003","points":800,"wallet":"own"}}}"#,
    r#"{"rewards":{"redeem":{"reward":"0198c5b2-7f00-7000-8000-000000000003","points":800,"wallet":"company"}}}"#,
    r#"{"rewards":{"take_back":{"redemption":"0198c5b2-7f00-7000-8000-000000000004"}}}"#,
    r#"{"members":{"set_language":{"language":"en"}}}"#,
    r#"{"members":{"sign_out_device":{"session":"0198c5b2-7f00-7000-8000-000000000005"}}}"#,
    r#"{"notices":{"mark_read":{"notice":"0198c5b2-7f00-7000-8000-000000000006"}}}"#,
];

const OUTCOMES: &[&str] = &[
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":"noted"}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":"joined"}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":"left"}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":{"waiting":{"position":3}}}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":{"reserved":{"points":800}}}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":{"released":{"points":800}}}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"confirmed":{"graded":{"right":3,"of":4,"passed":true,"points":80,"unpaid":null,"review":[{"question":"q2","lesson":"01-hands","explanation":null}]}}}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":{"refused":{"code":"not_enough_points","missing":120}}}"#,
    r#"{"id":"0198c5b2-7f00-7000-8000-000000000004","at":1700000000000,"verdict":"failed"}"#,
];

const ERRORS: &[&str] = &[
    r#"{"code":"id_reuse"}"#,
    r#"{"code":"wrong_member"}"#,
    r#"{"code":"unreadable"}"#,
    r#"{"code":"not_found"}"#,
    r#"{"code":"not_enough_points","missing":120}"#,
    r#"{"code":"sold_out"}"#,
    r#"{"code":"price_changed","price":900}"#,
    r#"{"code":"not_for_your_tier"}"#,
    r#"{"code":"managers_only"}"#,
    r#"{"code":"withdrawn"}"#,
    r#"{"code":"already_handled"}"#,
    r#"{"code":"registration_closed","at":1700000000000}"#,
    r#"{"code":"late_and_unproven","at":1700000000000}"#,
    r#"{"code":"event_cancelled"}"#,
    r#"{"code":"event_started"}"#,
    r#"{"code":"not_registered"}"#,
    r#"{"code":"already_registered"}"#,
    r#"{"code":"answers_do_not_fit"}"#,
    r#"{"code":"too_soon","at":1700000000000}"#,
];

const REASONS: &[&str] = &[
    r#"{"order":{"order":"o-1","rule":1}}"#,
    r#"{"return":{"order":"o-1","rule":1}}"#,
    r#"{"correction":{"order":"o-1"}}"#,
    r#"{"course":{"title":{"fr":"Pain","en":"Bread"},"version":2}}"#,
    r#"{"held":{"title":{"fr":"Four"}}}"#,
    r#"{"freed":{"title":{"fr":"Four"}}}"#,
    r#""expired""#,
    r#"{"transfer":{"title":{"fr":"Cadeau"}}}"#,
    r#"{"transfer_taken_back":{"title":{"fr":"Cadeau"}}}"#,
    r#""merged""#,
];

const REQUESTS: &[&str] = &[
    r#"{"proto":1,"member":"0198c5b2-7f00-7000-8000-00000000000a","device":"0198c5b2-7f00-7000-8000-00000000000b","push_only":false,"have":{"epoch":"e1","content":7,"own":3,"audience":"a"},"commands":[]}"#,
];

const REPLIES: &[&str] = &[
    r#"{"now":1700000000000,"outcomes":[]}"#,
    r#"{"now":1700000000000,"outcomes":[],"cursor":{"epoch":"e1","content":7,"own":3,"audience":"a"},"all_content":true,"all_own":true,"docs":[{"collection":"course","id":"c","body":{"x":1}}],"gone":[["event","e"]]}"#,
];

/// Released documents by collection: one line for each form, with each case of each enum in one of them.
const DOCUMENTS: &str = include_str!("golden/documents.jsonl");

fn holds<T: serde::de::DeserializeOwned + serde::Serialize>(golden: &[&str]) {
    for line in golden {
        let value: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(&serde_json::to_string(&value).unwrap(), line);
    }
}

#[test]
fn released_forms_still_read_and_write_the_same() {
    holds::<Command>(COMMANDS);
    holds::<Outcome>(OUTCOMES);
    holds::<Error>(ERRORS);
    holds::<Reason>(REASONS);
}

/// The tags of a command: its feature and its name.
fn tags(command: &Command) -> (String, String) {
    let value = serde_json::to_value(command).unwrap();
    let (feature, inner) = value.as_object().unwrap().iter().next().unwrap();
    (
        feature.clone(),
        inner.as_object().unwrap().keys().next().unwrap().clone(),
    )
}

/// The names of an enum's variants, from the error that the deserializer returns for an unknown one.
fn variants(text: &str) -> Vec<String> {
    let complaint = serde_json::from_str::<Command>(text).unwrap_err().to_string();
    let (_, listed) = complaint
        .split_once("expected ")
        .expect("the known ones are listed");
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_sample_and_a_golden_form() {
    let mut known = BTreeSet::new();
    for feature in variants(r#"{"?":0}"#) {
        for name in variants(&format!(r#"{{"{feature}":{{"?":0}}}}"#)) {
            known.insert((feature.clone(), name));
        }
    }
    assert!(known.len() >= 10, "{known:?}");
    let sampled: BTreeSet<_> = Command::samples(&Things::none()).iter().map(tags).collect();
    assert_eq!(sampled, known);
    let golden = COMMANDS.iter().map(|line| serde_json::from_str(line).unwrap());
    let golden: BTreeSet<_> = golden.map(|command: Command| tags(&command)).collect();
    assert_eq!(golden, known);
}

#[test]
fn an_envelope_is_read_in_any_command() {
    for command in COMMANDS {
        let line = format!(
            r#"{{"id":"0198c5b2-7f00-7000-8000-000000000004","member":"0198c5b2-7f00-7000-8000-00000000000a","device":"0198c5b2-7f00-7000-8000-00000000000b","seq":7,"made_at":1700000000000,"command":{command}}}"#
        );
        holds::<Envelope>(&[&line]);
    }
}

#[test]
fn every_error_code_has_a_golden_form() {
    let written: Vec<String> = Error::examples()
        .iter()
        .map(|error| serde_json::to_string(error).unwrap())
        .collect();
    assert_eq!(written, ERRORS);
}

#[test]
fn rounds_still_read_and_write_the_same() {
    holds::<Request<serde_json::Value>>(REQUESTS);
    holds::<Reply<serde_json::Value, serde_json::Value>>(REPLIES);
}

/// A released line of a document.
struct Golden<'a>(&'a str);

impl WithBody for Golden<'_> {
    type Output = ();

    fn call<B: serde::Serialize + serde::de::DeserializeOwned>(self) {
        holds::<B>(&[self.0]);
    }
}

#[test]
fn documents_still_read_and_write_the_same() {
    let mut seen = BTreeSet::new();
    for line in DOCUMENTS.lines() {
        let (code, body) = line.split_once(' ').expect(line);
        let collection = Collection::from_code(code).expect(line);
        collection.typed(Golden(body));
        seen.insert(collection);
    }
    let missing: Vec<&Collection> = Collection::ALL
        .iter()
        .filter(|collection| !seen.contains(collection))
        .collect();
    assert!(missing.is_empty(), "no golden line for {missing:?}");
}

#[test]
fn each_code_is_in_a_golden_document() {
    use domain::{learning, ledger, members, programme, rewards, stock};
    let codes: Vec<&str> = (stock::Band::ALL.map(stock::Band::code).into_iter())
        .chain(learning::Unpaid::ALL.map(learning::Unpaid::code))
        .chain(ledger::Wallet::ALL.map(ledger::Wallet::code))
        .chain(members::Function::ALL.map(members::Function::code))
        .chain(members::OrderPoints::ALL.map(members::OrderPoints::code))
        .chain(programme::Period::ALL.map(programme::Period::code))
        .chain(rewards::Delivery::ALL.map(rewards::Delivery::code))
        .chain(rewards::Shelf::ALL.map(rewards::Shelf::code))
        .chain(rewards::Step::ALL.map(rewards::Step::code))
        .collect();
    let missing: Vec<&str> = codes
        .into_iter()
        .filter(|code| !DOCUMENTS.contains(&format!("\"{code}\"")))
        .collect();
    assert!(missing.is_empty(), "in no golden document: {missing:?}");
}
