//! Checking a second factor: what is checked, and how often it may be tried.

mod recovery_code;
#[cfg(feature = "totp")]
mod totp;

pub use recovery_code::{RecoveryCode, SpentBy};
#[cfg(feature = "totp")]
pub use totp::TotpCode;

use std::{future::Future, sync::Arc};

use crate::{
    error::{BoxError, Kind, LoginError},
    manager::{
        HalfVerified, Login, Realm, Verified,
        content::{Content, PendingFacts},
        settings::MAX_TRIES,
    },
    session::{Found, known::Known, visit},
    store::{Record, Swap, Update},
    user::AuthUser,
};

/// A second factor that somebody gave: a code of a message, of a list, of an
/// app. Given to [`finish_login`](crate::Session::finish_login) and
/// [`check_second_factor`](crate::Login::check_second_factor), which count the
/// try before it is checked.
///
/// # Example
///
/// A code that the app has sent by a message:
///
/// ```
/// use portcullis::{AuthUser, BoxError, Login, SecondFactor};
/// # struct Account { id: u64 }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = portcullis::TwoFactors;
/// #     fn id(&self) -> u64 { self.id }
/// #     fn session_auth_hash(&self) -> portcullis::AuthHash { portcullis::AuthHash::none() }
/// # }
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn take_code(&self, _user: u64, _code: &str) -> Result<bool, std::io::Error> { Ok(false) } }
///
/// struct MessageCode { typed: String, db: Db }
///
/// impl SecondFactor<Account> for MessageCode {
///     type Error = std::io::Error;
///
///     async fn check(self, _: &Login<Account>, account: &Account) -> Result<bool, Self::Error> {
///         // DELETE … WHERE user = $1 AND code_hash = $2 AND sent > now() - '10 minutes'
///         self.db.take_code(account.id, &self.typed).await
///     }
/// }
/// ```
///
/// # Security
///
/// A code works once: take it in one step with the check (OWASP ASVS 5.0, 6.5.1).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no second factor of a `{U}`",
    label = "expected what is checked: a code",
    note = "a `TotpCode` is one for users that are `HasTotp`; a `RecoveryCode` with what spends it: `code.spent_by(…)`",
    note = "for a check of your own write `impl SecondFactor<{U}> for {Self}`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait SecondFactor<U: AuthUser>: Send {
    /// Why it can't be told whether it is right.
    type Error: Into<BoxError>;

    /// Is it right? If so it is used up.
    ///
    /// # Errors
    ///
    /// When that can't be told: nobody is logged in then.
    fn check(
        self,
        login: &Login<U>,
        user: &U,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

impl<U: AuthUser> Login<U> {
    /// Checks a second factor right after the first one: for a form that has
    /// both, and for [`confirm_login`](crate::Session::confirm_login) and
    /// [`switch_user`](crate::Session::switch_user), which take a [`Verified`].
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Authenticated, AuthUser, FirstFactor, Fresh, Login, LoginError, SecondFactor, Session, TwoFactors};
    ///
    /// async fn confirm<U: AuthUser<Factors = TwoFactors>>(
    ///     session: Session<Authenticated<U>>,
    ///     login: Login<U>,
    ///     first: FirstFactor<U>,
    ///     code: impl SecondFactor<U>,
    /// ) -> Result<Session<Fresh<U>>, LoginError> {
    ///     let verified = match first {
    ///         FirstFactor::IsEnough(verified) => verified,
    ///         FirstFactor::AsksForSecond(half) => login.check_second_factor(half, code).await?,
    ///     };
    ///     session.confirm_login(verified).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_refused`](LoginError::is_refused) when it is wrong, or the first
    /// factor was checked more than 5 minutes ago,
    /// [`is_throttled`](LoginError::is_throttled) after too many failures,
    /// [`is_store`](LoginError::is_store), and the check's own.
    pub async fn check_second_factor(
        &self,
        half: HalfVerified<U>,
        factor: impl SecondFactor<U>,
    ) -> Result<Verified<U>, LoginError> {
        let verified = half.0;
        verified.check(&self.0.core, false, false)?;
        let attempt = self.attempt_second_factor(&verified.user).await?;
        if !checked(self, factor, &verified.user).await? {
            return Err(Kind::Refused.into());
        }
        attempt.succeeded().await?;
        Ok(Verified {
            second_factor: true,
            ..verified
        })
    }
}

/// Asks a factor; its own error is the answer if it is one of ours.
pub(super) async fn checked<U: AuthUser>(
    login: &Login<U>,
    factor: impl SecondFactor<U>,
    user: &U,
) -> Result<bool, LoginError> {
    let error: BoxError = match factor.check(login, user).await {
        Ok(is_right) => return Ok(is_right),
        Err(error) => error.into(),
    };
    Err(match error.downcast::<LoginError>() {
        Ok(error) => *error,
        Err(error) => login.0.core.check_failed(error),
    })
}

/// Counts a try of a pending login before it is made, so that no number of
/// requests at once makes more of them. Gives the record as it is then.
pub(super) async fn count_try<U: AuthUser>(
    realm: &Realm<U>,
    pending: &Record,
) -> Result<Record, LoginError> {
    let core = &realm.core;
    for _ in 0..=MAX_TRIES {
        let Some(mut record) = core.load(pending.id).await? else {
            break;
        };
        let before = record.body.clone();
        let mut content = Content::decode(&before).map_err(|error| core.failed(error))?;
        let Some(facts) = content
            .login
            .as_mut()
            .and_then(|login| login.pending.as_mut())
        else {
            break;
        };
        if facts.is_used_up() {
            break;
        }
        facts.tries += 1;
        let body = content.encode().map_err(|error| core.failed(error))?;
        let (kind, id, version) = (record.kind, record.id, record.version);
        let update = Update::new(kind, id, version, body.clone(), core.now());
        match core.done(core.store.update(update).await)? {
            Swap::Done => {
                (record.version, record.body) = (version.next(), body);
                return Ok(record);
            }
            Swap::Gone => break,
            Swap::Conflict => {}
        }
    }
    Err(Kind::Ended.into())
}

/// Tells this visit that a pending login is nobody's any more, if its tries are
/// used up: the first factor is to be given again. The record stays until it
/// runs out: another tab may be about to finish with the right code.
pub(super) fn note_if_used_up<U: AuthUser>(
    known: &Arc<Known<U>>,
    record: &Record,
    number: visit::Number,
) -> Result<(), LoginError> {
    let core = &known.realm.core;
    let content = Content::decode(&record.body).map_err(|error| core.failed(error))?;
    let pending = content.login.and_then(|login| login.pending);
    if pending.is_none_or(PendingFacts::is_used_up) {
        visit::note(number, |notes| notes.change::<U>(core, Found::Nobody));
    }
    Ok(())
}
