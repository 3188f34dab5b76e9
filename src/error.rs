//! What can go wrong: at run time [`LoginError`], at start [`BuildError`].

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

/// Any error of a store or a loader.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a login, a transition or a check did not happen.
///
/// One opaque type without parameters, so that `?` works in every handler and
/// an app's own error needs one `#[from]`. Returned from a handler it answers
/// by itself: a page is sent to the login form, an API client gets a status.
/// Whatever the error, the session is what it was before, but for a failed
/// `logout_user`, which still removes the browser's cookie.
///
/// # Example
///
/// ```
/// use portcullis::LoginError;
///
/// // The app's own check failed: which part of it is nobody's business.
/// let error = LoginError::refused();
/// assert!(error.is_refused());
/// assert_eq!(error.to_string(), "the login was refused");
/// ```
///
/// # Security
///
/// The answer to a refused login is the same whether the user does not exist,
/// is inactive or gave a wrong password (OWASP ASVS 5.0, 6.3.8). The error's
/// text is for the log, not for the visitor: it tells these apart.
#[derive(thiserror::Error)]
#[error("{}", self.kind.describe())]
pub struct LoginError {
    kind: Kind,
    #[source]
    source: Option<BoxError>,
}

/// What the layer answers, and what the `is_*` questions ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Refused,
    Inactive,
    Ended,
    Unauthorized,
    /// Logged in, but not by hand within the last so many seconds, or in this session.
    NeedsRefresh {
        max_age: Option<u64>,
    },
    /// The first factor is checked, and the second is not.
    Pending,
    LoggedInAlready,
    Forbidden,
    /// Too many failures: wait so many seconds.
    Throttled {
        retry_after: u64,
    },
    /// More passwords wait to be hashed than may.
    Busy,
    /// A password could not be hashed.
    #[cfg_attr(
        not(feature = "password"),
        expect(dead_code, reason = "nothing is hashed")
    )]
    Hashing,
    /// A new password is too short or too long.
    UnfitPassword,
    /// A new password is on the blocklist.
    ListedPassword,
    Store,
    Loader,
    /// A check of the app's failed: that of a second factor.
    Check,
    Policy,
    /// The head of the answer is gone, so a cookie can't be sent any more.
    Answered,
    /// A program error that the compiler could not see.
    Misuse,
    TooLarge,
}

impl Kind {
    fn describe(self) -> &'static str {
        match self {
            Kind::Refused => "the login was refused",
            Kind::Inactive => "the user is not active",
            Kind::Ended => "the session has ended",
            Kind::Unauthorized => "nobody is logged in",
            Kind::NeedsRefresh { .. } => "the login is not fresh",
            Kind::Pending => "the second factor is not checked yet",
            Kind::LoggedInAlready => "somebody is logged in already",
            Kind::Forbidden => "the request is forbidden",
            Kind::Throttled { .. } => {
                "there were too many tries, of logins or of what is sent by e-mail"
            }
            Kind::Busy => "too many passwords wait to be checked",
            Kind::Hashing => "the password could not be hashed",
            Kind::UnfitPassword => "the new password is too short or too long",
            Kind::ListedPassword => "the new password is known to whoever guesses",
            Kind::Store => "the session store failed",
            Kind::Loader => "the user loader failed",
            Kind::Check => "the check of a second factor failed",
            Kind::Policy => "the policy failed",
            Kind::Answered => "the answer has been sent, its cookies can't be changed any more",
            Kind::Misuse => "the request has no place of this login manager",
            Kind::TooLarge => "the session data is too large",
        }
    }
}

impl LoginError {
    /// The credentials do not fit: for an app's own check, before
    /// [`vouch_for`](crate::Login::vouch_for).
    pub fn refused() -> Self {
        Kind::Refused.into()
    }

    /// The user is logged in and may not do this: answered with 403. For a
    /// check of the app's own, such as that of a [`HoldsProof`](crate::HoldsProof).
    pub fn forbidden() -> Self {
        Kind::Forbidden.into()
    }

    /// Were there too many failed logins? Answered with 429, and after how many
    /// seconds to come back: see [`Throttle`](crate::Throttle).
    pub fn is_throttled(&self) -> bool {
        matches!(self.kind, Kind::Throttled { .. })
    }

