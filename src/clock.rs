//! Time, as the library asks for it.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// Where the time comes from.
///
/// Every limit, stamp and expiry asks this clock and no other, so a test moves
/// time by hand instead of sleeping. Given to the builder with
/// [`clock`](crate::Builder::clock); the default is [`SystemClock`].
///
/// # Example
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use portcullis::{Clock, Timestamp};
///
/// struct ByHand(AtomicU64);
///
/// impl Clock for ByHand {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_unix_seconds(self.0.load(Ordering::Relaxed))
///     }
/// }
/// # let _ = ByHand(AtomicU64::new(1_000)).now();
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        C::now(self)
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp(since.map_or(0, |since| since.as_secs()))
    }
}

/// A point in time, in whole seconds since 1970-01-01 UTC.
///
/// Sums and differences saturate: a clock that jumps never makes an age
/// negative or an end wrap around.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The time so many seconds after 1970-01-01 UTC.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01 UTC.
    pub const fn unix_seconds(self) -> u64 {
        self.0
    }

    /// This time and `duration` later; parts of a second are dropped.
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// How long ago `earlier` was, zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// A stamp from more than a minute ahead: another server's clock, or a forgery.
    pub(crate) fn is_future_of(self, now: Self) -> bool {
        self.0 > now.0.saturating_add(60)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH
            .checked_add(Duration::from_secs(time.0))
            .unwrap_or(UNIX_EPOCH)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_saturate() {
        let (early, late) = (Timestamp(5), Timestamp(u64::MAX));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.plus(Duration::from_secs(1)), late);
        assert_eq!(
            SystemTime::from(late),
            UNIX_EPOCH,
            "out of range is no panic"
        );
    }

    #[test]
    fn a_minute_ahead_is_a_neighbour_and_more_is_the_future() {
        let now = Timestamp(1_000);
        assert!(!Timestamp(1_060).is_future_of(now));
        assert!(Timestamp(1_061).is_future_of(now));
    }
}
