//! Time that passes when the test says so.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::clock::{Clock, SystemClock, Timestamp};

/// A clock that stands still until it is told to move. Its clones are one clock.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use portcullis::{Clock, testing::TestClock};
///
/// let clock = TestClock::new(); // LoginManager::builder().clock(clock.clone())
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60 * 60));
/// assert_eq!(clock.now().since(before).as_secs(), 3_600);
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    /// A clock that stands at the present time.
    pub fn new() -> Self {
        Self::at(SystemClock.now())
    }

    /// A clock that stands at this time.
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(time.unix_seconds())))
    }

    /// Lets so much time pass; parts of a second are dropped.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }

    /// Sets the time, also backwards.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.unix_seconds(), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}
