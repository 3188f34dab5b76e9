//! What a session cookie says: `v1.id.secret.mac`.
//!
//! The id finds the record, the secret proves that the browser was given it,
//! and the tag is checked before either is used, so that a forged cookie never
//! reaches the store. The store keeps [`TokenHash`] of the secret: a stolen
//! copy of the store opens no session.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::digest;

use crate::{
    error::BoxError,
    key::{KeyRing, Mac, SignedBy},
    secret::{equal, random, redacted},
};

/// The key of a record in the store: 128 bits, of which the first 16 are its [home](Self::home).
///
/// Without the secret and the signature of the cookie it opens nothing. Logs have a
/// [hash](crate::SessionHash) of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 16]);

impl RecordId {
    /// The id with these bytes, as a store reads it back.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as a store writes them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// What the records of one user have in common: a store that is split into
    /// parts keeps a user's records in one of them. Random for strangers.
    pub const fn home(&self) -> u16 {
        u16::from_be_bytes([self.0[0], self.0[1]])
    }

    /// The id with this home instead of its own.
    fn at(mut self, home: Option<u16>) -> Self {
        if let Some(home) = home {
            self.0[..2].copy_from_slice(&home.to_be_bytes());
        }
        self
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for RecordId {
    type Err = BoxError;

    /// Reads what `Display` wrote, for example from a form.
    fn from_str(text: &str) -> Result<Self, BoxError> {
        let bytes = HEXLOWER.decode(text.as_bytes())?;
        Ok(Self(
            bytes
                .try_into()
                .map_err(|_| "an id has 32 hexadecimal digits")?,
        ))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

/// SHA-256 of a token's secret: what a store keeps instead of the secret.
///
/// The secret has 256 random bits, so a plain hash is enough (OWASP ASVS 5.0, 6.5.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

redacted!(TokenHash);

impl TokenHash {
    /// The hash with these bytes, as a store reads it back.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, as a store writes them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn matches(&self, token: &Token) -> bool {
        equal(&self.0, &token.hash().0)
    }
}

/// What a browser holds: an id and its secret. Never printed, never stored.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) id: RecordId,
    secret: [u8; 32],
}

redacted!(Token);

impl Token {
    pub(crate) fn random(home: Option<u16>) -> Result<Self, BoxError> {
        let bytes: [u8; 48] = random()?; // one call for both
        let (mut id, mut secret) = ([0; 16], [0; 32]);
        id.copy_from_slice(&bytes[..16]);
        secret.copy_from_slice(&bytes[16..]);
        let id = RecordId(id).at(home);
        Ok(Self { id, secret })
    }

    /// Another token of the same record, in the place of the one before.
    pub(crate) fn next(id: RecordId) -> Result<Self, BoxError> {
        Ok(Self {
            id,
            secret: random()?,
        })
    }

    pub(crate) fn hash(&self) -> TokenHash {
        let digest = digest::digest(&digest::SHA256, &self.secret);
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        TokenHash(hash)
    }

    pub(crate) fn to_cookie_value(&self, keys: &KeyRing) -> String {
        let message = self.message();
        let mut value = String::with_capacity(COOKIE_VALUE_LEN);
        value.push_str(VERSION);
        for part in [&self.id.0[..], &self.secret, &keys.sign(&message)] {
            value.push('.');
            BASE64URL_NOPAD.encode_append(part, &mut value);
        }
        value
    }

    /// Reads a cookie's value; `None` for everything that the ring did not sign.
    pub(crate) fn from_cookie_value(value: &[u8], keys: &KeyRing) -> Option<(Self, SignedBy)> {
        let (id, rest) = part(value.strip_prefix(VERSION.as_bytes())?)?;
        let (secret, rest) = part(rest)?;
        let (mac, rest): (Mac, _) = part(rest)?;
        if !rest.is_empty() {
            return None;
        }
        let token = Self {
            id: RecordId(id),
            secret,
        };
        let signed_by = keys.verify(&token.message(), &mac)?;
        Some((token, signed_by))
    }

    fn message(&self) -> [u8; MESSAGE_LEN] {
        let mut message = [0; MESSAGE_LEN];
        let (version, rest) = message.split_at_mut(VERSION.len());
        version.copy_from_slice(VERSION.as_bytes());
        rest[..16].copy_from_slice(&self.id.0);
        rest[16..].copy_from_slice(&self.secret);
        message
    }
}

/// Decodes a point and `N` bytes behind it; answers what comes after them, too.
fn part<const N: usize>(text: &[u8]) -> Option<([u8; N], &[u8])> {
    let (text, rest) = text.strip_prefix(b".")?.split_at_checked(written_len(N))?;
    let mut bytes = [0; N];
    BASE64URL_NOPAD.decode_mut(text, &mut bytes).ok()?;
    Some((bytes, rest))
}

/// How many letters so many bytes take.
const fn written_len(bytes: usize) -> usize {
    (bytes * 8).div_ceil(6)
}

const VERSION: &str = "v1";
const MESSAGE_LEN: usize = 2 + 16 + 32;
const COOKIE_VALUE_LEN: usize = 2 + 1 + written_len(16) + 1 + written_len(32) + 1 + written_len(16);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::key::SecretKey;

    fn ring() -> KeyRing {
        KeyRing::derive([&SecretKey::from([7; 32])], "login", "session")
    }

    #[test]
    fn a_token_reads_back() {
        let token = Token::random(Some(0xabcd)).unwrap();
        let value = token.to_cookie_value(&ring());
        assert_eq!(value.len(), COOKIE_VALUE_LEN);
        let (read, signed_by) = Token::from_cookie_value(value.as_bytes(), &ring()).unwrap();
        assert!(read.secret == token.secret && signed_by == SignedBy::Newest);
        assert_eq!(read.id, token.id);
        assert_eq!(read.id.home(), 0xabcd);
        assert!(read.hash().matches(&token));
    }

    /// OWASP ASVS 5.0, 7.2.3: a mistake here would show as a bit that stands still, or
    /// as threads that share what they draw from.
    #[test]
    fn tokens_are_unique_on_every_thread_and_each_bit_is_drawn() {
        let draw = || -> Vec<_> { (0..10_000).map(|_| Token::random(None).unwrap()).collect() };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let drawn = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        let mut ones = [[0; 8]; 48];
        let (mut ids, mut secrets) = (HashSet::new(), HashSet::new());
        for token in drawn {
            for (byte, ones) in token.id.0.iter().chain(&token.secret).zip(&mut ones) {
                for (bit, ones) in ones.iter_mut().enumerate() {
                    *ones += u32::from(byte >> bit & 1);
                }
            }
            assert!(ids.insert(token.id) && secrets.insert(token.secret));
        }
        // Half of 40,000, and ten standard deviations of it.
        let is_even = |ones: &u32| (19_000..21_000).contains(ones);
        assert!(ones.iter().flatten().all(is_even), "{ones:?}");
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let value = Token::random(None)
            .unwrap()
            .to_cookie_value(&ring())
            .into_bytes();
        for len in 0..value.len() {
            assert!(
                Token::from_cookie_value(&value[..len], &ring()).is_none(),
                "cut at {len}"
            );
        }
        for index in 0..value.len() {
            for bit in 0..8 {
                let mut forged = value.clone();
                forged[index] ^= 1 << bit;
                assert!(
                    Token::from_cookie_value(&forged, &ring()).is_none(),
                    "bit {bit} of byte {index}"
                );
            }
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let token = Token::random(None).unwrap();
        assert_eq!(
            format!("{token:?} {:?}", token.hash()),
            "Token(REDACTED) TokenHash(REDACTED)"
        );
    }
}
