//! The logins of a user, seen from outside: listed and ended.

use std::{cmp::Reverse, fmt, ops::Deref, sync::Arc};

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{
        LoginId, LoginManager, Realm, content::Content, info::SessionInfo, series::SeriesContent,
    },
    store::{DeleteByUser, End, ListByUser, Record, RecordId, RecordKind},
    user::{AuthUser, UserIndex},
};

/// The sessions of any user of a realm, for jobs and admin tools: from
/// [`LoginManager::sessions`].
///
/// No extractor gives it and it proves nothing: a page that uses it keeps it in
/// the app's state, behind a guard. A page on which users see and end their own
/// sessions uses [`Login::sessions`](crate::Login::sessions).
///
/// # Example
///
/// ```
/// # use portcullis::{LoginError, Sessions, AuthUser};
/// /// After a password reset by e-mail: everybody out, the thief too.
/// async fn after_reset<U: AuthUser>(sessions: &Sessions<U>, id: &U::Id) -> Result<(), LoginError> {
///     let ended = sessions.end_all(id).await?;
///     println!("{ended} records ended");
///     Ok(())
/// }
/// ```
pub struct Sessions<U> {
    pub(crate) realm: Arc<Realm<U>>,
}

/// A browser in which a user is logged in: from
/// [`OwnSessions::list`](crate::OwnSessions::list) and [`Sessions::list`].
///
/// Its session may be over and the browser be remembered: then it has no
/// session id, and comes back logged in. It derefs to what is known of it.
///
/// # Security
///
/// What [`device`](Self::device) says is what the browser said of itself: a
/// help for the memory of its user, and no proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSession {
    login_id: LoginId,
    info: SessionInfo,
    device: String,
    is_current: bool,
}

impl ListedSession {
    /// What `end` takes. It opens nothing.
    pub fn login_id(&self) -> LoginId {
        self.login_id
    }

    /// What the browser called itself at the login, in plain words, as in
    /// "Firefox on Linux"; letters, digits, spaces and `.` `/` `_` `-`, at most 40.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Is it the one that asks? Never in the list of [`Sessions`], which asks from outside.
    pub fn is_current(&self) -> bool {
        self.is_current
    }
}

impl Deref for ListedSession {
    type Target = SessionInfo;

    fn deref(&self) -> &SessionInfo {
        &self.info
    }
}

impl<U: AuthUser> LoginManager<U> {
    /// The handle for jobs and admin tools. Take it before
    /// [`into_router`](LoginManager::into_router) takes the manager.
    pub fn sessions(&self) -> Sessions<U> {
        Sessions {
            realm: self.realm.clone(),
        }
    }
}

impl<U: AuthUser> Sessions<U> {
    /// Where a user is logged in, the last used first: sessions that are alive,
    /// and browsers that are remembered. A session that was never used after its
    /// login is left out, if nothing remembers its browser: its cookie has not arrived.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn list(&self, user: &U::Id) -> Result<Vec<ListedSession>, LoginError> {
        let (index, _) = self.realm.index(user)?;
        self.realm.list_logins(index, None).await
    }

    /// Ends one login of a user: its session, and what remembers its browser.
    /// Answers whether there was one; that of somebody else is none.
    ///
    /// # Errors
    ///
    /// When the store fails: it may still be alive then.
    pub async fn end(&self, user: &U::Id, login: LoginId) -> Result<bool, LoginError> {
        let (index, _) = self.realm.index(user)?;
        let ended = self.realm.end_login(index, login).await?;
        self.tell(index, u64::from(ended));
        Ok(ended)
    }

    /// Ends every login of a user but one. Answers how many records there were,
    /// sessions and remembered browsers.
    ///
    /// # Errors
    ///
    /// When the store fails: some may still be alive then.
    pub async fn end_others(&self, user: &U::Id, keep: LoginId) -> Result<u64, LoginError> {
        let (index, _) = self.realm.index(user)?;
        let ended = self.realm.end_other_logins(index, keep).await?;
        self.tell(index, ended);
        Ok(ended)
    }

    /// Ends every login of a user, and all else that the store keeps of it, in
    /// one step. Answers how many records there were.
    ///
    /// # Errors
    ///
    /// When the store fails: some may still be alive then.
    pub async fn end_all(&self, user: &U::Id) -> Result<u64, LoginError> {
        let core = &self.realm.core;
        let (index, _) = self.realm.index(user)?;
        let all = DeleteByUser::new(index);
        let ended = core.done(core.store.delete_by_user(all).await)?;
        self.tell(index, ended);
        Ok(ended)
    }

    fn tell(&self, user: UserIndex, ended: u64) {
        if ended > 0 {
            let core = &self.realm.core;
            core.emit_of(EventKind::SessionsRevoked, user);
        }
    }
}

