//! The running app: one phone in memory, what pages show of it, and when it talks to the server.

use super::derived::Derived;
use super::identity::{self, Identity, Who};
use super::js;
use super::store::Database;
use crate::activity::view::ActivityView;
use crate::events::view::EventsView;
use crate::feature::Feature;
use crate::learning::view::LearningView;
use crate::ledger::view::LedgerView;
use crate::members::view::MemberView;
use crate::notices::view::NoticesView;
use crate::phone::Basis;
use crate::phone::Phone;
use crate::phone::outbox::State;
use crate::phone::store::{Durability, Failure, Op, Store};
use crate::phone::sync::{Answer, Next};
use crate::rewards::view::RewardsView;
use crate::{events, learning, ledger, members, notices, rewards, text};
use domain::id::CommandId;
use domain::{Command, Lang, Timestamp};
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

/// What the frame has to say about the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Not tried yet.
    #[default]
    Unknown,
    Online,
    /// The last round told nothing.
    Offline,
    /// The session has ended; everything is kept.
    SignIn,
    /// The server wants a newer app.
    Update,
}

/// Where the app stands as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// What the phone knows is about to be shown.
    #[default]
    Start,
    /// The first documents are on their way.
    First,
    Open,
    /// Nobody is signed in, or nobody is known and the network is away.
    SignedOut,
    /// The browser gives no store; without one the app could keep nothing.
    NoStore,
}

/// What pages read. Signals only, so it is free to copy.
#[derive(Clone, Copy)]
pub struct App {
    pub stage: RwSignal<Stage>,
    /// The first picture stands: what lies below it may follow.
    pub settled: RwSignal<bool>,
    pub member: Derived<MemberView>,
    pub activity: Derived<ActivityView>,
    pub events: Derived<EventsView>,
    pub learning: Derived<LearningView>,
    pub ledger: Derived<LedgerView>,
    pub notices: Derived<NoticesView>,
    pub rewards: Derived<RewardsView>,
    pub counts: Derived<Counts>,
    /// Counts the changes of what is in memory.
    changed: RwSignal<u32>,
    pub lang: Memo<Lang>,
    pub link: RwSignal<Link>,
    /// The server's clock at the last full round.
    pub synced_at: RwSignal<Option<Timestamp>>,
    pub busy: RwSignal<bool>,
    /// An act is being saved; no other begins before it is.
    pub acting: RwSignal<bool>,
    /// A newer app is on the phone.
    pub update: RwSignal<bool>,
    /// The browser would install the app if asked.
    pub installable: RwSignal<bool>,
    /// The browser had thrown the member's data away.
    pub evicted: RwSignal<bool>,
    /// The last thing to say in passing, and how often something was said.
    pub said: RwSignal<(u32, String)>,
    /// The phone's clock, once a minute.
    pub now: RwSignal<Timestamp>,
}

thread_local! {
    static PHONE: RefCell<Option<Phone>> = const { RefCell::new(None) };
    static SYNCING: Cell<bool> = const { Cell::new(false) };
    static ONCE_MORE: Cell<bool> = const { Cell::new(false) };
    static RETRY: RefCell<Option<js::Timeout>> = const { RefCell::new(None) };
    static UNSAVED_DRAFTS: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    static DRAFT_TIMER: RefCell<Option<js::Timeout>> = const { RefCell::new(None) };
    static ASKED_TO_PERSIST: Cell<bool> = const { Cell::new(false) };
}

/// How soon a draft is on the disk after a change.
const DRAFT_DELAY: i64 = 300;
const PATIENCE: u32 = 30_000;
/// How long a request is out before the screen says "sent".
const SENT_AFTER: i64 = 150;
const MINUTE: i64 = 60_000;

fn with_phone<T>(work: impl FnOnce(&mut Phone) -> T) -> Option<T> {
    PHONE.with_borrow_mut(|phone| phone.as_mut().map(work))
}

fn database() -> Option<Database> {
    with_phone(|phone| Database(phone.member))
}

/// Acts that need the network, or the member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// They go with the next round.
    pub waiting: usize,
    /// They are stuck.
    pub parked: usize,
    /// Refusals nobody has looked at yet.
    pub refused: usize,
}

