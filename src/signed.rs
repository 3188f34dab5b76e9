//! A short text in a cookie, good for a while: `v1.<end>.<text>.<tag>`.
//!
//! For what a browser carries to its next page and nobody needs to take back:
//! there is no record of it, so shown again within its time it says the same
//! again. The end is under the tag (HMAC-SHA-256), so only the server says when
//! that is; the text can be read by whoever has the cookie.

use data_encoding::BASE64URL_NOPAD;

use crate::{
    clock::Timestamp,
    key::{KeyRing, Mac},
};

/// The longest text, in bytes. As base64url, with end, tag and the longest
/// name of a cookie, it is within the 4096 bytes that a browser keeps (RFC
/// 6265bis, 5.6).
pub(crate) const MAX_TEXT: usize = 2_900;

/// Signs a text that is good until `end`; `None` if it is too long.
pub(crate) fn sign(keys: &KeyRing, text: &str, end: Timestamp) -> Option<String> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut value = format!("{VERSION}.{}.", end.unix_seconds());
    BASE64URL_NOPAD.encode_append(text.as_bytes(), &mut value);
    let tag = keys.sign(value.as_bytes());
    value.push('.');
    BASE64URL_NOPAD.encode_append(&tag, &mut value);
    Some(value)
}

/// The text of a cookie's value; `None` for everything that the ring did not
/// sign, and for what was good once.
pub(crate) fn read(keys: &KeyRing, value: &[u8], now: Timestamp) -> Option<String> {
    if value.len() > MAX_VALUE {
        return None;
    }
    let at = value.iter().rposition(|byte| *byte == b'.')?;
    let (message, tag) = (&value[..at], &value[at + 1..]);
    let tag: Mac = BASE64URL_NOPAD.decode(tag).ok()?.try_into().ok()?;
    keys.verify(message, &tag)?;
    // From here on it is what `sign` wrote, perhaps of another version.
    let mut parts = std::str::from_utf8(message).ok()?.split('.');
    let (version, end, text) = (parts.next()?, parts.next()?, parts.next()?);
    let is_good = now < Timestamp::from_unix_seconds(end.parse().ok()?);
    if version != VERSION || parts.next().is_some() || !is_good {
        return None;
    }
    String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
}

/// The text, whoever has signed it.
#[cfg(feature = "testing")]
pub(crate) fn text_of(value: &str) -> Option<String> {
    let text = BASE64URL_NOPAD
        .decode(value.split('.').nth(2)?.as_bytes())
        .ok()?;
    String::from_utf8(text).ok()
}

const VERSION: &str = "v1";
const MAX_VALUE: usize = 2 + 1 + 20 + 1 + (MAX_TEXT * 4).div_ceil(3) + 1 + 22;
const LONGEST_NAME: usize = 64 + "-stranger".len();
const _: () = assert!(LONGEST_NAME + 1 + MAX_VALUE <= 4_096);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000);
    const END: Timestamp = Timestamp::from_unix_seconds(1_600);

    fn ring(usage: &str) -> KeyRing {
        KeyRing::derive([&SecretKey::from([7; 32])], "login", usage)
    }

    #[test]
    fn a_text_reads_back_until_its_end() {
        for text in ["", "/orders?page=2", "Bitte melden Sie sich an. ✓\r\n;,"] {
            let value = sign(&ring("flash"), text, END).unwrap();
            assert!(
                value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
            );
            let read = |now| {
                read(
                    &ring("flash"),
                    value.as_bytes(),
                    Timestamp::from_unix_seconds(now),
                )
            };
            assert_eq!(read(1_599).as_deref(), Some(text));
            assert_eq!(read(1_600), None);
            assert_eq!(read(u64::MAX), None);
        }
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let value = sign(&ring("flash"), "[]", END).unwrap().into_bytes();
        for len in 0..value.len() {
            assert_eq!(
                read(&ring("flash"), &value[..len], NOW),
                None,
                "cut at {len}"
            );
        }
        for index in 0..value.len() {
            for bit in 0..8 {
                let mut forged = value.clone();
                forged[index] ^= 1 << bit;
                assert_eq!(
                    read(&ring("flash"), &forged, NOW),
                    None,
                    "bit {bit} of byte {index}"
                );
            }
        }
    }

    #[test]
    fn uses_have_keys_of_their_own() {
        let value = sign(&ring("next"), "/a", END).unwrap();
        assert_eq!(read(&ring("flash"), value.as_bytes(), NOW), None);
    }

    #[test]
    fn a_signed_value_of_another_shape_is_none() {
        let keys = ring("flash");
        for message in [
            "v2.1600.YQ",
            "v1.1600",
            "v1.1600.YQ.YQ",
            "v1.-1.YQ",
            "v1.1600.Y",
            "v1.1600._w",
            "",
        ] {
            let tag = BASE64URL_NOPAD.encode(&keys.sign(message.as_bytes()));
            assert_eq!(
                read(&keys, format!("{message}.{tag}").as_bytes(), NOW),
                None,
                "{message}"
            );
        }
    }

    #[test]
    fn the_longest_text_fits_into_a_cookie() {
        let long = "a".repeat(MAX_TEXT);
        let value = sign(&ring("next"), &long, Timestamp::from_unix_seconds(u64::MAX)).unwrap();
        assert_eq!(value.len(), MAX_VALUE);
        assert_eq!(
            read(&ring("next"), value.as_bytes(), NOW),
            Some(long.clone())
        );
        assert_eq!(sign(&ring("next"), &(long + "a"), END), None);
        assert_eq!(
            read(&ring("next"), format!("{value}.").as_bytes(), NOW),
            None
        );
    }
}
