//! What the library signs, spelled by other hands: HKDF-SHA-256 to a key for
//! realm and use, HMAC-SHA-256 cut to 16 bytes, base64url without padding.

use data_encoding::BASE64URL_NOPAD;
use ring::{hkdf, hmac};

/// Keys of one use, in one realm.
pub struct Key(hmac::Key);

impl Key {
    pub fn new(byte: u8, realm: &str, usage: &str) -> Self {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis/v1").extract(&[byte; 32]);
        let info = [usage.as_bytes(), b"/", realm.as_bytes()];
        let mut derived = [0; 32];
        let okm = extracted.expand(&info, hkdf::HKDF_SHA256).unwrap();
        okm.fill(&mut derived).unwrap();
        Self(hmac::Key::new(hmac::HMAC_SHA256, &derived))
    }

    fn tag(&self, message: &[u8]) -> String {
        BASE64URL_NOPAD.encode(&hmac::sign(&self.0, message).as_ref()[..16])
    }

    /// `v1.id.secret.tag`
    pub fn token(&self, id: &[u8; 16], secret: &[u8; 32]) -> Vec<u8> {
        let tag = self.tag(&[&b"v1"[..], id, secret].concat());
        let (id, secret) = (BASE64URL_NOPAD.encode(id), BASE64URL_NOPAD.encode(secret));
        format!("v1.{id}.{secret}.{tag}").into_bytes()
    }

    /// `v1.end.text.tag`
    pub fn text(&self, end: u64, text: &[u8]) -> Vec<u8> {
        let message = format!("v1.{end}.{}", BASE64URL_NOPAD.encode(text));
        self.message(message.as_bytes())
    }

    /// Whatever it is, with its tag.
    pub fn message(&self, message: &[u8]) -> Vec<u8> {
        [message, b".", self.tag(message).as_bytes()].concat()
    }

    /// Is it exactly what [`token`](Self::token) gives, whichever token it is of?
    pub fn has_signed_token(&self, value: &[u8]) -> bool {
        let decoded = |text: &[u8]| BASE64URL_NOPAD.decode(text).ok();
        let parts: Vec<_> = value.split(|byte| *byte == b'.').collect();
        let [_, id, secret, _] = parts[..] else {
            return false;
        };
        let (Some(id), Some(secret)) = (decoded(id), decoded(secret)) else {
            return false;
        };
        match (id.try_into(), secret.try_into()) {
            (Ok(id), Ok(secret)) => self.token(&id, &secret) == value,
            _ => false,
        }
    }

    /// The text that this value carries at this time, if the key signed it.
    pub fn has_signed_text(&self, value: &[u8], now: u64) -> Option<String> {
        let last_dot = value.iter().rposition(|byte| *byte == b'.')?;
        let message = &value[..last_dot];
        if self.message(message) != value {
            return None;
        }
        let parts: Vec<_> = message.split(|byte| *byte == b'.').collect();
        let [b"v1", end, text] = parts[..] else {
            return None;
        };
        let end: u64 = std::str::from_utf8(end).ok()?.parse().ok()?;
        let read = BASE64URL_NOPAD.decode(text).ok()?;
        let is_good = now < end && BASE64URL_NOPAD.encode(&read).as_bytes() == text;
        String::from_utf8(read).ok().filter(|_| is_good)
    }
}
