//! The embedded store: sessions in the memory of this process.
//!
//! Nothing to install, and gone with the process. Its records are spread over
//! shards by their [home](crate::store::RecordId::home), so all records of one
//! user are in one shard: one lock makes every step atomic, and finding a
//! user's sessions is a scan of that shard, without an index that could leak.

mod locked;
mod shard;
mod steps;

use std::{fmt, sync::Arc, time::Duration};

use tokio::task::yield_now;

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, Restore, Rotate,
    SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
    sync::{AtomicUsize, Mutex, Ordering},
    watchers::Watchers,
};
use locked::Quota;
use shard::Shard;

/// A store in memory: the default, for one server, tests and first steps.
///
/// A clone is the same store, so that several realms can share one.
///
/// # Bounds
///
/// It holds at most [`MAX_USER_RECORDS`](Self::MAX_USER_RECORDS) records of users and
/// [`MAX_STRANGER_RECORDS`](Self::MAX_STRANGER_RECORDS) of strangers, or what
/// [`with_bounds`](Self::with_bounds) says. At the bound a new record is
/// refused with [`StoreError::full`]; nobody's session is dropped for it, and
/// strangers never take a user's place. What a [throttle](crate::Throttle) counts
/// takes none of them: it is bounded by itself.
///
/// # Example
///
/// ```
/// use portcullis::store::MemoryStore;
///
/// let store = MemoryStore::with_bounds(100_000, 5_000);
/// assert_eq!(store.len(), 0);
/// ```
#[derive(Clone)]
pub struct MemoryStore(pub(super) Arc<Inner>);

/// The store itself, whose steps wait for nothing.
pub(super) struct Inner {
    shards: Box<[Mutex<Shard>]>,
    users: Quota,
    strangers: Quota,
    counters: Quota,
    watchers: Watchers,
    /// Where the sweep goes on.
    swept: AtomicUsize,
}

impl MemoryStore {
    /// How many records of users the default store holds: sessions, remember series, tokens.
    pub const MAX_USER_RECORDS: usize = 2_000_000;

    /// How many records of strangers the default store holds, each of up to 16 KiB.
    pub const MAX_STRANGER_RECORDS: usize = 50_000;

    /// An empty store with the default bounds.
    pub fn new() -> Self {
        Self::with_bounds(Self::MAX_USER_RECORDS, Self::MAX_STRANGER_RECORDS)
    }

    /// An empty store for at most so many records of users and of strangers.
    pub fn with_bounds(users: usize, strangers: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self(Arc::new(Inner {
            shards,
            users: Quota::new(users),
            strangers: Quota::new(strangers),
            counters: Quota::new(usize::MAX),
            watchers: Watchers::default(),
            swept: AtomicUsize::new(0),
        }))
    }

    /// How many records there are, the expired that were not swept yet included.
    pub fn len(&self) -> usize {
        let Inner {
            users,
            strangers,
            counters,
            ..
        } = &*self.0;
        users.used() + strangers.used() + counters.used()
    }

    /// Is there no record?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl SessionStore for MemoryStore {
    async fn insert(&self, step: Insert) -> Result<Inserted, StoreError> {
        self.0.insert(step)
    }

    async fn load(&self, step: Load) -> Result<Option<Record>, StoreError> {
        self.0.load(step)
    }

    async fn update(&self, step: Update) -> Result<Swap, StoreError> {
        self.0.update(step)
    }

    async fn rotate(&self, step: Rotate) -> Result<Swap, StoreError> {
        self.0.rotate(step)
    }

    async fn restore(&self, step: Restore) -> Result<Swap, StoreError> {
        self.0.restore(step)
    }

    async fn touch(&self, step: Touch) -> Result<bool, StoreError> {
        self.0.touch(step)
    }

    async fn delete(&self, step: Delete) -> Result<bool, StoreError> {
        self.0.delete(step)
    }

    async fn end(&self, step: End) -> Result<u64, StoreError> {
        self.0.end(step)
    }

    async fn list(&self, step: ListByUser) -> Result<Vec<Record>, StoreError> {
        self.0.list(step)
    }

    async fn delete_by_user(&self, step: DeleteByUser) -> Result<u64, StoreError> {
        self.0.delete_by_user(step)
    }

    async fn sweep(&self, step: Sweep) -> Result<u64, StoreError> {
        let limit = usize::try_from(step.limit).unwrap_or(usize::MAX);
        let mut left = limit;
        for _ in 0..SHARDS {
            // A batch goes on where the one before ended, and not over what it has seen.
            let at = self.0.swept.load(Ordering::Relaxed) % SHARDS;
            left -= self.0.sweep_shard(at, step.now, left);
            if left == 0 {
                break;
            }
            self.0.swept.store(at + 1, Ordering::Relaxed);
            yield_now().await; // the requests of this thread come between two shards
        }
        Ok((limit - left) as u64)
    }

    async fn watch(&self, step: Watch) {
        let pace = || Duration::from_secs(60); // no end is unannounced
        self.0.watchers.until_gone(self, &step, pace).await;
    }
}

/// So many that a scan of one is short with a million sessions: some 250 of them.
#[cfg(not(all(test, shuttle)))]
const SHARDS: usize = 4_096;

/// So few that a new store for each order of threads costs little; for the first 64 homes.
#[cfg(all(test, shuttle))]
const SHARDS: usize = 4;

#[cfg(test)]
mod tests;
