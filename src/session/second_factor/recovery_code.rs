//! Codes for who has lost the other factor.

use std::future::Future;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use ring::digest;
use serde::{Deserialize, Deserializer};

use crate::{
    error::BoxError,
    manager::Login,
    secret::{random, redacted},
    session::SecondFactor,
    user::AuthUser,
};

/// A code from a list that the user keeps in a drawer, good once, where the
/// second factor is lost.
///
/// Made by [`generate`](Self::generate) and shown once by
/// [`reveal`](Self::reveal); the database keeps the [`hash`](Self::hash). As a field of a form's
/// type it is what was typed: spaces, `-` and small letters don't matter.
///
/// # Example
///
/// ```
/// use portcullis::RecoveryCode;
///
/// let codes = RecoveryCode::generate()?; // ten of them
/// for code in &codes {
///     println!("write down {}", code.reveal());
///     println!("INSERT INTO recovery_codes … {}", code.hash());
/// }
/// let typed = RecoveryCode::from(codes[0].reveal().to_lowercase());
/// assert_eq!(typed.hash(), codes[0].hash());
/// # Ok::<(), portcullis::BoxError>(())
/// ```
///
/// # Security
///
/// It has 120 random bits, so a plain hash is enough (OWASP ASVS 5.0, 6.5.2).
pub struct RecoveryCode(String);

redacted!(RecoveryCode);

impl RecoveryCode {
    /// Ten new ones. Those that were there before are to be deleted.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes.
    pub fn generate() -> Result<Vec<Self>, BoxError> {
        let one = || Ok(Self(BASE32_NOPAD.encode(&random::<15>()?)));
        (0..CODES).map(|_| one()).collect()
    }

    /// The code, for its user to write down: `ABCDEF-GHIJKL-MNOPQR-STUVWX`.
    pub fn reveal(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        let groups: Vec<String> = letters
            .chunks(6)
            .map(|group| group.iter().collect())
            .collect();
        groups.join("-")
    }

    /// What the database keeps of it: 64 hexadecimal digits.
    pub fn hash(&self) -> String {
        let digest = digest::digest(&digest::SHA256, self.0.as_bytes());
        HEXLOWER.encode(digest.as_ref())
    }

    /// The code as a [`SecondFactor`]: `spend` takes its hash out of the user's
    /// list and answers whether it was there.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use portcullis::{AuthUser, LoginError, Pending, RecoveryCode, Session};
    /// # #[derive(Clone)] struct Db;
    /// # impl Db { async fn take<I>(&self, _: I, _: String) -> Result<bool, std::io::Error> { Ok(false) } }
    ///
    /// async fn recover<U: AuthUser>(
    ///     session: Session<Pending<U>>,
    ///     db: Db,
    ///     code: RecoveryCode,
    /// ) -> Result<Redirect, LoginError> {
    ///     let user = session.user().id();
    ///     // DELETE FROM recovery_codes WHERE user = $1 AND hash = $2, and was it one row?
    ///     let code = code.spent_by(async move |hash| db.take(user, hash).await);
    ///     Ok(session.finish_login(code).await?.next_or("/"))
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// Look and delete _must_ be one step, or two requests use one code.
    pub fn spent_by<F, Fut, E>(self, spend: F) -> SpentBy<F>
    where
        F: FnOnce(String) -> Fut + Send,
        Fut: Future<Output = Result<bool, E>> + Send,
        E: Into<BoxError>,
    {
        SpentBy { code: self, spend }
    }
}

impl From<String> for RecoveryCode {
    fn from(text: String) -> Self {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        Self(letters.map(|letter| letter.to_ascii_uppercase()).collect())
    }
}

impl<'de> Deserialize<'de> for RecoveryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

/// A recovery code, and what spends it: from [`RecoveryCode::spent_by`].
pub struct SpentBy<F> {
    code: RecoveryCode,
    spend: F,
}

#[diagnostic::do_not_recommend]
impl<U, F, Fut, E> SecondFactor<U> for SpentBy<F>
where
    U: AuthUser,
    F: FnOnce(String) -> Fut + Send,
    Fut: Future<Output = Result<bool, E>> + Send,
    E: Into<BoxError>,
{
    type Error = E;

    async fn check(self, _: &Login<U>, _: &U) -> Result<bool, E> {
        if self.code.0.len() != LETTERS {
            return Ok(false);
        }
        (self.spend)(self.code.hash()).await
    }
}

impl<F> std::fmt::Debug for SpentBy<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpentBy(REDACTED)")
    }
}

/// How many codes a list has.
const CODES: usize = 10;

/// The letters of 120 bits.
const LETTERS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_read_back() {
        let codes = RecoveryCode::generate().unwrap();
        assert_eq!(codes.len(), CODES);
        assert_ne!(codes[0].hash(), codes[1].hash());
        let shown = codes[0].reveal();
        assert_eq!(shown.len(), LETTERS + 3);
        let typed = format!(" {} ", shown.replace('-', " ").to_lowercase());
        assert_eq!(RecoveryCode::from(typed).hash(), codes[0].hash());
        assert_eq!(format!("{:?}", codes[0]), "RecoveryCode(REDACTED)");
    }
}
