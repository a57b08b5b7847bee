//! Virtual phones: the app's own outbox, replica and rounds over an in-memory store, with a real HTTP client.

use crate::harness::{Harness, WAIT_TIMEOUT};
use crate::rng::Rng;
use app::phone::Phone;
use app::phone::store::memory::Memory;
use app::phone::store::{Durability, Loaded, Store};
use app::phone::sync::{Answer, Next};
use app::samples;
use backend::clock::{Clock, System};
use domain::id::{CommandId, DeviceId, MemberId};
use domain::sync::{Cursor, Reply};
use domain::{Command, Outcome, Verdict, members};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// Members of the demo, some of them colleagues.
const MEMBERS: [&str; 20] = [
    "m-marie", "m-karim", "m-tom", "m-004", "m-005", "m-006", "m-007", "m-008", "m-009", "m-010", "m-011",
    "m-012", "m-013", "m-014", "m-015", "m-016", "m-017", "m-018", "m-019", "m-020",
];

/// The outcome of an act as a phone received it, byte for byte.
#[derive(Clone, Debug)]
pub struct Told {
    /// Number of the phone.
    pub phone: usize,
    pub id: CommandId,
    pub body: String,
    pub outcome: String,
}

/// The server's address for all phones, and the flag that keeps them running.
#[derive(Clone)]
pub struct Net {
    pub client: reqwest::Client,
    pub address: Rc<Cell<SocketAddr>>,
    going: Rc<Cell<bool>>,
    told: Rc<RefCell<Vec<Told>>>,
    /// Number of rounds with acts that got no successful response.
    pub unanswered: Rc<Cell<u64>>,
}

/// The identity a request carries.
#[derive(Clone)]
pub struct Session {
    cookie: String,
    pub member: MemberId,
    pub device: DeviceId,
}

/// A member's phone.
pub struct Handset {
    number: usize,
    pub reference: &'static str,
    pub session: Session,
    pub phone: Phone,
    store: Memory,
    rng: Rng,
    net: Net,
    known: BTreeMap<CommandId, String>,
    pub made: BTreeSet<CommandId>,
    refusals: u64,
}

/// All phones of a test.
pub struct Crowd {
    pub net: Net,
    pub phones: Vec<Handset>,
}

/// Phones that act until they are stopped.
pub struct Busy {
    pub net: Net,
    pub sessions: Vec<Session>,
    tasks: Vec<tokio::task::JoinHandle<Handset>>,
}