impl Counts {
    fn of(phone: &Phone) -> Counts {
        let waiting = phone.outbox.waiting();
        Counts {
            waiting,
            parked: phone.outbox.open() - waiting,
            refused: phone.unseen_refusals(),
        }
    }

    /// Acts the server has not decided on.
    pub fn open(self) -> usize {
        self.waiting + self.parked
    }
}

/// What lies in the store of this phone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    pub documents: usize,
    /// Decided or not.
    pub acts: usize,
    /// Half-done work.
    pub drafts: usize,
}

/// A feature's view: made anew when its documents or acts have changed, or a view that `prepare` reads.
fn view_of<V, B>(
    changed: RwSignal<u32>,
    feature: Feature,
    prepare: impl Fn() -> B + Send + Sync + 'static,
) -> Derived<V>
where
    V: Default + Send + Sync + 'static,
    B: Fn(&Phone) -> V,
{
    let basis = basis_of(changed, feature);
    Derived::always(move || {
        basis.track();
        let build = prepare();
        with_phone(|phone| build(phone)).unwrap_or_default()
    })
}

fn basis_of(changed: RwSignal<u32>, feature: Feature) -> Derived<Basis> {
    Derived::new(move || {
        changed.track();
        with_phone(|phone| phone.basis(feature.collections, feature.tag)).unwrap_or_default()
    })
}

impl App {
    /// The app's signals; `first`: the language until the member's own is known.
    pub fn new(first: Lang) -> App {
        let changed = RwSignal::new(0);
        let member = view_of(changed, members::FEATURE, || MemberView::of);
        let rewards = view_of(changed, rewards::FEATURE, || RewardsView::of);
        let learning = view_of(changed, learning::FEATURE, move || {
            let member = member.get();
            move |phone: &Phone| LearningView::of(phone, &member)
        });
        let ledger = view_of(changed, ledger::FEATURE, move || {
            let (learning, rewards) = (learning.get(), rewards.get());
            move |phone: &Phone| {
                let effects = learning.effects.iter().chain(&rewards.effects);
                LedgerView::of(phone, effects.copied())
            }
        });
        App {
            stage: RwSignal::new(Stage::Start),
            settled: RwSignal::new(false),
            member,
            activity: Derived::new(move || {
                changed.track();
                with_phone(|phone| ActivityView::of(phone)).unwrap_or_default()
            }),
            events: view_of(changed, events::FEATURE, || EventsView::of),
            learning,
            ledger,
            notices: view_of(changed, notices::FEATURE, || NoticesView::of),
            rewards,
            counts: Derived::new(move || {
                changed.track();
                with_phone(|phone| Counts::of(phone)).unwrap_or_default()
            }),
            changed,
            lang: Memo::new(move |_| {
                let member = member.get();
                if member.is_empty() { first } else { member.lang }
            }),
            link: RwSignal::new(Link::Unknown),
            synced_at: RwSignal::new(None),
            busy: RwSignal::new(false),
            acting: RwSignal::new(false),
            update: RwSignal::new(false),
            installable: RwSignal::new(false),
            evicted: RwSignal::new(false),
            said: RwSignal::new((0, String::new())),
            now: RwSignal::new(js::now()),
        }
    }

    /// Says something in passing.
    pub fn say(self, text: impl Into<String>) {
        let text = text.into();
        self.said.update(|(count, said)| {
            *count += 1;
            *said = text;
        });
    }

    fn link_is(self, link: Link) {
        if self.link.get_untracked() != link {
            self.link.set(link);
        }
    }

    /// Pages count in minutes: within one nothing is drawn anew.
    fn look_at_the_clock(self) {
        let now = js::now();
        if self.now.get_untracked().0 / MINUTE != now.0 / MINUTE {
            self.now.set(now);
        }
    }

    fn note_the_time(self) {
        let synced_at = with_phone(|phone| phone.replica.synced_at).flatten();
        if self.synced_at.get_untracked() != synced_at {
            self.synced_at.set(synced_at);
        }
    }

