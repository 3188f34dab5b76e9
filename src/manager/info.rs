//! What can be told of a session.

use crate::{clock::Timestamp, manager::content::LoginFacts, store::Record, token::RecordId};

/// What is known of a login: from `info()` of a proof, and from [`Sessions::list`](crate::Sessions::list).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    id: RecordId,
    created: Timestamp,
    seen: Timestamp,
    ends: Timestamp,
    verified: Option<Timestamp>,
}

impl SessionInfo {
    pub(crate) fn new(record: &Record, login: &LoginFacts<'_>) -> Self {
        Self {
            id: record.id,
            created: record.created,
            seen: record.seen,
            ends: login.ends,
            verified: login.verified,
        }
    }

    /// The session's id: good for a log and for ending it, not for getting in.
    /// Another one after every change of the login state.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// When the user logged in.
    pub fn created_at(&self) -> Timestamp {
        self.created
    }

    /// When the session was last used, to within the touch interval.
    pub fn last_seen_at(&self) -> Timestamp {
        self.seen
    }

    /// When it ends however much it is used.
    pub fn ends_at(&self) -> Timestamp {
        self.ends
    }

    /// When the user last proved who it is, if that counts for freshness.
    pub fn verified_at(&self) -> Option<Timestamp> {
        self.verified
    }
}
