//! Passwords: what a visitor typed, and what the database keeps of it.
//!
//! New hashes are Argon2id's. What another system left behind verifies as well
//! and is replaced by one of ours at the next login: bcrypt, scrypt and PBKDF2,
//! as PHC strings, as Werkzeug (Flask) and as Django write them.

mod cost;
mod hash;
mod imported;

pub use cost::PasswordCost;

pub(crate) use hash::{compute, verify};

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::{error::BoxError, secret::redacted, user::AuthUser};

/// A password that somebody typed: a field of the form's type.
///
/// It is taken exactly as it came, and is wiped from memory when it is dropped
/// (OWASP ASVS 5.0, 6.2.8).
///
/// # Example
///
/// ```
/// use portcullis::Password;
///
/// #[derive(serde::Deserialize)]
/// struct LoginForm {
///     email: String,
///     password: Password,
/// }
///
/// assert_eq!(format!("{:?}", Password::from("correct horse".to_owned())), "Password(REDACTED)");
/// ```
///
/// # Security
///
/// There is no way to get the text out again: it is not shown, compared or
/// serialised; a [blocklist](crate::Builder::password_blocklist) looks at a new one. What came with the request besides, such as the body that the
/// form was read from, is not wiped.
pub struct Password(Arc<Zeroizing<String>>);

redacted!(Password);

impl Password {
    /// How many bytes are hashed at most. What is longer is refused before,
    /// so that nobody keeps a server busy with megabytes. It is well over the 64
    /// characters that must be allowed (OWASP ASVS 5.0, 6.2.9).
    pub const MAX_BYTES: usize = 1024;

    /// The hash of this password, made on this thread, which has nothing else to
    /// do meanwhile: for tools, migrations and tests. A handler calls
    /// [`Login::hash_password`](crate::Login::hash_password).
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Password, PasswordCost};
    ///
    /// let password = Password::from("correct horse".to_owned());
    /// let hash = password.hash(PasswordCost::default())?;
    /// assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    /// # Ok::<(), portcullis::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes or too little memory.
    pub fn hash(&self, cost: PasswordCost) -> Result<String, BoxError> {
        compute(self, cost, &AtomicU64::new(0))
    }

    /// Is it one that is hashed?
    pub(crate) fn fits(&self) -> bool {
        self.0.len() <= Self::MAX_BYTES
    }

    /// How many characters it has, as a person counts them, or nearly so.
    pub(crate) fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// The same one, for the thread that hashes it.
    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }

    /// For the app's own list of what is refused, and nothing else.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

/// A user who may have a password: for [`Login::check_password`](crate::Login::check_password).
///
/// # Example
///
/// ```
/// use portcullis::{AuthHash, AuthUser, HasPassword, OneFactor};
///
/// struct Account { id: u64, password_hash: Option<String> }
///
/// impl AuthUser for Account {
///     type Id = u64;
///     type Factors = OneFactor;
///     fn id(&self) -> u64 { self.id }
///     fn session_auth_hash(&self) -> AuthHash {
///         AuthHash::of(self.password_hash.as_deref().unwrap_or_default())
///     }
/// }
///
/// impl HasPassword for Account {
///     fn password_hash(&self) -> Option<&str> {
///         self.password_hash.as_deref()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` has no password to check",
    label = "this needs a user type that says where its password hash is",
    note = "write `impl HasPassword for {Self} {{ fn password_hash(&self) -> Option<&str> {{ … }} }}`",
    note = "after another check of your own say so: `login.vouch_for(user)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait HasPassword: AuthUser {
    /// The hash as it stands in the database, as
    /// [`Login::hash_password`](crate::Login::hash_password) made it or as it was
    /// imported; none for a user who logs in by other means.
    fn password_hash(&self) -> Option<&str>;
}

/// What a password is worth against a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fits {
    No,
    Yes,
    /// And the hash is weaker than one that is made today.
    YesOutdated,
}

/// A hash that nobody can read, for the log: what it is, never what it says.
pub(crate) struct UnreadableHash;

impl fmt::Display for UnreadableHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a password hash is of no known format")
    }
}
