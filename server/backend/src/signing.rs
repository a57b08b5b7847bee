//! Tickets and vouchers: signed, short enough for a QR that a cheap camera reads, verifiable without a network.
//!
//! The signed bytes are: format (1), kind, key id, id (16 bytes), subject (16 bytes), valid from and until in minutes
//! since 1970 (4 bytes each, big endian). Their Ed25519 signature follows; the whole is encoded in Base45 after
//! `CPG1:`.

use crate::db::params;
use crate::{Error, Result, Tx};
use domain::Timestamp;
use domain::document::Collection;
use domain::programme::PassKey;
use domain::qr::Qr;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use tracing::instrument;
use uuid::Uuid;

const PREFIX: &str = "CPG1:";
const SIGNED: usize = 3 + 16 + 16 + 4 + 4;

/// The kind of a signed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A seat at an event.
    Ticket = 1,
    /// A reward to be handed over.
    Voucher = 2,
}

/// The decoded, verified content of a signed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub kind: Kind,
    pub key: u8,
    pub id: Uuid,
    /// The event or the reward.
    pub subject: Uuid,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A key that signs.
pub(crate) struct Key {
    id: u8,
    key: SigningKey,
}

/// A signing key of the programme, without its secret.
#[derive(Clone, Copy, Debug)]
pub struct StoredKey {
    pub id: u8,
    pub made_at: Timestamp,
    /// Since then its passes count for nothing.
    pub retired_at: Option<Timestamp>,
    pub public: VerifyingKey,
}

#[derive(sqlx::FromRow)]
struct KeyColumns {
    id: i32,
    secret: Vec<u8>,
    made_at: Timestamp,
    retired_at: Option<Timestamp>,
}

impl KeyColumns {
    fn key(&self) -> Result<Key> {
        let wrong = |what: &str| Error::Invariant(format!("signing key {} is {what}", self.id));
        let secret: &[u8; 32] = self
            .secret
            .as_slice()
            .try_into()
            .map_err(|_| wrong("not 32 bytes long"))?;
        Ok(Key {
            id: u8::try_from(self.id).map_err(|_| wrong("out of range"))?,
            key: SigningKey::from_bytes(secret),
        })
    }
}

/// Returns the key that signs: the newest that is not retired.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn key(tx: &mut Tx) -> Result<Key> {
    const FIND: &str = "SELECT id, secret, made_at, retired_at FROM signing_key WHERE retired_at IS NULL \
        ORDER BY id DESC LIMIT 1";
    let row: KeyColumns = tx.fetch_one(FIND, params![]).await?;
    row.key()
}

/// Lists all keys, oldest first. The last that is not retired signs.
///
/// # Errors
/// If a key is damaged.
#[instrument(level = "debug", skip_all)]
pub async fn list_keys(tx: &mut Tx) -> Result<Vec<StoredKey>> {
    const LIST: &str = "SELECT id, secret, made_at, retired_at FROM signing_key ORDER BY id";
    let rows: Vec<KeyColumns> = tx.fetch_all(LIST, params![]).await?;
    rows.iter()
        .map(|row| {
            let key = row.key()?;
            Ok(StoredKey {
                id: key.id,
                made_at: row.made_at,
                retired_at: row.retired_at,
                public: key.public(),
            })
        })
        .collect()
}

/// Returns the public keys with which a phone verifies a pass, oldest first.
#[instrument(level = "debug", skip_all)]
pub(crate) async fn public_keys(tx: &mut Tx) -> Result<Vec<PassKey>> {
    let keys = list_keys(tx).await?;
    let valid = keys.iter().filter(|key| key.retired_at.is_none());
    Ok(valid
        .map(|key| PassKey {
            id: key.id,
            public: domain::hex(key.public.as_bytes()),
        })
        .collect())
}

/// Makes a new key, which signs from now on, and returns its id. Passes of the former keys verify until they end.
/// `None`: a pass has room for no further id.
#[instrument(level = "debug", skip_all)]
pub async fn rotate(tx: &mut Tx) -> Result<Option<u8>> {
    const NEWEST: &str = "SELECT MAX(id) FROM signing_key";
    const INSERT: &str = "INSERT INTO signing_key (id, secret, made_at) VALUES ($1, $2, $3)";
    let newest: Option<i32> = tx.fetch_scalar(NEWEST, params![]).await?;
    let next = newest.unwrap_or_default() + 1;
    let Ok(id) = u8::try_from(next) else {
        return Ok(None);
    };
    let secret: [u8; 32] = tx.random_bytes();
    let now = tx.now();
    tx.execute(INSERT, params![next, &secret[..], now]).await?;
    tx.mark_content_changed(Collection::Programme, "programme");
    Ok(Some(id))
}

