//! The recipients of each collection in a sync.

use super::fixtures::{ALL, Fixtures, WORDS, Who, populate, request};
use crate::harness::{Harness, Phone};
use axum::http::Method;
use backend::both;
use domain::Outcome;
use domain::document::{Audience, Collection};
use domain::sync::{Cursor, Doc, Reply};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

type Bodies = BTreeMap<String, String>;

fn of(reply: &Reply<Outcome, Box<RawValue>>, collection: Collection) -> Bodies {
    let docs = reply
        .docs
        .iter()
        .filter(|doc| doc.collection == collection.code());
    docs.map(|doc| (doc.id.clone(), doc.body.get().to_owned()))
        .collect()
}

/// Returns every id in the documents of the chosen audiences, their own included.
fn ids(docs: &[Doc<Box<RawValue>>], collections: impl Fn(Audience) -> bool) -> BTreeSet<uuid::Uuid> {
    fn within(value: &Value, found: &mut BTreeSet<uuid::Uuid>) {
        match value {
            Value::String(text) => found.extend(text.parse::<uuid::Uuid>()),
            Value::Array(all) => all.iter().for_each(|value| within(value, found)),
            Value::Object(all) => all.values().for_each(|value| within(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for doc in docs {
        let audience = Collection::from_code(&doc.collection)
            .expect("a known collection")
            .audience();
        if collections(audience) {
            found.extend(doc.id.parse::<uuid::Uuid>());
            within(&serde_json::from_str(doc.body.get()).unwrap(), &mut found);
        }
    }
    found
}

async fn whole(phone: &mut Phone<'_>) -> Reply<Outcome, Box<RawValue>> {
    phone.sync(&Cursor::default(), &[]).await
}

both! {
    async fn every_collection_goes_to_whom_it_is_declared(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        let mut replies = BTreeMap::new();
        for who in ALL {
            replies.insert(who, whole(&mut fixtures.phone(who)).await);
        }
        for &collection in Collection::ALL {
            for who in ALL {
                let mine = of(&replies[&who], collection);
                assert!(!mine.is_empty(), "{who:?} has no {collection:?}: the test would see nothing");
                let company: BTreeSet<&String> = mine.keys().filter(|id| id.starts_with("company")).collect();
                if collection.audience() == Audience::Wallet {
                    assert_eq!(!company.is_empty(), who.is_manager(), "{collection:?} of {who:?}: {company:?}");
                }
                for other in ALL.into_iter().filter(|other| *other != who) {
                    let theirs = of(&replies[&other], collection);
                    let at = format!("{collection:?} of {who:?} and {other:?}");
                    let shared: Vec<&String> = mine.values().filter(|body| theirs.values().any(|their| their == *body)).collect();
                    match collection.audience() {
                        Audience::Everybody => assert_eq!(mine, theirs, "{at}"),
                        Audience::Company if who.is_colleague_of(other) => assert_eq!(mine, theirs, "{at}"),
                        Audience::Oneself | Audience::Company | Audience::Wallet => {
                            assert!(shared.is_empty(), "{at}: {shared:?}");
                        }
                    }
                }
            }
        }
    }

    async fn no_word_and_no_id_of_another_is_in_a_sync(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        let mut own = BTreeMap::new();
        let mut published = BTreeSet::new();
        for who in ALL {
            let reply = whole(&mut fixtures.phone(who)).await;
            published.extend(ids(&reply.docs, |audience| audience == Audience::Everybody));
            own.insert(who, ids(&reply.docs, |audience| audience != Audience::Everybody));
        }
        for who in ALL {
            assert!(own[&who].len() > 12, "{who:?}: {:?}", own[&who]);
            for other in ALL.into_iter().filter(|other| *other != who) {
                let mut shared: BTreeSet<_> = own[&who].intersection(&own[&other]).copied().collect();
                shared.retain(|id| !published.contains(id));
                if who.is_colleague_of(other) {
                    assert!(shared.remove(&fixtures.things[&who].company.0));
                }
                assert!(shared.is_empty(), "{who:?} and {other:?} both have {shared:?}");
            }
        }
        // The same on the raw text, for an empty phone and for one that sends another member's cursor.
        for caller in fixtures.callers.iter().filter(|caller| caller.who.is_some()) {
            let who = caller.who.unwrap();
            let member = fixtures.things[&who].member;
            for other in ALL {
                let theirs = whole(&mut fixtures.phone(other)).await.cursor.unwrap();
                for have in [
                    Cursor::default(),
                    theirs.clone(),
                    Cursor { own: 1, content: 1, ..theirs.clone() },
                    Cursor { own: i64::MAX, content: -1, ..theirs },
                ] {
                    let body = format!(
                        r#"{{"proto":1,"member":"{member}","device":"{}","have":{},"commands":[]}}"#,
                        fixtures.things[&other].session,
                        serde_json::to_string(&have).unwrap()
                    );
                    let json = Some("application/json");
                    let asked = request(&caller.phone, &Method::POST, "/api/sync", json, body.into_bytes());
                    let answer = caller.phone.quietly(asked).await;
                    assert_eq!(answer.status, 200);
                    caller.assert_told_nothing_foreign(&answer, "/api/sync");
                    for id in own[&other].difference(&own[&who]).filter(|id| !published.contains(id)) {
                        assert!(!answer.text().contains(&id.to_string()), "{who:?} got {id} of {other:?}");
                    }
                    if have == Cursor::default() {
                        for (word, for_whom) in WORDS.iter().filter(|(_, whom)| whom.contains(&who)) {
                            assert!(answer.text().contains(word), "{who:?} lacks {word}, which is for {for_whom:?}");
                        }
                    }
                }
            }
        }
    }

    async fn a_member_who_changes_company_sees_the_new_one_alone(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        let mut phone = fixtures.phone(Who::Ann);
        let have = whole(&mut phone).await.cursor.unwrap();
        let moved = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
            m-ann,c-merlin,Quillon-Ann,+33639980101,quillon-ann@example.com,baker,decider,false,en\n";
        let options = backend::import::Options { phone_country: "+33", ..Default::default() };
        backend::import::members(&test.db, moved.as_bytes(), options, |_| {}).await.unwrap();
        for have in [have, Cursor::default()] {
            let body = phone.round(&have, &[]).await;
            let answer = phone.post_json("/api/sync", body).await;
            for word in ["Moulin-Kestrel", "Kestrelville", "Osprey-Advisor", "ORDER-KESTREL", "ORDER-MERLIN"] {
                assert!(!answer.text().contains(word), "{word} in {}", answer.text());
            }
            let reply: Reply<Outcome, Box<RawValue>> = serde_json::from_slice(&answer.body).unwrap();
            assert!(reply.all_own && answer.text().contains("Travaux-Merlin"));
        }
    }
}
