//! Logging in.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use crate::{
    actor::Actor,
    error::LoginError,
    event::EventKind,
    manager::{Core, Source, Verified},
    session::{
        Authenticated, Fresh, IsVerified, MayLogIn, Session,
        known::Known,
        remember::SeriesOf,
        stranger,
        transition::{Kept, NewLogin, Unawaited, awaited, replace},
        visit,
    },
    user::AuthUser,
};

impl<P> Session<P> {
    /// Logs a verified user in: `session.login_user(login.vouch_for(user)).await?`.
    ///
    /// The stranger's session becomes the user's under a new id. Data that the
    /// app kept for the stranger is dropped, but for what says
    /// [`KEEP_AT_LOGIN`](crate::SessionData::KEEP_AT_LOGIN): somebody else may
    /// have planted it.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Form, response::Redirect};
    /// use portcullis::{Anonymous, Login, LoginError, Session};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # #[derive(Clone)] struct User { password: String }
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::of(&self.password) }
    /// # }
    /// # #[derive(serde::Deserialize)] struct LoginForm { name: String, password: String }
    /// # async fn find(_name: &str) -> Option<User> { None }
    ///
    /// async fn log_in(
    ///     session: Session<Anonymous>,
    ///     login: Login<User>,
    ///     Form(form): Form<LoginForm>,
    /// ) -> Result<Redirect, LoginError> {
    ///     let user = find(&form.name).await.filter(|user| user.password == form.password);
    ///     let user = user.ok_or_else(LoginError::refused)?;
    ///     let session = session.login_user(login.vouch_for(user)).await?;
    ///     // Now `session` is a `Session<Fresh<User>>`.
    ///     println!("hello, user {}", session.user().id());
    ///     Ok(session.next_or("/"))
    /// }
    /// ```
    ///
    /// Options, before `.await`: [`remember`](LoginUser::remember),
    /// [`remember_for`](LoginUser::remember_for), [`stale`](LoginUser::stale),
    /// [`force_inactive`](LoginUser::force_inactive),
    /// [`or_session`](LoginUser::or_session).
    ///
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_inactive`](LoginError::is_inactive), [`is_refused`](LoginError::is_refused)
    /// when the verification is older than 5 minutes, or
    /// [`is_store`](LoginError::is_store). Then nobody is logged in.
    ///
    /// # Security
    ///
    /// The id that the browser had before is worth nothing after, so a cookie
    /// that was planted opens nothing (session fixation; OWASP ASVS 5.0, 7.2.4).
    pub fn login_user<U: AuthUser, V>(self, verified: V) -> LoginUser<P, U>
    where
        V: IsVerified<U>,
        P: MayLogIn<U>,
    {
        LoginUser {
            core: self.proof.core().clone(),
            session: self,
            verified: verified.into_verified(),
            options: Options::default(),
            unawaited: Unawaited::new("login_user"),
            next: PhantomData,
        }
    }
}

/// A login about to happen: from [`Session::login_user`].
#[must_use = "a login takes effect when it is awaited"]
pub struct LoginUser<P, U, Next = Fresh<U>> {
    session: Session<P>,
    core: Arc<Core>,
    verified: Verified<U>,
    options: Options,
    unawaited: Unawaited,
    next: PhantomData<fn() -> Next>,
}

/// What a login is told besides.
#[derive(Default)]
struct Options {
    /// Who acts for the user, if that is somebody who may.
    actor: Option<Result<Arc<Actor>, LoginError>>,
    force_inactive: bool,
    remember: Option<bool>,
    remember_for: Option<Duration>,
}

impl<P, U, Next> LoginUser<P, U, Next> {
    /// Logs in although the user is not [active](AuthUser::is_active), and
    /// keeps the session alive although it stays so.
    ///
    /// Then [`Authenticated`] no longer says that the user is active: a handler
    /// to which that matters asks `user.is_active()` itself.
    pub fn force_inactive(mut self) -> Self {
        self.options.force_inactive = true;
        self
    }

    /// Remembers this browser: when the session is over, because the browser
    /// was closed or the idle limit passed, the user is logged in again, not
    /// [`Fresh`]. For a checkbox of the login form.
    ///
    /// # Security
    ///
    /// The cookie holds a random token, whose hash is in the store. A guard that
    /// logs in by it replaces it. The old one stays good for as long as the new
    /// one has not been seen, and a minute longer, so that a lost answer or a slow
    /// request is no theft; shown after that it is a copy, and this browser's
    /// sessions end ([`EventKind::RememberTheft`]).
    pub fn remember(mut self, remember: bool) -> Self {
        self.options.remember = Some(remember);
        self
    }

    /// Remembers this browser for so long, at most 400 days, in the place of
    /// what [`Builder::remember_for`](crate::Builder::remember_for) says. After
    /// `.remember(false)` it changes nothing.
    pub fn remember_for(mut self, duration: Duration) -> Self {
        self.options.remember_for = Some(duration);
        self
    }

    /// Logs in for somebody else, who is logged in to another realm of the same
    /// router: a member of staff who looks at what a customer sees. It is never
    /// [`Fresh`], lasts an hour at most and ends with the other's login;
    /// [`SessionInfo::actor`](crate::SessionInfo::actor) and the events say who it
    /// is. Nothing is remembered, and it can't be confirmed or switched.
    ///
    /// For a user of two factors vouch with
    /// [`vouch_for_all_factors`](crate::Login::vouch_for_all_factors). To look at
    /// another customer, ask for [`AnySession`](crate::AnySession) and log out first.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::response::Redirect;
    /// use portcullis::{Anonymous, Authenticated, Fresh, Login, LoginError, Session};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # macro_rules! user { ($name:ident) => {
    /// #     struct $name;
    /// #     impl AuthUser for $name {
    /// #         type Id = u64;
    /// #         type Factors = OneFactor;
    /// #         fn id(&self) -> u64 { 1 }
    /// #         fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// #     }
    /// # } }
    /// # user!(Customer);
    /// # user!(Staff);
    /// # async fn find(_: u64) -> Result<Customer, LoginError> { Err(LoginError::refused()) }
    ///
    /// async fn impersonate(
    ///     (staff, session): (Fresh<Staff>, Session<Anonymous<Customer>>),
    ///     customers: Login<Customer>,
    /// ) -> Result<Redirect, LoginError> {
    ///     let customer = customers.vouch_for(find(7).await?);
    ///     let session: Session<Authenticated<Customer>> =
    ///         session.login_user(customer).on_behalf_of(&staff).await?;
    ///     Ok(session.next_or("/"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaited, it fails as [`login_user`](Session::login_user), and with one
    /// that [`is_forbidden`](LoginError::is_forbidden) when the other came with the
    /// request itself, is acted for, or is of this realm.
    pub fn on_behalf_of<S: AuthUser>(
        mut self,
        staff: &Authenticated<S>,
    ) -> LoginUser<P, U, Authenticated<U>> {
        self.options.actor = Some(staff.0.as_actor(&self.core));
        self.stale()
    }

    /// Does not count as giving the password: the next state is
    /// `Session<Authenticated<U>>`, and what asks for [`Fresh`] asks for the
    /// password. For a login by a link or another weak proof.
    pub fn stale(self) -> LoginUser<P, U, Authenticated<U>> {
        let Self {
            session,
            core,
            verified,
            options,
            unawaited,
            next: _,
        } = self;
        LoginUser {
            session,
            core,
            verified,
            options,
            unawaited,
            next: PhantomData,
        }
    }
}

impl<P, U: AuthUser, Next> LoginUser<P, U, Next> {
    async fn log_in(
        self,
        fresh: bool,
    ) -> Result<(Arc<Known<U>>, Session<P>), (LoginError, Session<P>)> {
        let Self {
            session,
            core,
            verified,
            options,
            unawaited,
            next: _,
        } = self;
        unawaited.awaited();
        match log_in(&core, session.ticket.visit, verified, options, fresh).await {
            Ok(known) => Ok((known, session)),
            Err(error) => Err((error, session)),
        }
    }
}

impl Options {
    fn remembered_for(&self, core: &Core) -> Option<Duration> {
        let asked = core
            .settings
            .remembered_for(self.remember, self.remember_for);
        asked.filter(|_| self.actor.is_none())
    }
}

async fn log_in<U: AuthUser>(
    core: &Arc<Core>,
    number: visit::Number,
    verified: Verified<U>,
    options: Options,
    fresh: bool,
) -> Result<Arc<Known<U>>, LoginError> {
    verified.check(core, fresh, options.force_inactive)?;
    visit::check(number)?;
    let old = stranger(core, number).await?;
    let login = NewLogin {
        verified: fresh.then_some(verified.at),
        second_factor: fresh && verified.second_factor,
        forced: options.force_inactive,
        source: match options.actor {
            None => Source::ByHand,
            Some(_) => Source::OnBehalf,
        },
        series: SeriesOf::Another {
            ends: visit::presented_series(number, core),
            begins: options.remembered_for(core),
        },
        goes_on: None,
        stranger: None,
        actor: options.actor.transpose()?,
        end_others: false,
    };
    let known = replace(
        &verified.realm,
        number,
        old,
        verified.user,
        login,
        Kept::WhatSaysSo,
    )
    .await?;
    known.emit(EventKind::UserLoggedIn);
    Ok(known)
}

impl<P, U: AuthUser> LoginUser<P, U, Fresh<U>> {
    async fn run(self) -> Result<Session<Fresh<U>>, (LoginError, Session<P>)> {
        let (known, session) = self.log_in(true).await?;
        Ok(session.next(Fresh::of(known)))
    }
}

impl<P, U: AuthUser> LoginUser<P, U, Authenticated<U>> {
    async fn run(self) -> Result<Session<Authenticated<U>>, (LoginError, Session<P>)> {
        let (known, session) = self.log_in(false).await?;
        Ok(session.next(Authenticated(known)))
    }
}

awaited!(login_user, [P, U] LoginUser<P, U, Fresh<U>>, P => Fresh<U>);
awaited!(login_user, [P, U] LoginUser<P, U, Authenticated<U>>, P => Authenticated<U>);
