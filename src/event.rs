//! What happens to logins, told to whoever listens.

use std::{fmt, net::IpAddr, sync::Arc};

use tracing::field::display;

use crate::{actor::Actor, clock::Timestamp, key::Mac, token::RecordId};

/// Something that happened to a login: what a listener gets.
///
/// Given to the builder with [`on_event`](crate::Builder::on_event) or
/// [`on_event_async`](crate::Builder::on_event_async). The same is logged with
/// `tracing`, target `portcullis`, with the fields `event` (see
/// [`EventKind::name`]), `realm`, `session` (a [hash](SessionHash) of its id), and
/// `account`, a hash as well: the same for all that is about one account, be it a name
/// that nobody has. Who acts for a user is `actor`, an account of `actor_realm`. A login
/// that is refused or throttled has the `factor` that was tried, and `network`, if
/// [networks are counted](crate::Throttle::network); a failure has its `error`.
///
/// # Example
///
/// ```
/// use portcullis::{AuthUser, EventKind, LoginEvent};
///
/// fn tell_the_owner<U: AuthUser>(event: &LoginEvent<U>) {
///     if let (EventKind::RememberTheft, Some(user)) = (event.kind(), event.user()) {
///         println!("write an e-mail to {:?}: somebody had a copy of your cookie", user.id());
///     }
/// }
/// ```
///
/// # Security
///
/// It holds no token, key or password. A session's id opens nothing.
pub struct LoginEvent<U> {
    kind: EventKind,
    at: Timestamp,
    session: Option<(RecordId, SessionHash)>,
    user: Option<Arc<dyn HasUser<U>>>,
}

/// Something that holds a user.
pub(crate) trait HasUser<U>: Send + Sync {
    fn user(&self) -> &U;
    fn actor(&self) -> Option<&Arc<Actor>>;
}

/// What the logs call a session: 16 hexadecimal digits, from
/// [`LoginEvent::session_hash`] and
/// [`Login::session_hash`](crate::Login::session_hash).
///
/// A keyed hash of the session's id, so that lines about one session can be told
/// from others, and none of them helps to find it (OWASP Session Management Cheat
/// Sheet, "Logging Sessions Life Cycle"; ASVS 5.0, 16.2.5). It is another one after
/// each transition, as the id is, and when the secret key changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash([u8; 8]);

impl SessionHash {
    pub(crate) fn of(mac: Mac) -> Self {
        let [hash @ .., _, _, _, _, _, _, _, _] = mac;
        Self(hash)
    }
}

impl fmt::Display for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHash({self})")
    }
}

/// What happened: the signals of Flask-Login under their names, and ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A user logged in.
    UserLoggedIn,
    /// The first of a user's two factors was checked, by hand or by the remember
    /// cookie; nobody is logged in before the second one is.
    SecondFactorAsked,
    /// A user logged out.
    UserLoggedOut,
    /// A user who was logged in gave the password once more.
    UserLoginConfirmed,
    /// A login was restored from the remember cookie.
    UserLoadedFromCookie,
    /// The [request loader](crate::RequestLoader) found a user.
    UserLoadedFromRequest,
    /// Somebody asked who is logged in, the first time in a request.
    UserAccessed,
    /// A guard turned somebody away who is not logged in.
    UserUnauthorized,
    /// A guard turned a user away whose login is not fresh.
    UserNeedsRefresh,
    /// A login was refused: a password or a code was wrong, or the attempt was dropped,
    /// whatever the handler answers; or the answer was
    /// [`LoginError::refused`](crate::LoginError::refused), also to an inactive user.
    /// Nobody is known of it.
    LoginRefused,
    /// A login was not tried, because there were too many failures before:
    /// [`Throttle`](crate::Throttle). Nobody is known of it.
    LoginThrottled,
    /// Somebody was turned away who may not do this: 403.
    UserForbidden,
    /// The page of another site sent a request that changes something: 403.
    OriginRefused,
    /// A session came from another browser than it was made for: it was made
    /// stale, or ended, as [`session_protection`](crate::Builder::session_protection) says.
    SessionProtected,
    /// The login of one user became that of another.
    UserSwitched,
    /// A job acts for a user: [`Sessions::act_for`](crate::Sessions::act_for).
    UserActedFor,
    /// A user's credentials changed; the other sessions ended.
    CredentialsChanged,
    /// A remember token was shown that had been replaced, more than a minute
    /// after its successor was first seen: somebody has a copy. All sessions of
    /// that remembered browser have ended. The user is there if the loader still finds one.
    RememberTheft,
    /// A session was ended because its user is gone or inactive, or it was too old.
    SessionEnded,
    /// Logins were ended from elsewhere: by their user, from another device
    /// ([`Login::sessions`](crate::Login::sessions)), or by a job or an admin tool,
    /// of which nobody is known.
    SessionsRevoked,
    /// The store failed, or was full: a request that rested on it was answered with
    /// 503, and nobody is known of it. The log has the cause.
    StoreFailed,
    /// A loader of users failed, or what saves a new password hash: answered with 500.
    LoaderFailed,
    /// The check of a [second factor](crate::SecondFactor) failed: answered with 500.
    CheckFailed,
    /// A [policy](crate::Policy) failed: answered with 500.
    PolicyFailed,
}

