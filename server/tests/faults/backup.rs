//! A backup is taken while members act; they continue, then only the backup is left. Nothing their phones hold is lost.

use crate::audit::Audit;
use crate::harness::Harness;
use crate::phones::Crowd;
use crate::rng::seed;
use app::phone::sync::Next;
use std::collections::HashSet;
use std::time::Duration;

const PHONES: usize = 20;
const LOAD: Duration = Duration::from_millis(1500);

async fn is_restored(harness: &Harness) {
    let audit = Audit::begin(harness).await;
    let server = harness.serve().await;
    let busy = Crowd::sign_in(harness, server.address, PHONES, seed()).await.go();
    tokio::time::sleep(LOAD).await;

    let before = busy.net.take_told();
    taken(harness).await;
    // The copy is consistent although the server runs, and holds every outcome sent before the backup began.
    let copy = harness.copy("backup.db");
    let kept = Audit::begin(&copy).await;
    kept.all_right(&copy).await;
    kept.has_all(&before).await;
    let kept = kept.log().await;

    tokio::time::sleep(LOAD).await;
    let net = busy.net.clone();
    let mut crowd = busy.stop().await;
    // One phone is offline now, and one signs in after the backup: that session is lost with the restore.
    let late = crowd.phones.pop().unwrap();
    crowd.settle().await;
    let told = net.take_told();
    let lost: HashSet<_> = told
        .iter()
        .map(|told| told.id)
        .filter(|id| !kept.contains_key(id))
        .collect();
    assert!(!lost.is_empty(), "the backup lacks nothing");
    let anew = net.sign_in(harness, crowd.phones[0].reference).await;
    crowd.phones[0].open_again(anew).await;
    for phone in &mut crowd.phones {
        phone.keep_draft("quiz", "half done").await;
        phone.act().await;
    }
    server.kill();

    refused_while_it_holds_anything(harness);
    harness.good(&["restore", "backup.db", "--force"]);
    assert_eq!(audit.log().await, kept, "the database is the backup");
    let server = harness.serve().await;
    net.address.set(server.address);
    // Acts decided after the backup may get another outcome now, because other acts arrive first.
    crowd.phones.push(late);
    let decided: Vec<HashSet<_>> = crowd
        .phones
        .iter()
        .map(|phone| phone.told().keys().copied().collect())
        .collect();
    for phone in &mut crowd.phones {
        phone.forget_outcomes();
    }
    assert_eq!(
        crowd.phones[0].round().await,
        Next::SignIn,
        "its session came after the backup"
    );
    let anew = net.sign_in(harness, crowd.phones[0].reference).await;
    crowd.phones[0].open_again(anew).await;
    // Each app is closed right after the round with the new epoch: the acts to send again are in its store.
    for phone in &mut crowd.phones {
        phone.round().await;
        phone.open_again(phone.session.clone()).await;
    }
    crowd.settle().await;

    for (phone, decided) in crowd.phones.iter().zip(&decided) {
        assert_eq!(
            phone.phone.outbox.count_open(),
            0,
            "{} has open acts",
            phone.reference
        );
        for id in decided {
            assert!(
                phone.told().contains_key(id),
                "{} is not told of {id} again",
                phone.reference
            );
            let item = phone.phone.outbox.get(*id).expect("the phone has kept it");
            assert!(
                item.outcome().is_some(),
                "{} does not see what became of {id}",
                phone.reference
            );
        }
    }
    crowd.assert_all_decided();
    let drafts = crowd
        .phones
        .iter()
        .filter(|phone| phone.phone.drafts.contains_key("quiz"));
    assert_eq!(drafts.count(), PHONES - 1);
    let told = net.take_told();
    let unchanged = told.iter().filter(|told| kept.contains_key(&told.id));
    for told in unchanged {
        assert_eq!(kept[&told.id], told.outcome, "{} was in the backup", told.id);
    }
    audit.has_all(&told).await;
    let log = audit.log().await;
    assert_eq!(log.len(), crowd.made(), "each act is in the log once");
    crowd.assert_equal_to_new_phones().await;
    audit.all_right(harness).await;
    println!(
        "{} acts, {} of them told and not in the backup; all are decided again",
        crowd.made(),
        lost.len()
    );
    server.kill();
}

