//! Setting: how long a login is fresh.

use std::time::Duration;

use crate::clock::Timestamp;

/// How long after giving the password a login is [`Fresh`](crate::Fresh):
/// [`Builder::fresh_for`](crate::Builder::fresh_for) takes it, or a [`Duration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FreshFor {
    /// So long. Zero: only in the request that verified.
    Window(Duration),
    /// As long as the session lives, as in Flask-Login: only a login from the
    /// remember cookie, or from another browser, is not fresh.
    WholeSession,
}

impl From<Duration> for FreshFor {
    fn from(window: Duration) -> Self {
        Self::Window(window)
    }
}

impl FreshFor {
    pub(crate) const DEFAULT: Self = Self::Window(Duration::from_secs(15 * 60));

    /// Is a login fresh now that was verified at that time?
    pub(crate) fn includes(self, verified: Timestamp, now: Timestamp) -> bool {
        match self {
            _ if verified.is_future_of(now) => false,
            Self::Window(window) => now.since(verified) < window,
            Self::WholeSession => true,
        }
    }

    /// This window, or one of so many seconds if that is narrower.
    pub(crate) fn narrowed(self, seconds: Option<u64>) -> Self {
        match (self, seconds.map(Duration::from_secs)) {
            (managers, None) => managers,
            (Self::Window(window), Some(named)) => Self::Window(window.min(named)),
            (Self::WholeSession, Some(named)) => Self::Window(named),
        }
    }

    /// The window in seconds, as a challenge says it (RFC 9470, section 3).
    pub(crate) fn max_age(self) -> Option<u64> {
        match self {
            Self::Window(window) => Some(window.as_secs()),
            Self::WholeSession => None,
        }
    }
}
