//! Hashes that another system has made: verified, never made.

use std::num::NonZeroU32;

use argon2::password_hash::phc::PasswordHash;
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use ring::pbkdf2;

use crate::secret::equal;

/// Does the password fit? `None` if the hash is of none of these formats:
///
/// | format | from |
/// |---|---|
/// | `$2a$`, `$2b$`, `$2x$`, `$2y$` | bcrypt; it looks at the first 72 bytes, as the other system did |
/// | `$scrypt$ln=…$`, `$pbkdf2-sha256$i=…$`, `$pbkdf2-sha512$i=…$` | PHC strings |
/// | `scrypt:32768:8:1$…`, `pbkdf2:sha256:600000$…` | Werkzeug, which Flask comes with |
/// | `$pbkdf2-sha256$29000$…` | Passlib |
/// | `pbkdf2_sha256$600000$…` | Django |
pub(super) fn verify(password: &[u8], hash: &str) -> Option<bool> {
    if hash.starts_with("$2") {
        return bcrypt::verify(password, hash).ok();
    }
    if let Some(rest) = hash.strip_prefix("$pbkdf2-")
        && !rest.contains('=')
    {
        return passlib(password, rest);
    }
    if hash.starts_with('$') {
        return phc(password, &PasswordHash::new(hash).ok()?);
    }
    let mut parts = hash.split('$');
    let (method, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    match (parts.next(), method.strip_prefix("pbkdf2_")) {
        (Some(digest), Some(algorithm)) if parts.next().is_none() => {
            let digest = BASE64.decode(digest.as_bytes()).ok()?;
            pbkdf2(password, algorithm, second, third.as_bytes(), &digest)
        }
        (None, None) => werkzeug(password, method, second.as_bytes(), third),
        _ => None,
    }
}

fn phc(password: &[u8], hash: &PasswordHash) -> Option<bool> {
    let (salt, digest) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    let param = |name: &str| hash.params.get_decimal(name);
    match hash.algorithm.as_str() {
        "scrypt" => {
            let log_n = u8::try_from(param("ln")?).ok()?;
            let params = scrypt::Params::new(log_n, param("r")?, param("p")?).ok()?;
            scrypt(password, &params, salt.as_ref(), digest.as_bytes(), 32)
        }
        algorithm => {
            let rounds = param("i")?.to_string();
            let algorithm = algorithm.strip_prefix("pbkdf2-")?;
            pbkdf2(
                password,
                algorithm,
                &rounds,
                salt.as_ref(),
                digest.as_bytes(),
            )
        }
    }
}

/// `<algorithm>$<rounds>$<salt>$<digest>`, in a base64 that has `.` for `+`.
fn passlib(password: &[u8], rest: &str) -> Option<bool> {
    let parts: Vec<_> = rest.split('$').collect();
    let [algorithm, rounds, salt, digest] = parts[..] else {
        return None;
    };
    let decoded = |text: &str| BASE64_NOPAD.decode(text.replace('.', "+").as_bytes()).ok();
    pbkdf2(
        password,
        algorithm,
        rounds,
        &decoded(salt)?,
        &decoded(digest)?,
    )
}

fn werkzeug(password: &[u8], method: &str, salt: &[u8], digest: &str) -> Option<bool> {
    let digest = HEXLOWER_PERMISSIVE.decode(digest.as_bytes()).ok()?;
    let parts: Vec<_> = method.split(':').collect();
    match parts[..] {
        ["scrypt", n, r, p] => {
            let n: u64 = n.parse().ok().filter(|n: &u64| n.is_power_of_two())?;
            let log_n = u8::try_from(n.ilog2()).ok()?;
            let params = scrypt::Params::new(log_n, r.parse().ok()?, p.parse().ok()?).ok()?;
            scrypt(password, &params, salt, &digest, 64)
        }
        ["pbkdf2", algorithm, rounds] => pbkdf2(password, algorithm, rounds, salt, &digest),
        _ => None,
    }
}

/// A digest that is not whole, as after a column that was too short, fits nothing.
fn scrypt(
    password: &[u8],
    params: &scrypt::Params,
    salt: &[u8],
    digest: &[u8],
    len: usize,
) -> Option<bool> {
    let mut computed = vec![0; len];
    scrypt::scrypt(password, salt, params, &mut computed).ok()?;
    Some(equal(&computed, digest))
}

fn pbkdf2(
    password: &[u8],
    algorithm: &str,
    rounds: &str,
    salt: &[u8],
    digest: &[u8],
) -> Option<bool> {
    let (algorithm, len) = match algorithm {
        "sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
        "sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        "sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
        _ => return None,
    };
    let rounds: NonZeroU32 = rounds.parse().ok()?;
    let fits = pbkdf2::verify(algorithm, rounds, salt, password, digest).is_ok();
    Some(fits && digest.len() == len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the other systems wrote them, with little work.
    const HASHES: [&str; 7] = [
        "$2b$04$a1guQXxnlz0dcBFECyn.BOPDZKXRWALrttHep/MooQjhuX.62NEsC",
        "scrypt:1024:8:1$DZQw7Z8ke4WkunWh$c3289fe73e296f414e175c5cb1fedf50bbb76836811fa2d394dfc3e98108947c88dbaeaf648ab335adb1e818ea77e4ed6eeb5e9abeefc5990eb2720f3962631e",
        "pbkdf2:sha256:1000$J9m6rtq4jgT4knz8$1f7d3affeeb71f3cbf428c33fc7d17910374353c6f78efe4059e3f9263e06c92",
        "pbkdf2_sha256$1000$saltsaltsalt$GacV8oEzUl3KM0Mwey9yrMcTPKpkL4jXrFpbKB8oOnI=",
        "$scrypt$ln=10,r=8,p=1$mROCUMpZy1nL2VtrTQlhjA$fjfhDpcerhG4Nv2tCgtN2ucGjCtTNfI2IOVvLBBhTD0",
        "$pbkdf2-sha256$i=1000,l=32$55wTAuAcY6zVuncupXSuVQ$1VWOJyYsNfriCSFF/Pu/VhsEHJ9tUxC3M7eegksFnqE",
        "$pbkdf2-sha256$1000$55wTAuAcY6zVuncupXSuVQ$1VWOJyYsNfriCSFF/Pu/VhsEHJ9tUxC3M7eegksFnqE",
    ];

    #[test]
    fn what_other_systems_wrote_verifies() {
        for hash in HASHES {
            let right = verify(b"correct horse battery", hash);
            assert_eq!(right, Some(true), "{hash}");
            assert_eq!(
                verify(b"correct horse batterz", hash),
                Some(false),
                "{hash}"
            );
            assert_eq!(verify(b"", hash), Some(false), "{hash}");
        }
    }

    #[test]
    fn what_is_cut_or_changed_lets_nobody_in() {
        for hash in HASHES {
            for end in 0..hash.len() {
                let cut = verify(b"correct horse battery", &hash[..end]);
                assert_ne!(cut, Some(true), "{}", &hash[..end]);
            }
        }
        for hash in [
            "",
            "$",
            "plain",
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
            "$2b$",
            "a$b$c",
        ] {
            assert_eq!(verify(b"plain", hash), None, "{hash}");
        }
    }
}