    fn refresh(self) {
        self.note_the_time();
        if with_phone(|_| ()).is_some() {
            self.changed.update(|count| *count = count.wrapping_add(1));
            let open = !self.member.get_untracked().is_empty();
            let stage = self.stage.get_untracked();
            if matches!(stage, Stage::Start | Stage::First) {
                let now = if open { Stage::Open } else { Stage::First };
                if now != stage {
                    self.stage.set(now);
                }
            }
        }
    }

    /// Opens the member's database and shows it; no network.
    pub async fn open(self, who: Identity) {
        self.load(who).await;
        self.show();
    }

    /// Shows what was loaded.
    pub fn show(self) {
        if self.stage.get_untracked() != Stage::NoStore {
            self.stage.set(Stage::Start);
            self.refresh();
        }
    }

    /// Reads the member's database.
    pub async fn load(self, who: Identity) {
        let database = Database(who.member);
        match database.load().await {
            Ok(loaded) => {
                js::breathe().await;
                let mut phone = Phone::from_loaded(who.member, who.device, loaded);
                phone.signed_in(who.session);
                let empty = phone.replica.synced_at.is_none();
                PHONE.with_borrow_mut(|place| *place = Some(phone));
                if empty && identity::was_alive(who.member).await {
                    self.evicted.set(true);
                }
            }
            Err(_) => self.stage.set(Stage::NoStore),
        }
    }

    /// Everything that makes the app try again by itself.
    pub fn listen(self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let wake = js::forever(move |_| {
            self.look_at_the_clock();
            self.sync();
        });
        for event in ["online", "pageshow", "focus"] {
            let _ = window.add_event_listener_with_callback(event, &wake);
        }
        let _ = window
            .add_event_listener_with_callback("offline", &js::forever(move |_| self.link_is(Link::Offline)));
        let seen = js::forever(move |_| {
            if is_visible() {
                self.look_at_the_clock();
                self.sync();
            } else {
                spawn_local(self.save_drafts());
            }
        });
        if let Some(document) = window.document() {
            let _ = document.add_event_listener_with_callback("visibilitychange", &seen);
        }
        js::channel(&js::forever(move |said| {
            if let Some(member) = said
                .as_string()
                .as_deref()
                .and_then(|text| text.strip_prefix("changed:"))
                && with_phone(|phone| phone.member.to_string()).as_deref() == Some(member)
            {
                spawn_local(self.reload());
            }
        }));
        js::on_update(&js::forever(move |_| self.update.set(true)));
        js::on_installable(&js::forever(move |_| self.installable.set(true)));
        self.tick();
    }

    fn tick(self) {
        js::after(MINUTE, move || {
            if is_visible() {
                self.look_at_the_clock();
                if RETRY.with_borrow(Option::is_none) {
                    self.sync();
                }
            }
            self.tick();
        });
    }

    async fn reload(self) {
        let Some(database) = database() else {
            return;
        };
        if let Ok(loaded) = database.load().await {
            with_phone(|phone| phone.reload(loaded));
            self.refresh();
        }
    }

    /// Does something. When this returns `Ok`, it is saved on the phone. `draft`: what became of it, gone with it.
    pub async fn act(self, command: Command, draft: Option<String>) -> Result<CommandId, Failure> {
        let Some(database) = database() else {
            return Err(Failure("nobody is signed in".into()));
        };
        if let Some(key) = &draft {
            UNSAVED_DRAFTS.with_borrow_mut(|drafts| drafts.remove(key));
        }
        let last = database.last_seq().await;
        let Some((item, ops)) = with_phone(|phone| {
            phone.outbox.heard_of(last);
            phone.prepare(command, draft.as_deref(), js::now(), js::chance())
        }) else {
            return Err(Failure("nobody is signed in".into()));
        };
        database.commit(ops, Durability::Strict).await?;
        let id = item.id;
        with_phone(|phone| phone.saved(item, draft.as_deref()));
        self.changed(database);
        spawn_local(async {
            let _ = js::request_sync().await;
            if !ASKED_TO_PERSIST.replace(true) {
                let _ = js::persist().await;
            }
        });
        self.sync();
        Ok(id)
    }

