//! The sync request: commands up, outcomes and changed documents down.

use crate::Timestamp;
use crate::id::{DeviceId, MemberId};
use serde::{Deserialize, Serialize};

/// Version of the wire protocol. The server accepts this one and the one before.
pub const PROTO: u16 = 1;
/// Maximum number of commands in one request.
pub const MOST_COMMANDS: usize = 50;
/// Maximum size of a request body, in bytes.
pub const MOST_BYTES: usize = 256 * 1024;

/// The code of a 401 where the session was ended by somebody, and has not run out. The phone erases its documents; one
/// of before asks its member to sign in, as after every 401.
pub const SESSION_ENDED: &str = "session_ended";

/// `C`: an envelope's JSON, byte for byte as the phone stored it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request<C> {
    pub proto: u16,
    pub member: MemberId,
    pub device: DeviceId,
    /// Send outcomes only, no documents.
    #[serde(default)]
    pub push_only: bool,
    /// The phone's cursor; the default requests everything.
    #[serde(default)]
    pub have: Cursor,
    pub commands: Vec<C>,
}

/// The state of a phone's replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Changes when a backup is restored; the phone then sends its decided commands again.
    pub epoch: String,
    /// Counts changes of published content.
    pub content: i64,
    /// Counts changes of the member's own documents.
    pub own: i64,
    /// Determines which content the member sees; when it changes, all content is sent again.
    pub audience: String,
}

/// `O`: an [`crate::Outcome`]; `D`: a document's body as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply<O, D> {
    /// The server's clock.
    pub now: Timestamp,
    /// One for each command of the request, in the same order.
    pub outcomes: Vec<O>,
    /// The cursor after this reply. `None` after `push_only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// `docs` holds all content: drop the phone's content documents.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_content: bool,
    /// `docs` holds all own documents: drop the phone's own documents.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_own: bool,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<Doc<D>>,
    /// Deleted documents: collection and id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<(String, String)>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doc<D> {
    /// A code of [`crate::document::Collection`]; a phone keeps documents of a code it does not know yet.
    pub collection: String,
    pub id: String,
    pub body: D,
}
