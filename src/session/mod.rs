//! Login states as types.
//!
//! A handler asks for a **proof** and gets it after the check, or is not
//! called: [`Anonymous`], [`Pending`], [`Authenticated`], [`Fresh`], [`Allowed`].
//! It asks for a [`Session`] of that proof if it wants to change the state; a
//! transition consumes the session and gives back the next one:
//!
//! | from | transition | to |
//! |---|---|---|
//! | `Session<Anonymous>` | [`login_user`](Session::login_user) | `Session<Fresh<U>>` |
//! | | [`login_user`](Session::login_user)`.stale()` | `Session<Authenticated<U>>` |
//! | | [`begin_login`](Session::begin_login), the first of two factors | `Session<Pending<U>>` |
//! | `Session<Pending<U>>` | [`finish_login`](Session::finish_login), the second | `Session<Fresh<U>>` |
//! | | [`logout_user`](Session::logout_user) | `Session<Anonymous<U>>` |
//! | `Session<Authenticated<U>>`, `Session<Fresh<U>>` | [`confirm_login`](Session::confirm_login) | `Session<Fresh<U>>` |
//! | | [`switch_user`](Session::switch_user) | `Session<Fresh<U>>` |
//! | | [`logout_user`](Session::logout_user) | `Session<Anonymous<U>>` |
//! | `Session<Fresh<U>>` | [`credentials_changed`](Session::credentials_changed) | `Session<Fresh<U>>` |
//!
//! What `Session<Fresh<U>>` has, the session of a [fresh window](FreshWindow) with
//! a name has too. A session of [`Allowed`] is one of somebody logged in.
//!
//! Each transition is one atomic step of the store, then pure code: first the
//! store, then the cookie (`logout_user` the other way round, so that a failed
//! logout still empties the browser). It takes effect when it is awaited,
//! whatever the handler answers then. Every one of them ends the old session
//! id, and all but `logout_user` make a new one (OWASP ASVS 5.0, 7.2.4).

mod accept;
mod allowed;
mod any;
mod asker;
mod attempt;
mod begin_login;
mod by_request;
pub(crate) mod capability;
#[cfg(feature = "password")]
mod check_password;
mod confirm_login;
mod credentials_changed;
mod custom;
mod delegated;
pub(crate) mod device;
mod device_name;
mod finish_login;
mod fresh_window;
pub(crate) mod known;
pub(crate) mod known_browser;
#[cfg(feature = "testing")]
pub(crate) mod login_as;
mod login_user;
mod logout_user;
mod next;
mod notes;
pub(crate) mod one_time;
mod open;
mod own_sessions;
pub(crate) mod presented;
pub(crate) mod proof;
mod protection;
mod remember;
mod revocation;
mod second_factor;
mod stranger;
mod switch_user;
mod transition;
pub(crate) mod visit;

pub use allowed::{Allowed, Policy};
pub use any::AnySession;
pub use attempt::LoginAttempt;
pub use begin_login::BeginLogin;
pub use capability::{
    IsFresh, IsHalfVerified, IsPending, IsVerified, KnowsUser, LoggedIn, MayLogIn,
};
#[cfg(feature = "password")]
pub use check_password::CheckPassword;
pub use confirm_login::ConfirmLogin;
pub use credentials_changed::CredentialsChanged;
pub use finish_login::FinishLogin;
pub use fresh_window::{
    FifteenMinutes, FiveMinutes, FreshWindow, ManagersWindow, OneMinute, Window,
};
pub use login_user::LoginUser;
pub use logout_user::LogoutUser;
pub use one_time::{OneTimeToken, Purpose};
pub use own_sessions::OwnSessions;
pub use proof::{Anonymous, Authenticated, Fresh, OnlyRealm, Pending, Widened};
#[cfg(feature = "totp")]
pub use second_factor::TotpCode;
pub use second_factor::{RecoveryCode, SecondFactor, SpentBy};
pub use switch_user::SwitchUser;
pub use transition::OrSession;

pub(crate) use allowed::{AskedPolicy, ask_policy, let_in};
pub(crate) use asker::{AnswerForm, Asker};
pub(crate) use custom::{Custom, Customs};
pub(crate) use fresh_window::{Fault, Within, wider};
pub(crate) use open::{Found, FoundAs, rarely};
pub(crate) use remember::SendAgain;
pub(crate) use revocation::recheck_what_is_old;
pub(crate) use stranger::stranger;

use std::{fmt, ops::Deref};

use crate::{local_path::LocalPath, user::AuthUser};

/// A proof together with the one right to change the login state of this request.
///
/// Met as the first argument of a handler that logs in, logs out or confirms;
/// there is no second one in the request. Whatever the proof can do the session
/// can do too: it derefs to it.
///
/// A handler that returns early drops it, and nothing has changed.
///
/// # Example
///
/// ```
/// use axum::response::Redirect;
/// use portcullis::{Authenticated, LoginError, Session};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct User;
/// # impl AuthUser for User {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// async fn log_out(session: Session<Authenticated<User>>) -> Result<Redirect, LoginError> {
///     session.logout_user().await?;
///     Ok(Redirect::to("/login"))
/// }
/// ```
pub struct Session<P> {
    pub(crate) proof: P,
    pub(crate) ticket: Ticket,
}

/// What ties a session to its request.
pub(crate) struct Ticket {
    /// Which visit the transitions of this session may change.
    pub(crate) visit: visit::Number,
    /// Where the browser wants to go next, if it said so and may.
    pub(crate) next: Option<LocalPath>,
}

impl<P> Session<P> {
    /// The user who is logged in, or about to be.
    pub fn user<U>(&self) -> &U
    where
        U: AuthUser,
        P: KnowsUser<User = U>,
    {
        &self.proof.somebody().user
    }
}

impl<P> Deref for Session<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.proof
    }
}

impl<P: fmt::Debug> fmt::Debug for Session<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.proof).finish()
    }
}
