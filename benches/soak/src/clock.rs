//! The time of the app: it passes faster, so that a short run sees sessions end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use portcullis::{Clock, Timestamp};

/// So many seconds of the app pass in one of ours.
pub const SPEED: u64 = 20;

/// The limits of the app, in its seconds: short enough to be met.
pub const IDLE: u64 = 120;
pub const TOUCH: u64 = 20;
pub const WINDOW: u64 = 60;
pub const REMEMBERED: u64 = 300;
/// How long the library bears a remember token that was replaced. Not a setting.
pub const GRACE: u64 = 60;

#[derive(Clone)]
pub struct FastClock(Arc<Inner>);

struct Inner {
    started: Instant,
    ahead: AtomicU64,
}

impl FastClock {
    pub fn start() -> Self {
        Self(Arc::new(Inner {
            started: Instant::now(),
            ahead: AtomicU64::new(1_800_000_000),
        }))
    }

    pub fn seconds(&self) -> u64 {
        let passed = self.0.started.elapsed().as_millis() as u64 * SPEED / 1_000;
        self.0.ahead.load(Ordering::SeqCst) + passed
    }

    pub fn jump(&self, by: Duration) {
        self.0.ahead.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.seconds())
    }
}
