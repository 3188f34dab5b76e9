//! What must not grow: memory, records, tasks, threads.

use std::{
    fs,
    time::{Duration, Instant},
};

use portcullis::{
    BoxError, Clock,
    store::{SessionStore, Sweep},
};
use tokio::runtime::Handle;

use crate::{
    checks::{Checks, Wrong},
    clock::FastClock,
    stores::Tried,
};

#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Resident, in KiB.
    pub memory: u64,
    pub records: u64,
    tasks: u64,
    threads: u64,
}

impl Sample {
    pub async fn take<S>(tried: &Tried<S>) -> Result<Self, BoxError> {
        let status = fs::read_to_string("/proc/self/status")?;
        let number = |name: &str| {
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':')
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        };
        Ok(Self {
            memory: number("VmRSS").ok_or("no VmRSS")?,
            threads: number("Threads").ok_or("no Threads")?,
            tasks: Handle::current().metrics().num_alive_tasks() as u64,
            records: (tried.count)().await?,
        })
    }
}

/// Sweeps as often as the clock of the app makes it due: the library's own pace is
/// that of our time. Looks each time.
pub async fn watch<S: SessionStore>(
    tried: &Tried<S>,
    clock: &FastClock,
    until: Instant,
) -> Result<Vec<Sample>, BoxError> {
    let mut samples = Vec::new();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sweep(&tried.store, clock).await?;
        samples.push(Sample::take(tried).await?);
    }
    Ok(samples)
}

pub async fn sweep(store: &impl SessionStore, clock: &FastClock) -> Result<(), BoxError> {
    while store.sweep(Sweep::new(clock.now(), BATCH)).await? >= BATCH {}
    Ok(())
}

const BATCH: u64 = 10_000;

/// How many there may be at most, whatever happens.
pub struct Bounds {
    pub records: u64,
    pub tasks: u64,
}

/// Compares the second half of a run with what came before, if it was long enough
/// for all limits of the app to have passed in each.
pub fn check(samples: &[Sample], bounds: &Bounds, checks: &Checks) {
    let expect = |is_right, what: &dyn Fn() -> String| checks.expect(is_right, Wrong::Growth, what);
    let most = |part: &[Sample], of: fn(&Sample) -> u64| part.iter().map(of).max().unwrap_or(0);
    let records = most(samples, |sample| sample.records);
    expect(records <= bounds.records, &|| format!("{records} records"));
    let tasks = most(samples, |sample| sample.tasks);
    expect(tasks <= bounds.tasks, &|| format!("{tasks} tasks"));
    let threads = most(samples, |sample| sample.threads);
    expect(threads <= THREADS, &|| format!("{threads} threads"));
    if samples.len() < LONG {
        return;
    }
    let quarter = samples.len() / 4;
    let (second, last) = (&samples[quarter..2 * quarter], &samples[3 * quarter..]);
    let [before, after] = [second, last].map(|part| most(part, |sample| sample.records));
    expect(after <= before + before / 5 + 100, &|| {
        format!("{before} records in the second quarter, {after} in the last")
    });
    let [before, after] = [second, last].map(|part| most(part, |sample| sample.memory));
    expect(after <= before + before / 10 + 4 * 1_024, &|| {
        format!("{before} KiB in the second quarter, {after} in the last")
    });
}

/// Workers of the runtime, and those of a database's driver.
const THREADS: u64 = 64;

/// Twice as long as a browser is remembered, in our seconds.
const LONG: usize = 30;
