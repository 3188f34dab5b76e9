//! Finding out who has sent a request, once.

use axum::http::{HeaderMap, Uri};

use super::ask::Ask;
#[cfg(feature = "testing")]
use crate::session::login_as::LoginAs;
use crate::{
    error::LoginError,
    event::EventKind,
    key::SignedBy,
    manager::{CookieOf, Source},
    session::{
        Found, SendAgain,
        presented::{Presented, Stranger},
        rarely,
        visit::{self, Number},
    },
    token::Token,
    user::AuthUser,
};

/// Who asks: a handler's first argument, or anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A remembered login is restored: it becomes a session.
    Guard,
    /// It is shown, and nothing is written.
    Look,
}

impl<U: AuthUser> Ask<'_, U> {
    /// Finds out, once a request: first by the session cookie, then by the
    /// remember cookie, then by the request itself.
    pub(crate) async fn find(&self, of: Use) -> Result<Found<U>, LoginError> {
        let visit = self.enter_as(of)?;
        let core = &self.login.0.core;
        let token = match self.present(visit)? {
            Before::Found(found) => return self.find_again(found, of, visit).await,
            Before::Token(token) => token,
        };
        if !self.request.method.is_safe() {
            self.see_caller(visit);
        }
        let mut found = match token {
            Some(token) => self.open(&token, visit).await?,
            None => Found::Nobody,
        };
        #[cfg(feature = "testing")]
        if let Some(login) = self.request.extensions.get::<LoginAs<U>>() {
            self.see_caller(visit); // whose browser it is to be
            if let Some(known) = rarely(login.log_in(&self.login, visit)).await? {
                found = Found::LoggedIn(known);
            }
        }
        if matches!(found, Found::Nobody) && self.shown().has(CookieOf::Remember) {
            found = rarely(self.recall(visit, of)).await?;
        }
        if matches!(found, Found::Nobody) && self.login.0.finders.request.is_some() {
            found = rarely(self.by_request(visit)).await?;
        }
        // Only now: a look that fails or is dropped half-way has found out nothing.
        let settled = visit::note(visit, |notes| notes.settle(core, found.clone()));
        let found = match settled {
            // Another look was faster: perhaps one of another request.
            Some(settled) if self.is_by_request(&settled) && self.is_by_request(&found) => {
                self.same(settled, &found)?
            }
            Some(settled) => settled,
            None => found,
        };
        let user = match &found {
            Found::LoggedIn(known) => Some(known),
            Found::Nobody | Found::Pending(_) => None,
        };
        let session = user.and_then(|known| known.info.id());
        self.login.0.emit(EventKind::UserAccessed, session, user);
        Ok(found)
    }

    /// Notes what the request shows; answers what is known by then.
    fn present(&self, visit: Number) -> Result<Before<U>, LoginError> {
        let core = &self.login.0.core;
        let shown = self.shown();
        let cookies = shown.who();
        let before = visit::note(visit, |notes| notes.seen(core, &cookies));
        if let Some(found) = before.transpose()?.flatten() {
            return Ok(Before::Found(found));
        }
        let stranger = match shown.token(CookieOf::Stranger) {
            Some((token, signed_by)) => Stranger::Presented(token, signed_by),
            None => Stranger::default(),
        };
        let head = self.reads_requests().then(|| self.head());
        let presented = Presented {
            cookies,
            head,
            stranger,
            carries_flash: shown.has(CookieOf::Flash),
            is_stolen: false,
        };
        visit::note(visit, |notes| notes.see(core, presented));
        Ok(Before::Token(shown.token(CookieOf::Login)))
    }

    /// What a look before has found is enough for a look; a guard may have more to do.
    async fn find_again(
        &self,
        found: Found<U>,
        of: Use,
        visit: Number,
    ) -> Result<Found<U>, LoginError> {
        let core = &self.login.0.core;
        if self.is_by_request(&found) {
            let (uri, headers) = (&self.request.uri, &self.request.headers);
            let is_same = visit::note(visit, |notes| notes.has_head(core, uri, headers));
            if is_same != Some(true) {
                let now = rarely(self.by_request(visit)).await?;
                let found = self.same(found, &now)?;
                visit::note(visit, |notes| notes.see_head(core, self.head()));
                return Ok(found);
            }
        }
        if of == Use::Look {
            return Ok(found);
        }
        if let Found::LoggedIn(known) = &found
            && known.is_only_remembered()
        {
            let found = rarely(self.recall(visit, of)).await?;
            visit::note(visit, |notes| notes.change(core, found.clone()));
            return Ok(found);
        }
        // The look has found the remember token stolen, and ended nothing. Whoever
        // was found beside it stays who it is.
        if visit::note(visit, |notes| notes.take_theft(core)) == Some(true) {
            rarely(self.recall(visit, of)).await?;
        }
        Ok(found)
    }

    /// By the session cookie.
    async fn open(
        &self,
        (token, signed_by): &(Token, SignedBy),
        visit: Number,
    ) -> Result<Found<U>, LoginError> {
        let core = &self.login.0.core;
        let remember = || self.shown().token(CookieOf::Remember);
        let opened = self.login.0.open(token, &self.visitor(), remember).await?;
        let (found, again) = opened;
        visit::note(visit, |notes| {
            if notes.has_found(core) {
                return; // another look of this request was faster
            }
            // What an older key of the ring signed is signed anew.
            if matches!(signed_by, SignedBy::Older) && found.somebody().is_some() {
                notes.send_token(core, CookieOf::Login, token);
            }
            if let Some(SendAgain { token, series }) = again {
                notes.send_remember_token(core, &token, series.expires);
            }
        });
        Ok(found)
    }

    /// By the remember cookie. Only a guard uses it up.
    async fn recall(&self, visit: Number, of: Use) -> Result<Found<U>, LoginError> {
        let Some((token, _)) = self.shown().token(CookieOf::Remember) else {
            return Ok(Found::Nobody);
        };
        let restores = of == Use::Guard;
        let realm = &self.login.0;
        realm.recall(&token, &self.visitor(), restores, visit).await
    }

    fn reads_requests(&self) -> bool {
        self.login.0.finders.request.is_some()
    }

    /// All that the request loader may go by.
    fn head(&self) -> Box<(Uri, HeaderMap)> {
        Box::new((self.request.uri.clone(), self.request.headers.clone()))
    }

    /// Was this found by the request itself, or in vain?
    fn is_by_request(&self, found: &Found<U>) -> bool {
        let is_by_request = match found {
            Found::Nobody => true,
            Found::LoggedIn(known) => known.info.source() == Source::Request,
            Found::Pending(_) => false,
        };
        is_by_request && self.reads_requests()
    }

    /// What was found first, if this request brings the same.
    ///
    /// # Errors
    ///
    /// When it brings somebody else: a request with another key inside of this one.
    fn same(&self, first: Found<U>, now: &Found<U>) -> Result<Found<U>, LoginError> {
        match (&first, now) {
            (Found::Nobody, Found::Nobody) => Ok(first),
            (Found::LoggedIn(one), Found::LoggedIn(other)) if one.is_same_login_as(other) => {
                Ok(first)
            }
            _ => Err(LoginError::misuse(
                self.login.0.core.realm(),
                "send a request with another key through the router, not through a layer of this request",
            )),
        }
    }

    /// By the request itself. It gets no cookie, and no session.
    async fn by_request(&self, visit: Number) -> Result<Found<U>, LoginError> {
        let realm = &self.login.0;
        let found = realm.by_request(self.request.clone()).await?;
        visit::note(visit, |notes| notes.looked_at_request = true);
        Ok(found)
    }
}

/// What is known before the store is asked.
enum Before<U> {
    Found(Found<U>),
    /// Nothing, but this names a session.
    Token(Option<(Token, SignedBy)>),
}
