//! Every command × every caller × own and foreign ids.

use super::town::{ALL, Town, Who, populate};
use crate::house::{House, Phone};
use axum::http::StatusCode;
use backend::both;
use domain::document::{Collection, Family};
use domain::ledger::Wallet;
use domain::sync::Cursor;
use domain::{Command, Error, Lang, Verdict, events, learning, members, notices, rewards};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Who may, and what it touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// It names nothing, or something published for all: everybody may, and it changes what is theirs alone.
    ForOneself,
    /// It names a thing of a member: they alone may. For others, their manager included, it is not there.
    OwnThing,
    /// It spends the company's points: its managers may, and it is always the caller's own company.
    Managers,
}

/// Why without a last arm for the rest: a new command must be declared here before the tests compile.
fn declared(command: &Command) -> Rule {
    match command {
        Command::Events(events::Command::Join { .. } | events::Command::Leave { .. }) => Rule::ForOneself,
        Command::Learning(
            learning::Command::ReadLesson { .. }
            | learning::Command::FinishPractice { .. }
            | learning::Command::HandInQuiz { .. },
        ) => Rule::ForOneself,
        Command::Members(members::Command::SetLanguage { .. }) => Rule::ForOneself,
        Command::Members(members::Command::SignOutDevice { .. }) => Rule::OwnThing,
        Command::Notices(notices::Command::MarkRead { .. }) => Rule::OwnThing,
        Command::Rewards(rewards::Command::Redeem {
            wallet: Wallet::Own, ..
        }) => Rule::ForOneself,
        Command::Rewards(rewards::Command::Redeem {
            // No wallet of a newer version is spent from: the server leaves that undecided.
            wallet: Wallet::Company | Wallet::Newer,
            ..
        }) => Rule::Managers,
        Command::Rewards(rewards::Command::TakeBack { .. }) => Rule::OwnThing,
    }
}

/// One of each command that names a thing of `owner` where it names a thing of anybody.
fn samples(town: &Town<'_>, owner: Who) -> Vec<Command> {
    let (course, things) = (town.course, &town.things[&owner]);
    let redeem = |wallet| {
        Command::Rewards(rewards::Command::Redeem {
            reward: town.reward,
            points: 10,
            wallet,
        })
    };
    let answer = learning::Answer {
        question: "q".into(),
        given: learning::Given::TrueFalse(true),
    };
    vec![
        Command::Events(events::Command::Join {
            event: town.other_event,
        }),
        Command::Events(events::Command::Leave { event: town.event }),
        Command::Learning(learning::Command::ReadLesson {
            course,
            lesson: "lesson".into(),
        }),
        Command::Learning(learning::Command::FinishPractice { course }),
        Command::Learning(learning::Command::HandInQuiz {
            course,
            version: 1,
            answers: vec![answer],
        }),
        Command::Members(members::Command::SetLanguage { language: Lang::Fr }),
        Command::Members(members::Command::SignOutDevice {
            session: things.session,
        }),
        Command::Notices(notices::Command::MarkRead {
            notice: things.notice,
        }),
        redeem(Wallet::Own),
        redeem(Wallet::Company),
        Command::Rewards(rewards::Command::TakeBack {
            redemption: things.redemption,
        }),
    ]
}

