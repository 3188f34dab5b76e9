//! What can be told of a session.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor, clock::Timestamp, manager::content::LoginFacts, store::Record, token::RecordId,
};

/// What is known of a login: from `info()` of a proof, and from [`Sessions::list`](crate::Sessions::list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    id: Option<RecordId>,
    source: Source,
    remembered: bool,
    created: Timestamp,
    seen: Timestamp,
    ends: Timestamp,
    verified: Option<Timestamp>,
    second_factor: bool,
    actor: Option<Arc<Actor>>,
}

/// What a login rests on: [`SessionInfo::source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Source {
    /// The user logged in by hand in this session.
    ByHand,
    /// The remember cookie: somebody logged in by hand in this browser, some time ago.
    RememberCookie,
    /// The request itself: the [request loader](crate::RequestLoader) found the user.
    Request,
    /// Somebody acts for the user: [`LoginUser::on_behalf_of`](crate::LoginUser::on_behalf_of).
    OnBehalf,
    /// A job acts for the user: [`Sessions::act_for`](crate::Sessions::act_for).
    Delegated,
}

impl SessionInfo {
    pub(crate) fn new(record: &Record, login: &LoginFacts<'_>) -> Self {
        Self {
            id: Some(record.id),
            source: login.source,
            remembered: record.series.is_some(),
            created: record.created,
            seen: record.seen,
            ends: login.ends,
            verified: login.verified,
            second_factor: login.second_factor,
            actor: login.actor.map(|actor| actor.actor()),
        }
    }

    /// A browser that is remembered, whose session is over.
    pub(crate) fn of_series(series: &Record) -> Self {
        Self {
            id: None,
            source: Source::RememberCookie,
            remembered: true,
            created: series.created,
            seen: series.seen,
            ends: series.expires,
            verified: None,
            second_factor: false,
            actor: None,
        }
    }

    /// A login that has no session, and lives for this request.
    pub(crate) fn without_session(source: Source, now: Timestamp) -> Self {
        Self {
            id: None,
            source,
            remembered: source == Source::RememberCookie,
            created: now,
            seen: now,
            ends: now,
            verified: None,
            second_factor: false,
            actor: None,
        }
    }

    /// Somebody who was just verified, in a test.
    #[cfg(feature = "testing")]
    pub(crate) fn for_test(verified: Timestamp) -> Self {
        Self {
            verified: Some(verified),
            ..Self::without_session(Source::ByHand, verified)
        }
    }

    /// The same, but nothing that was verified counts.
    pub(crate) fn stale(mut self) -> Self {
        (self.verified, self.second_factor) = (None, false);
        self
    }

    /// The session's id, which alone lets nobody in; for a log there is
    /// [`Login::session_hash`](crate::Login::session_hash). Another one after
    /// every change of the login state. None for a user of the
    /// [request loader](crate::RequestLoader), who has no session, and for a
    /// remembered browser that has no session at the moment.
    pub fn id(&self) -> Option<RecordId> {
        self.id
    }

    /// What the login rests on.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Is this browser remembered: will the user be logged in again when the
    /// session is over?
    pub fn remembered(&self) -> bool {
        self.remembered
    }

    /// When the session began: the user logged in, or the login was restored.
    pub fn created_at(&self) -> Timestamp {
        self.created
    }

    /// When the session was last used, to within the touch interval.
    pub fn last_seen_at(&self) -> Timestamp {
        self.seen
    }

    /// When it ends however much it is used. A remembered browser goes on with a new one.
    pub fn ends_at(&self) -> Timestamp {
        self.ends
    }

    /// Who acts for the user, if somebody does.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_deref()
    }

    pub(crate) fn shared_actor(&self) -> Option<&Arc<Actor>> {
        self.actor.as_ref()
    }

    /// When the user last proved who it is, if that counts for freshness.
    pub fn verified_at(&self) -> Option<Timestamp> {
        self.verified
    }

    /// Did it take a second factor then?
    pub fn by_second_factor(&self) -> bool {
        self.second_factor
    }
}
