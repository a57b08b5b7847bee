//! State of the running app: the phone in memory, the signals that pages read, and the triggers of sync.

use super::derived::Derived;
use super::drafts;
use super::identity::{self, Identity};
use super::js;
use super::store::Database;
use super::sync_loop;
use crate::activity::view::ActivityView;
use crate::events::view::EventsView;
use crate::feature::Feature;
use crate::learning::view::LearningView;
use crate::ledger::view::LedgerView;
use crate::members::view::MemberView;
use crate::notices::view::NoticesView;
use crate::phone::Basis;
use crate::phone::Phone;
use crate::phone::store::{Durability, Failure, Op, Store};
use crate::rewards::view::RewardsView;
use crate::{events, learning, ledger, members, notices, rewards};
use domain::id::CommandId;
use domain::{Command, Lang, Timestamp};
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use wasm_bindgen_futures::spawn_local;

/// Connection state, shown by the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// Not tried yet.
    #[default]
    Unknown,
    Online,
    /// The last round failed.
    Offline,
    /// The session has ended; everything is kept.
    SignIn,
    /// The server requires a newer app.
    Update,
}

/// Boot state of the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BootState {
    /// The phone's data is loaded but not shown yet.
    #[default]
    Start,
    /// The first sync is in progress, or the first after so long that the documents are hidden.
    First,
    Open,
    /// Nobody is signed in, or no member is known and there is no network.
    SignedOut,
    /// The browser offers no storage; without it the app can save nothing.
    NoStore,
}

/// The signals that pages read. Copying is free.
#[derive(Clone, Copy)]
pub struct AppState {
    pub boot: RwSignal<BootState>,
    /// True after first paint; sections below the fold render then.
    pub below_fold_ready: RwSignal<bool>,
    pub member: Derived<MemberView>,
    pub activity: Derived<ActivityView>,
    pub events: Derived<EventsView>,
    pub learning: Derived<LearningView>,
    pub ledger: Derived<LedgerView>,
    pub notices: Derived<NoticesView>,
    pub rewards: Derived<RewardsView>,
    pub counts: Derived<Counts>,
    /// Incremented on each change of the phone in memory.
    changed: RwSignal<u32>,
    pub lang: Memo<Lang>,
    pub connection: RwSignal<ConnectionState>,
    /// The server's clock at the last full round.
    pub synced_at: RwSignal<Option<Timestamp>>,
    pub busy: RwSignal<bool>,
    /// True while a command is being saved; others are ignored meanwhile.
    pub submitting: RwSignal<bool>,
    /// True if a newer build is installed and waits.
    pub update: RwSignal<bool>,
    /// True if the browser offers to install the app.
    pub installable: RwSignal<bool>,
    /// True if the browser evicted the member's data.
    pub evicted: RwSignal<bool>,
    /// True if somebody ended the session.
    pub ended: RwSignal<bool>,
    /// The number of toasts so far, and the text of the last.
    pub last_toast: RwSignal<(u32, String)>,
    /// The phone's clock, updated once a minute.
    pub now: RwSignal<Timestamp>,
}

thread_local! {
    static PHONE: RefCell<Option<Phone>> = const { RefCell::new(None) };
    static ASKED_TO_PERSIST: Cell<bool> = const { Cell::new(false) };
}

const MINUTE: i64 = 60_000;

pub(super) fn with_phone<T>(work: impl FnOnce(&mut Phone) -> T) -> Option<T> {
    PHONE.with_borrow_mut(|phone| phone.as_mut().map(work))
}

pub(super) fn database() -> Option<Database> {
    with_phone(|phone| Database(phone.member))
}

/// Counts of acts that need the network or the member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Acts to send with the next round.
    pub waiting: usize,
    /// Parked acts.
    pub parked: usize,
    /// Refusals the member has not seen.
    pub refused: usize,
}

impl Counts {
    fn of(phone: &Phone) -> Counts {
        let waiting = phone.outbox.count_waiting();
        Counts {
            waiting,
            parked: phone.outbox.count_open() - waiting,
            refused: phone.unseen_refusals(),
        }
    }

    /// The number of acts without a decision.
    pub fn open(self) -> usize {
        self.waiting + self.parked
    }
}

