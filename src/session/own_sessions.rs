//! The sessions of whoever asks: a user's list of devices.

use std::{fmt, sync::Arc};

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{ListedSession, Login, LoginId, content::Content, series::SeriesContent},
    session::{Fresh, Within, known::Known},
    store::{Delete, Record, RecordKind},
    user::{AuthUser, UserIndex},
};

/// Where the user is logged in, seen from this session: from [`Login::sessions`].
///
/// # Example
///
/// A page that shows a user's devices, and ends one or all others:
///
/// ```
/// use axum::{Form, response::{Html, Redirect}};
/// use portcullis::{Fresh, Login, LoginError, LoginId, Routes};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account;
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// async fn devices(by: Fresh<Account>, login: Login<Account>) -> Result<Html<String>, LoginError> {
///     let mut page = String::new();
///     for session in login.sessions(&by).list().await? {
///         let (device, id) = (session.device(), session.login_id());
///         page += &match session.is_current() {
///             true => format!("<li>{device}, this one"),
///             false => format!(r#"<li>{device} <button name="id" value="{id}">Log out</button>"#),
///         };
///     }
///     Ok(Html(format!(r#"<form method="post"><ul>{page}</ul></form>"#)))
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Which { id: LoginId }
///
/// async fn end(by: Fresh<Account>, login: Login<Account>, Form(form): Form<Which>) -> Result<Redirect, LoginError> {
///     login.sessions(&by).end(form.id).await?;
///     Ok(Redirect::to("/devices"))
/// }
///
/// async fn end_others(by: Fresh<Account>, login: Login<Account>) -> Result<Redirect, LoginError> {
///     login.sessions(&by).end_others().await?;
///     Ok(Redirect::to("/devices"))
/// }
///
/// let routes: Routes<Login<Account>> = Routes::new()
///     .get("/devices", devices)
///     .post("/devices", end)
///     .post("/devices/others", end_others);
/// # let _ = routes;
/// ```
pub struct OwnSessions<'a, U> {
    login: &'a Login<U>,
    by: &'a Arc<Known<U>>,
}

impl<U: AuthUser> Login<U> {
    /// The sessions of the user whose proof this is.
    ///
    /// It takes [`Fresh`], so that whoever sits down at an open laptop can't log
    /// the owner's other devices out (OWASP ASVS 5.0, 7.5.2).
    pub fn sessions<'a>(&'a self, by: &'a Fresh<U>) -> OwnSessions<'a, U> {
        OwnSessions {
            login: self,
            by: by.known(),
        }
    }
}

impl<U: AuthUser> OwnSessions<'_, U> {
    /// Where the user is logged in, this session first, then the last used:
    /// sessions that are alive, and browsers that are remembered. A session that
    /// was never used after its login is left out, if nothing remembers its
    /// browser: its cookie has not arrived.
    ///
    /// # Errors
    ///
    /// [`is_ended`](LoginError::is_ended) when this session has ended since the
    /// request began, [`needs_refresh`](LoginError::needs_refresh) when it is no
    /// longer fresh, and [`is_store`](LoginError::is_store).
    pub async fn list(&self) -> Result<Vec<ListedSession>, LoginError> {
        let (user, session) = self.mine().await?;
        self.by.realm.list_logins(user, Some(session.id)).await
    }

    /// Ends another login of this user: its session, and what remembers its
    /// browser. Answers whether there was one. This one is none:
    /// [`logout_user`](crate::Session::logout_user) ends it.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list). When the store fails it may still be alive.
    pub async fn end(&self, login: LoginId) -> Result<bool, LoginError> {
        let (user, session) = self.mine().await?;
        if Content::login_id(&session.body) == Some(login) {
            return Ok(false);
        }
        let ended = self.by.realm.end_login(user, login).await?;
        self.tell(u64::from(ended));
        Ok(ended)
    }

    /// Ends all other logins of this user, and all that remembers another
    /// browser. Answers how many records there were.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list). When the store fails some may still be alive.
    pub async fn end_others(&self) -> Result<u64, LoginError> {
        let (user, session) = self.mine().await?;
        let ended = self.by.realm.end_all_but(user, session.id).await?;
        self.forget_another(&session).await?;
        self.tell(ended);
        Ok(ended)
    }

    /// Where cookies don't go together, the remember token may have gone on to
    /// another browser while this session stayed: it remembers that one, and is
    /// not spared.
    async fn forget_another(&self, session: &Record) -> Result<(), LoginError> {
        let core = &self.by.realm.core;
        let Some(series) = session.series else {
            return Ok(());
        };
        let Some(record) = core.load_kind(RecordKind::Series, series).await? else {
            return Ok(());
        };
        let content = SeriesContent::decode(&record.body).map_err(|error| core.failed(error))?;
        if content.session() != session.id {
            let forget = Delete::new(RecordKind::Series, series);
            core.done(core.store.delete(forget).await)?;
        }
        Ok(())
    }

    /// The user, and the session that asks, as it is now: the proof is from
    /// before, and "all but this one" must not spare one that has ended.
    async fn mine(&self) -> Result<(UserIndex, Record), LoginError> {
        let core = &self.by.realm.core;
        if !Arc::ptr_eq(core, &self.login.0.core) {
            let mend = "ask the `Login` of the realm whose proof it is for its sessions";
            return Err(LoginError::misuse(core.realm(), mend));
        }
        let now = self.by.recheck_fresh(Within::MANAGERS).await?;
        let session = now.session()?.clone();
        let (user, _) = self.login.0.index(&self.by.user.id())?;
        Ok((user, session))
    }

    fn tell(&self, ended: u64) {
        if ended > 0 {
            self.by.emit(EventKind::SessionsRevoked);
        }
    }
}

impl<U> fmt::Debug for OwnSessions<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnSessions")
            .field("session", &self.by.info.id())
            .finish_non_exhaustive()
    }
}
