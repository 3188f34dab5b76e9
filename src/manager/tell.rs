//! What happens is logged, counted and told to the listeners.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use crate::{
    error::{BoxError, LoginError},
    event::{About, EventKind, HasUser, LoginEvent},
    manager::{Core, Realm},
    store::{Record, RecordId},
    user::{AuthUser, UserIndex},
};

impl<U: AuthUser> Realm<U> {
    /// Tells of an event, and to whom it happened.
    pub(crate) fn emit<H: HasUser<U> + 'static>(
        &self,
        kind: EventKind,
        session: Option<RecordId>,
        user: Option<&Arc<H>>,
    ) {
        let observed = &self.core.observed;
        let in_log = session.map(|session| observed.in_log(*session.as_bytes()));
        let account = user.map(|user| AccountInLog(self, user.user()));
        let actor = user.and_then(|user| user.actor());
        let actor_in_log = actor.map(|actor| observed.in_log(actor.index.account()));
        let about = About {
            session: shown(&in_log),
            account: shown(&account),
            actor: shown(&actor_in_log),
            actor_realm: actor.map(|actor| actor.realm()),
            ..About::default()
        };
        kind.log(self.core.realm(), &about);
        self.tell(kind, session, || {
            Some(user?.clone() as Arc<dyn HasUser<U>>) // only for who listens
        });
    }

    /// Tells of what happened to a session whose user is not at hand.
    pub(crate) fn emit_of(&self, kind: EventKind, record: &Record) {
        let observed = &self.core.observed;
        let session = observed.in_log(*record.id.as_bytes());
        let account = record.user.map(|user| observed.in_log(user.account()));
        let about = About {
            session: Some(&session),
            account: shown(&account),
            ..About::default()
        };
        kind.log(self.core.realm(), &about);
        self.tell(kind, Some(record.id), || None);
    }

    fn tell(
        &self,
        kind: EventKind,
        session: Option<RecordId>,
        user: impl FnOnce() -> Option<Arc<dyn HasUser<U>>>,
    ) {
        let observed = &self.core.observed;
        observed.count(kind);
        if !self.finders.listeners.is_empty() {
            let session = session.map(|session| (session, observed.session(session)));
            let event = LoginEvent::new(kind, self.core.now(), session, user());
            self.finders.listeners.tell(event);
        }
    }
}

/// What the log calls a user; made when somebody reads it.
struct AccountInLog<'a, U>(&'a Realm<U>, &'a U);

impl<U: AuthUser> fmt::Display for AccountInLog<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(realm, user) = self;
        let Ok(id) = serde_json::to_vec(&user.id()) else {
            return f.write_str("-"); // a user who is refused for it
        };
        let account = realm.index_of(&id).account();
        realm.core.observed.in_log(account).fmt(f)
    }
}

fn shown<T: fmt::Display>(what: &Option<T>) -> Option<&dyn fmt::Display> {
    what.as_ref().map(|what| what as &dyn fmt::Display)
}

impl Core {
    /// Tells of an event about nobody.
    pub(crate) fn emit(&self, kind: EventKind) {
        self.emit_about(kind, &About::default());
    }

    /// Tells of an event about a user who is not at hand.
    pub(crate) fn emit_of(&self, kind: EventKind, user: UserIndex) {
        let account = self.observed.in_log(user.account());
        let about = About {
            account: Some(&account),
            ..About::default()
        };
        self.emit_about(kind, &about);
    }

    /// Tells of an event about nobody whom the listeners could be given.
    pub(crate) fn emit_about(&self, kind: EventKind, about: &About<'_>) {
        kind.log(self.realm(), about);
        self.tell(kind);
    }

    /// Counts an event that was logged, and tells the listeners.
    pub(crate) fn tell(&self, kind: EventKind) {
        self.observed.count(kind);
        if let Some(realm) = self.realm.get().and_then(Weak::upgrade) {
            realm.tell(kind);
        }
    }
}

/// What fails outside of the library is logged here, where it enters, and told.
impl Core {
    /// An error of the store.
    pub(crate) fn failed(&self, error: impl Into<BoxError>) -> LoginError {
        self.told(EventKind::StoreFailed, LoginError::store(error))
    }

    /// An error of a loader.
    pub(crate) fn loader_failed(&self, error: impl Into<BoxError>) -> LoginError {
        self.told(EventKind::LoaderFailed, LoginError::loader(error))
    }

    /// An error of the app's check of a second factor.
    pub(crate) fn check_failed(&self, error: impl Into<BoxError>) -> LoginError {
        self.told(EventKind::CheckFailed, LoginError::check(error))
    }

    /// An error of a policy.
    pub(crate) fn policy_failed(&self, error: impl Into<BoxError>) -> LoginError {
        self.told(EventKind::PolicyFailed, LoginError::policy(error))
    }

    fn told(&self, kind: EventKind, error: LoginError) -> LoginError {
        tracing::error!(
            target: "portcullis",
            event = kind.name(), realm = self.realm(), error = error.cause(), "{error}"
        );
        self.tell(kind);
        error
    }
}
