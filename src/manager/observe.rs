//! What can be watched from outside: counts of events, and what logs call a session.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    event::{EventKind, SessionHash},
    key::{KeyRing, SecretKey},
    manager::{Login, Sessions},
    token::RecordId,
    user::AuthUser,
};

/// How often each event has happened in a realm on this server since it started:
/// from [`Login::event_counts`] and [`Sessions::event_counts`].
///
/// For a metrics crate that asks from time to time. Unlike a
/// [listener](crate::Builder::on_event), which misses events when it is too slow, a
/// count misses none. [`UserAccessed`](EventKind::UserAccessed), which is nearly every
/// request, is not counted: it would cost the most and say the least.
///
/// # Example
///
/// ```
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct User;
/// # impl AuthUser for User {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// use axum::extract::State;
/// use portcullis::Sessions;
///
/// // For a scraper, on a port that only it can reach.
/// async fn metrics(State(sessions): State<Sessions<User>>) -> String {
///     let lines = sessions.event_counts().into_iter().map(|(kind, count)| {
///         format!("login_events_total{{event=\"{}\"}} {count}\n", kind.name())
///     });
///     lines.collect()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct EventCounts(Vec<(EventKind, u64)>);

impl EventCounts {
    /// How often this has happened.
    pub fn of(&self, kind: EventKind) -> u64 {
        let found = self.0.iter().find(|(counted, _)| *counted == kind);
        found.map_or(0, |(_, count)| *count)
    }
}

impl IntoIterator for EventCounts {
    type Item = (EventKind, u64);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<U: AuthUser> Login<U> {
    /// What the logs call the session with this id: for the app's own lines, and to
    /// find what was logged of a session that a user complains about.
    pub fn session_hash(&self, session: RecordId) -> SessionHash {
        self.0.core.observed.session(session)
    }

    /// How often each event has happened.
    pub fn event_counts(&self) -> EventCounts {
        self.0.core.observed.counts()
    }
}

impl<U: AuthUser> Sessions<U> {
    /// How often each event has happened.
    pub fn event_counts(&self) -> EventCounts {
        self.realm.core.observed.counts()
    }
}

/// What a realm keeps for whoever watches it.
pub(crate) struct Observed {
    counts: [AtomicU64; EventKind::ALL.len()],
    keys: KeyRing,
}

impl Observed {
    /// Realms with one key call an account alike, who acts in another one too.
    pub(super) fn new(keys: &[SecretKey]) -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; EventKind::ALL.len()],
            keys: KeyRing::derive(keys.first(), "", "log"),
        }
    }

    pub(super) fn count(&self, kind: EventKind) {
        if kind != EventKind::UserAccessed {
            self.counts[kind as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counts(&self) -> EventCounts {
        let counted = EventKind::ALL.iter().copied().zip(&self.counts);
        let counted = counted.filter(|(kind, _)| *kind != EventKind::UserAccessed);
        let counted = counted.map(|(kind, count)| (kind, count.load(Ordering::Relaxed)));
        EventCounts(counted.collect())
    }

    pub(super) fn session(&self, session: RecordId) -> SessionHash {
        self.hash(session.as_bytes())
    }

    fn hash(&self, id: &[u8; 16]) -> SessionHash {
        SessionHash::of(self.keys.sign(id))
    }

    /// What the log calls a session or an account; made when somebody reads it.
    pub(crate) fn in_log(&self, id: [u8; 16]) -> impl fmt::Display {
        InLog(self, id)
    }
}

struct InLog<'a>(&'a Observed, [u8; 16]);

impl fmt::Display for InLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hash(&self.1).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(key: u8) -> Observed {
        Observed::new(&[SecretKey::from([key; 32])])
    }

    #[test]
    fn a_hash_is_of_one_key_and_session() {
        let hash = |key, session| observed(key).session(RecordId::from_bytes([session; 16]));
        let known = hash(1, 1);
        assert_eq!(known, hash(1, 1));
        assert_ne!(known, hash(2, 1));
        assert_ne!(known, hash(1, 2));
        assert_eq!(known.to_string().len(), 16);
        assert_eq!(observed(1).in_log([1; 16]).to_string(), known.to_string());
    }

    #[test]
    fn each_event_is_counted_by_itself() {
        let observed = observed(1);
        observed.count(EventKind::UserLoggedIn);
        observed.count(EventKind::UserAccessed);
        for _ in 0..3 {
            observed.count(EventKind::PolicyFailed);
        }
        let counts = observed.counts();
        assert_eq!(counts.of(EventKind::UserLoggedIn), 1);
        assert_eq!(counts.of(EventKind::PolicyFailed), 3);
        assert_eq!(counts.into_iter().map(|(_, count)| count).sum::<u64>(), 4);
    }
}