/// Takes the backup without blocking the phones.
async fn taken(harness: &Harness) {
    let mut taking = harness.command().args(["backup", "backup.db"]).spawn().unwrap();
    let status = loop {
        match taking.try_wait().unwrap() {
            Some(status) => break status,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert!(status.success());
}

fn refused_while_it_holds_anything(harness: &Harness) {
    let before = harness.good(&["ledger", "prove"]);
    let said = harness.bad(&["restore", "backup.db"]);
    assert!(
        said.contains("holds a programme already") && said.contains("--force"),
        "{said}"
    );
    assert_eq!(harness.good(&["ledger", "prove"]), before);
}

#[tokio::test]
async fn on_sqlite() {
    let local = tokio::task::LocalSet::new();
    local.run_until(is_restored(&Harness::sqlite())).await;
}

#[tokio::test]
async fn on_postgres() {
    let local = tokio::task::LocalSet::new();
    if let Some(harness) = Harness::postgres().await {
        local.run_until(is_restored(&harness)).await;
    }
}

/// The backup includes what is only in SQLite's WAL, as after a few acts.
#[tokio::test]
async fn what_was_told_last_is_in_it() {
    let local = tokio::task::LocalSet::new();
    let harness = Harness::sqlite();
    let test = async {
        let server = harness.serve().await;
        let mut crowd = Crowd::sign_in(&harness, server.address, 2, seed()).await;
        for phone in &mut crowd.phones {
            phone.act().await;
            phone.act().await;
        }
        crowd.settle().await;
        harness.good(&["backup", "backup.db"]);
        let copy = harness.copy("backup.db");
        let told = crowd.net.take_told();
        assert!(!told.is_empty());
        Audit::begin(&copy).await.has_all(&told).await;
    };
    local.run_until(test).await;
}

#[tokio::test]
async fn what_cannot_be_is_said_and_changes_nothing() {
    let harness = Harness::sqlite();
    let proof = harness.good(&["ledger", "prove"]);
    assert!(harness.good(&["backup", "one.db"]).starts_with("one.db: "));
    let one = std::fs::read(harness.path("one.db")).unwrap();
    for (arguments, words) in [
        (vec!["backup", "one.db"], ["one.db", "--force replaces it"]),
        (
            vec!["backup", "compagnon.db"],
            ["compagnon.db", "the database itself"],
        ),
        (
            vec!["backup", "compagnon.db", "--force"],
            ["compagnon.db", "the database itself"],
        ),
        (
            vec!["backup", "no/such/two.db"],
            ["no/such/two.db", "No such file"],
        ),
        (
            vec!["--database-url", "sqlite:no.db", "backup", "three.db"],
            ["no.db", "No such file"],
        ),
        (vec!["restore", "no.db", "--force"], ["no.db", "No such file"]),
        (
            vec!["restore", "rewards.toml", "--force"],
            ["rewards.toml", "not a database"],
        ),
        (vec!["restore", "cut.db", "--force"], ["cut.db", "malformed"]),
        (
            vec!["restore", "empty.db", "--force"],
            ["empty.db", "no programme"],
        ),
    ] {
        std::fs::write(harness.path("cut.db"), &one[..one.len() / 2]).unwrap();
        std::fs::write(harness.path("empty.db"), "").unwrap();
        let said = harness.bad(&arguments);
        assert!(
            words.iter().all(|word| said.contains(word)),
            "{arguments:?}: {said}"
        );
    }
    assert_eq!(std::fs::read(harness.path("one.db")).unwrap(), one);
    assert_eq!(harness.good(&["ledger", "prove"]), proof);
    let left: Vec<String> = std::fs::read_dir(harness.folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".compagnon") || name.starts_with("no") || name.starts_with("three"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "nothing half done is left");

    let server = harness.serve().await;
    let said = harness.bad(&["restore", "one.db", "--force"]);
    assert!(said.contains("in use"), "{said}");
    server.kill();
    harness.good(&["restore", "one.db", "--force"]);
    assert_eq!(harness.good(&["ledger", "prove"]), proof);
    assert_eq!(
        harness.good(&[
            "--database-url",
            "sqlite:compagnon.db.replaced",
            "ledger",
            "prove"
        ]),
        proof
    );
    // A new file needs no `--force`; a second restore does not overwrite the replaced database.
    harness.good(&["--database-url", "sqlite:new/new.db", "restore", "one.db"]);
    assert_eq!(
        harness.good(&["--database-url", "sqlite:new/new.db", "ledger", "prove"]),
        proof
    );
    assert!(
        harness
            .bad(&["restore", "one.db", "--force"])
            .contains("compagnon.db.replaced")
    );
}

/// Copies a database from one engine to the other and back.
#[tokio::test]
async fn between_engines() {
    let Some(harness) = Harness::postgres().await else {
        return;
    };
    let proof = harness.good(&["ledger", "prove"]);
    harness.good(&["backup", "one.db"]);
    assert_eq!(harness.copy("one.db").good(&["ledger", "prove"]), proof);
    let server = harness.serve().await;
    assert!(harness.bad(&["restore", "one.db", "--force"]).contains("in use"));
    server.kill();
    harness.good(&["restore", "one.db", "--force"]);
    assert_eq!(harness.good(&["ledger", "prove"]), proof);
    harness.good(&["backup", "one.db", "--force"]);
    harness.good(&["--database-url", "sqlite:new.db", "restore", "one.db"]);
    assert_eq!(harness.copy("new.db").good(&["ledger", "prove"]), proof);
}