/// Counts of the rows in the phone's store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    pub documents: usize,
    /// Decided or not.
    pub acts: usize,
    /// Unfinished forms and quizzes.
    pub drafts: usize,
}

/// A feature's view, recomputed when its documents or acts, or a view that `prepare` reads, change.
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
        with_phone(|phone| phone.basis(feature.owner)).unwrap_or_default()
    })
}

impl AppState {
    /// Creates the signals. `first`: the language until the member's own is known.
    pub fn new(first: Lang) -> AppState {
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
        AppState {
            boot: RwSignal::new(BootState::Start),
            below_fold_ready: RwSignal::new(false),
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
            connection: RwSignal::new(ConnectionState::Unknown),
            synced_at: RwSignal::new(None),
            busy: RwSignal::new(false),
            submitting: RwSignal::new(false),
            update: RwSignal::new(false),
            installable: RwSignal::new(false),
            evicted: RwSignal::new(false),
            ended: RwSignal::new(false),
            last_toast: RwSignal::new((0, String::new())),
            now: RwSignal::new(js::now()),
        }
    }

    /// Shows a toast.
    pub fn toast(self, text: impl Into<String>) {
        let text = text.into();
        self.last_toast.update(|(count, said)| {
            *count += 1;
            *said = text;
        });
    }

    pub(super) fn set_connection(self, state: ConnectionState) {
        if self.connection.get_untracked() != state {
            self.connection.set(state);
        }
    }

    /// Pages show minutes, so nothing is redrawn within one.
    fn refresh_clock(self) {
        let now = js::now();
        if self.now.get_untracked().0 / MINUTE != now.0 / MINUTE {
            self.now.set(now);
            if self.boot.get_untracked() == BootState::Open && is_hidden() {
                self.boot.set(BootState::First);
            }
        }
    }

    pub(super) fn refresh_synced_at(self) {
        let synced_at = with_phone(|phone| phone.replica.synced_at).flatten();
        if self.synced_at.get_untracked() != synced_at {
            self.synced_at.set(synced_at);
        }
    }

    pub(super) fn refresh(self) {
        self.refresh_synced_at();
        if with_phone(|_| ()).is_some() {
            self.changed.update(|count| *count = count.wrapping_add(1));
            let open = !self.member.get_untracked().is_empty() && !is_hidden();
            let stage = self.boot.get_untracked();
            if matches!(stage, BootState::Start | BootState::First) {
                let now = if open { BootState::Open } else { BootState::First };
                if now != stage {
                    self.boot.set(now);
                }
            }
        }
    }

    /// Loads the member's database and shows it, without the network.
    pub async fn open(self, who: Identity) {
        self.load(who).await;
        self.show();
    }

    /// Shows the loaded data.
    pub fn show(self) {
        if self.boot.get_untracked() != BootState::NoStore {
            self.boot.set(BootState::Start);
            self.refresh();
        }
    }

    /// Loads the member's database into memory.
    pub async fn load(self, who: Identity) {
        let database = Database(who.member);
        match database.load().await {
            Ok(loaded) => {
                js::yield_to_browser().await;
                let mut phone = Phone::from_loaded(who.member, who.device, loaded);
                phone.signed_in(who.session);
                let empty = phone.replica.synced_at.is_none();
                PHONE.with_borrow_mut(|place| *place = Some(phone));
                if empty && identity::was_alive(who.member).await {
                    self.evicted.set(true);
                }
                spawn_local(async move {
                    if identity::keep_only(who.member).await {
                        self.reload().await;
                        self.sync();
                    }
                });
            }
            Err(_) => self.boot.set(BootState::NoStore),
        }
    }