impl Net {
    pub fn new(address: SocketAddr) -> Net {
        // Fails only if another test of this process has installed a provider, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            // One connection per request, so that each may be cut.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Net {
            client,
            address: Rc::new(Cell::new(address)),
            going: Rc::new(Cell::new(true)),
            told: Rc::default(),
            unanswered: Rc::default(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address.get())
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        match self.client.get(self.url(path)).send().await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(_) => (0, String::new()),
        }
    }

    /// Returns the outcomes received since the last call.
    pub fn take_told(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.borrow_mut())
    }

    pub fn told_so_far(&self) -> usize {
        self.told.borrow().len()
    }

    pub async fn sign_in(&self, harness: &Harness, member: &str) -> Session {
        let code = harness.code(member);
        let answer = self
            .client
            .post(self.url("/invitation"))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("code={code}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 303, "{member} signs in");
        let cookies = answer.headers().get_all("set-cookie");
        let session = cookies
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .find(|cookie| cookie.starts_with("session="))
            .unwrap()
            .to_owned();
        let who = self
            .client
            .get(self.url("/api/session"))
            .header("cookie", &session);
        let who: serde_json::Value = who.send().await.unwrap().json().await.unwrap();
        let id = |name: &str| who[name].as_str().unwrap().parse().unwrap();
        Session {
            cookie: session,
            member: MemberId(id("member")),
            device: DeviceId(id("device")),
        }
    }

    /// Sends one request to `/api/sync`; status 0 if no complete response came.
    pub async fn sync(&self, session: &Session, body: String) -> Answer {
        let asked = self
            .client
            .post(self.url("/api/sync"))
            .header("cookie", &session.cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .body(body)
            .send();
        let Ok(answer) = asked.await else {
            return Answer::default();
        };
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|wait| wait.to_str().ok()?.parse().ok());
        match answer.text().await {
            Ok(body) => Answer {
                status,
                body,
                retry_after,
            },
            Err(_) => Answer::default(),
        }
    }

    /// Sends raw commands and returns the raw outcomes.
    pub async fn replay(&self, session: &Session, bodies: &[&str]) -> Vec<String> {
        let (member, device) = (session.member, session.device);
        let commands = bodies.join(",");
        let body = format!(
            r#"{{"proto":1,"member":"{member}","device":"{device}","push_only":true,"commands":[{commands}]}}"#
        );
        let answer = self.sync(session, body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let reply: Reply<Box<RawValue>, IgnoredAny> = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(reply.outcomes.len(), bodies.len());
        let outcomes = reply.outcomes.iter();
        outcomes.map(|outcome| outcome.get().to_owned()).collect()
    }
}

impl Crowd {
    /// Signs in the first `count` members, each on a phone.
    pub async fn sign_in(harness: &Harness, address: SocketAddr, count: usize, seed: u64) -> Crowd {
        let net = Net::new(address);
        let mut phones = Vec::new();
        for (number, reference) in MEMBERS.into_iter().take(count).enumerate() {
            let session = net.sign_in(harness, reference).await;
            phones.push(Handset {
                number,
                reference,
                phone: Phone::from_loaded(session.member, session.device, Loaded::default()),
                session,
                store: Memory::default(),
                rng: Rng::new(seed.wrapping_mul(1000).wrapping_add(number as u64)),
                net: net.clone(),
                known: BTreeMap::new(),
                made: BTreeSet::new(),
                refusals: 0,
            });
        }
        let mut crowd = Crowd { net, phones };
        crowd.settle().await;
        crowd
    }

    /// Lets all phones act concurrently.
    pub fn go(self) -> Busy {
        self.net.going.set(true);
        let sessions = self.phones.iter().map(|phone| phone.session.clone()).collect();
        let tasks = self
            .phones
            .into_iter()
            .map(|phone| tokio::task::spawn_local(phone.live()))
            .collect();
        Busy {
            net: self.net,
            sessions,
            tasks,
        }
    }

    /// Runs rounds on all phones until nothing is left to send or receive.
    pub async fn settle(&mut self) {
        // Twice: one phone's acts change what another one sees.
        for _ in 0..2 {
            for phone in &mut self.phones {
                phone.settle().await;
            }
        }
    }

    pub fn made(&self) -> usize {
        self.phones.iter().map(|phone| phone.made.len()).sum()
    }

    pub fn refused(&self) -> u64 {
        self.phones.iter().map(|phone| phone.refusals).sum()
    }

    /// Checks that no act is waiting or stuck and every act ever made has its outcome.
    pub fn assert_all_decided(&self) {
        for phone in &self.phones {
            assert_eq!(
                phone.phone.outbox.count_open(),
                0,
                "{} has open acts",
                phone.reference
            );
            for id in &phone.made {
                assert!(
                    phone.known.contains_key(id),
                    "{} was never told of {id}",
                    phone.reference
                );
            }
        }
    }

    /// Checks that each phone shows the same as a new one.
    pub async fn assert_equal_to_new_phones(&self) {
        for phone in &self.phones {
            let (old, new) = (phone.documents().await, phone.as_new().await);
            let differs: Vec<_> = old
                .iter()
                .filter(|(key, body)| new.get(*key) != Some(body))
                // A new phone gets only the newest acts.
                .filter(|((collection, _), _)| collection != "act")
                .chain(new.iter().filter(|(key, body)| old.get(*key) != Some(body)))
                .map(|(key, body)| format!("{key:?}: {body}"))
                .collect();
            assert!(differs.is_empty(), "{}: {differs:#?}", phone.reference);
        }
    }
}

impl Busy {
    pub async fn stop(self) -> Crowd {
        self.net.going.set(false);
        let mut phones = Vec::new();
        for task in self.tasks {
            phones.push(task.await.unwrap());
        }
        Crowd {
            net: self.net,
            phones,
        }
    }
}

type Documents = BTreeMap<(String, String), String>;

impl Handset {
    async fn live(mut self) -> Handset {
        while self.net.going.get() {
            for _ in 0..=self.rng.below(3) {
                self.act().await;
            }
            while self.net.going.get() {
                match self.round().await {
                    Next::Again => {}
                    Next::Rest => break,
                    // Why shorter than asked: the test has less time than a member.
                    Next::Wait(_) => self.pause(40).await,
                    next => panic!("{}: {next:?}", self.reference),
                }
            }
            self.pause(25).await;
        }
        self
    }

    async fn pause(&self, most: u64) {
        tokio::time::sleep(Duration::from_millis(self.rng.below(most))).await;
    }

    /// Saves one act on the phone.
    pub async fn act(&mut self) {
        let Some(command) = self.think() else { return };
        let now = System::default().now();
        let id = self
            .phone
            .add(&self.store, command, now, self.rng.random_bytes())
            .await
            .unwrap();
        self.made.insert(id);
    }

    /// Chooses the member's next command. Many are refused, as in production.
    fn think(&self) -> Option<Command> {
        let things = samples::things(&self.phone, |count| self.rng.below(count as u64) as usize);
        let might = Command::samples(&things).into_iter().filter(|command| {
            // A phone that is signed out would come to rest.
            let signs_out = matches!(command, Command::Members(members::Command::SignOutDevice { .. }));
            !signs_out && !samples::names_nothing(command)
        });
        self.rng.any(might)
    }

    /// Runs one round with the server, as the app does.
    pub async fn round(&mut self) -> Next {
        let round = self.phone.request();
        self.phone.sent(&round.ids);
        let answer = self.net.sync(&self.session, round.body).await;
        match answer.status {
            200 => self.note(&answer.body),
            _ if round.ids.is_empty() => {}
            _ => self.net.unanswered.update(|count| count + 1),
        }
        let (ops, next) = self.phone.apply(&round.ids, &answer, 0);
        self.store.commit(ops, Durability::Relaxed).await.unwrap();
        next
    }

    /// Records the outcomes and checks that none ever changes.
    fn note(&mut self, reply: &str) {
        let reply: Reply<Box<RawValue>, IgnoredAny> = serde_json::from_str(reply).unwrap();
        for raw in reply.outcomes {
            let outcome: Outcome = serde_json::from_str(raw.get()).unwrap();
            match outcome.verdict {
                Verdict::Failed | Verdict::Newer => {
                    panic!("{}: the server failed at {}", self.reference, outcome.id)
                }
                Verdict::Refused(_) => self.refusals += 1,
                Verdict::Confirmed(_) => {}
            }
            let id = outcome.id;
            match self.known.get(&id) {
                Some(known) => assert_eq!(known, raw.get(), "{}: another outcome", self.reference),
                None => {
                    let item = self.phone.outbox.get(id).unwrap();
                    self.net.told.borrow_mut().push(Told {
                        phone: self.number,
                        id,
                        body: item.body.clone(),
                        outcome: raw.get().to_owned(),
                    });
                    self.known.insert(id, raw.get().to_owned());
                }
            }
        }
    }

    /// Forgets the outcomes: after a restore the server may decide acts differently.
    pub fn forget_outcomes(&mut self) {
        self.known.clear();
    }

    /// Returns the outcomes the phone has received.
    pub fn told(&self) -> &BTreeMap<CommandId, String> {
        &self.known
    }

    /// Runs rounds until nothing is left to send or receive.
    pub async fn settle(&mut self) {
        let all = async {
            loop {
                match self.round().await {
                    Next::Rest => break,
                    Next::Again => {}
                    Next::Wait(_) => self.pause(40).await,
                    next => panic!("{}: {next:?}", self.reference),
                }
            }
        };
        tokio::time::timeout(WAIT_TIMEOUT, all)
            .await
            .expect("the phones come to rest");
    }

    /// Closes and reopens the app, possibly with a new session.
    pub async fn open_again(&mut self, session: Session) {
        let loaded = self.store.load().await.unwrap();
        self.phone = Phone::from_loaded(session.member, session.device, loaded);
        self.session = session;
    }

    pub async fn keep_draft(&mut self, key: &str, text: &str) {
        let op = self.phone.draft(key, text.to_owned());
        self.store.commit(vec![op], Durability::Strict).await.unwrap();
    }

    /// Returns the documents in the phone's store.
    async fn documents(&self) -> Documents {
        let loaded = self.store.load().await.unwrap();
        let rows = loaded.docs.into_iter();
        rows.map(|row| ((row.collection, row.id), row.body.as_str().to_owned()))
            .collect()
    }

    /// Returns the documents a new phone of this member gets.
    async fn as_new(&self) -> Documents {
        let have = serde_json::to_string(&Cursor::default()).unwrap();
        let (member, device) = (self.session.member, self.session.device);
        let body =
            format!(r#"{{"proto":1,"member":"{member}","device":"{device}","have":{have},"commands":[]}}"#);
        let answer = self.net.sync(&self.session, body).await;
        assert_eq!(answer.status, 200, "{}", self.reference);
        let reply: Reply<IgnoredAny, Box<RawValue>> = serde_json::from_str(&answer.body).unwrap();
        let docs = reply.docs.into_iter();
        docs.map(|doc| ((doc.collection, doc.id), doc.body.get().to_owned()))
            .collect()
    }
}
