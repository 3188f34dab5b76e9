//! Logging out.

use std::sync::Arc;

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{CookieOf, Sent, content::Content},
    session::{
        Anonymous, Found, KnowsUser, Session,
        known::Known,
        transition::{Unawaited, awaited},
        visit,
    },
    store::{End, RecordId},
    user::AuthUser,
};

impl<P> Session<P> {
    /// Logs the user out: the record is deleted, and whoever has a copy of the
    /// cookie is nobody (OWASP ASVS 5.0, 7.4.1). The browser's cookie is removed.
    ///
    /// It ends the login of this session. Of two logins that one browser made at the
    /// same moment the cookie of one has overwritten the other's: that one is
    /// listed with the user's [sessions](crate::Login::sessions), and ends when it is
    /// not used or ended there.
    ///
    /// On `Session<Pending<U>>` it gives up the login that was begun.
    ///
    /// Once the answer's head is sent (in a spawned task, a stream, a socket)
    /// no cookie can be removed any more; the record is deleted all the same.
    ///
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_store`](LoginError::is_store): the browser's cookie is removed, but
    /// a copy of it may still be good. That the session ended before is no error.
    pub fn logout_user<U>(self) -> LogoutUser<P, U>
    where
        U: AuthUser,
        P: KnowsUser<User = U>,
    {
        LogoutUser {
            known: self.proof.somebody().clone(),
            session: self,
            unawaited: Unawaited::new("logout_user"),
        }
    }
}

/// A logout about to happen: from [`Session::logout_user`].
#[must_use = "a logout takes effect when it is awaited"]
pub struct LogoutUser<P, U> {
    session: Session<P>,
    known: Arc<Known<U>>,
    unawaited: Unawaited,
}

impl<P, U: AuthUser> LogoutUser<P, U> {
    async fn run(self) -> Result<Session<Anonymous<U>>, (LoginError, Session<P>)> {
        let Self {
            session,
            known,
            unawaited,
        } = self;
        unawaited.awaited();
        let core = &known.realm.core;
        let mut end = End::new();
        end.session = known.info.id();
        end.series = known.record.as_ref().and_then(|record| record.series);
        let shown = visit::presented_series(session.ticket.visit, core);
        let another = shown.filter(|shown| Some(*shown) != end.series);
        // The cookie goes first: it is to go also when the store fails, and
        // when this is dropped while the store works.
        visit::note(session.ticket.visit, |notes| {
            notes.set_cookie(core, CookieOf::Login, Sent::Removed);
            if end.series.is_some() || notes.may_have_remember_cookie(core) {
                notes.set_cookie(core, CookieOf::Remember, Sent::Removed);
            }
            notes.private = true;
            notes.change::<U>(core, Found::Nobody);
            notes.leave_stranger(core);
            notes.forget_the_way(core);
            if known.pending.is_none() {
                notes.clears_site_data = Some(core.clone());
            }
        });
        match end_all(&known, end, another).await {
            Ok(()) => {
                known.emit(EventKind::UserLoggedOut);
                Ok(session.next(Anonymous::new(core.clone())))
            }
            Err(error) => Err((error, session)),
        }
    }
}

/// Ends what else remembers this browser, for of two logins at once the cookies of
/// both may have stayed, and then the login. In this order a logout that is dropped
/// between the two leaves a login to log out of, and none that comes back by itself.
async fn end_all<U: AuthUser>(
    known: &Known<U>,
    end: End,
    another: Option<RecordId>,
) -> Result<(), LoginError> {
    let core = &known.realm.core;
    let forgotten = match another {
        Some(series) => {
            let mut end = End::new();
            end.series = Some(series);
            core.done(core.store.end(end).await).map(drop)
        }
        None => Ok(()),
    };
    end_login(known, end).await?;
    forgotten
}

/// Ends the session, or what a step of another tab has made of it meanwhile.
async fn end_login<U: AuthUser>(known: &Known<U>, end: End) -> Result<(), LoginError> {
    let core = &known.realm.core;
    if core.done(core.store.end(end).await)? > 0 {
        return Ok(());
    }
    let record = known.session()?;
    if let (Some(user), Some(login)) = (record.user, Content::login_id(&record.body)) {
        known.realm.end_login(user, login).await?;
    }
    Ok(())
}

awaited!(logout_user, [P, U] LogoutUser<P, U>, P => Anonymous<U>);
