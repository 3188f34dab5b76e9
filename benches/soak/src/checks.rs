//! What was checked, what was wrong, and how long answers took.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// An answer named a user that this browser never was.
    User,
    /// An answer showed what this session does not hold.
    Data,
    /// Somebody who is in was told to be nobody.
    LostSession,
    /// Somebody who is out was let in: by an old cookie, or after a logout.
    Ghost,
    /// Fresh without a password, or for too long.
    Fresh,
    /// Asked for the password that was given a moment ago.
    NotFresh,
    /// 500 or 503, and nothing was injected.
    Error,
    /// Any other answer that was not to come, or none.
    Answer,
    /// An honest browser was taken for a thief.
    Theft,
    /// Memory, records, tasks or threads grow, or an event is not accounted for.
    Growth,
    /// Records were left when everybody was out and the time was over.
    Left,
}

pub const WRONGS: [Wrong; 11] = [
    Wrong::User,
    Wrong::Data,
    Wrong::LostSession,
    Wrong::Ghost,
    Wrong::Fresh,
    Wrong::NotFresh,
    Wrong::Error,
    Wrong::Answer,
    Wrong::Theft,
    Wrong::Growth,
    Wrong::Left,
];

#[derive(Default)]
pub struct Checks {
    made: AtomicU64,
    wrong: [AtomicU64; WRONGS.len()],
    pub requests: AtomicU64,
    pub resets: AtomicU64,
    /// Answers 500 and 503 to a request that met a fault.
    pub failed: AtomicU64,
    pub times: Times,
}

impl Checks {
    /// Says so if this is not as it has to be.
    pub fn expect(&self, is_right: bool, wrong: Wrong, what: impl FnOnce() -> String) {
        self.made.fetch_add(1, Ordering::Relaxed);
        if is_right {
            return;
        }
        if self.wrong[wrong as usize].fetch_add(1, Ordering::Relaxed) < MOST_SAID {
            eprintln!("{wrong:?}: {}", what());
        }
    }

    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    pub fn wrong(&self, wrong: Wrong) -> u64 {
        self.wrong[wrong as usize].load(Ordering::Relaxed)
    }

    pub fn all_wrong(&self) -> u64 {
        WRONGS.iter().map(|wrong| self.wrong(*wrong)).sum()
    }
}

/// The first few of a kind are told; the rest is in the table.
const MOST_SAID: u64 = 5;

/// How often an answer took about so long: in steps of some 3 %, so that it stays
/// small however long the run.
pub struct Times(Mutex<Vec<u64>>);

impl Default for Times {
    fn default() -> Self {
        Self(Mutex::new(vec![0; STEPS]))
    }
}

impl Times {
    pub fn add(&self, took: Duration) {
        let micros = (took.as_micros() as f64).max(1.0);
        let step = ((micros.log2() * PER_DOUBLING) as usize).min(STEPS - 1);
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[step] += 1;
    }

    /// What so many in a thousand do not exceed.
    pub fn within(&self, of_a_thousand: u64) -> Millis {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = counts.iter().sum::<u64>() * of_a_thousand / 1_000;
        let mut seen = 0;
        let step = counts.iter().position(|count| {
            seen += count;
            seen > 0 && seen >= wanted
        });
        let step = step.map_or(0.0, |step| step as f64 + 1.0);
        Millis((step / PER_DOUBLING).exp2() / 1_000.0)
    }
}

const PER_DOUBLING: f64 = 24.0;
const STEPS: usize = 26 * 24;

pub struct Millis(f64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.0)
    }
}
