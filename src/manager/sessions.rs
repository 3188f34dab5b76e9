//! Sessions seen from outside a request: for jobs and admin tools.

use std::{fmt, ops::Deref, sync::Arc};

use crate::{
    error::LoginError,
    manager::{Core, LoginManager, content::Content, info::SessionInfo},
    store::{DeleteByUser, End, ListByUser, RecordId, RecordKind},
    user::AuthUser,
};

/// The sessions of a realm, for code that runs outside of requests.
///
/// No extractor gives it and it proves nothing: a page that lists a user's
/// sessions keeps it in the app's state, behind a guard.
///
/// # Example
///
/// ```
/// # use portcullis::{LoginError, Sessions, AuthUser};
/// /// After a password reset by e-mail: everybody out, the thief too.
/// async fn after_reset<U: AuthUser>(sessions: &Sessions<U>, id: &U::Id) -> Result<(), LoginError> {
///     let ended = sessions.end_all(id).await?;
///     println!("{ended} sessions ended");
///     Ok(())
/// }
/// ```
pub struct Sessions<U> {
    core: Arc<Core>,
    user: std::marker::PhantomData<fn(U) -> U>,
}

/// A live session, seen from outside: from [`Sessions::list`].
///
/// It derefs to what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedSession {
    id: RecordId,
    info: SessionInfo,
}

impl ListedSession {
    /// What [`Sessions::end`] takes. It opens nothing.
    pub fn id(&self) -> RecordId {
        self.id
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
            core: self.realm.core.clone(),
            user: std::marker::PhantomData,
        }
    }
}

impl<U: AuthUser> Sessions<U> {
    /// The live sessions of a user, the last used first.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn list(&self, user: &U::Id) -> Result<Vec<ListedSession>, LoginError> {
        let (index, _) = self.core.index::<U>(user)?;
        let step = ListByUser::new(RecordKind::Session, index, self.core.now());
        let records = self.core.done(self.core.store.list(step).await)?;
        let mut sessions = Vec::with_capacity(records.len());
        for record in &records {
            let content = Content::decode(&record.body).map_err(|error| self.core.failed(error))?;
            sessions.extend(content.login.map(|login| ListedSession {
                id: record.id,
                info: SessionInfo::new(record, &login),
            }));
        }
        sessions.sort_by_key(|session| std::cmp::Reverse(session.last_seen_at()));
        Ok(sessions)
    }

    /// Ends one session of a user, and what remembers its browser. Answers
    /// whether there was one; the session of somebody else is none.
    ///
    /// # Errors
    ///
    /// When the store fails: it may still be alive then.
    pub async fn end(&self, user: &U::Id, session: RecordId) -> Result<bool, LoginError> {
        let (index, _) = self.core.index::<U>(user)?;
        match self.core.load(session).await? {
            Some(record) if record.user == Some(index) => {
                let mut end = End::new();
                (end.session, end.series) = (Some(session), record.series);
                Ok(self.core.done(self.core.store.end(end).await)? > 0)
            }
            _ => Ok(false),
        }
    }

    /// Ends every session of a user but one, and all that remembers another.
    /// Answers how many records there were.
    ///
    /// # Errors
    ///
    /// When the store fails: some may still be alive then.
    pub async fn end_others(&self, user: &U::Id, keep: RecordId) -> Result<u64, LoginError> {
        let (index, _) = self.core.index::<U>(user)?;
        let mut step = DeleteByUser::new(index);
        step.except = Some(keep);
        self.core.done(self.core.store.delete_by_user(step).await)
    }

    /// Ends every session of a user, and all that remembers one. Answers how
    /// many records there were.
    ///
    /// # Errors
    ///
    /// When the store fails: some may still be alive then.
    pub async fn end_all(&self, user: &U::Id) -> Result<u64, LoginError> {
        let (index, _) = self.core.index::<U>(user)?;
        self.core.done(
            self.core
                .store
                .delete_by_user(DeleteByUser::new(index))
                .await,
        )
    }
}

impl<U> Clone for Sessions<U> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            user: std::marker::PhantomData,
        }
    }
}

impl<U> fmt::Debug for Sessions<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("realm", &self.core.realm())
            .finish_non_exhaustive()
    }
}