    fn changed(self, database: Database) {
        self.refresh();
        js::announce(&format!("changed:{}", database.0));
    }

    async fn write(self, op: Option<Op>) {
        if let (Some(database), Some(op)) = (database(), op)
            && database.commit(vec![op], Durability::Strict).await.is_ok()
        {
            self.changed(database);
        }
    }

    /// Tries a stuck act again.
    pub fn unpark(self, id: CommandId) {
        let op = with_phone(|phone| phone.unpark(id)).flatten();
        spawn_local(async move {
            self.write(op).await;
            self.sync();
        });
    }

    /// The refusals decided so far were looked at.
    pub fn see_refusals(self) {
        if self.counts.get_untracked().refused > 0 {
            let latest = self.activity.get_untracked().latest_decision();
            let op = latest.and_then(|latest| with_phone(|phone| phone.see(latest)));
            spawn_local(self.write(op));
        }
    }

    /// What this phone keeps now.
    pub fn kept(self) -> Kept {
        self.changed.track();
        let kept = with_phone(|phone| Kept {
            documents: phone.replica.documents(),
            acts: phone.outbox.iter().count(),
            drafts: phone.drafts.len(),
        });
        kept.unwrap_or_default()
    }

    /// The draft of `key`, as it was left.
    pub fn draft(self, key: &str) -> Option<String> {
        with_phone(|phone| phone.drafts.get(key).cloned()).flatten()
    }

    /// Keeps a draft within half a second; an empty one is dropped.
    pub fn keep_draft(self, key: &str, text: String) {
        with_phone(|phone| phone.draft(key, text.clone()));
        UNSAVED_DRAFTS.with_borrow_mut(|drafts| drafts.insert(key.to_owned(), text));
        if DRAFT_TIMER.with_borrow(Option::is_none) {
            DRAFT_TIMER.set(Some(js::timer(DRAFT_DELAY, move || {
                DRAFT_TIMER.set(None);
                spawn_local(self.save_drafts());
            })));
        }
    }

    async fn save_drafts(self) {
        let drafts = UNSAVED_DRAFTS.take();
        let (Some(database), false) = (database(), drafts.is_empty()) else {
            return;
        };
        let ops = drafts
            .iter()
            .map(|(key, text)| {
                if text.is_empty() {
                    Op::delete_draft(key)
                } else {
                    Op::put_draft(key, text)
                }
            })
            .collect();
        let _ = database.commit(ops, Durability::Strict).await;
    }

    /// Starts rounds with the server, unless some are under way: then one more follows.
    pub fn sync(self) {
        if SYNCING.replace(true) {
            ONCE_MORE.set(true);
            return;
        }
        drop(RETRY.take());
        spawn_local(async move {
            self.busy.set(true);
            loop {
                ONCE_MORE.set(false);
                let next = self.round().await;
                if !self.follow(next).await && !(next == Next::Rest && ONCE_MORE.get()) {
                    break;
                }
            }
            self.busy.set(false);
            SYNCING.set(false);
        });
    }

    fn try_again_in(self, millis: i64) {
        let timer = js::timer(millis, move || {
            RETRY.set(None);
            if is_visible() {
                self.sync();
            }
        });
        RETRY.set(Some(timer));
    }

    /// `true`: another round at once.
    async fn follow(self, next: Next) -> bool {
        match next {
            Next::Again => return true,
            Next::Rest => self.link_is(Link::Online),
            Next::Wait(millis) => self.try_again_in(millis),
            Next::SignIn => self.link_is(Link::SignIn),
            Next::Update => self.link_is(Link::Update),
            Next::OtherMember => match identity::ask().await {
                Who::Member(who) => {
                    if Some(who.member) != with_phone(|phone| phone.member) {
                        self.save_drafts().await;
                        self.open(who).await;
                        return true;
                    }
                }
                Who::Nobody => self.link_is(Link::SignIn),
                Who::Unknown => self.link_is(Link::Offline),
            },
        }
        false
    }

