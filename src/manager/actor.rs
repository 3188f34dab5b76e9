//! Who acts for a user: kept in a record, and asked for with each request.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    error::{BoxError, LoginError},
    manager::{Core, LoginId, Realm, content::Content},
    store::{ListByUser, RecordKind},
    user::{AuthUser, UserIndex},
};

/// An actor, in a record.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct ActorFacts<'a> {
    realm: &'a str,
    user: &'a str,
    index: [u8; 16],
    login: [u8; 8],
}

impl Actor {
    /// The user of a login of this realm.
    pub(crate) fn of(realm: &Core, user: &[u8], index: UserIndex, login: LoginId) -> Arc<Self> {
        Arc::new(Self {
            realm: realm.realm().to_owned(),
            user: String::from_utf8_lossy(user).into_owned(),
            index,
            login: login.0,
        })
    }

    pub(crate) fn facts(&self) -> ActorFacts<'_> {
        ActorFacts {
            realm: &self.realm,
            user: &self.user,
            index: *self.index.as_bytes(),
            login: self.login,
        }
    }

    /// Is it still logged in, as a request of its own would be? A realm that is
    /// not of this router knows nobody.
    pub(crate) async fn is_logged_in(&self, core: &Core) -> Result<bool, LoginError> {
        match core.beside(&self.realm) {
            Some(realm) => realm.is_logged_in(self.index, LoginId(self.login)).await,
            None => Ok(false),
        }
    }
}

impl ActorFacts<'_> {
    pub(crate) fn actor(&self) -> Arc<Actor> {
        Arc::new(Actor {
            realm: self.realm.to_owned(),
            user: self.user.to_owned(),
            index: UserIndex::from_bytes(self.index),
            login: self.login,
        })
    }
}

impl<U: AuthUser> Realm<U> {
    /// Is this login alive, and may its user be logged in?
    pub(super) async fn has_login(
        &self,
        index: UserIndex,
        login_id: LoginId,
    ) -> Result<bool, LoginError> {
        let (core, now) = (&self.core, self.core.now());
        let list = ListByUser::new(RecordKind::Session, index, now);
        for session in core.done(core.store.list(list).await)? {
            if !session.is_alive(now) {
                continue; // a store is not believed blindly
            }
            let content = Content::decode(&session.body);
            let content = content.map_err(|error: BoxError| core.failed(error))?;
            let Some(login) = content.login else { continue };
            let is_it = login.login_id == login_id && login.user_tag == self.user_tag;
            if !is_it || login.pending.is_some() || now >= login.ends {
                continue;
            }
            let user = self.load_user(login.user).await?;
            return Ok(user.is_some_and(|user| {
                let may_be = login.forced || user.is_active();
                may_be && self.has_credentials(&user, (login.user, index), &login.auth_hash)
            }));
        }
        Ok(false)
    }
}
