//! A login that outlives its request: in a WebSocket, an event stream, a task.

use std::{any::Any, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::timeout;

use crate::{
    error::{Kind, LoginError},
    secret::equal,
    session::{
        Authenticated, Found, Fresh, LoggedIn, Session, Window, Within,
        known::Known,
        open::{Freshness, rarely},
        visit::{self, Notes, Number},
    },
    store::{RecordKind, Watch},
    user::AuthUser,
};

impl<U: AuthUser> Authenticated<U> {
    /// Ends when the session does: logged out, ended from another device,
    /// confirmed or expired. An owned future, for the `select!` of a socket or a
    /// stream that stays open when the handler has returned.
    ///
    /// An end is noticed at once on this server and within a second or two on
    /// others, or 40 seconds where the connection that hears of it was lost
    /// without a word; an open socket alone does not keep a session alive. After a
    /// confirmation or a change of password the user is still logged in, under
    /// another session: the page connects again, with the cookie that it has now.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::{convert::Infallible, time::Duration};
    /// use axum::response::sse::{Event, Sse};
    /// use portcullis::Authenticated;
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct User { name: String }
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # async fn next_message(_: &User) -> String { String::new() }
    ///
    /// /// What a socket or a stream does: it works until the session is over.
    /// async fn serve(user: Authenticated<User>, send: impl Fn(String)) {
    ///     let mut revoked = std::pin::pin!(user.revoked());
    ///     loop {
    ///         tokio::select! {
    ///             () = &mut revoked => return, // closes the socket
    ///             message = next_message(&user) => send(message),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// It watches the session in the store, not the user: who is deactivated, or
    /// gets a new password behind the library's back, is noticed by the next
    /// request or [`recheck`](Self::recheck). A user of the
    /// [request loader](crate::RequestLoader) has no session; there that loader
    /// is asked once a minute for the request of then, and the future ends when it
    /// finds nobody, another, or somebody inactive or with other credentials.
    pub fn revoked(&self) -> impl Future<Output = ()> + Send + use<U> {
        let known = self.0.clone();
        async move {
            let core = &known.realm.core;
            match known.info.id() {
                Some(session) => {
                    let watch = Watch::new(RecordKind::Session, session, core.clock.clone());
                    let mut ended = std::pin::pin!(core.store.watch(watch));
                    let Some(actor) = known.info.actor() else {
                        return ended.await;
                    };
                    // Nothing is written when the login ends that this one ends with.
                    while timeout(BETWEEN_ACTORS, &mut ended).await.is_err() {
                        if matches!(actor.is_logged_in(core).await, Ok(false)) {
                            return;
                        }
                    }
                }
                None => {
                    while !matches!(known.reload().await, Ok(None)) {
                        tokio::time::sleep(BETWEEN_LOADS).await;
                    }
                }
            }
        }
    }

    /// Asks again whether the user is logged in, as a new request would, and
    /// counts as a use of the session: for a socket that lives for hours, before
    /// it does what matters. The proof that comes back has the user as it is now.
    ///
    /// # Errors
    ///
    /// [`is_ended`](LoginError::is_ended) when the session is over, or its user
    /// gone, inactive or with other credentials; [`is_store`](LoginError::is_store),
    /// and the loader's errors. The proof is gone either way.
    pub async fn recheck(self) -> Result<Self, LoginError> {
        let known = self.0.recheck().await?;
        known.map(Self).ok_or_else(|| Kind::Ended.into())
    }
}

impl<U: AuthUser, W: Window> Fresh<U, W> {
    /// As [`Authenticated::recheck`], and the login must still be fresh, within the same window.
    ///
    /// # Errors
    ///
    /// As [`Authenticated::recheck`], and
    /// [`needs_refresh`](LoginError::needs_refresh).
    pub async fn recheck(self) -> Result<Self, LoginError> {
        self.known().recheck_fresh(W::WITHIN).await.map(Self::of)
    }
}

impl<P> Session<P> {
    /// Asks again whether the user is logged in, and fresh if that is what the
    /// session proves, as a new request would. For a handler that takes its time,
    /// or reads the body itself, right before what can't be undone.
    ///
    /// # Errors
    ///
    /// As [`Authenticated::recheck`] and [`Fresh::recheck`].
    pub async fn recheck<U>(&self) -> Result<(), LoginError>
    where
        U: AuthUser,
        P: LoggedIn<User = U>,
    {
        let known = self.proof.known();
        match P::FRESH {
            Some(within) => known.recheck_fresh(within).await.map(drop),
            None => known
                .recheck()
                .await?
                .map(drop)
                .ok_or_else(|| Kind::Ended.into()),
        }
    }
}

/// A login of any user type, to be asked for again in the visit that has found it.
pub(crate) trait Recheck: Any + Send + Sync {
    fn recheck(
        &self,
        fresh: Option<Within>,
        visit: Number,
    ) -> Pin<Box<dyn Future<Output = Result<(), LoginError>> + Send + '_>>;
}

impl<U: AuthUser> Recheck for Known<U> {
    fn recheck(
        &self,
        fresh: Option<Within>,
        visit: Number,
    ) -> Pin<Box<dyn Future<Output = Result<(), LoginError>> + Send + '_>> {
        Box::pin(async move {
            match fresh {
                Some(within) => self
                    .recheck_fresh(within)
                    .await
                    .map(|now| self.is_now(now, visit)),
                None => self.recheck_in(visit).await,
            }
        })
    }
}

