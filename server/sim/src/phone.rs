//! A phone: a browser with a cookie, a store for each member who used it, and the real client logic on top.

use crate::server::Cookie;
use crate::story::{End, What};
use app::phone::Phone;
use app::phone::outbox::State;
use app::phone::store::memory::Memory;
use app::phone::store::{Durability, Op, Store};
use app::phone::sync::{Answer, Next, Round};
use domain::Timestamp;
use domain::id::{CommandId, DeviceId, MemberId, SessionId};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use uuid::Uuid;

/// Runs a future that completes at the first poll: the in-memory store never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the store waited"),
    }
}

/// An act that is in the phone's store, so the phone reported it as saved (or would have, had it not crashed then).
#[derive(Clone, Debug)]
pub struct Promise {
    pub id: CommandId,
    pub member: MemberId,
    pub body: String,
}

pub struct Hardware {
    /// Clock error in days.
    pub skew: i64,
    pub cookie: Option<Cookie>,
    pub stores: BTreeMap<MemberId, Memory>,
    sessions: BTreeMap<MemberId, SessionId>,
    /// The member's data in memory.
    pub app: Phone,
    /// The round in flight, and its response if that is already on its way back.
    pub out: Option<(Round, Option<Answer>)>,
    acts: u64,
    salt: u8,
}

impl Hardware {
    pub fn new(salt: u8, cookie: Cookie) -> Hardware {
        // One installation per phone, whoever signs in.
        let device = DeviceId(Uuid::from_u128(u128::from(salt) + 1));
        let app = Phone::from_loaded(cookie.member, device, Default::default());
        let mut hardware = Hardware {
            skew: 0,
            stores: BTreeMap::new(),
            sessions: BTreeMap::new(),
            app,
            out: None,
            acts: 0,
            salt,
            cookie: None,
        };
        hardware.signed_in(cookie);
        hardware.open();
        hardware
    }

    /// Sets the browser's new cookie. The open app changes only with its next start or round.
    pub fn signed_in(&mut self, cookie: Cookie) {
        self.stores.entry(cookie.member).or_default();
        self.sessions.insert(cookie.member, cookie.session);
        self.cookie = Some(cookie);
    }

    pub fn store(&self) -> &Memory {
        &self.stores[&self.app.member]
    }

    /// Starts the app from its store.
    pub fn open(&mut self) {
        let member = self
            .cookie
            .as_ref()
            .map_or(self.app.member, |cookie| cookie.member);
        let loaded = at_once(self.stores.entry(member).or_default().load()).expect("the store can be read");
        self.app = Phone::from_loaded(member, self.app.device, loaded);
        if let Some(session) = self.sessions.get(&member) {
            self.app.signed_in(*session);
        }
        self.out = None;
    }

    pub fn now(&self, server: Timestamp) -> Timestamp {
        server.plus(self.skew * Timestamp::DAY)
    }

    fn chance(&mut self) -> [u8; 10] {
        self.acts += 1;
        let mut chance = [self.salt; 10];
        chance[..8].copy_from_slice(&self.acts.to_be_bytes());
        chance
    }

    /// Does something; answers the promise, once it is written.
    pub fn act(&mut self, what: What, end: End, server: Timestamp) -> Option<Promise> {
        let command = what.command(&self.app)?;
        let now = self.now(server);
        let chance = self.chance();
        self.app.outbox.observe_seq(self.last_seq());
        let (item, ops) = self.app.prepare(command, None, now, chance);
        if end == End::DiesBeforeWriting {
            self.open();
            return None;
        }
        self.write(ops, Durability::Strict);
        let promise = Promise {
            id: item.id,
            member: self.app.member,
            body: item.body.clone(),
        };
        if end == End::DiesAfterWriting {
            self.open();
        } else {
            self.app.saved(item, None);
        }
        Some(promise)
    }

    /// Performs an act in a second tab; this tab reloads the store afterwards.
    pub fn act_in_other_tab(&mut self, what: What, server: Timestamp) -> Option<Promise> {
        let tab = self.fresh();
        let here = std::mem::replace(&mut self.app, tab);
        let promise = self.act(what, End::Well, server);
        self.app = here;
        let loaded = at_once(self.store().load()).expect("the store can be read");
        self.app.reload(loaded);
        promise
    }

    fn fresh(&self) -> Phone {
        let loaded = at_once(self.store().load()).expect("the store can be read");
        Phone::from_loaded(self.app.member, self.app.device, loaded)
    }

    /// Returns the highest sequence number any tab has assigned.
    fn last_seq(&self) -> i64 {
        let loaded = at_once(self.store().load()).expect("the store can be read");
        loaded.meta.read("seq").unwrap_or(0)
    }

    fn write(&self, ops: Vec<Op>, durability: Durability) {
        at_once(self.store().commit(ops, durability)).expect("the store takes it");
    }

    /// Begins a round; a round still in flight counts as timed out.
    pub fn request(&mut self) -> String {
        if self.out.is_some() {
            self.answered(&Answer::default());
        }
        let round = self.app.request();
        self.app.sent(&round.ids);
        let body = round.body.clone();
        self.out = Some((round, None));
        body
    }

    /// Applies the response to the round in flight; `None` if there is no such round.
    pub fn answered(&mut self, answer: &Answer) -> Option<Next> {
        let (round, _) = self.out.take()?;
        let (ops, next) = self.app.apply(&round.ids, answer, u32::MAX / 2);
        self.write(ops, Durability::Relaxed);
        Some(next)
    }

    /// Applies the response in memory, then crashes the phone before anything is written.
    pub fn answered_in_vain(&mut self, answer: &Answer) {
        if let Some((round, _)) = self.out.take() {
            let _ = self.app.apply(&round.ids, answer, 0);
        }
        self.open();
    }

    pub fn evict(&mut self) {
        for store in self.stores.values_mut() {
            *store = Memory::default();
        }
        self.open();
    }

    pub fn unpark(&mut self) {
        let stuck: Vec<CommandId> = self
            .app
            .outbox
            .iter()
            .filter(|item| item.state == State::Parked)
            .map(|item| item.id)
            .collect();
        for id in stuck {
            let ops: Vec<Op> = self.app.unpark(id).into_iter().collect();
            self.write(ops, Durability::Strict);
        }
    }

    /// Signs the member out. `erase`: also erases their data, which the app does only when nothing is unsent.
    pub fn sign_out(&mut self, erase: bool) -> Option<Cookie> {
        let cookie = self.cookie.take();
        if erase && self.app.outbox.count_open() == 0 {
            self.stores.insert(self.app.member, Memory::default());
        }
        self.open();
        cookie
    }

    /// Returns every act in the store, with its state.
    pub fn written(&self, member: MemberId) -> BTreeMap<CommandId, app::phone::outbox::Item> {
        let Some(store) = self.stores.get(&member) else {
            return BTreeMap::new();
        };
        let loaded = at_once(store.load()).expect("the store can be read");
        loaded
            .outbox
            .iter()
            .filter_map(|row| app::phone::json::read::<app::phone::outbox::Item>(row.as_str()))
            .map(|item| (item.id, item))
            .collect()
    }

    /// Returns every document in the store.
    pub fn documents(&self) -> BTreeMap<(String, String), serde_json::Value> {
        let loaded = at_once(self.store().load()).expect("the store can be read");
        loaded
            .docs
            .into_iter()
            .map(|row| {
                let body = serde_json::from_str(row.body.as_str()).expect("a document is JSON");
                ((row.collection, row.id), body)
            })
            .collect()
    }
}