/// The names of an enum's variants, as its reader lists them when it is given another.
fn variants<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let complaint = serde_json::from_str::<T>(text)
        .err()
        .expect("there is no such variant")
        .to_string();
    let (_, listed) = complaint
        .split_once("expected ")
        .expect("the known ones are listed");
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[tokio::test]
async fn there_is_a_sample_of_every_command() {
    let world = backend::testing::World::sqlite().await;
    populate(&world).await;
    let house = House::bare(&world, &[]).await;
    let town = Town::open(&world, &house).await;
    let sampled: BTreeSet<(String, String)> = samples(&town, Who::Ann)
        .iter()
        .map(|command| {
            let value = serde_json::to_value(command).unwrap();
            let (feature, inner) = value.as_object().unwrap().iter().next().unwrap();
            (
                feature.clone(),
                inner.as_object().unwrap().keys().next().unwrap().clone(),
            )
        })
        .collect();
    let mut known = BTreeSet::new();
    for feature in variants::<Command>(r#"{"?":0}"#) {
        for name in variants::<Command>(&format!(r#"{{"{feature}":{{"?":0}}}}"#)) {
            known.insert((feature.clone(), name));
        }
    }
    assert!(known.len() >= 10, "{known:?}");
    assert_eq!(sampled, known);
}

/// All that a member has of their own.
async fn own(phone: &mut Phone<'_>) -> BTreeMap<(Collection, String), String> {
    let reply = phone.sync(&Cursor::default(), &[]).await;
    let docs = reply.docs.into_iter().filter_map(|doc| {
        let collection = Collection::from_code(&doc.collection)?;
        (collection.family() == Family::Own).then(|| ((collection, doc.id), doc.body.get().to_owned()))
    });
    docs.collect()
}

/// What others have, less what a company shares.
async fn of_others(town: &Town<'_>, who: Who) -> BTreeMap<Who, BTreeMap<(Collection, String), String>> {
    let mut all = BTreeMap::new();
    for other in ALL.into_iter().filter(|other| *other != who) {
        let mut documents = own(&mut town.phone(other)).await;
        // A pass earns the company's status; its managers see its wallet.
        documents.retain(|(collection, id), _| {
            !(who.is_colleague_of(other) && (*collection == Collection::Status || id.starts_with("company")))
        });
        all.insert(other, documents);
    }
    all
}

both! {
    async fn every_command_is_obeyed_for_whom_it_is_declared(world) {
        populate(world).await;
        let house = House::bare(world, &[]).await;
        let town = Town::open(world, &house).await;
        for owner in ALL {
            // Others first: what is theirs must still be there for the owner.
            let callers = ALL.into_iter().filter(|who| *who != owner).chain([owner]);
            let callers: Vec<Who> = callers.collect();
            for command in samples(&town, owner) {
                let rule = declared(&command);
                // What names nothing of anybody is asked once for each caller.
                let askers = if rule == Rule::OwnThing { &callers[..] } else { &callers[callers.len() - 1..] };
                for &who in askers {
                    let before = of_others(&town, who).await;
                    let verdict = town.phone(who).act(command.clone()).await;
                    let at = format!("{command:?} of {owner:?} by {who:?}: {verdict:?}");
                    match rule {
                        Rule::OwnThing if who != owner => {
                            assert_eq!(verdict, Verdict::Refused(Error::NotFound), "{at}");
                        }
                        Rule::Managers if !who.is_manager() => {
                            assert_eq!(verdict, Verdict::Refused(Error::ManagersOnly), "{at}");
                        }
                        _ => assert!(matches!(verdict, Verdict::Confirmed(_)), "{at}"),
                    }
                    assert_eq!(of_others(&town, who).await, before, "{at}");
                }
            }
        }
        let mut tx = world.db.read().await.unwrap();
        let today = backend::programme::current(&mut tx).await.unwrap().day(tx.now()).unwrap();
        let proof = backend::ledger::prove(&mut tx, today).await.unwrap();
        assert!(proof.ok, "{:?}", proof.amiss);
    }

    async fn nobody_acts_as_another_or_with_anothers_act(world) {
        populate(world).await;
        let house = House::bare(world, &[]).await;
        let town = Town::open(world, &house).await;
        for owner in ALL {
            for who in ALL.into_iter().filter(|who| *who != owner) {
                let mut phone = town.phone(who);
                let before = own(&mut town.phone(owner)).await;
                let (owners, callers) = (town.things[&owner].member, town.things[&who].member);
                for command in samples(&town, owner) {
                    // The other's name in the envelope, under one's own session.
                    let (_, body) = phone.command(command).await;
                    let body = body.replace(&callers.to_string(), &owners.to_string());
                    let reply = phone.sync(&Cursor::default(), &[&body]).await;
                    assert_eq!(reply.outcomes[0].verdict, Verdict::Refused(Error::WrongMember), "{body}");
                }
                // The other's act as it is, and under one's own name: neither applied again nor answered as to them.
                let act = &town.things[&owner].act;
                let mine = act.replace(&owners.to_string(), &callers.to_string());
                let reply = phone.sync(&Cursor::default(), &[act, &mine]).await;
                assert_eq!(reply.outcomes[0].verdict, Verdict::Refused(Error::WrongMember));
                assert_eq!(reply.outcomes[1].verdict, Verdict::Refused(Error::IdReuse));
                assert_eq!(own(&mut town.phone(owner)).await, before, "{owner:?} by {who:?}");
            }
        }
    }

    async fn nobody_acts_without_a_live_session(world) {
        populate(world).await;
        let house = House::bare(world, &[]).await;
        let town = Town::open(world, &house).await;
        for owner in ALL {
            let before = own(&mut town.phone(owner)).await;
            for command in samples(&town, owner) {
                let mut phone = town.phone(owner);
                let (_, act) = phone.command(command).await;
                let body = phone.round(&Cursor::default(), &[&act]).await;
                for caller in town.callers.iter().filter(|caller| caller.who.is_none()) {
                    let answer = caller.phone.quietly(caller.phone.json_request("/api/sync", body.clone())).await;
                    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}: {act}", caller.name);
                    caller.assert_told_nothing_foreign(&answer, "/api/sync");
                }
            }
            assert_eq!(own(&mut town.phone(owner)).await, before, "{owner:?}");
        }
    }
}
