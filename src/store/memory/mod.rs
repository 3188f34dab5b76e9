//! The embedded store: sessions in the memory of this process.
//!
//! Nothing to install, and gone with the process. Its records are spread over
//! shards by their [home](crate::store::RecordId::home), so all records of one
//! user are in one shard: one lock makes every step atomic, and finding a
//! user's sessions is a scan of that shard, without an index that could leak.

mod locked;
mod shard;

use std::{fmt, sync::Arc, time::Duration};

use tokio::task::yield_now;

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId, RecordKind,
    Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
    sync::{AtomicUsize, Mutex, Ordering},
    watchers::Watchers,
};
use locked::{Changes, Quota};
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
pub struct MemoryStore(Arc<Inner>);

struct Inner {
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
        let Insert {
            record,
            now,
            series,
            ends_series,
            at_most,
        } = step;
        let mut shards = self
            .0
            .lock([record.id, record.id, ends_series.unwrap_or(record.id)]);
        if shards.hold_any([Some(&record), series.as_ref()]) {
            return Ok(Inserted::Taken);
        }
        let changes = Changes {
            replaced: None,
            end: ends_series,
            put: [Some(&record), series.as_ref()],
            at_most,
            end_others: false,
        };
        shards.apply(changes, now)?;
        drop(shards);
        self.wake([Some(record.id), ends_series]);
        Ok(Inserted::Done)
    }

    async fn load(&self, step: Load) -> Result<Option<Record>, StoreError> {
        Ok(self.0.shard(step.id).get(step.kind, step.id, step.now))
    }

    async fn update(&self, step: Update) -> Result<Swap, StoreError> {
        let Update {
            kind,
            id,
            version,
            body,
            now,
        } = step;
        Ok(self.0.shard(id).swap(kind, id, version, now, |record| {
            record.body = body;
            record.version = version.next();
        }))
    }

    async fn rotate(&self, step: Rotate) -> Result<Swap, StoreError> {
        let Rotate {
            id,
            version,
            new,
            now,
            series,
            ends_series,
            at_most,
            end_others,
        } = step;
        let kind = new.kind;
        let mut shards = self.0.lock([id, new.id, ends_series.unwrap_or(id)]);
        let swap = shards.of(id).swap(kind, id, version, now, |_| ());
        if swap != Swap::Done {
            return Ok(swap);
        }
        if shards.hold_any([Some(&new), series.as_ref()]) {
            return Ok(Swap::Conflict);
        }
        let old = shards.take_out(kind, id);
        let changes = Changes {
            replaced: old.as_ref(),
            end: ends_series,
            put: [Some(&new), series.as_ref()],
            at_most,
            end_others,
        };
        if let Err(full) = shards.apply(changes, now) {
            shards.put_back(old);
            return Err(full);
        }
        drop(shards);
        self.wake([Some(id), Some(new.id)]);
        self.wake([None, ends_series]);
        Ok(Swap::Done)
    }

    async fn restore(&self, step: Restore) -> Result<Swap, StoreError> {
        let Restore {
            version,
            next,
            session,
            now,
            at_most,
            ends_session,
        } = step;
        let ended = ends_session.unwrap_or(session.id);
        let mut shards = self.0.lock([next.id, session.id, ended]);
        let swap = shards
            .of(next.id)
            .swap(next.kind, next.id, version, now, |_| ());
        if swap != Swap::Done {
            return Ok(swap);
        }
        if shards.hold_any([Some(&session), None]) {
            return Ok(Swap::Conflict);
        }
        // It goes first, or another session would have to make room for it.
        let ended = ends_session.and_then(|id| shards.take_out(RecordKind::Session, id));
        let changes = Changes {
            replaced: ended.as_ref(),
            end: None,
            put: [Some(&session), None],
            at_most,
            end_others: false,
        };
        if let Err(full) = shards.apply(changes, now) {
            shards.put_back(ended);
            return Err(full);
        }
        let home = Some(next.id);
        let swap = shards
            .of(next.id)
            .swap(next.kind, next.id, version, now, |record| {
                *record = shard::Stored::from(next)
            });
        drop(shards);
        self.wake([home, ends_session]);
        Ok(swap)
    }

    async fn touch(&self, step: Touch) -> Result<bool, StoreError> {
        let Touch {
            kind,
            id,
            expires,
            seen,
            now,
        } = step;
        let touched = |record: &mut shard::Stored| (record.expires, record.seen) = (expires, seen);
        Ok(self.0.shard(id).change(kind, id, now, touched))
    }

    async fn delete(&self, step: Delete) -> Result<bool, StoreError> {
        let removed = self.0.lock([step.id; 3]).remove(step.kind, step.id);
        self.wake([Some(step.id), None]);
        Ok(removed.is_some())
    }

    async fn end(&self, step: End) -> Result<u64, StoreError> {
        let ids = [step.session, step.series];
        let Some(any) = ids.into_iter().flatten().next() else {
            return Ok(0);
        };
        let mut shards = self.0.lock([any, any, step.series.unwrap_or(any)]);
        let session = step
            .session
            .and_then(|id| shards.remove(RecordKind::Session, id));
        let restored = step.series.map_or(0, |id| shards.end_series(id));
        drop(shards);
        self.wake(ids);
        Ok(u64::from(session.is_some()) + restored)
    }

    async fn list(&self, step: ListByUser) -> Result<Vec<Record>, StoreError> {
        Ok(self
            .0
            .shard_at(step.user.home())
            .of_user(step.kind, step.user, step.now))
    }

    async fn delete_by_user(&self, step: DeleteByUser) -> Result<u64, StoreError> {
        let mut shard = self.0.shard_at(step.user.home());
        let removed = shard.remove_user(step.user, step.except);
        self.0.count_down(removed); // before others see the room
        drop(shard);
        self.0.watchers.wake(step.user.home());
        Ok(removed.all() as u64)
    }

    async fn sweep(&self, step: Sweep) -> Result<u64, StoreError> {
        let limit = usize::try_from(step.limit).unwrap_or(usize::MAX);
        let mut left = limit;
        for _ in 0..SHARDS {
            // A batch goes on where the one before ended, and not over what it has seen.
            let at = self.0.swept.load(Ordering::Relaxed) % SHARDS;
            left -= self.0.sweep(at, step.now, left);
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

impl MemoryStore {
    /// Tells those who watch a record that shares a home with one of these.
    fn wake(&self, ids: [Option<RecordId>; 2]) {
        let ids = ids.into_iter().flatten();
        ids.for_each(|id| self.0.watchers.wake(id.home()));
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
