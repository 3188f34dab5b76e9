//! What keeps a secret secret: random bytes, comparison in constant time.

use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

use crate::error::BoxError;

/// Random bytes of the operating system.
///
/// # Errors
///
/// When the operating system has none; nothing may be made from other bytes then.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], BoxError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| "no random bytes from the operating system")?;
    Ok(bytes)
}

/// Equality that takes the same time wherever the bytes differ (OWASP ASVS 5.0, 11.2.4).
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    // In words: a slice is compared byte by byte.
    let (a_words, a_rest) = a.as_chunks();
    let (b_words, b_rest) = b.as_chunks();
    let words = a_words.iter().zip(b_words);
    let equal = words.fold(a_rest.ct_eq(b_rest), |equal, (a, b)| {
        equal & u64::from_ne_bytes(*a).ct_eq(&u64::from_ne_bytes(*b))
    });
    a.len() == b.len() && equal.into()
}

/// `Debug` that prints the type's name and nothing of what is inside.
macro_rules! redacted {
    ($($type:ty),* $(,)?) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(REDACTED)"))
            }
        }
    )*};
}
pub(crate) use redacted;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
    }

    #[test]
    fn equality_is_of_length_and_bytes() {
        let long = [7; 35];
        for len in 0..long.len() {
            assert!(equal(&long[..len], &[7; 35][..len]));
            assert!(!equal(&long[..len], &long[..len + 1]));
            assert!(!equal(&long[..len + 1], &long[..len]));
            for at in 0..len {
                let mut other = long;
                other[at] ^= 0x80;
                assert!(!equal(&long[..len], &other[..len]), "byte {at} of {len}");
            }
        }
    }
}
