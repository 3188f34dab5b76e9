//! The key that signs cookies, and the ring that lets it be changed.

use std::{fmt, fs, path::Path};

use data_encoding::HEXLOWER_PERMISSIVE;
use ring::{hkdf, hmac};

use crate::{
    error::BuildError,
    secret::{equal, random, redacted},
};

/// The key from which every cookie's signature is derived.
///
/// Needed by the builder: [`secret_key`](crate::Builder::secret_key). Keep it
/// out of the source, the same on all servers and across restarts: who has it
/// can sign cookies (never find a session, which takes the store's secret too),
/// and when it changes everybody is logged out, unless the old one stays in the
/// ring with [`older_key`](crate::Builder::older_key).
///
/// # Example
///
/// ```
/// use portcullis::SecretKey;
///
/// let key = SecretKey::from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")?;
/// assert_eq!(format!("{key:?}"), "SecretKey(REDACTED)");
/// # Ok::<(), portcullis::BuildError>(())
/// ```
///
/// # Security
///
/// At least 32 bytes; an array that is shorter does not compile. There is no
/// way to get the bytes out again.
pub struct SecretKey(Box<[u8]>);

redacted!(SecretKey);

impl SecretKey {
    /// A new random key: for tests and first steps. It is gone with the
    /// process, and with it every session.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes.
    pub fn generate() -> Result<Self, BuildError> {
        let bytes = random::<32>().map_err(|error| BuildError::new(error.to_string()))?;
        Ok(Self(bytes.into()))
    }

    /// The key in `bytes`, at least 32 of them.
    ///
    /// # Errors
    ///
    /// When there are fewer than 32 bytes, or all are zero.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BuildError> {
        if bytes.len() < Self::MIN_BYTES {
            return Err(BuildError::new("a secret key needs at least 32 bytes"));
        }
        let key = Self(bytes.into());
        key.check()?;
        Ok(key)
    }

    /// The key written as at least 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// When the text is not hexadecimal, or gives too few bytes.
    pub fn from_hex(hex: &str) -> Result<Self, BuildError> {
        let bytes = HEXLOWER_PERMISSIVE
            .decode(hex.trim().as_bytes())
            .map_err(|_| BuildError::new("a secret key is written in hexadecimal digits: `openssl rand -hex 32` prints one"))?;
        Self::from_bytes(&bytes)
    }

    /// The key in the environment variable `name`, as [`from_hex`](Self::from_hex) reads it.
    ///
    /// # Errors
    ///
    /// When the variable is not set, or is no key.
    pub fn from_env(name: &str) -> Result<Self, BuildError> {
        let hex = std::env::var(name).map_err(|_| {
            BuildError::new(format!(
                "set {name} to a secret key: `export {name}=$(openssl rand -hex 32)`"
            ))
        })?;
        Self::from_hex(&hex).map_err(|error| BuildError::new(format!("{name}: {error}")))
    }

    /// The key in a file, as [`from_hex`](Self::from_hex) reads it: where an
    /// orchestrator mounts its secrets, out of sight of child processes and crash
    /// reports, which get the environment.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or holds no key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BuildError> {
        let path = path.as_ref();
        let named =
            |error: &dyn fmt::Display| BuildError::new(format!("{}: {error}", path.display()));
        let bytes = fs::read(path).map_err(|error| named(&error))?;
        Self::from_hex(&String::from_utf8_lossy(&bytes)).map_err(|error| named(&error))
    }

    /// Refuses the array that somebody forgot to fill.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        if self.0.iter().all(|byte| *byte == 0) {
            return Err(BuildError::new("a secret key of zeros is no secret"));
        }
        Ok(())
    }

    const MIN_BYTES: usize = 32;
}

impl<const N: usize> From<[u8; N]> for SecretKey {
    fn from(bytes: [u8; N]) -> Self {
        const { assert!(N >= 32, "a secret key needs at least 32 bytes") };
        Self(bytes.into())
    }
}

/// The keys of one realm for one use, the newest first: it signs, all verify.
pub(crate) struct KeyRing(Vec<hmac::Key>);

/// A tag of 128 bits: HMAC-SHA-256, cut (RFC 2104, section 5).
pub(crate) type Mac = [u8; 16];

/// Which key of the ring made a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedBy {
    Newest,
    Older,
}

impl KeyRing {
    /// Derives the keys with HKDF-SHA-256 (RFC 5869), so that a tag of one
    /// realm or use is worth nothing in another.
    pub(crate) fn derive<'a>(
        keys: impl IntoIterator<Item = &'a SecretKey>,
        realm: &str,
        usage: &str,
    ) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis/v1");
        let info = [usage.as_bytes(), b"/", realm.as_bytes()];
        let derive = |key: &SecretKey| {
            let pseudo_random = salt.extract(&key.0);
            let mut derived = [0; 32];
            // Both fail only beyond 255 times 32 bytes of output.
            let filled = pseudo_random
                .expand(&info, hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut derived));
            debug_assert!(filled.is_ok());
            hmac::Key::new(hmac::HMAC_SHA256, &derived)
        };
        Self(keys.into_iter().map(derive).collect())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Mac {
        tag(&self.0[0], message)
    }

    pub(crate) fn verify(&self, message: &[u8], mac: &Mac) -> Option<SignedBy> {
        let found = self
            .0
            .iter()
            .position(|key| equal(&tag(key, message), mac))?;
        Some(if found == 0 {
            SignedBy::Newest
        } else {
            SignedBy::Older
        })
    }
}

fn tag(key: &hmac::Key, message: &[u8]) -> Mac {
    let full = hmac::sign(key, message);
    let mut mac = Mac::default();
    mac.copy_from_slice(&full.as_ref()[..16]);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretKey {
        SecretKey::from([byte; 32])
    }

    #[test]
    fn a_short_or_dull_key_is_refused() {
        assert!(SecretKey::from_bytes(&[7; 31]).is_err());
        assert!(SecretKey::from_bytes(&[0; 32]).is_err());
        assert!(SecretKey::from_hex("00ff").is_err());
        assert!(SecretKey::from_hex("super secret string").is_err());
        assert!(SecretKey::from_env("PORTCULLIS_NO_SUCH_VARIABLE").is_err());
    }

    #[test]
    fn realms_and_uses_have_keys_of_their_own() {
        let ring = KeyRing::derive([&key(1)], "login", "session");
        let mac = ring.sign(b"message");
        assert_eq!(ring.verify(b"message", &mac), Some(SignedBy::Newest));
        assert_eq!(ring.verify(b"massage", &mac), None);
        assert_eq!(
            KeyRing::derive([&key(1)], "staff", "session").verify(b"message", &mac),
            None
        );
        assert_eq!(
            KeyRing::derive([&key(1)], "login", "flash").verify(b"message", &mac),
            None
        );
        assert_eq!(
            KeyRing::derive([&key(2)], "login", "session").verify(b"message", &mac),
            None
        );
    }

    #[test]
    fn an_older_key_verifies_and_no_longer_signs() {
        let old = KeyRing::derive([&key(1)], "login", "session");
        let ring = KeyRing::derive([&key(2), &key(1)], "login", "session");
        assert_eq!(
            ring.verify(b"message", &old.sign(b"message")),
            Some(SignedBy::Older)
        );
        assert_eq!(old.verify(b"message", &ring.sign(b"message")), None);
    }
}
