//! Becoming somebody else.

use std::sync::Arc;

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{Source, Verified},
    session::{
        Fresh, IsVerified, LoggedIn, Session,
        known::Known,
        remember::SeriesOf,
        transition::{Kept, NewLogin, Unawaited, awaited, replace},
        visit,
    },
    user::AuthUser,
};

impl<P> Session<P> {
    /// Logs the user out and another one in, in one step: under a new id, with
    /// nothing of the earlier user's data.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{AuthUser, Authenticated, Fresh, LoginError, Session, Verified};
    ///
    /// async fn become_other<U: AuthUser>(
    ///     session: Session<Authenticated<U>>,
    ///     other: Verified<U>,
    /// ) -> Result<Session<Fresh<U>>, LoginError> {
    ///     session.switch_user(other).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_inactive`](LoginError::is_inactive), [`is_refused`](LoginError::is_refused)
    /// when the verification is older than 5 minutes,
    /// [`is_ended`](LoginError::is_ended) when the session was logged out
    /// meanwhile, or [`is_store`](LoginError::is_store).
    ///
    /// # Security
    ///
    /// It takes a [`Verified`]: that the present user may become the other one is
    /// no proof of being the other one. Vouch only after a check of both.
    pub fn switch_user<U, V>(self, verified: V) -> SwitchUser<P, U>
    where
        U: AuthUser,
        P: LoggedIn<User = U>,
        V: IsVerified<U>,
    {
        SwitchUser {
            known: self.proof.known().clone(),
            session: self,
            verified: verified.into_verified(),
            unawaited: Unawaited::new("switch_user"),
        }
    }
}

/// A switch about to happen: from [`Session::switch_user`].
#[must_use = "a switch takes effect when it is awaited"]
pub struct SwitchUser<P, U> {
    session: Session<P>,
    known: Arc<Known<U>>,
    verified: Verified<U>,
    unawaited: Unawaited,
}

impl<P, U: AuthUser> SwitchUser<P, U> {
    async fn run(self) -> Result<Session<Fresh<U>>, (LoginError, Session<P>)> {
        let Self {
            session,
            known,
            verified,
            unawaited,
        } = self;
        unawaited.awaited();
        match switch(&known, session.ticket.visit, verified).await {
            Ok(fresh) => Ok(session.next(fresh)),
            Err(error) => Err((error, session)),
        }
    }
}

async fn switch<U: AuthUser>(
    before: &Arc<Known<U>>,
    number: visit::Number,
    verified: Verified<U>,
) -> Result<Fresh<U>, LoginError> {
    let core = &before.realm.core;
    before.is_the_user()?;
    verified.check(core, true, false)?;
    let shown = visit::presented_series(number, core);
    let login = NewLogin {
        verified: Some(verified.at),
        second_factor: verified.second_factor,
        forced: false,
        source: Source::ByHand,
        series: SeriesOf::Another {
            ends: before.session()?.series.or(shown),
            begins: None,
        },
        goes_on: None,
        stranger: None,
        actor: None,
        end_others: false,
    };
    let old = Some(before.session()?.clone());
    let known = replace(
        &before.realm,
        number,
        old,
        verified.user,
        login,
        Kept::Nothing,
    )
    .await?;
    visit::note(number, |notes| {
        notes.clears_site_data = Some(core.clone());
    });
    known.emit(EventKind::UserSwitched);
    Ok(Fresh::of(known))
}

awaited!(switch_user, [P, U] SwitchUser<P, U>, P => Fresh<U>);