/// Asks again for all whom this visit has found, if that was long ago: between
/// the cookie and the handler may lie a slow body, a layer that looks and then
/// waits, or a slow guard of the app's own.
///
/// # Errors
///
/// [`Kind::Ended`] when a login is over, and as a guard that is asked.
pub(crate) async fn recheck_what_is_old() -> Result<(), LoginError> {
    let old = visit::peek(|notes| notes.is_old().then(|| (notes.number, notes.logins())));
    let Some((number, logins)) = old.flatten() else {
        return Ok(());
    };
    rarely(async {
        for (login, fresh) in logins {
            login.recheck(fresh, number).await?;
        }
        visit::note(number, Notes::asked_again);
        Ok(())
    })
    .await
}

impl<U: AuthUser> Known<U> {
    /// The login as a request would find it now, if it is fresh.
    pub(super) async fn recheck_fresh(&self, within: Within) -> Result<Arc<Self>, LoginError> {
        let known = self.recheck().await?.ok_or(Kind::Ended)?;
        known.check_fresh(within)?;
        Ok(known)
    }

    /// Asks again in the visit that has found it: who asks there from here on gets the
    /// login as it is now.
    pub(crate) async fn recheck_in(&self, visit: Number) -> Result<(), LoginError> {
        if self.is_only_remembered() {
            return Ok(()); // a look, which proves nothing
        }
        let now = self.recheck().await?.ok_or(Kind::Ended)?;
        self.is_now(now, visit);
        Ok(())
    }

    fn is_now(&self, now: Arc<Self>, visit: Number) {
        let core = &self.realm.core;
        visit::note(visit, |notes| {
            // But for what a transition has put there meanwhile.
            if notes.found(core).is_some_and(|found| found.is(self)) {
                notes.change(core, Found::of(now));
            }
        });
    }

    /// The login as a request would find it now.
    async fn recheck(&self) -> Result<Option<Arc<Self>>, LoginError> {
        let Some(then) = &self.record else {
            return self.reload().await;
        };
        let core = &self.realm.core;
        let Some(record) = core.load(then.id).await? else {
            return Ok(None);
        };
        if !equal(record.hash.as_bytes(), then.hash.as_bytes()) {
            return Ok(None);
        }
        // What did not count when the request came does not count later.
        let freshness = match self.info.verified_at() {
            Some(_) => Freshness::AsWritten,
            None => Freshness::Never,
        };
        let now = core.now();
        let known = self.realm.admit(record, None, freshness, now).await?;
        let Some(known) = known else { return Ok(None) };
        let (is_alive, _) = self.realm.touch(&known, now, || None).await?;
        Ok(is_alive.then_some(known))
    }

    /// The user of a login without a session, if it may still be logged in.
    async fn reload(&self) -> Result<Option<Arc<Self>>, LoginError> {
        let user = match &self.request {
            Some(request) => self.realm.again_by_request(request).await?,
            None => {
                let (_, id) = self.realm.index(&self.user.id())?;
                self.realm.load_user(&id).await?
            }
        };
        let user = user.filter(|user| {
            let same = user.session_auth_hash() == self.user.session_auth_hash();
            same && user.id() == self.user.id() && (self.forced || user.is_active())
        });
        let Some(user) = user else { return Ok(None) };
        let mut known = self.realm.known(user, None, self.info.clone(), self.forced);
        known.request = self.request.clone();
        Ok(Some(Arc::new(known)))
    }
}

/// How often it is asked whether the one who acts is logged in.
const BETWEEN_ACTORS: Duration = Duration::from_secs(5);

/// How often the user of a login without a session is looked at.
const BETWEEN_LOADS: Duration = Duration::from_secs(60);
