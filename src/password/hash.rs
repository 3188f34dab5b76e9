//! Making and checking a hash: the work itself.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{
    PasswordVerifier,
    password_hash::{PasswordHasher, phc::PasswordHash},
};

use super::{Fits, Password, PasswordCost, UnreadableHash, imported};
use crate::{error::BoxError, secret::random};

/// The hash of a password under a new salt, as a PHC string. Each that is computed is counted.
///
/// # Errors
///
/// When the operating system has no random bytes, or too little memory.
pub(crate) fn compute(
    password: &Password,
    cost: PasswordCost,
    computed: &AtomicU64,
) -> Result<String, BoxError> {
    computed.fetch_add(1, Ordering::Relaxed);
    let salt = random::<16>()?;
    let hash: PasswordHash = cost
        .argon2()?
        .hash_password_with_salt(password.bytes(), &salt)
        .map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// What a password is worth against a hash. Without a hash, and against one that
/// nobody can read, the same work is done for nothing.
///
/// # Errors
///
/// When the work could not be done.
pub(crate) fn verify(
    password: &Password,
    hash: Option<&str>,
    cost: PasswordCost,
    computed: &AtomicU64,
) -> Result<Fits, BoxError> {
    let Some(hash) = hash else {
        compute(password, cost, computed)?;
        return Ok(Fits::No);
    };
    if let Some(fits) = imported::verify(password.bytes(), hash) {
        computed.fetch_add(1, Ordering::Relaxed);
        // bcrypt has looked at 72 bytes: the rest is not known to be right.
        let is_all_known = !hash.starts_with("$2") || password.bytes().len() <= 72;
        return Ok(match fits {
            true if is_all_known => Fits::YesOutdated,
            true => Fits::Yes,
            false => Fits::No,
        });
    }
    let parsed = PasswordHash::new(hash).ok();
    let Some(parsed) = parsed.filter(|parsed| parsed.algorithm.as_str().starts_with("argon2"))
    else {
        tracing::error!(target: "portcullis", "{UnreadableHash}");
        compute(password, cost, computed)?;
        return Ok(Fits::No);
    };
    computed.fetch_add(1, Ordering::Relaxed);
    // The hash says with which parameters it was made.
    let fits = cost.argon2()?.verify_password(password.bytes(), &parsed);
    Ok(match fits {
        Ok(()) if is_of_today(&parsed, cost) => Fits::Yes,
        Ok(()) => Fits::YesOutdated,
        Err(argon2::password_hash::Error::PasswordInvalid) => Fits::No,
        Err(error) => return Err(error.to_string().into()),
    })
}

fn is_of_today(hash: &PasswordHash, cost: PasswordCost) -> bool {
    let param = |name: &str| hash.params.get_decimal(name).unwrap_or(0);
    hash.algorithm.as_str() == "argon2id"
        && hash.version == Some(0x13)
        && cost.is_met_by(param("m"), param("t"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(password: &Password, cost: PasswordCost) -> Result<String, BoxError> {
        super::compute(password, cost, &AtomicU64::new(0))
    }

    fn verify(
        password: &Password,
        hash: Option<&str>,
        cost: PasswordCost,
    ) -> Result<Fits, BoxError> {
        super::verify(password, hash, cost, &AtomicU64::new(0))
    }

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[test]
    fn a_hash_is_of_one_password_and_one_salt() {
        let cost = PasswordCost::CHEAP;
        let hash = compute(&password("secret"), cost).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_ne!(hash, compute(&password("secret"), cost).unwrap());
        assert!(verify(&password("secret"), Some(&hash), cost).unwrap() == Fits::Yes);
        for wrong in ["Secret", "secret ", "", "secre"] {
            let fits = verify(&password(wrong), Some(&hash), cost).unwrap();
            assert!(fits == Fits::No, "{wrong}");
        }
    }

    #[test]
    fn what_cost_less_than_today_is_outdated() {
        let hash = compute(&password("secret"), PasswordCost::CHEAP).unwrap();
        for (cost, expected) in [
            (PasswordCost::new(8, 1), Fits::Yes),
            (PasswordCost::new(16, 1), Fits::YesOutdated),
            (PasswordCost::new(8, 2), Fits::YesOutdated),
        ] {
            assert!(verify(&password("secret"), Some(&hash), cost).unwrap() == expected);
        }
        let of_another_kind = hash.replacen("argon2id", "argon2i", 1);
        let fits = verify(
            &password("secret"),
            Some(&of_another_kind),
            PasswordCost::CHEAP,
        );
        assert!(
            fits.unwrap() == Fits::No,
            "another algorithm, another digest"
        );
    }

    #[test]
    fn what_is_no_hash_fits_nothing() {
        let cost = PasswordCost::CHEAP;
        for hash in [
            None,
            Some(""),
            Some("secret"),
            Some("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ"),
        ] {
            let fits = verify(&password("secret"), hash, cost).ok();
            assert!(fits.is_none_or(|fits| fits == Fits::No), "{hash:?}");
        }
    }
}
