//! Drafts, saved shortly after each change.

use super::app_state::{AppState, database, with_phone};
use super::js;
use crate::phone::store::{Durability, Op, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use wasm_bindgen_futures::spawn_local;

thread_local! {
    static UNSAVED_DRAFTS: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    static DRAFT_TIMER: RefCell<Option<js::Timeout>> = const { RefCell::new(None) };
}

/// Milliseconds from a change of a draft until it is written.
const DRAFT_DELAY: i64 = 300;

/// Discards unsaved changes of draft `key`.
pub(super) fn forget(key: &str) {
    UNSAVED_DRAFTS.with_borrow_mut(|drafts| drafts.remove(key));
}

impl AppState {
    /// The drafts whose key begins with `prefix`: key and text.
    pub fn drafts_under(self, prefix: &str) -> Vec<(String, String)> {
        let under = with_phone(|phone| {
            let under = phone.drafts.iter().filter(|(key, _)| key.starts_with(prefix));
            under.map(|(key, text)| (key.clone(), text.clone())).collect()
        });
        under.unwrap_or_default()
    }

    /// Saves a draft within half a second; an empty one is deleted.
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

    pub(super) async fn save_drafts(self) {
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
}