#[instrument(level = "debug", skip_all)]
pub(crate) async fn set_retired(tx: &mut Tx, id: u8) -> Result<()> {
    const SET: &str = "UPDATE signing_key SET retired_at = $2 WHERE id = $1";
    let now = tx.now();
    tx.execute(SET, params![i32::from(id), now]).await?;
    tx.mark_content_changed(Collection::Programme, "programme");
    Ok(())
}

impl Key {
    /// Signs a pass and returns its text.
    pub(crate) fn sign(
        &self,
        kind: Kind,
        id: Uuid,
        subject: Uuid,
        from: Timestamp,
        until: Timestamp,
    ) -> String {
        let minutes = |at: Timestamp| u32::try_from(at.0 / 60_000).unwrap_or(u32::MAX).to_be_bytes();
        let mut bytes = Vec::with_capacity(SIGNED + 64);
        bytes.extend([1, kind as u8, self.id]);
        bytes.extend(id.as_bytes());
        bytes.extend(subject.as_bytes());
        bytes.extend(minutes(from));
        bytes.extend(minutes(until));
        let signature = self.key.sign(&bytes);
        bytes.extend(signature.to_bytes());
        format!("{PREFIX}{}", base45::encode(&bytes))
    }

    pub(crate) fn public(&self) -> VerifyingKey {
        self.key.verifying_key()
    }
}

/// Signs a pass with the programme's key, verifies it, and returns the key's id.
///
/// # Errors
/// If the key is damaged.
#[instrument(level = "debug", skip_all)]
pub async fn check(tx: &mut Tx) -> Result<u8> {
    let key = key(tx).await?;
    let now = tx.now();
    let text = key.sign(Kind::Ticket, tx.uuid(), Uuid::nil(), now, now);
    match verify(&text, &key.public()) {
        Some(_) => Ok(key.id),
        None => Err(Error::Invariant(format!(
            "signing key {} does not read back what it signed",
            key.id
        ))),
    }
}

/// Returns the id of the key that a text says it is signed with; nothing of it is verified.
pub(crate) fn named_key(text: &str) -> Option<u8> {
    let bytes = base45::decode(text.strip_prefix(PREFIX)?).ok()?;
    bytes.get(2).copied()
}

/// Verifies and decodes a signed text; `None` for anything not signed by `key`.
pub fn verify(text: &str, key: &VerifyingKey) -> Option<Pass> {
    let bytes = base45::decode(text.strip_prefix(PREFIX)?).ok()?;
    let (signed, signature) = bytes.split_at_checked(SIGNED)?;
    key.verify(signed, &Signature::from_slice(signature).ok()?).ok()?;
    let kind = match (signed[0], signed[1]) {
        (1, 1) => Kind::Ticket,
        (1, 2) => Kind::Voucher,
        _ => return None,
    };
    let minutes = |at: usize| {
        let part = signed.get(at..at + 4)?.try_into().ok()?;
        Some(Timestamp(i64::from(u32::from_be_bytes(part)) * 60_000))
    };
    Some(Pass {
        kind,
        key: signed[2],
        id: Uuid::from_slice(&signed[3..19]).ok()?,
        subject: Uuid::from_slice(&signed[19..35]).ok()?,
        from: minutes(35)?,
        until: minutes(39)?,
    })
}

/// Renders a QR code as a path.
///
/// # Errors
/// If the text is too long for a QR code.
pub fn qr(text: &str) -> Result<Qr> {
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M)
        .map_err(|error| Error::Invariant(format!("QR code: {error}")))?;
    let side = code.width();
    let colours = code.to_colors();
    let mut path = String::new();
    for (y, row) in colours.chunks(side).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == qrcode::Color::Dark {
                path.push_str(&format!("M{x} {y}h{}v1h-{0}z", run.len()));
            }
            x += run.len();
        }
    }
    Ok(Qr {
        side: side as u32,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_text_is_no_pass() {
        let key = Key {
            id: 7,
            key: SigningKey::from_bytes(&[9; 32]),
        };
        let (id, event) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let text = key.sign(Kind::Ticket, id, event, Timestamp(60_000), Timestamp(120_000));
        assert!(text.len() < 190, "{}", text.len());
        let pass = verify(&text, &key.public()).unwrap();
        assert_eq!(
            (pass.kind, pass.key, pass.id, pass.subject),
            (Kind::Ticket, 7, id, event)
        );
        assert_eq!((pass.from, pass.until), (Timestamp(60_000), Timestamp(120_000)));
        for at in PREFIX.len()..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                verify(&String::from_utf8(changed).unwrap(), &key.public()),
                None,
                "at {at}"
            );
        }
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(verify(&text, &other), None);
    }

    #[test]
    fn a_qr_has_its_corners() {
        let qr = qr("CPG1:ABC").unwrap();
        assert_eq!(qr.side, 21);
        assert!(qr.path.starts_with("M0 0h7v1h-7z"));
    }
}