impl EventKind {
    /// Every kind there is, for the names of metrics before the first event.
    pub const ALL: &'static [Self] = &[
        Self::UserLoggedIn,
        Self::SecondFactorAsked,
        Self::UserLoggedOut,
        Self::UserLoginConfirmed,
        Self::UserLoadedFromCookie,
        Self::UserLoadedFromRequest,
        Self::UserAccessed,
        Self::UserUnauthorized,
        Self::UserNeedsRefresh,
        Self::LoginRefused,
        Self::LoginThrottled,
        Self::UserForbidden,
        Self::OriginRefused,
        Self::SessionProtected,
        Self::UserSwitched,
        Self::UserActedFor,
        Self::CredentialsChanged,
        Self::RememberTheft,
        Self::SessionEnded,
        Self::SessionsRevoked,
        Self::StoreFailed,
        Self::LoaderFailed,
        Self::CheckFailed,
        Self::PolicyFailed,
    ];

    /// The event's name in logs: `user_logged_in`, `remember_theft`, … It never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserLoggedIn => "user_logged_in",
            Self::SecondFactorAsked => "second_factor_asked",
            Self::UserLoggedOut => "user_logged_out",
            Self::UserLoginConfirmed => "user_login_confirmed",
            Self::UserLoadedFromCookie => "user_loaded_from_cookie",
            Self::UserLoadedFromRequest => "user_loaded_from_request",
            Self::UserAccessed => "user_accessed",
            Self::UserUnauthorized => "user_unauthorized",
            Self::UserNeedsRefresh => "user_needs_refresh",
            Self::LoginRefused => "login_refused",
            Self::LoginThrottled => "login_throttled",
            Self::UserForbidden => "user_forbidden",
            Self::OriginRefused => "origin_refused",
            Self::SessionProtected => "session_protected",
            Self::UserSwitched => "user_switched",
            Self::UserActedFor => "user_acted_for",
            Self::CredentialsChanged => "credentials_changed",
            Self::RememberTheft => "remember_theft",
            Self::SessionEnded => "session_ended",
            Self::SessionsRevoked => "sessions_revoked",
            Self::StoreFailed => "store_failed",
            Self::LoaderFailed => "loader_failed",
            Self::CheckFailed => "check_failed",
            Self::PolicyFailed => "policy_failed",
        }
    }

    /// Can anybody bring it about, who knows no password and has no cookie, be it
    /// while something is down?
    pub(crate) fn is_for_the_asking(self) -> bool {
        matches!(
            self,
            Self::UserAccessed
                | Self::UserUnauthorized
                | Self::LoginRefused
                | Self::LoginThrottled
                | Self::UserForbidden
                | Self::OriginRefused
                | Self::StoreFailed
                | Self::LoaderFailed
                | Self::CheckFailed
                | Self::PolicyFailed
        )
    }

    /// Writes the event to the log, at the level that its weight asks for.
    pub(crate) fn log(self, realm: &str, about: &About<'_>) {
        let event = self.name();
        let session = about.session.map(display);
        let account = about.account.map(display);
        let network = about.network.map(display);
        let actor = about.actor.map(display);
        let (factor, actor_realm) = (about.factor, about.actor_realm);
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    target: "portcullis",
                    event, realm, session, account, factor, network, actor, actor_realm
                )
            };
        }
        match self {
            Self::SessionProtected | Self::RememberTheft | Self::LoginThrottled => log!(warn),
            Self::UserUnauthorized | Self::UserNeedsRefresh | Self::UserLoadedFromRequest => {
                log!(debug)
            }
            Self::UserAccessed => log!(trace),
            _ => log!(info),
        }
    }
}

/// What an event is about, as the log says it.
#[derive(Default)]
pub(crate) struct About<'a> {
    pub(crate) session: Option<&'a dyn fmt::Display>,
    /// Whose login it is, or was to be, whether there is such an account or not.
    pub(crate) account: Option<&'a dyn fmt::Display>,
    /// Where the try came from, if networks are counted.
    pub(crate) network: Option<IpAddr>,
    /// Which factor was tried.
    pub(crate) factor: Option<&'static str>,
    /// Who acts, and in which realm that is an account.
    pub(crate) actor: Option<&'a dyn fmt::Display>,
    pub(crate) actor_realm: Option<&'a str>,
}

impl<U> LoginEvent<U> {
    pub(crate) fn new(
        kind: EventKind,
        at: Timestamp,
        session: Option<(RecordId, SessionHash)>,
        user: Option<Arc<dyn HasUser<U>>>,
    ) -> Self {
        Self {
            kind,
            at,
            session,
            user,
        }
    }

    /// What happened.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The session that it happened to, if it was about one: its id after the event.
    pub fn session(&self) -> Option<RecordId> {
        Some(self.session?.0)
    }

    /// What the logs call that session.
    pub fn session_hash(&self) -> Option<SessionHash> {
        Some(self.session?.1)
    }

    /// Who acted for the user, if somebody did.
    pub fn actor(&self) -> Option<&Actor> {
        self.user.as_ref()?.actor().map(Arc::as_ref)
    }

    /// The user, as loaded then; none if nobody was known.
    pub fn user(&self) -> Option<&U> {
        self.user.as_ref().map(|user| user.user())
    }
}

impl<U> fmt::Debug for LoginEvent<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginEvent")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .field("session", &self.session_hash())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_at_the_place_that_its_number_says() {
        for (place, kind) in EventKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place);
        }
        assert_eq!(EventKind::ALL.last(), Some(&EventKind::PolicyFailed));
    }
}
