//! Asking for the login of a request: what each proof takes.

use std::sync::Arc;

use axum::{
    extract::OriginalUri,
    http::{HeaderValue, header, request::Parts},
};

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    local_path::LocalPath,
    manager::{CookieOf, Login, NextIn, SessionProtection},
    session::{
        Allowed, Anonymous, AnySession, AskedPolicy, Asker, Authenticated, Found, Fresh, Pending,
        Policy, Session, Ticket, Window, Within, ask_policy,
        device::Visitor,
        known::Known,
        known_browser::{Caller, KnownBrowser},
        let_in,
        visit::{self, Notes, Number},
    },
    user::{AuthUser, sealed::Factors as _},
    web::{CurrentUser, cookies, find::Use, peer},
};

/// Who asks whom: the request, and the realm whose login it is about.
pub(crate) struct Ask<'a, U> {
    pub(crate) login: Login<U>,
    pub(crate) request: &'a Parts,
}

impl<U: AuthUser> Ask<'_, U> {
    /// Nobody is logged in.
    pub(crate) async fn anonymous<V>(&self) -> Result<Anonymous<V>, LoginError> {
        let visit = self.enter()?;
        visit::note(visit, |notes| notes.asked_for_nobody = true);
        match self.find(Use::Guard).await? {
            Found::Nobody => {
                self.see_caller(visit);
                Ok(Anonymous::new(self.login.0.core.clone()))
            }
            Found::Pending(_) => {
                self.next(visit);
                Err(Kind::Pending.into())
            }
            Found::LoggedIn(_) => {
                self.next(visit);
                Err(Kind::LoggedInAlready.into())
            }
        }
    }

    /// The first factor is checked, and the second is not.
    pub(crate) async fn pending(&self) -> Result<Pending<U>, LoginError> {
        let visit = self.enter()?;
        match self.find(Use::Guard).await? {
            Found::Pending(known) => Ok(Pending::of(known)),
            Found::Nobody => Err(self.unauthorized()),
            Found::LoggedIn(_) => {
                self.next(visit);
                Err(Kind::LoggedInAlready.into())
            }
        }
    }

    fn unauthorized(&self) -> LoginError {
        let realm = &self.login.0;
        realm.emit::<Known<U>>(EventKind::UserUnauthorized, None, None);
        Kind::Unauthorized.into()
    }

    /// Somebody is logged in.
    pub(crate) async fn authenticated(&self) -> Result<Authenticated<U>, LoginError> {
        match self.find(Use::Guard).await? {
            Found::Nobody => Err(self.unauthorized()),
            Found::Pending(_) => Err(Kind::Pending.into()),
            Found::LoggedIn(known) => Ok(Authenticated(known)),
        }
    }

    /// Somebody gave the password just now.
    pub(crate) async fn fresh<W: Window>(&self) -> Result<Fresh<U, W>, LoginError> {
        let visit = self.enter()?;
        let proof = self.authenticated().await?;
        let core = &self.login.0.core;
        visit::note(visit, |notes| notes.ask_for_fresh(core, W::WITHIN));
        proof.fresh()
    }

    /// Somebody is logged in, and the policy lets it in.
    pub(crate) async fn allowed<P: Policy<U>>(
        &self,
        state: P::State,
    ) -> Result<Allowed<U, P>, LoginError> {
        let visit = self.enter()?;
        let by = self.authenticated().await?;
        ask_policy::<U, P, _>(&by, self.request, &state).await?;
        let asked = AskedPolicy::<U, P> {
            by: by.0.clone(),
            request: self.request.clone(),
            state,
        };
        let core = &self.login.0.core;
        visit::note(visit, |notes| notes.ask_policy(core, Arc::new(asked)));
        Ok(let_in(by))
    }

    /// Somebody, or nobody.
    pub(crate) async fn look(&self) -> Result<Option<Authenticated<U>>, LoginError> {
        match self.find(Use::Guard).await? {
            Found::Nobody | Found::Pending(_) => Ok(None),
            Found::LoggedIn(known) => Ok(Some(Authenticated(known))),
        }
    }

    /// Somebody, or nobody, to look at.
    pub(crate) async fn current_user(&self, of: Use) -> Result<CurrentUser<U>, LoginError> {
        let visit = self.enter()?;
        let found = self.find(of).await?;
        Ok(CurrentUser::new(self.login.clone(), found, visit))
    }

    /// The session in whatever state it is.
    pub(crate) async fn any_session(&self) -> Result<AnySession<U>, LoginError> {
        let visit = self.enter()?;
        let found = self.find(Use::Guard).await?;
        let ticket = self.ticket(visit);
        let now = self.login.0.core.now();
        Ok(match found {
            Found::Nobody => self.anonymous_session(ticket),
            Found::Pending(known) => self.pending_session(known, ticket),
            Found::LoggedIn(known) => {
                known.session()?;
                match known.is_fresh(now, Within::MANAGERS) {
                    true => {
                        let core = &self.login.0.core;
                        let asked = |notes: &mut Notes| notes.ask_for_fresh(core, Within::MANAGERS);
                        visit::note(ticket.visit, asked);
                        AnySession::Fresh(Session {
                            proof: Fresh::of(known),
                            ticket,
                        })
                    }
                    false => AnySession::Authenticated(Session {
                        proof: Authenticated(known),
                        ticket,
                    }),
                }
            }
        })
    }

    fn anonymous_session(&self, ticket: Ticket) -> AnySession<U> {
        AnySession::Anonymous(Session {
            proof: Anonymous::new(self.login.0.core.clone()),
            ticket,
        })
    }

    fn pending_session(&self, known: Arc<Known<U>>, ticket: Ticket) -> AnySession<U> {
        let number = ticket.visit;
        let pending = U::Factors::of_two(|| Session {
            proof: Pending::of(known),
            ticket,
        });
        match pending {
            Some(session) => AnySession::Pending(session),
            // Users of one factor never wait for another.
            None => self.anonymous_session(Ticket {
                visit: number,
                next: None,
            }),
        }
    }

    /// What makes a session of a proof of this request.
    ///
    /// # Errors
    ///
    /// [`Kind::Forbidden`] for who came with the request itself, and has none.
    pub(crate) async fn ticket_for_a_session(&self) -> Result<Ticket, LoginError> {
        let visit = self.enter()?;
        match self.find(Use::Guard).await? {
            Found::LoggedIn(known) | Found::Pending(known) => known.session().map(drop)?,
            Found::Nobody => {}
        }
        Ok(self.ticket(visit))
    }

    fn ticket(&self, visit: Number) -> Ticket {
        self.see_caller(visit);
        let next = self.next(visit);
        visit::note(visit, |notes| notes.give_session(&self.login.0.core));
        Ticket { visit, next }
    }

    /// Who is a stranger, holds a session, or posts something may be about to give
    /// a password or a second factor.
    pub(super) fn see_caller(&self, visit: Number) {
        let core = &self.login.0.core;
        if visit::note(visit, |notes| notes.has_caller(core)) == Some(true) {
            return;
        }
        let known = self.shown().text(CookieOf::Known);
        let caller = Caller {
            visitor: self.visitor().kept(),
            network: peer::counted_network(core, self.request),
            known: known.and_then(|known| KnownBrowser::read(&known)),
        };
        visit::note(visit, |notes| notes.see_caller(core, caller));
    }

    /// Where the browser was going: what the query says, or else a cookie.
    fn next(&self, visit: Number) -> Option<LocalPath> {
        let core = &self.login.0.core;
        let carried = match core.settings.next_in {
            NextIn::Query => None,
            NextIn::Cookie => self.shown().text(CookieOf::Next),
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

    /// What names the browser, and what session protection compares of it.
    pub(super) fn visitor(&self) -> Visitor<&HeaderValue> {
        let settings = &self.login.0.core.settings;
        let compares = settings.protection != SessionProtection::Off;
        let address = || peer::address(settings.peer_address, self.request);
        Visitor {
            user_agent: self.request.headers.get(header::USER_AGENT),
            address: compares.then(address).flatten(),
        }
    }

    pub(super) fn shown(&self) -> cookies::Shown<'_> {
        cookies::Shown::of(&self.login.0.core, &self.request.headers)
    }

    pub(crate) fn enter(&self) -> Result<Number, LoginError> {
        self.enter_as(Use::Look)
    }

    pub(super) fn enter_as(&self, of: Use) -> Result<Number, LoginError> {
        let core = &self.login.0.core;
        visit::enter(core, of == Use::Guard, |keep| asker(self.request, keep))
    }
}

fn asker(request: &Parts, keep: bool) -> Asker {
    let uri = request
        .extensions
        .get::<OriginalUri>()
        .map_or(&request.uri, |original| &original.0);
    Asker::new(&request.method, uri, &request.headers, keep)
}
