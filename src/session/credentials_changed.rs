//! After a change of the password: this browser stays, all others go.

use std::sync::Arc;

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    session::{
        Fresh, IsFresh, Session,
        known::Known,
        transition::{GoesOn, Kept, NewLogin, Unawaited, awaited, replace},
        visit,
    },
    user::AuthUser,
};

impl<P> Session<P> {
    /// Says that the user's credentials have just changed, with the user as it
    /// is now: this session goes on under a new id and the new
    /// [auth hash](AuthUser::session_auth_hash), every other session of the
    /// user ends (OWASP ASVS 5.0, 7.4.3).
    ///
    /// Call it right after the change is saved. Without it the change ends all
    /// sessions, this one too.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Fresh, LoginError, Session};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # #[derive(Clone)] struct User { password: String }
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::of(&self.password) }
    /// # }
    /// # async fn save(_user: &User) {}
    ///
    /// async fn change_password(session: Session<Fresh<User>>, new: String) -> Result<&'static str, LoginError> {
    ///     let mut user = session.user().clone();
    ///     user.password = new; // a real app keeps a hash, and making it takes its time
    ///     session.recheck().await?; // was this session ended meanwhile?
    ///     save(&user).await; // UPDATE … WHERE id = $1 AND password_hash = $2, the one before
    ///     session.credentials_changed(user).await?;
    ///     Ok("changed, and logged out everywhere else")
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// Between the guard and the change of the password lies the time that it takes
    /// to hash it: whoever was thrown out meanwhile must not change it. Ask once
    /// more right before ([`recheck`](Session::recheck)), and change only what is
    /// still as the guard saw it.
    ///
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_refused`](LoginError::is_refused) when it is another user,
    /// [`is_ended`](LoginError::is_ended) when the session ended meanwhile, or
    /// [`is_store`](LoginError::is_store): then the others may still be alive,
    /// until they are used and the auth hash no longer fits.
    pub fn credentials_changed<U>(self, user: U) -> CredentialsChanged<P, U>
    where
        U: AuthUser,
        P: IsFresh<User = U>,
    {
        CredentialsChanged {
            known: self.proof.known().clone(),
            session: self,
            user,
            unawaited: Unawaited::new("credentials_changed"),
        }
    }
}

/// A change of credentials about to take effect: from [`Session::credentials_changed`].
#[must_use = "the other sessions end when it is awaited"]
pub struct CredentialsChanged<P, U> {
    session: Session<P>,
    known: Arc<Known<U>>,
    user: U,
    unawaited: Unawaited,
}

impl<P, U: AuthUser> CredentialsChanged<P, U> {
    async fn run(self) -> Result<Session<Fresh<U>>, (LoginError, Session<P>)> {
        let Self {
            session,
            known,
            user,
            unawaited,
        } = self;
        unawaited.awaited();
        match change(&known, session.ticket.visit, user).await {
            Ok(fresh) => Ok(session.next(fresh)),
            Err(error) => Err((error, session)),
        }
    }
}

async fn change<U: AuthUser>(
    known: &Arc<Known<U>>,
    number: visit::Number,
    user: U,
) -> Result<Fresh<U>, LoginError> {
    if user.id() != known.user.id() {
        return Err(Kind::Refused.into());
    }
    if known.info.verified_at().is_none() {
        // A remembered login whose second factor was checked: nobody gave the password.
        let max_age = known.realm.core.settings.fresh_for.max_age();
        return Err(Kind::NeedsRefresh { max_age }.into());
    }
    let login = NewLogin {
        verified: known.info.verified_at(),
        second_factor: known.info.by_second_factor(),
        forced: known.forced,
        source: known.info.source(),
        series: known.renewed_series(false).await?,
        goes_on: Some(GoesOn {
            created: known.info.created_at(),
            ends: known.info.ends_at(),
        }),
        stranger: None,
        actor: None,
        end_others: true,
    };
    let old = Some(known.session()?.clone());
    let known = replace(&known.realm, number, old, user, login, Kept::All).await?;
    known.emit(EventKind::CredentialsChanged);
    Ok(Fresh::of(known))
}

awaited!(credentials_changed, [P, U] CredentialsChanged<P, U>, P => Fresh<U>);