    /// Installs the listeners and the timer that trigger sync and refresh.
    pub fn listen(self) {
        let Some(window) = web_sys::window() else {
            return;
        };
        let wake = js::leak_callback(move |_| {
            self.refresh_clock();
            self.sync();
        });
        for event in ["online", "pageshow", "focus"] {
            let _ = window.add_event_listener_with_callback(event, &wake);
        }
        let _ = window.add_event_listener_with_callback(
            "offline",
            &js::leak_callback(move |_| self.set_connection(ConnectionState::Offline)),
        );
        let seen = js::leak_callback(move |_| {
            if is_visible() {
                self.refresh_clock();
                self.sync();
            } else {
                spawn_local(self.save_drafts());
            }
        });
        if let Some(document) = window.document() {
            let _ = document.add_event_listener_with_callback("visibilitychange", &seen);
        }
        js::channel(&js::leak_callback(move |said| {
            let said = said.as_string().unwrap_or_default();
            let here = with_phone(|phone| phone.member.to_string());
            match said.split_once(':') {
                Some((what, member)) if here.as_deref() == Some(member) => match what {
                    "changed" => spawn_local(self.reload()),
                    // The member was signed out, or replaced, in another tab.
                    _ => {
                        let _ = leptos::prelude::window().location().reload();
                    }
                },
                _ => {}
            }
        }));
        js::on_update(&js::leak_callback(move |_| self.update.set(true)));
        js::on_installable(&js::leak_callback(move |_| self.installable.set(true)));
        self.tick();
    }

    fn tick(self) {
        js::set_timeout(MINUTE, move || {
            if is_visible() {
                self.refresh_clock();
                if !sync_loop::is_retry_planned() {
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

    /// Saves a command durably: after `Ok` it is in the phone's store. Deletes draft `draft` in the same transaction.
    pub async fn submit(self, command: Command, draft: Option<String>) -> Result<CommandId, Failure> {
        let Some(database) = database() else {
            return Err(Failure("nobody is signed in".into()));
        };
        if let Some(key) = &draft {
            drafts::forget(key);
        }
        let last = database.last_seq().await;
        let Some((item, ops)) = with_phone(|phone| {
            phone.outbox.observe_seq(last);
            phone.prepare(command, draft.as_deref(), js::now(), js::random_bytes())
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

    pub(super) fn changed(self, database: Database) {
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

    /// Queues a parked act again.
    pub fn unpark(self, id: CommandId) {
        let op = with_phone(|phone| phone.unpark(id)).flatten();
        spawn_local(async move {
            self.write(op).await;
            self.sync();
        });
    }

    /// Marks the refusals decided so far as seen.
    pub fn mark_refusals_seen(self) {
        if self.counts.get_untracked().refused > 0 {
            let latest = self.activity.get_untracked().latest_decision();
            let op = latest.and_then(|latest| with_phone(|phone| phone.see(latest)));
            spawn_local(self.write(op));
        }
    }

    /// Counts the rows this phone stores now.
    pub fn kept(self) -> Kept {
        self.changed.track();
        let kept = with_phone(|phone| Kept {
            documents: phone.replica.documents(),
            acts: phone.outbox.iter().count(),
            drafts: phone.drafts.len(),
        });
        kept.unwrap_or_default()
    }

    /// The number of acts without a decision.
    pub fn unsent(self) -> usize {
        with_phone(|phone| phone.outbox.count_open()).unwrap_or(0)
    }

    /// Signs the member out on this phone.
    pub async fn sign_out(self, what: Leaving) {
        self.save_drafts().await;
        let member = with_phone(|phone| phone.member.to_string());
        PHONE.take();
        // At once: nothing of the member stays on the screen while the store works.
        self.boot.set(BootState::Start);
        identity::sign_out().await;
        if let Some(member) = member {
            let _ = match what {
                Leaving::Keep => js::leave(&member).await,
                Leaving::Erase => js::erase(&member).await,
                Leaving::Ended => js::end(&member).await,
            };
        }
        self.ended.set(what == Leaving::Ended);
        self.boot.set(BootState::SignedOut);
        identity::end_session().await;
    }
}

/// The fate of the member's data when they are signed out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// It stays, encrypted with a key that only the server has.
    Keep,
    Erase,
    /// Somebody ended the session: only what is not sent stays, encrypted.
    Ended,
}

/// True while the documents are hidden, until the next contact with the server.
pub fn is_hidden() -> bool {
    with_phone(|phone| phone.is_hidden(js::now())).unwrap_or_default()
}

pub(super) fn is_visible() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_none_or(|document| document.visibility_state() != web_sys::VisibilityState::Hidden)
}