    async fn round(self) -> Next {
        let Some(database) = database() else {
            return Next::Rest;
        };
        let lock = js::acquire(&format!("sync:{}", database.0))
            .await
            .unwrap_or(JsValue::NULL);
        let Some(release) = lock.dyn_ref::<js_sys::Function>() else {
            // Another tab or the worker is at it.
            return Next::Wait(1_000);
        };
        let next = self.exchange(database).await;
        let _ = release.call0(&JsValue::NULL);
        next
    }

    async fn exchange(self, database: Database) -> Next {
        let Some(round) = with_phone(|phone| phone.request()) else {
            return Next::Rest;
        };
        let soon = self.say_sent_soon(database, round.ids.clone());
        let answer = match js::post("/api/sync", &round.body, PATIENCE).await {
            Ok(posted) => Answer {
                status: posted.status(),
                body: posted.body(),
                retry_after: posted.retry_after().map(|seconds| seconds as u32),
            },
            Err(_) => Answer::default(),
        };
        drop(soon);
        let first = with_phone(|phone| phone.replica.synced_at.is_none()).unwrap_or_default();
        let applied = with_phone(|phone| {
            // Signed out or somebody else in the meantime: the answer is not for this phone any more.
            (phone.member == database.0).then(|| phone.apply(&round.ids, &answer, js::chance_u32()))
        });
        let Some((ops, next)) = applied.flatten() else {
            return Next::Rest;
        };
        let told = answer.status == 200;
        if !told && matches!(next, Next::Wait(_)) {
            self.link_is(Link::Offline);
        }
        if !ops.is_empty() {
            let written = database.commit(ops, Durability::Relaxed).await;
            if with_phone(|phone| phone.nothing_new) == Some(true) {
                self.note_the_time();
            } else {
                self.changed(database);
                self.say_confirmed(&round.ids);
            }
            if first && told && written.is_ok() {
                identity::mark_alive(database.0).await;
            }
        } else if !round.ids.is_empty() {
            self.refresh();
        }
        if told {
            self.link_is(Link::Online);
        }
        next
    }

    /// Says "sent" of what a round took along, once it has been out for a moment. Without a network a request comes
    /// back at once and nothing was sent; after that, "saved" stays until the server was heard again.
    fn say_sent_soon(self, database: Database, ids: Vec<CommandId>) -> js::Timeout {
        js::timer(SENT_AFTER, move || {
            if ids.is_empty() || self.link.get_untracked() == Link::Offline {
                return;
            }
            let sent = with_phone(|phone| {
                let same = phone.member == database.0;
                if same {
                    phone.sent(&ids);
                }
                same
            });
            if sent == Some(true) {
                self.refresh();
            }
        })
    }

    /// While "saved on this phone" is still being said, and it is confirmed: says that instead. A refusal has its own
    /// place; the word goes.
    fn say_confirmed(self, ids: &[CommandId]) {
        if ids.is_empty() || self.said.with_untracked(|(_, words)| words.is_empty()) {
            return;
        }
        let states = with_phone(|phone| {
            let known = ids.iter().filter_map(|id| phone.outbox.get(*id));
            known.map(|item| item.state).collect::<Vec<_>>()
        });
        let states = states.unwrap_or_default();
        if states.iter().all(|state| *state == State::Confirmed) {
            self.say(text::state_confirmed(self.lang.get_untracked()));
        } else if states.contains(&State::Refused) {
            self.say("");
        }
    }

    /// Acts that the server has not decided on.
    pub fn unsent(self) -> usize {
        with_phone(|phone| phone.outbox.open()).unwrap_or(0)
    }

    /// Signs the member out on this phone. `erase`: their data goes with them.
    pub async fn sign_out(self, erase: bool) {
        self.save_drafts().await;
        let member = with_phone(|phone| phone.member);
        PHONE.take();
        identity::sign_out().await;
        if let (Some(member), true) = (member, erase) {
            let _ = js::erase(&member.to_string()).await;
        }
        self.stage.set(Stage::SignedOut);
        identity::end_session().await;
    }
}

fn is_visible() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_none_or(|document| document.visibility_state() != web_sys::VisibilityState::Hidden)
}
