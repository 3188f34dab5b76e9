//! Giving the password once more.

use std::sync::Arc;

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    manager::{Source, Verified},
    session::{
        Fresh, IsVerified, LoggedIn, Session,
        known::Known,
        transition::{GoesOn, Kept, NewLogin, Unawaited, awaited, replace},
        visit,
    },
    user::AuthUser,
};

impl<P> Session<P> {
    /// Makes the login fresh: the user who is logged in gave the password once
    /// more. The session goes on with all its data, under a new id; a browser that
    /// is remembered gets a new token, up to the same day.
    ///
    /// It is the handler behind the [refresh path](crate::Builder::refresh_path):
    /// a browser whose login is too old for [`Fresh`] is sent there.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Form, response::Redirect};
    /// use portcullis::{Authenticated, Login, LoginError, Session};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # #[derive(Clone)] struct User { password: String }
    /// # impl User { fn has_password(&self, password: &str) -> bool { self.password == password } }
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # #[derive(serde::Deserialize)] struct Again { password: String }
    ///
    /// // Routes: .get("/confirm", confirm_page).post("/confirm", confirm)
    /// // Manager: .login_path("/login").refresh_path("/confirm")
    /// async fn confirm(
    ///     session: Session<Authenticated<User>>,
    ///     login: Login<User>,
    ///     Form(form): Form<Again>,
    /// ) -> Result<Redirect, LoginError> {
    ///     let user = session.user().clone();
    ///     if !user.has_password(&form.password) {
    ///         return Err(LoginError::refused());
    ///     }
    ///     let session = session.confirm_login(login.vouch_for(user)).await?;
    ///     Ok(session.next_or("/"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_refused`](LoginError::is_refused) when it is another user or the
    /// verification is older than 5 minutes, [`is_ended`](LoginError::is_ended)
    /// when the session was logged out meanwhile, or
    /// [`is_store`](LoginError::is_store).
    pub fn confirm_login<U, V>(self, verified: V) -> ConfirmLogin<P, U>
    where
        U: AuthUser,
        P: LoggedIn<User = U>,
        V: IsVerified<U>,
    {
        ConfirmLogin {
            known: self.proof.known().clone(),
            session: self,
            verified: verified.into_verified(),
            unawaited: Unawaited::new("confirm_login"),
        }
    }
}

/// A confirmation about to happen: from [`Session::confirm_login`].
#[must_use = "a confirmation takes effect when it is awaited"]
pub struct ConfirmLogin<P, U> {
    session: Session<P>,
    known: Arc<Known<U>>,
    verified: Verified<U>,
    unawaited: Unawaited,
}

impl<P, U: AuthUser> ConfirmLogin<P, U> {
    async fn run(self) -> Result<Session<Fresh<U>>, (LoginError, Session<P>)> {
        let Self {
            session,
            known,
            verified,
            unawaited,
        } = self;
        unawaited.awaited();
        match confirm(&known, session.ticket.visit, verified).await {
            Ok(fresh) => Ok(session.next(fresh)),
            Err(error) => Err((error, session)),
        }
    }
}

async fn confirm<U: AuthUser>(
    known: &Arc<Known<U>>,
    number: visit::Number,
    verified: Verified<U>,
) -> Result<Fresh<U>, LoginError> {
    let core = &known.realm.core;
    known.is_the_user()?;
    let forced = known.forced;
    verified.check(core, true, forced)?;
    if verified.user.id() != known.user.id() {
        return Err(Kind::Refused.into());
    }
    // What a clock that was ahead has written is not fresh, and must not hide what is.
    let now = core.now();
    let before = known.info.verified_at().filter(|at| !at.is_future_of(now));
    let login = NewLogin {
        verified: before.max(Some(verified.at)),
        second_factor: verified.second_factor,
        forced,
        source: Source::ByHand,
        series: known.renewed_series(true).await?,
        // Giving the password again is what may prolong a login (NIST SP 800-63B-4, 5.2).
        goes_on: Some(GoesOn {
            created: known.info.created_at(),
            ends: now.plus(core.settings.absolute),
        }),
        stranger: None,
        actor: None,
        end_others: false,
    };
    let old = Some(known.session()?.clone());
    let known = replace(&known.realm, number, old, verified.user, login, Kept::All).await?;
    known.emit(EventKind::UserLoginConfirmed);
    Ok(Fresh::of(known))
}

awaited!(confirm_login, [P, U] ConfirmLogin<P, U>, P => Fresh<U>);
