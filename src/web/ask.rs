//! Asking for the login of a request: what each proof takes.

use axum::{extract::OriginalUri, http::request::Parts};

use crate::{
    error::{Kind, LoginError},
    key::SignedBy,
    local_path::LocalPath,
    manager::{CookieOf, Login, NextIn},
    session::{
        Anonymous, AnySession, Asker, Authenticated, Found, Fresh, Session, Ticket,
        visit::{self, Number, Stranger},
    },
    user::AuthUser,
    web::{CurrentUser, cookies},
};

/// Who asks whom: the request, and the realm whose login it is about.
pub(crate) struct Ask<'a, U> {
    pub(crate) login: Login<U>,
    pub(crate) request: &'a Parts,
}

impl<U: AuthUser> Ask<'_, U> {
    /// Nobody is logged in.
    pub(crate) async fn anonymous<V>(&self) -> Result<Anonymous<V>, LoginError> {
        match self.find().await? {
            Found::Nobody => Ok(Anonymous::new(self.login.0.core.clone())),
            Found::LoggedIn(_) => {
                self.next(self.enter()?);
                Err(Kind::LoggedInAlready.into())
            }
        }
    }

    /// Somebody is logged in.
    pub(crate) async fn authenticated(&self) -> Result<Authenticated<U>, LoginError> {
        match self.find().await? {
            Found::Nobody => Err(Kind::Unauthorized.into()),
            Found::LoggedIn(known) => Ok(Authenticated(known)),
        }
    }

    /// Somebody gave the password just now.
    pub(crate) async fn fresh(&self) -> Result<Fresh<U>, LoginError> {
        self.authenticated().await?.into_fresh()
    }

    /// Somebody, or nobody.
    pub(crate) async fn look(&self) -> Result<Option<Authenticated<U>>, LoginError> {
        match self.find().await? {
            Found::Nobody => Ok(None),
            Found::LoggedIn(known) => Ok(Some(Authenticated(known))),
        }
    }

    /// Somebody, or nobody, to look at.
    pub(crate) async fn current_user(&self) -> Result<CurrentUser<U>, LoginError> {
        Ok(CurrentUser::new(self.find().await?, self.enter()?))
    }

    /// The session in whatever state it is.
    pub(crate) async fn any_session(&self) -> Result<AnySession<U>, LoginError> {
        let ticket = self.ticket()?;
        let now = self.login.0.core.now();
        Ok(match self.find().await? {
            Found::Nobody => AnySession::Anonymous(Session {
                proof: Anonymous::new(self.login.0.core.clone()),
                ticket,
            }),
            Found::LoggedIn(known) if known.is_fresh(now) => AnySession::Fresh(Session {
                proof: Fresh::of(known),
                ticket,
            }),
            Found::LoggedIn(known) => AnySession::Authenticated(Session {
                proof: Authenticated(known),
                ticket,
            }),
        })
    }

    /// What makes a session of a proof of this request.
    pub(crate) fn ticket(&self) -> Result<Ticket, LoginError> {
        let visit = self.enter()?;
        let next = self.next(visit);
        Ok(Ticket { visit, next })
    }

    /// Where the browser was going: what the query says, or else a cookie.
    fn next(&self, visit: Number) -> Option<LocalPath> {
        let core = &self.login.0.core;
        let carried = match core.settings.next_in {
            NextIn::Query => None,
            NextIn::Cookie => cookies::carried(core, CookieOf::Next, &self.request.headers),
        };
        visit::note(visit, |notes| {
            if let Some(carried) = carried.and_then(LocalPath::parse) {
                notes.carries_next(core, carried);
            }
            let asked = notes.asker.as_ref().and_then(|asker| asker.next());
            asked.or_else(|| notes.next_of(core).cloned())
        })
        .flatten()
    }

    /// Finds out, once a request.
    pub(crate) async fn find(&self) -> Result<Found<U>, LoginError> {
        let visit = self.enter()?;
        let core = &self.login.0.core;
        let headers = &self.request.headers;
        let presented = cookies::presented(core, CookieOf::Login, headers);
        let token = presented.as_ref().map(|(token, _)| token.clone());
        if let Some(found) = visit::note(visit, |notes| notes.seen(core, &token))
            .transpose()?
            .flatten()
        {
            return Ok(found);
        }
        let found = match &presented {
            None => Found::Nobody,
            Some((token, _)) => self.login.0.open(token).await?,
        };
        let stranger = match cookies::presented(core, CookieOf::Stranger, headers) {
            Some((token, signed_by)) => Stranger::Presented(token, signed_by),
            None => Stranger::Read(None),
        };
        visit::note(visit, |notes| {
            if notes.has_seen(core) {
                return; // another look of this request was faster
            }
            // What an older key of the ring signed is signed anew.
            if let (Some((token, SignedBy::Older)), Found::LoggedIn(_)) = (&presented, &found) {
                notes.send_token(core, CookieOf::Login, token);
            }
            notes.see(core, token, found.clone(), stranger);
        });
        Ok(found)
    }

    pub(crate) fn enter(&self) -> Result<Number, LoginError> {
        visit::enter(&self.login.0.core, |keep| asker(self.request, keep))
    }
}

fn asker(request: &Parts, keep: bool) -> Asker {
    let uri = request
        .extensions
        .get::<OriginalUri>()
        .map_or(&request.uri, |original| &original.0);
    Asker::new(&request.method, uri, &request.headers, keep)
}
