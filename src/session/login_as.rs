//! A login that a test asks for, beside its request.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    error::LoginError,
    manager::{Login, Source},
    session::{
        known::Known,
        remember::SeriesOf,
        transition::{Kept, NewLogin, replace},
        visit::Number,
    },
    user::{AuthUser, sealed::Factors as _},
};

/// Logs a user in for the request that has it among its extensions: from
/// [`login_as`](crate::testing::login_as).
///
/// It is used once, where the request is first asked who is logged in, and makes
/// an ordinary session, with an ordinary cookie in the answer.
pub struct LoginAs<U>(Arc<Mutex<Wanted<U>>>);

struct Wanted<U> {
    user: Option<U>,
    stale: bool,
    remembered: bool,
}

impl<U: AuthUser> LoginAs<U> {
    pub(crate) fn new(user: U) -> Self {
        Self(Arc::new(Mutex::new(Wanted {
            user: Some(user),
            stale: false,
            remembered: false,
        })))
    }

    /// A login that does not count as fresh.
    pub fn stale(self) -> Self {
        self.change(|wanted| wanted.stale = true);
        self
    }

    /// A login that remembers its browser.
    pub fn remembered(self) -> Self {
        self.change(|wanted| wanted.remembered = true);
        self
    }

    /// Has a request used it?
    pub(crate) fn is_used(&self) -> bool {
        self.change(|wanted| wanted.user.is_none())
    }

    fn change<R>(&self, change: impl FnOnce(&mut Wanted<U>) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Logs in, as a handler would that vouches for the user.
    pub(crate) async fn log_in(
        &self,
        login: &Login<U>,
        number: Number,
    ) -> Result<Option<Arc<Known<U>>>, LoginError> {
        let (user, stale, remembered) =
            self.change(|wanted| (wanted.user.take(), wanted.stale, wanted.remembered));
        let Some(user) = user else { return Ok(None) };
        let both = U::Factors::is_another_asked(&user);
        let verified = login.verified(user, both);
        let lasts = verified.realm.core.settings.remember.lasts;
        let new = NewLogin {
            verified: (!stale).then_some(verified.at),
            second_factor: verified.second_factor,
            forced: false,
            source: Source::ByHand,
            series: SeriesOf::Another {
                ends: None,
                begins: remembered.then_some(lasts),
            },
            goes_on: None,
            stranger: None,
            actor: None,
            end_others: false,
        };
        let (realm, user) = (&verified.realm, verified.user);
        let known = replace(realm, number, None, user, new, Kept::Nothing).await?;
        Ok(Some(known))
    }
}

impl<U> Clone for LoginAs<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U> std::fmt::Debug for LoginAs<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginAs")
    }
}