/// What is alive of one login.
struct Alive {
    id: LoginId,
    session: Option<Record>,
    series: Option<Record>,
    info: SessionInfo,
    device: String,
    /// Has the browser come back since the login, or may it have?
    is_shown: bool,
}

impl<U: AuthUser> Realm<U> {
    /// Where a user is logged in, as seen from this session.
    pub(crate) async fn list_logins(
        &self,
        user: UserIndex,
        current: Option<RecordId>,
    ) -> Result<Vec<ListedSession>, LoginError> {
        let alive = self.alive(user).await?;
        let listed = alive.into_iter().map(|login| {
            let is_current = current.is_some() && current == login.info.id();
            let is_shown = login.is_shown || is_current;
            let listed = ListedSession {
                login_id: login.id,
                info: login.info,
                device: login.device,
                is_current,
            };
            is_shown.then_some(listed)
        });
        let mut listed: Vec<_> = listed.flatten().collect();
        listed.sort_by_key(|login| Reverse((login.is_current, login.last_seen_at())));
        Ok(listed)
    }

    /// Ends a login, also if its session gets another id meanwhile: answers
    /// whether there was anything to end.
    pub(crate) async fn end_login(
        &self,
        user: UserIndex,
        login: LoginId,
    ) -> Result<bool, LoginError> {
        for round in 0..MAX_MOVES {
            let mut alive = self.alive(user).await?;
            alive.retain(|alive| alive.id == login);
            if alive.is_empty() {
                return Ok(round > 0);
            }
            for Alive {
                session, series, ..
            } in alive
            {
                let mut end = End::new();
                end.session = session.as_ref().map(|session| session.id);
                let of_session = session.and_then(|session| session.series);
                end.series = series.map(|series| series.id).or(of_session);
                self.core.done(self.core.store.end(end).await)?;
            }
        }
        Err(self.core.failed("the session moved on all the time"))
    }

    /// Ends all but one; answers how many records there were.
    pub(crate) async fn end_other_logins(
        &self,
        user: UserIndex,
        keep: LoginId,
    ) -> Result<u64, LoginError> {
        let alive = self.alive(user).await?;
        let kept = alive.iter().find(|login| login.id == keep);
        let Some(session) = kept.and_then(|login| login.session.as_ref()) else {
            // A remembered browser without a session: the others go one by one.
            let mut ended = 0;
            for login in alive.iter().filter(|login| login.id != keep) {
                ended += u64::from(self.end_login(user, login.id).await?);
            }
            return Ok(ended);
        };
        self.end_all_but(user, session.id).await
    }

    /// Ends all of a user but this session and what remembers it, in one step.
    pub(crate) async fn end_all_but(
        &self,
        user: UserIndex,
        session: RecordId,
    ) -> Result<u64, LoginError> {
        let mut others = DeleteByUser::new(user);
        others.except = Some(session);
        self.core.done(self.core.store.delete_by_user(others).await)
    }

    /// The live logins of a user: sessions, each with its series, and series alone.
    async fn alive(&self, user: UserIndex) -> Result<Vec<Alive>, LoginError> {
        let core = &self.core;
        let list = |kind| core.store.list(ListByUser::new(kind, user, core.now()));
        let sessions = core.done(list(RecordKind::Session).await)?;
        let mut series = core.done(list(RecordKind::Series).await)?;
        let mut alive = Vec::with_capacity(sessions.len());
        for session in sessions {
            let content = Content::decode(&session.body).map_err(|error| core.failed(error))?;
            let Some(login) = content.login else {
                continue;
            };
            let own = series.iter().position(|one| session.series == Some(one.id));
            let own = own.map(|at| series.swap_remove(at));
            alive.push(Alive {
                id: login.login_id,
                info: match (login.pending, &own) {
                    (Some(_), Some(series)) => SessionInfo::of_series(series),
                    _ => SessionInfo::new(&session, &login),
                },
                device: login.device_name.to_owned(),
                // By its remember cookie a browser may be used without a trace.
                is_shown: own.is_some()
                    || (login.pending.is_none() && session.seen > session.created),
                series: own,
                session: Some(session.clone()),
            });
        }
        for series in series {
            let content =
                SeriesContent::decode(&series.body).map_err(|error| core.failed(error))?;
            alive.push(Alive {
                id: content.login_id,
                info: SessionInfo::of_series(&series),
                device: content.device_name.to_owned(),
                is_shown: true,
                series: Some(series.clone()),
                session: None,
            });
        }
        Ok(alive)
    }
}

/// More than any number of tabs that confirm while one logs out.
const MAX_MOVES: usize = 16;

impl<U> Clone for Sessions<U> {
    fn clone(&self) -> Self {
        Self {
            realm: self.realm.clone(),
        }
    }
}

impl<U> fmt::Debug for Sessions<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("realm", &self.realm.core.realm())
            .finish_non_exhaustive()
    }
}
