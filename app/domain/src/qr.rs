//! QR codes of tickets and vouchers.

use serde::{Deserialize, Serialize};

/// A QR code, drawn on the server so that the app needs no QR encoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Qr {
    /// Modules along a side, quiet zone not included.
    pub side: u32,
    /// An SVG path of the dark modules, in module units.
    pub path: String,
}
