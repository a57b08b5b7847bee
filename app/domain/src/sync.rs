//! The one call between a phone and the server: commands up, outcomes and changed documents down.

use crate::Timestamp;
use crate::id::{DeviceId, MemberId};
use serde::{Deserialize, Serialize};

/// The wire form spoken here. The server accepts this one and the one before.
pub const PROTO: u16 = 1;
/// Most commands in one request.
pub const MOST_COMMANDS: usize = 50;
/// Largest request body, in bytes.
pub const MOST_BYTES: usize = 256 * 1024;

/// `C`: an envelope's JSON, byte for byte as the phone stored it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request<C> {
    pub proto: u16,
    pub member: MemberId,
    pub device: DeviceId,
    /// Only commands; nothing is wanted back but outcomes.
    #[serde(default)]
    pub push_only: bool,
    /// How far the phone has come; the default asks for everything.
    #[serde(default)]
    pub have: Cursor,
    pub commands: Vec<C>,
}

/// How far a phone has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Changes when a backup was restored; the phone then sends again what it still has.
    pub epoch: String,
    /// Counts changes of published content.
    pub content: i64,
    /// Counts changes of the member's own documents.
    pub own: i64,
    /// What decides which content the member sees; when it changes, all of it is sent again.
    pub audience: String,
}

/// `O`: an [`crate::Outcome`]; `D`: a document's body as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply<O, D> {
    /// The server's clock.
    pub now: Timestamp,
    /// One for each command of the request, in its order.
    pub outcomes: Vec<O>,
    /// How far the phone is with this reply. `None` after `push_only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// All content is in `docs`: drop what the phone has of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_content: bool,
    /// All own documents are in `docs`: drop what the phone has of them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_own: bool,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<Doc<D>>,
    /// Documents that are no more: collection and id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<(String, String)>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doc<D> {
    /// A code of [`crate::document::Collection`]; a phone keeps one it does not know yet.
    pub collection: String,
    pub id: String,
    pub body: D,
}
