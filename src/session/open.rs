//! From a cookie to who is logged in: every check of a request on the read path.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::LoginError,
    manager::{Realm, SessionInfo, content::Content},
    secret::equal,
    session::proof::Known,
    store::{Record, RecordKind, Touch},
    token::Token,
    user::{AuthUser, UserIndex},
};

/// Whom a request belongs to.
pub(crate) enum Found<U> {
    Nobody,
    LoggedIn(Arc<Known<U>>),
}

impl<U> Clone for Found<U> {
    fn clone(&self) -> Self {
        match self {
            Self::Nobody => Self::Nobody,
            Self::LoggedIn(known) => Self::LoggedIn(known.clone()),
        }
    }
}

impl<U: AuthUser> Realm<U> {
    /// Finds the session of a token that this realm has signed, and its user.
    ///
    /// # Errors
    ///
    /// When the store or the loader fails. Then nothing is known, and nothing is ended.
    pub(crate) async fn open(self: &Arc<Self>, token: &Token) -> Result<Found<U>, LoginError> {
        let core = &self.core;
        let Some(record) = core.load(token.id).await? else {
            return Ok(Found::Nobody);
        };
        if !record.hash.matches(token) {
            return Ok(Found::Nobody);
        }
        let content = Content::decode(&record.body).map_err(|error| core.failed(error))?;
        let Some(login) = content.login else {
            return Ok(Found::Nobody);
        };
        if record.user != Some(UserIndex::of(core.realm(), login.user)) {
            return Ok(Found::Nobody);
        }
        if login.user_tag != self.user_tag {
            tracing::error!(
                target: "portcullis", realm = core.realm(), session = %record.id,
                "a session of another user type: give each manager a name of its own with `.realm(…)`"
            );
            return Ok(Found::Nobody);
        }
        let now = core.now();
        // An end far beyond the limit was written by a clock that was ahead, or under a longer limit.
        let farthest = now
            .plus(core.settings.absolute)
            .plus(Duration::from_secs(24 * 60 * 60));
        if now >= login.ends || login.ends > farthest {
            return self.end(&record, "absolute limit").await;
        }
        let loaded = self
            .loader
            .load(login.user)
            .await
            .map_err(|error| LoginError::loader(core.realm(), error))?;
        let Some(user) = loaded else {
            return self.end(&record, "no such user").await;
        };
        if !login.forced && !user.is_active() {
            return self.end(&record, "inactive user").await;
        }
        let auth_hash = user
            .session_auth_hash()
            .for_record(core.realm(), login.user);
        if !equal(&auth_hash, &login.auth_hash) {
            // It opens nothing any more. It is not deleted: the request that has
            // just changed the password may be about to replace it.
            return Ok(Found::Nobody);
        }
        if !self.touch(&record, login.ends, now).await? {
            return Ok(Found::Nobody);
        }
        let (info, forced) = (SessionInfo::new(&record, &login), login.forced);
        Ok(Found::LoggedIn(Arc::new(Known {
            realm: self.clone(),
            user,
            info,
            forced,
            record,
        })))
    }

    /// The session is over: nobody is logged in, and the cookie stays untouched,
    /// for a login in another tab may have replaced it by now.
    async fn end(&self, record: &Record, reason: &'static str) -> Result<Found<U>, LoginError> {
        tracing::info!(target: "portcullis", realm = self.core.realm(), session = %record.id, reason, "session ended");
        self.core.delete(record.id).await?;
        Ok(Found::Nobody)
    }

    /// Notes the use of a session, at most once a touch interval. Answers
    /// whether it is still alive.
    async fn touch(
        &self,
        record: &Record,
        ends: Timestamp,
        now: Timestamp,
    ) -> Result<bool, LoginError> {
        let settings = &self.core.settings;
        if now.since(record.seen) < settings.touch_every {
            return Ok(true);
        }
        let expires = now.plus(settings.idle).min(ends);
        let touch = Touch::new(RecordKind::Session, record.id, expires, now);
        self.core.done(self.core.store.touch(touch).await)
    }
}
