//! Somebody who was found, and what is known of the login.

use std::sync::Arc;

use http::request::Parts;

use crate::{
    actor::Actor,
    clock::Timestamp,
    error::{Kind, LoginError},
    event::{EventKind, HasUser},
    manager::{
        Core, Realm, SessionInfo, Source,
        content::{Content, PendingFacts},
    },
    session::{fresh_window::Within, visit},
    store::Record,
    user::AuthUser,
};

/// A user who is logged in, as found by this request.
pub(crate) struct Known<U> {
    pub(crate) realm: Arc<Realm<U>>,
    pub(crate) user: U,
    /// The session. None for who came with the request itself, and for a look
    /// at a remember cookie.
    pub(crate) record: Option<Record>,
    pub(crate) info: SessionInfo,
    /// Logged in although not active.
    pub(crate) forced: bool,
    /// Nobody is logged in yet: the second factor is to be checked.
    pub(crate) pending: Option<PendingFacts>,
    /// What the request loader found the user by, to be asked again.
    pub(crate) request: Option<Arc<Parts>>,
}

impl<U: AuthUser> Known<U> {
    /// Was this verified within the window, before now?
    pub(crate) fn is_fresh(&self, now: Timestamp, within: Within) -> bool {
        let fresh_for = within.of(self.realm.core.settings.fresh_for);
        let verified = self.info.verified_at();
        verified.is_some_and(|at| fresh_for.includes(at, now))
            && (self.info.by_second_factor() || !within.second_factor)
    }

    /// Refuses who did not give the password within the window.
    pub(super) fn check_fresh(self: &Arc<Self>, within: Within) -> Result<(), LoginError> {
        let core = &self.realm.core;
        if self.is_fresh(core.now(), within) {
            if let Some(visit) = visit::running(core) {
                visit::note(visit, |notes| notes.ask_for_fresh(core, within));
            }
            return Ok(());
        }
        self.is_the_user()?; // who acts for it has no password to give
        self.emit(EventKind::UserNeedsRefresh);
        let max_age = within.of(core.settings.fresh_for).max_age();
        Err(Kind::NeedsRefresh { max_age }.into())
    }

    /// The session of somebody who has one: only these get a [`Session`](crate::Session).
    pub(crate) fn session(&self) -> Result<&Record, LoginError> {
        self.record.as_ref().ok_or_else(|| Kind::Forbidden.into())
    }

    /// This user, as one who acts for a user of another realm.
    pub(super) fn as_actor(&self, of: &Core) -> Result<Arc<Actor>, LoginError> {
        let core = &self.realm.core;
        let record = self.session()?;
        let login = Content::login_id(&record.body);
        let (Some(index), Some(login)) = (record.user, login) else {
            return Err(Kind::Forbidden.into());
        };
        if std::ptr::eq(&**core, of) || self.info.actor().is_some() {
            return Err(Kind::Forbidden.into());
        }
        let (_, id) = self.realm.index(&self.user.id())?;
        Ok(Actor::of(core, &id, index, login))
    }

    /// Refuses who only acts for the user.
    pub(super) fn is_the_user(&self) -> Result<(), LoginError> {
        match self.info.actor() {
            None => Ok(()),
            Some(_) => Err(Kind::Forbidden.into()),
        }
    }

    /// Are these two of one session? A login without one lives as long as its request.
    pub(crate) fn is_same_login_as(&self, other: &Self) -> bool {
        self.info.id() == other.info.id() && self.user.id() == other.user.id()
    }

    /// Is this a look at a remember cookie, which no guard has restored yet?
    pub(crate) fn is_only_remembered(&self) -> bool {
        self.record.is_none() && self.info.source() == Source::RememberCookie
    }

    /// Tells that something happened to this login.
    pub(crate) fn emit(self: &Arc<Self>, kind: EventKind) {
        self.realm.emit(kind, self.info.id(), Some(self));
    }
}

impl<U: AuthUser> HasUser<U> for Known<U> {
    fn user(&self) -> &U {
        &self.user
    }

    fn actor(&self) -> Option<&Arc<Actor>> {
        self.info.shared_actor()
    }
}
