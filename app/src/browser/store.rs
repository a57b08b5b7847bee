//! The store of the phone: IndexedDB behind `store.js`.

use super::js;
use crate::phone::json;
use crate::phone::store::{Durability, Failure, Loaded, Op, Store};
use domain::id::MemberId;
use wasm_bindgen::JsValue;

/// One member's database.
#[derive(Clone, Copy, Debug)]
pub struct Database(pub MemberId);

fn failure(error: &JsValue) -> Failure {
    Failure(js::cause(error))
}

impl Store for Database {
    async fn load(&self) -> Result<Loaded, Failure> {
        let text = js::load(&self.0.to_string())
            .await
            .map_err(|error| failure(&error))?;
        js::yield_to_browser().await;
        json::read(&text.as_string().unwrap_or_default()).ok_or_else(|| Failure("unreadable store".into()))
    }

    async fn commit(&self, ops: Vec<Op>, durability: Durability) -> Result<(), Failure> {
        if ops.is_empty() {
            return Ok(());
        }
        let strict = durability == Durability::Strict;
        js::commit(&self.0.to_string(), &Op::list(&ops), strict)
            .await
            .map_err(|error| failure(&error))?;
        Ok(())
    }
}

impl Database {
    /// The highest sequence number in the store: another tab may have used some.
    pub async fn last_seq(&self) -> i64 {
        let last = js::last_seq(&self.0.to_string()).await;
        last.ok().and_then(|last| last.as_f64()).unwrap_or_default() as i64
    }
}
