//! Every command × every caller × own and foreign ids.

use super::fixtures::{ALL, Fixtures, Who, populate};
use crate::harness::{Harness, Phone};
use axum::http::StatusCode;
use backend::both;
use domain::document::{Collection, Family};
use domain::learning::{Answer, Given};
use domain::samples::{Giver, Things};
use domain::sync::Cursor;
use domain::{Command, Error, Lang, Verdict};
use std::collections::BTreeMap;

/// Returns one of each command, with the ids of `owner`'s things where it names somebody's thing.
pub fn samples(fixtures: &Fixtures<'_>, owner: Who) -> Vec<Command> {
    let things = &fixtures.things[&owner];
    Command::samples(&Things {
        course: fixtures.course,
        lesson: "lesson".into(),
        version: 1,
        answers: vec![Answer {
            question: "q".into(),
            given: Given::TrueFalse(true),
        }],
        event: fixtures.event,
        other_event: fixtures.other_event,
        reward: fixtures.reward,
        points: 10,
        language: Lang::Fr,
        session: things.session,
        notice: things.notice,
        redemption: things.redemption,
    })
}

/// Returns all own documents of a member.
async fn own(phone: &mut Phone<'_>) -> BTreeMap<(Collection, String), String> {
    let reply = phone.sync(&Cursor::default(), &[]).await;
    let docs = reply.docs.into_iter().filter_map(|doc| {
        let collection = Collection::from_code(&doc.collection)?;
        (collection.family() == Family::Own).then(|| ((collection, doc.id), doc.body.get().to_owned()))
    });
    docs.collect()
}

/// Returns the other members' own documents, without those a company shares.
async fn of_others(
    fixtures: &Fixtures<'_>,
    who: Who,
) -> BTreeMap<Who, BTreeMap<(Collection, String), String>> {
    let mut all = BTreeMap::new();
    for other in ALL.into_iter().filter(|other| *other != who) {
        let mut documents = own(&mut fixtures.phone(other)).await;
        // A passed quiz counts for the company's status; managers see the company's wallet.
        documents.retain(|(collection, id), _| {
            !(who.is_colleague_of(other) && (*collection == Collection::Status || id.starts_with("company")))
        });
        all.insert(other, documents);
    }
    all
}

both! {
    async fn every_command_is_obeyed_for_whom_it_is_declared(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        for owner in ALL {
            // The owner comes last: the things must still exist after the others' attempts.
            let callers = ALL.into_iter().filter(|who| *who != owner).chain([owner]);
            let callers: Vec<Who> = callers.collect();
            for command in samples(&fixtures, owner) {
                let giver = command.giver();
                // A command that names nobody's thing is sent only once per caller.
                let askers = if giver == Giver::Owner { &callers[..] } else { &callers[callers.len() - 1..] };
                for &who in askers {
                    let before = of_others(&fixtures, who).await;
                    let verdict = fixtures.phone(who).act(command.clone()).await;
                    let at = format!("{command:?} of {owner:?} by {who:?}: {verdict:?}");
                    match giver {
                        Giver::Owner if who != owner => {
                            assert_eq!(verdict, Verdict::Refused(Error::NotFound), "{at}");
                        }
                        Giver::Manager if !who.is_manager() => {
                            assert_eq!(verdict, Verdict::Refused(Error::ManagersOnly), "{at}");
                        }
                        _ => assert!(matches!(verdict, Verdict::Confirmed(_)), "{at}"),
                    }
                    assert_eq!(of_others(&fixtures, who).await, before, "{at}");
                }
            }
        }
        let mut tx = test.db.read().await.unwrap();
        let today = backend::programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
        let proof = backend::ledger::prove(&mut tx, today).await.unwrap();
        assert!(proof.ok, "{:?}", proof.amiss);
    }

    async fn nobody_acts_as_another_or_with_anothers_act(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        for owner in ALL {
            for who in ALL.into_iter().filter(|who| *who != owner) {
                let mut phone = fixtures.phone(who);
                let before = own(&mut fixtures.phone(owner)).await;
                let (owners, callers) = (fixtures.things[&owner].member, fixtures.things[&who].member);
                for command in samples(&fixtures, owner) {
                    // The other member in the envelope, sent under one's own session.
                    let (_, body) = phone.command(command).await;
                    let body = body.replace(&callers.to_string(), &owners.to_string());
                    let reply = phone.sync(&Cursor::default(), &[&body]).await;
                    assert_eq!(reply.outcomes[0].verdict, Verdict::Refused(Error::WrongMember), "{body}");
                }
                // The other's act unchanged, and under one's own name: neither is applied again nor gets their outcome.
                let act = &fixtures.things[&owner].act;
                let mine = act.replace(&owners.to_string(), &callers.to_string());
                let reply = phone.sync(&Cursor::default(), &[act, &mine]).await;
                assert_eq!(reply.outcomes[0].verdict, Verdict::Refused(Error::WrongMember));
                assert_eq!(reply.outcomes[1].verdict, Verdict::Refused(Error::IdReuse));
                assert_eq!(own(&mut fixtures.phone(owner)).await, before, "{owner:?} by {who:?}");
            }
        }
    }

    async fn nobody_acts_without_a_live_session(test) {
        populate(test).await;
        let harness = Harness::bare(test, &[]).await;
        let fixtures = Fixtures::open(test, &harness).await;
        for owner in ALL {
            let before = own(&mut fixtures.phone(owner)).await;
            for command in samples(&fixtures, owner) {
                let mut phone = fixtures.phone(owner);
                let (_, act) = phone.command(command).await;
                let body = phone.round(&Cursor::default(), &[&act]).await;
                for caller in fixtures.callers.iter().filter(|caller| caller.who.is_none()) {
                    let answer = caller.phone.quietly(caller.phone.json_request("/api/sync", body.clone())).await;
                    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}: {act}", caller.name);
                    caller.assert_told_nothing_foreign(&answer, "/api/sync");
                }
            }
            assert_eq!(own(&mut fixtures.phone(owner)).await, before, "{owner:?}");
        }
    }
}
