//! After a change of the password: this browser stays, all others go.

use crate::{
    error::{Kind, LoginError},
    session::{
        Fresh, IsFresh, Session,
        transition::{Data, NewLogin, Unawaited, awaited, replace},
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
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_refused`](LoginError::is_refused) when it is another user,
    /// [`is_ended`](LoginError::is_ended) when the session ended meanwhile, or
    /// [`is_store`](LoginError::is_store): then the others may still be alive,
    /// until they are used and the auth hash no longer fits.
    pub fn credentials_changed(self, user: P::User) -> CredentialsChanged<P, P::User>
    where
        P: IsFresh,
    {
        CredentialsChanged {
            session: self,
            user,
            unawaited: Unawaited::new("credentials_changed"),
        }
    }
}

/// A change of credentials about to take effect: from [`Session::credentials_changed`].
#[must_use = "the other sessions end when it is awaited"]
#[derive(Debug)]
pub struct CredentialsChanged<P, U> {
    session: Session<P>,
    user: U,
    unawaited: Unawaited,
}

impl<P: IsFresh<User = U>, U: AuthUser> CredentialsChanged<P, U> {
    async fn run(self) -> Result<Session<Fresh<U>>, (LoginError, Session<P>)> {
        let Self {
            session,
            user,
            unawaited,
        } = self;
        unawaited.awaited();
        match change(&session, user).await {
            Ok(fresh) => Ok(session.next(fresh)),
            Err(error) => Err((error, session)),
        }
    }
}

async fn change<P: IsFresh<User = U>, U: AuthUser>(
    session: &Session<P>,
    user: U,
) -> Result<Fresh<U>, LoginError> {
    let known = session.proof.known();
    let core = &known.realm.core;
    if user.id() != known.user.id() {
        return Err(Kind::Refused.into());
    }
    let login = NewLogin {
        verified: known.info.verified_at(),
        forced: known.forced,
        lasts: Some((known.info.created_at(), known.info.ends_at())),
        end_others: true,
    };
    let old = Some(known.record.clone());
    let known = replace(
        &known.realm,
        session.ticket.visit,
        old,
        user,
        login,
        Data::All,
    )
    .await?;
    tracing::info!(target: "portcullis", realm = core.realm(), session = %known.record.id, "credentials changed, other sessions ended");
    Ok(Fresh::just_verified(known))
}

awaited!([P: IsFresh<User = U> + Send + Sync + 'static, U: AuthUser] CredentialsChanged<P, U>, P => Fresh<U>);
