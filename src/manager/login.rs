//! The handle for the app's own login checks, and what it makes.

use std::{fmt, sync::Arc};

use crate::{
    clock::Timestamp,
    error::{Kind, LoginError},
    manager::{Core, FirstFactor, FreshFor, Proved, Realm, settings::VERIFIED_FOR},
    user::{AuthUser, sealed::Factors as _},
};

/// The handle of a manager: lent inside [`into_router`](crate::LoginManager::into_router),
/// kept in the app's state, asked for by a handler that logs in.
///
/// Being in the state is also what makes guards work: a handler that asks for
/// `Authenticated<User>` needs a `Login<User>` there. The derive below comes with
/// axum's feature `macros`.
///
/// # Example
///
/// ```
/// use axum::extract::FromRef;
/// use portcullis::Login;
/// # struct Account;
/// # #[derive(Clone)] struct Db;
///
/// #[derive(Clone, FromRef)]
/// struct App {
///     login: Login<Account>,
///     db: Db,
/// }
/// ```
pub struct Login<U>(pub(crate) Arc<Realm<U>>);

impl<U: AuthUser> Login<U> {
    /// Says that this person proved to be `user`, just now. Call it after a
    /// check of your own: a password, an OAuth answer, a link from an e-mail.
    ///
    /// # Security
    ///
    /// The library believes it. It is the one word to grep for in a review:
    /// every way to log in goes through it, or through
    /// [`vouch_for_all_factors`](Self::vouch_for_all_factors).
    pub fn vouch_for(&self, user: U) -> Proved<U> {
        let verified = self.verified(user, false);
        U::Factors::either(verified, |verified| verified, FirstFactor::of)
    }

    /// Says that this person proved to be `user`, just now, by all factors that
    /// the user has: after a check of your own that is worth two, as a passkey
    /// with the user's verification is. For users of one factor it is
    /// [`vouch_for`](Self::vouch_for).
    ///
    /// # Security
    ///
    /// The library asks for nothing more: the second word to grep for in a review.
    pub fn vouch_for_all_factors(&self, user: U) -> Verified<U> {
        self.verified(user, true)
    }

    pub(crate) fn verified(&self, user: U, second_factor: bool) -> Verified<U> {
        Verified {
            realm: self.0.clone(),
            user,
            at: self.0.core.now(),
            second_factor,
        }
    }
}

impl<U> Clone for Login<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U> fmt::Debug for Login<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("realm", &self.0.core.realm())
            .finish_non_exhaustive()
    }
}

/// "This person proved to be this user, just now": what
/// [`login_user`](crate::Session::login_user),
/// [`confirm_login`](crate::Session::confirm_login) and
/// [`switch_user`](crate::Session::switch_user) take, and nothing else.
///
/// Good for 5 minutes, or for the [fresh window](crate::Builder::fresh_for) if
/// that is shorter; freshness counts from when it was made.
#[must_use = "a verified user is not logged in before `login_user`"]
pub struct Verified<U> {
    pub(crate) realm: Arc<Realm<U>>,
    pub(crate) user: U,
    pub(crate) at: Timestamp,
    /// By a second factor too.
    pub(crate) second_factor: bool,
}

impl<U: AuthUser> Verified<U> {
    /// The user.
    pub fn user(&self) -> &U {
        &self.user
    }

    /// Refuses what was verified too long ago, for another realm, or for an inactive user.
    pub(crate) fn check(
        &self,
        core: &Arc<Core>,
        fresh: bool,
        force_inactive: bool,
    ) -> Result<(), LoginError> {
        if !Arc::ptr_eq(core, &self.realm.core) {
            let mend = "use a `Verified` of the realm whose session it is";
            return Err(LoginError::misuse(core.realm(), mend));
        }
        let now = core.now();
        // A fresh login must not be older than the window (a window of zero is
        // the request that verified).
        let limit = match core.settings.fresh_for {
            FreshFor::Window(window) if fresh && !window.is_zero() => VERIFIED_FOR.min(window),
            _ => VERIFIED_FOR,
        };
        if now.since(self.at) > limit || self.at.is_future_of(now) {
            return Err(Kind::Refused.into());
        }
        if !force_inactive && !self.user.is_active() {
            return Err(Kind::Inactive.into());
        }
        Ok(())
    }
}

impl<U> fmt::Debug for Verified<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
