//! The initial database of every story: created once, copied for each.

use crate::server::Server;
use backend::clock::Fixed;
use backend::import::{self, Options};
use backend::{Db, events, learning, members, programme, rewards};
use domain::Timestamp;
use domain::id::MemberId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Saturday 21 November 2026, 10:00 in Paris.
pub const NOW: Timestamp = Timestamp(1_795_251_600_000);

const COMPANIES: &str = "company_ref,name,town,joined_on,order_points,advisor_ref\n\
    c-0,Mill & Sons,Lyon,2020-01-01,company,s-lea\n\
    c-1,Site Works,Vienne,2020-01-01,member,\n";
/// The first two manage the wallet of company 0.
const MEMBERS: &str = "member_ref,company_ref,name,phone,email,trade,function,manager,language\n\
    m-0,c-0,Ann,,ann@example.com,baker,decider,true,fr\n\
    m-1,c-0,Bob,,bob@example.com,baker,user,true,en\n\
    m-2,c-0,Cat,,cat@example.com,baker,user,false,en\n\
    m-3,c-1,Dan,,dan@example.com,baker,user,true,fr\n\
    m-4,c-1,Eve,,eve@example.com,baker,user,false,en\n";
pub const MEMBER_COUNT: usize = 5;
const ORDERS: &str = "order_ref,company_ref,ordered_on,quantity,amount,member_ref\n\
    first-0,c-0,2026-11-01,1,550,\n\
    first-1,c-1,2026-10-15,1,300,m-3\n\
    first-2,c-1,2026-09-25,1,200,m-4\n\
    first-3,c-1,2026-11-02,1,100,\n";
pub const REWARDS: usize = 3;
pub const EVENTS: usize = 3;
const STOCK: [i64; REWARDS] = [1, 2, 3];
const SEATS: [u32; EVENTS] = [1, 2, 1];

/// A database file and its members.
pub struct Template {
    _folder: tempfile::TempDir,
    pub file: PathBuf,
    pub members: Vec<MemberId>,
    /// The stock of each reward.
    pub stock: BTreeMap<usize, i64>,
}

/// Creates a temporary folder, in memory if possible: a story kills processes, it does not simulate power loss.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder can be made")
}

pub fn reward_file(reward: usize, points: i64, stock: i64) -> String {
    format!(
        r#"[[reward]]
ref = "r-{reward}"
title = {{ fr = "Cadeau {reward}", en = "Gift {reward}" }}
summary = {{ fr = "Un", en = "One" }}
body = {{ fr = "Un", en = "One" }}
shelf = "work"
points = {points}
stock = {stock}
delivery = "voucher"
"#
    )
}

pub fn event_file(event: usize, starts: &str, seats: u32) -> String {
    format!(
        r#"[[event]]
ref = "e-{event}"
title = {{ fr = "Soirée {event}", en = "Evening {event}" }}
summary = {{ fr = "Un", en = "One" }}
body = {{ fr = "Un", en = "One" }}
starts = "{starts}"
minutes = 60
webinar = "https://example.com/{event}"
seats = {seats}
register_until_hours = 1
"#
    )
}

/// Returns the start of event `event`; one of them lies within most stories.
pub fn starts(event: usize) -> &'static str {
    ["2026-11-23 18:00", "2026-12-20 18:00", "2027-06-01 18:00"][event % EVENTS]
}

pub fn seats(event: usize) -> u32 {
    SEATS[event % EVENTS]
}

/// The first version that asks what `version` asks: every fourth one, from the third, corrects the one before.
pub fn edition(version: u32) -> u32 {
    version - u32::from(version % 4 == 3)
}

/// The first of the versions that pay once between them with `version`: every fourth one pays again.
pub fn pays_since(version: u32) -> u32 {
    (version - version % 4).max(1)
}

pub fn course(version: u32) -> BTreeMap<String, Vec<u8>> {
    let file = include_str!("../programme/course.toml")
        .replace(
            "version = 1",
            &format!(
                "version = {version}\npays_again = {}",
                pays_since(version) == version
            ),
        )
        .replace("Soap?", &format!("Soap {}?", edition(version)));
    BTreeMap::from([
        ("course.toml".to_owned(), file.into_bytes()),
        (
            "01-hands.fr.md".to_owned(),
            format!("# Mains\n\nSavon {version}.").into_bytes(),
        ),
        (
            "01-hands.en.md".to_owned(),
            format!("# Hands\n\nSoap {version}.").into_bytes(),
        ),
    ])
}

pub const OPTIONS: Options = Options {
    dry_run: false,
    skip_bad: false,
    complete: false,
    end_missing: false,
    create_companies: false,
    distinct_refs: false,
    phone_country: "+33",
    given: backend::import::Given::NOTHING,
};

impl Template {
    pub async fn make() -> backend::Result<Template> {
        let folder = folder();
        let file = folder.path().join("template.db");
        let fixed = Arc::new(Fixed::new(NOW, 1));
        let db = Db::open(&Server::url(&file), fixed.clone(), fixed).await?;
        backend::migrate(&db).await?;
        let settings = programme::Settings::parse(include_str!("../programme/programme.toml"))?;
        let mut tx = db.write().await?;
        programme::apply::apply(&mut tx, &settings, programme::apply::Past::Keeps).await?;
        tx.commit().await?;
        for (report, what) in [
            (
                import::companies(&db, COMPANIES.as_bytes(), OPTIONS, |_| {}).await?,
                "companies",
            ),
            (
                import::members(&db, MEMBERS.as_bytes(), OPTIONS, |_| {}).await?,
                "members",
            ),
            (
                import::orders(&db, ORDERS.as_bytes(), OPTIONS, |_| {}).await?,
                "orders",
            ),
        ] {
            assert!(report.kept, "{what}: {:?}", report.bad);
        }
        let mut tx = db.write().await?;
        for (reward, stock) in STOCK.into_iter().enumerate() {
            let text = reward_file(reward, 80 + 40 * reward as i64, stock);
            rewards::import_file(&mut tx, &text).await?;
        }
        for event in 0..EVENTS {
            events::import_file(&mut tx, &event_file(event, starts(event), seats(event))).await?;
        }
        learning::import_files(&mut tx, &course(1)).await?;
        let mut members = Vec::new();
        for member in 0..MEMBER_COUNT {
            let found = members::find_by_ref(&mut tx, &format!("m-{member}")).await?;
            members.push(found.expect("the member was imported").0);
        }
        tx.commit().await?;
        db.close().await;
        Ok(Template {
            _folder: folder,
            file,
            members,
            stock: STOCK.into_iter().enumerate().collect(),
        })
    }
}
