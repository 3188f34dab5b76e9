//! Who waits in this process for the end of a record.

use std::{collections::HashMap, time::Duration};

use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{
    Record, SessionStore, StoreError, Watch,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Wakes those who wait for a record, by its [home](super::RecordId::home): a
/// step that ends records of a user wakes the few who watch that user's.
#[derive(Debug)]
pub(super) struct Watchers {
    waiting: Mutex<HashMap<u16, watch::Sender<()>>>,
    turns: Semaphore,
}

impl Default for Watchers {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            turns: Semaphore::new(LOOKS_AT_ONCE),
        }
    }
}

impl Watchers {
    /// Waits until the record is no longer alive. Asks the store when it is
    /// woken, when the record is to expire, and after each `pace`, which is a
    /// second where an end may come unannounced.
    pub(super) async fn until_gone<S: SessionStore + ?Sized>(
        &self,
        store: &S,
        step: &Watch,
        pace: impl Fn() -> Duration,
    ) {
        let home = step.id.home();
        // Before the first look: an end after the look is not missed.
        let mut waiting = Waiting {
            all: self,
            home,
            woken: Some(self.wait(home)),
        };
        let mut expires = None;
        loop {
            let left = match self.look(store, step).await {
                Ok(None) => return,
                Ok(Some(record)) => {
                    expires = Some(record.expires);
                    record.expires.since(step.clock.now())
                }
                // Nobody knows: ask again, up to where it was to end.
                Err(_) if expires.is_some_and(|end| step.clock.now() >= end) => return,
                Err(_) => A_SECOND,
            };
            let wait = left.min(pace()).max(A_SECOND);
            if let Some(woken) = &mut waiting.woken {
                timeout(wait, woken.changed()).await.ok();
            }
        }
    }

    /// Looks, a few at a time, so that a thousand sockets of one user that are
    /// woken together leave the store to others; and not for long, or a wake in
    /// the middle would not be heard.
    async fn look<S: SessionStore + ?Sized>(
        &self,
        store: &S,
        step: &Watch,
    ) -> Result<Option<Record>, StoreError> {
        let _turn = self.turns.acquire().await.map_err(StoreError::new)?;
        let looked = timeout(PATIENCE, store.load(step.load())).await;
        looked.unwrap_or_else(|_| Err(StoreError::too_slow(PATIENCE)))
    }

    /// A record with this home may have ended.
    pub(super) fn wake(&self, home: u16) {
        if let Some(waiting) = self.lock().get(&home) {
            waiting.send_replace(());
        }
    }

    /// Any record may have ended.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub(super) fn wake_all(&self) {
        self.lock().values().for_each(|waiting| {
            waiting.send_replace(());
        });
    }

    /// Does nobody wait?
    #[cfg(all(test, shuttle))]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn wait(&self, home: u16) -> watch::Receiver<()> {
        self.lock().entry(home).or_default().subscribe()
    }

    /// No holder panics, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<u16, watch::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits. The last one of a home takes its entry along.
struct Waiting<'a> {
    all: &'a Watchers,
    home: u16,
    woken: Option<watch::Receiver<()>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        self.woken = None;
        if all.get(&self.home).is_some_and(|sender| sender.is_closed()) {
            all.remove(&self.home);
        }
    }
}

const A_SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);
const LOOKS_AT_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::SystemClock,
        store::{MemoryStore, RecordId, RecordKind},
    };

    #[tokio::test]
    async fn of_who_waits_no_more_nothing_is_kept() {
        let (all, store) = (Watchers::default(), MemoryStore::new());
        let id = RecordId::from_bytes([7; 16]);
        let gone = Watch::new(RecordKind::Session, id, Arc::new(SystemClock));
        let other = all.wait(id.home());
        all.until_gone(&store, &gone, || A_SECOND).await;
        assert_eq!(all.lock().len(), 1, "another one waits");
        drop(other);
        all.until_gone(&store, &gone, || A_SECOND).await;
        assert!(all.lock().is_empty());
    }
}
