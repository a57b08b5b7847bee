//! Codes for a camera: tickets and vouchers.

use serde::{Deserialize, Serialize};

/// A QR code, drawn on the server so that the phone carries no QR code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Qr {
    /// Modules along a side, quiet zone not included.
    pub side: u32,
    /// An SVG path of the dark modules, in module units.
    pub path: String,
}
