//! The sync loop: schedules rounds with the server and runs them.

use super::app_state::{AppState, BootState, ConnectionState, Leaving, database, is_visible, with_phone};
use super::identity::{self, Who};
use super::js;
use super::store::Database;
use crate::phone::outbox::State;
use crate::phone::store::{Durability, Store};
use crate::phone::sync::{Answer, Next};
use crate::text;
use domain::id::CommandId;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

thread_local! {
    static SYNCING: Cell<bool> = const { Cell::new(false) };
    static ONCE_MORE: Cell<bool> = const { Cell::new(false) };
    static RETRY: RefCell<Option<js::Timeout>> = const { RefCell::new(None) };
}

/// Milliseconds.
const ROUND_TIMEOUT: u32 = 30_000;
/// Milliseconds from the start of a request until the screen shows "sent".
const SENT_AFTER: i64 = 150;

/// True if a retry is scheduled.
pub(super) fn is_retry_planned() -> bool {
    RETRY.with_borrow(Option::is_some)
}

impl AppState {
    /// Starts rounds with the server; if some are running, queues one more.
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

    /// Handles the outcome of a round. `true`: run another round at once.
    async fn follow(self, next: Next) -> bool {
        match next {
            Next::Again => return true,
            Next::Rest => self.set_connection(ConnectionState::Online),
            Next::Wait(millis) => self.try_again_in(millis),
            Next::SignIn => self.set_connection(ConnectionState::SignIn),
            Next::Update => self.set_connection(ConnectionState::Update),
            Next::OtherMember | Next::Ended => match identity::fetch_session().await {
                // A new sign-in may have replaced the session that was ended.
                Who::Member(who) => {
                    if Some(who.member) != with_phone(|phone| phone.member) {
                        self.save_drafts().await;
                        self.open(who).await;
                        return true;
                    }
                    return next == Next::Ended;
                }
                _ if next == Next::Ended => self.sign_out(Leaving::Ended).await,
                Who::Nobody => self.set_connection(ConnectionState::SignIn),
                Who::Unknown => self.set_connection(ConnectionState::Offline),
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
            // Another tab or the worker holds the lock.
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
        let soon = self.mark_sent_later(database, round.ids.clone());
        let answer = match js::post("/api/sync", &round.body, ROUND_TIMEOUT).await {
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
            // The member has signed out or changed meanwhile: drop the response.
            (phone.member == database.0).then(|| phone.apply(&round.ids, &answer, js::random_u32()))
        });
        let Some((ops, next)) = applied.flatten() else {
            return Next::Rest;
        };
        let told = answer.status == 200;
        let waits = matches!(next, Next::Wait(_));
        if !told && waits {
            self.set_connection(ConnectionState::Offline);
        }
        if told && !waits {
            with_phone(|phone| phone.heard_at = Some(js::now()));
        }
        if !ops.is_empty() {
            let written = database.commit(ops, Durability::Relaxed).await;
            let open = self.boot.get_untracked() == BootState::Open;
            if open && with_phone(|phone| phone.nothing_new) == Some(true) {
                self.refresh_synced_at();
            } else {
                self.changed(database);
                self.toast_confirmed(&round.ids);
            }
            if first && told && written.is_ok() {
                identity::mark_alive(database.0).await;
            }
        } else if !round.ids.is_empty() {
            self.refresh();
        }
        if told {
            self.set_connection(ConnectionState::Online);
        }
        next
    }

    /// Marks the acts of a round as sent after a short delay. Without a network a request fails at once and nothing was
    /// sent; then "saved" stays until the next response.
    fn mark_sent_later(self, database: Database, ids: Vec<CommandId>) -> js::Timeout {
        js::timer(SENT_AFTER, move || {
            if ids.is_empty() || self.connection.get_untracked() == ConnectionState::Offline {
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

    /// Replaces a toast "saved on this phone" by "confirmed" once that is true. Clears it on a refusal, which is shown
    /// elsewhere.
    fn toast_confirmed(self, ids: &[CommandId]) {
        if ids.is_empty() || self.last_toast.with_untracked(|(_, words)| words.is_empty()) {
            return;
        }
        let states = with_phone(|phone| {
            let known = ids.iter().filter_map(|id| phone.outbox.get(*id));
            known.map(|item| item.state).collect::<Vec<_>>()
        });
        let states = states.unwrap_or_default();
        if states.iter().all(|state| *state == State::Confirmed) {
            self.toast(text::state_confirmed(self.lang.get_untracked()));
        } else if states.contains(&State::Refused) {
            self.toast("");
        }
    }
}