    /// How long to wait, if it is [throttled](Self::is_throttled), in whole seconds:
    /// for words of your own, such as "try again in 12 minutes".
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            Kind::Throttled { retry_after } => Some(Duration::from_secs(retry_after)),
            _ => None,
        }
    }

    /// Do more passwords wait to be checked than this server can? Answered with 503.
    pub fn is_busy(&self) -> bool {
        self.kind == Kind::Busy
    }

    /// Is a new password too short or too long, or on the
    /// [blocklist](crate::Builder::password_blocklist)? Answered with 422.
    pub fn is_unfit_password(&self) -> bool {
        self.kind == Kind::UnfitPassword || self.is_listed_password()
    }

    /// Is it unfit because it is on the [blocklist](crate::Builder::password_blocklist)?
    /// The visitor is to be told so (NIST SP 800-63B-4, 3.1.1.2).
    pub fn is_listed_password(&self) -> bool {
        self.kind == Kind::ListedPassword
    }

    /// Is it [`forbidden`](Self::forbidden)?
    pub fn is_forbidden(&self) -> bool {
        self.kind == Kind::Forbidden
    }

    /// Were the credentials refused, or was the [`Verified`](crate::Verified)
    /// too old or for somebody else?
    pub fn is_refused(&self) -> bool {
        self.kind == Kind::Refused
    }

    /// Is the user not [active](crate::AuthUser::is_active)? Answered like a refusal.
    pub fn is_inactive(&self) -> bool {
        self.kind == Kind::Inactive
    }

    /// Did the session end before the step: logged out in another tab, revoked, expired?
    pub fn is_ended(&self) -> bool {
        self.kind == Kind::Ended
    }

    /// Is nobody logged in where somebody had to be?
    pub fn is_unauthorized(&self) -> bool {
        self.kind == Kind::Unauthorized
    }

    /// Is a second factor to be checked first, where somebody had to be logged in?
    pub fn is_pending(&self) -> bool {
        self.kind == Kind::Pending
    }

    /// Is the login older than the fresh window, where it had to be [`Fresh`](crate::Fresh)?
    pub fn needs_refresh(&self) -> bool {
        matches!(self.kind, Kind::NeedsRefresh { .. })
    }

    /// Did the store fail, or refuse because it is full?
    pub fn is_store(&self) -> bool {
        self.kind == Kind::Store
    }

    /// Did the user loader fail?
    pub fn is_loader(&self) -> bool {
        self.kind == Kind::Loader
    }

    /// Did the check of a [second factor](crate::SecondFactor) fail, so that
    /// nobody knows whether it was right?
    pub fn is_check(&self) -> bool {
        self.kind == Kind::Check
    }

    /// Could a [`Policy`](crate::Policy) not say whether the user may?
    pub fn is_policy(&self) -> bool {
        self.kind == Kind::Policy
    }

    /// Is the session data of a stranger or a user over its limit?
    pub fn is_too_large(&self) -> bool {
        self.kind == Kind::TooLarge
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// An error of the store.
    pub(crate) fn store(source: impl Into<BoxError>) -> Self {
        Self::caused(Kind::Store, source)
    }

    /// An error of a loader.
    pub(crate) fn loader(source: impl Into<BoxError>) -> Self {
        Self::caused(Kind::Loader, source)
    }

    /// An error of the app's check of a second factor.
    pub(crate) fn check(source: impl Into<BoxError>) -> Self {
        Self::caused(Kind::Check, source)
    }

    /// An error of a policy.
    pub(crate) fn policy(source: impl Into<BoxError>) -> Self {
        Self::caused(Kind::Policy, source)
    }

    /// A password could not be hashed; logged here.
    #[cfg(feature = "password")]
    pub(crate) fn hashing(source: impl Into<BoxError>) -> Self {
        let error = Self::caused(Kind::Hashing, source);
        tracing::error!(target: "portcullis", event = "hashing_failed", error = error.cause(), "{error}");
        error
    }

    fn caused(kind: Kind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// What the log says of it.
    pub(crate) fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        self.source()
    }

    /// A mistake in the program; logged here with what to mend.
    pub(crate) fn misuse(realm: &str, mend: &'static str) -> Self {
        tracing::error!(target: "portcullis", event = "misused", realm, mend, "a login check was asked where it can't be");
        Self {
            kind: Kind::Misuse,
            source: Some(mend.into()),
        }
    }
}

impl From<Kind> for LoginError {
    fn from(kind: Kind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Debug for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

/// Why a [`LoginManager`](crate::LoginManager) could not be built, a
/// [`SecretKey`](crate::SecretKey) not be read, or routes not be mounted.
///
/// Met at start, never while a request is served. Its text says what to change.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(Cow<'static, str>);

impl BuildError {
    pub(crate) fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self(what.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_answers_one_question_with_yes() {
        let error = LoginError::from(Kind::NeedsRefresh { max_age: Some(900) });
        assert!(error.needs_refresh());
        assert!(!error.is_refused() && !error.is_inactive() && !error.is_ended());
        assert!(!error.is_unauthorized() && !error.is_store() && !error.is_loader());
    }

    #[test]
    fn the_cause_is_kept() {
        let error = LoginError::store("connection refused");
        assert!(error.is_store());
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("connection refused")
        );
        assert_eq!(error.to_string(), "the session store failed");
    }
}
