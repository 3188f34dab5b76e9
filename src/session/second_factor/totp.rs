//! Codes of an authenticator app.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::{
    error::{Kind, LoginError},
    manager::{Core, Login},
    secret::redacted,
    session::{Fresh, SecondFactor},
    totp::{HasTotp, SKEW, STEP_SECONDS, TotpSecret},
    user::AuthUser,
};

/// A code that somebody read off an authenticator app: a field of the form's
/// type, and a [`SecondFactor`]. Spaces in it don't count.
///
/// # Example
///
/// ```
/// use axum::{Form, response::Redirect};
/// use portcullis::{HasTotp, LoginError, Pending, Session, TotpCode};
///
/// #[derive(serde::Deserialize)]
/// struct CodeForm { code: TotpCode }
///
/// async fn second_factor<U: HasTotp>(
///     session: Session<Pending<U>>,
///     Form(form): Form<CodeForm>,
/// ) -> Result<Redirect, LoginError> {
///     let session = session.finish_login(form.code).await?;
///     Ok(session.next_or("/"))
/// }
/// ```
///
/// # Security
///
/// A code of the present 30 seconds, of those before and of those after is
/// right, once: the store keeps which were used (RFC 6238, 5.2; OWASP ASVS 5.0, 6.5.1).
pub struct TotpCode(String);

redacted!(TotpCode);

impl TotpCode {
    /// Is it a code of this secret, that this user has not used before?
    async fn is_right<U: AuthUser>(
        &self,
        secret: &TotpSecret,
        login: &Login<U>,
        user: &U,
    ) -> Result<bool, LoginError> {
        let core: &std::sync::Arc<Core> = &login.0.core;
        let Some(step) = secret.step_of(&self.0, core.now().unix_seconds()) else {
            return Ok(false);
        };
        let (index, _) = login.0.index(&user.id())?;
        let parts: [&[u8]; 2] = [index.as_bytes(), &step.to_be_bytes()];
        core.once("totp", &parts, GOOD_FOR).await
    }
}

impl From<String> for TotpCode {
    fn from(text: String) -> Self {
        Self(text.chars().filter(|char| !char.is_whitespace()).collect())
    }
}

impl<'de> Deserialize<'de> for TotpCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

impl<U: HasTotp> SecondFactor<U> for TotpCode {
    type Error = LoginError;

    async fn check(self, login: &Login<U>, user: &U) -> Result<bool, LoginError> {
        match user.totp_secret() {
            Some(secret) => self.is_right(&secret, login, user).await,
            None => Ok(false),
        }
    }
}

impl<U: AuthUser> Login<U> {
    /// Is this a code of the app to which the new secret was shown? Then keep the
    /// secret with the account, and call
    /// [`credentials_changed`](crate::Session::credentials_changed). Tries are counted.
    ///
    /// # Errors
    ///
    /// [`is_refused`](LoginError::is_refused) if it is not: match that and show the
    /// form again, with the same secret, for with `?` the browser is sent to the
    /// [refresh path](crate::Builder::refresh_path).
    /// [`is_throttled`](LoginError::is_throttled) and [`is_store`](LoginError::is_store).
    pub async fn confirm_totp(
        &self,
        by: &Fresh<U>,
        secret: &TotpSecret,
        code: &TotpCode,
    ) -> Result<(), LoginError> {
        let user = by.user();
        let attempt = self.attempt_second_factor(user).await?;
        if !code.is_right(secret, self, user).await? {
            return Err(Kind::Refused.into());
        }
        attempt.succeeded().await?;
        Ok(())
    }
}

/// How long a used code has to be known: as long as it could be right.
const GOOD_FOR: Duration = Duration::from_secs(STEP_SECONDS * (2 * SKEW as u64 + 2));
