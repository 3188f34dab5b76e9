//! One step at a time: the shards that a step works on, locked together.

use super::{
    Inner, SHARDS,
    shard::{Shard, Swept},
};
use crate::{
    clock::Timestamp,
    store::{
        Record, RecordId, RecordKind, StoreError,
        sync::{AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError},
    },
};

impl Inner {
    pub(super) fn shard(&self, id: RecordId) -> MutexGuard<'_, Shard> {
        self.shard_at(id.home())
    }

    pub(super) fn shard_at(&self, home: u16) -> MutexGuard<'_, Shard> {
        lock(&self.shards[index(home)])
    }

    /// The shards of these ids, often one, locked in one order everywhere.
    pub(super) fn lock(&self, ids: [RecordId; 3]) -> Locked<'_> {
        let mut indices = ids.map(|id| index(id.home()));
        indices.sort_unstable();
        let [a, b, c] = indices;
        Locked {
            store: self,
            first: lock(&self.shards[a]),
            second: (b != a).then(|| (b, lock(&self.shards[b]))),
            third: (c != b).then(|| (c, lock(&self.shards[c]))),
        }
    }

    /// Room for so many, or for none of them.
    fn take(&self, more: Swept) -> bool {
        let wanted = [
            (&self.users, more.users),
            (&self.strangers, more.strangers),
            (&self.counters, more.counters),
        ];
        for (taken, (quota, count)) in wanted.into_iter().enumerate() {
            if !quota.take(count) {
                let taken = &wanted[..taken];
                taken
                    .iter()
                    .for_each(|(quota, count)| quota.give_back(*count));
                return false;
            }
        }
        true
    }

    /// Sweeps one shard; answers how many records are gone.
    pub(super) fn sweep_shard(&self, at: usize, now: Timestamp, limit: usize) -> usize {
        let mut shard = lock(&self.shards[at]);
        let swept = shard.sweep(now, limit);
        self.count_down(swept);
        swept.all()
    }

    pub(super) fn count_down(&self, swept: Swept) {
        self.users.give_back(swept.users);
        self.strangers.give_back(swept.strangers);
        self.counters.give_back(swept.counters);
    }
}

/// What a step changes besides the record it replaces.
pub(super) struct Changes<'a> {
    /// What was taken out: its place is for what is put, so that nobody else takes it.
    pub(super) replaced: Option<&'a Record>,
    pub(super) end: Option<RecordId>,
    pub(super) put: [Option<&'a Record>; 2],
    pub(super) at_most: Option<u32>,
    pub(super) end_others: bool,
}

/// The shards that a step works on: of what it replaces, puts and ends.
pub(super) struct Locked<'a> {
    store: &'a Inner,
    first: MutexGuard<'a, Shard>,
    second: Option<(usize, MutexGuard<'a, Shard>)>,
    third: Option<(usize, MutexGuard<'a, Shard>)>,
}

impl Locked<'_> {
    /// The shard of an id that was given to [`Inner::lock`].
    pub(super) fn of(&mut self, id: RecordId) -> &mut Shard {
        let wanted = index(id.home());
        let mut further = [&mut self.second, &mut self.third].into_iter().flatten();
        further
            .find(|(index, _)| *index == wanted)
            .map_or(&mut self.first, |(_, shard)| shard)
    }

    /// Is one of these ids taken? Nothing is ever put over another record.
    pub(super) fn hold_any(&mut self, records: [Option<&Record>; 2]) -> bool {
        let mut records = records.into_iter().flatten();
        records.any(|record| self.of(record.id).holds(record.kind, record.id))
    }

    /// Puts the new records, or nothing if there is no room; only then ends what is to end.
    pub(super) fn apply(&mut self, changes: Changes<'_>, now: Timestamp) -> Result<(), StoreError> {
        let Changes {
            replaced,
            end,
            put,
            at_most,
            end_others,
        } = changes;
        let (old, new) = (Swept::of([replaced]), Swept::of(put));
        let more = new.beyond(old);
        let has_room = self.store.take(more) || {
            for record in put.into_iter().flatten() {
                let swept = self.of(record.id).sweep(now, usize::MAX);
                self.store.count_down(swept);
            }
            self.store.take(more)
        };
        if !has_room {
            return Err(StoreError::full());
        }
        self.store.count_down(old.beyond(new));
        if let Some(series) = end {
            self.end_series(series);
        }
        for record in put.into_iter().flatten() {
            self.of(record.id).put(record.clone());
        }
        let Some((session, user)) = put[0].and_then(|record| Some((record, record.user?))) else {
            return Ok(());
        };
        let shard = self.of(session.id);
        let others = if end_others {
            shard.remove_user(user, Some(session.id))
        } else {
            Swept::default()
        };
        let beyond = at_most.map(|most| shard.limit(session, user, most, now));
        self.store.count_down(others);
        self.store.count_down(beyond.unwrap_or_default());
        Ok(())
    }

    pub(super) fn remove(&mut self, kind: RecordKind, id: RecordId) -> Option<Record> {
        let removed = self.of(id).remove(kind, id)?;
        self.store.count_down(Swept::of([Some(&removed)]));
        Some(removed)
    }

    /// Takes a record out that keeps its place, for [`apply`](Self::apply) or [`put_back`](Self::put_back).
    pub(super) fn take_out(&mut self, kind: RecordKind, id: RecordId) -> Option<Record> {
        self.of(id).remove(kind, id)
    }

    pub(super) fn put_back(&mut self, record: Option<Record>) {
        if let Some(record) = record {
            self.of(record.id).put(record);
        }
    }

    pub(super) fn end_series(&mut self, series: RecordId) -> u64 {
        let removed = self.of(series).remove_series(series);
        self.store.count_down(removed);
        removed.all() as u64
    }
}

/// A count with a bound.
pub(super) struct Quota {
    used: AtomicUsize,
    most: usize,
}

impl Quota {
    pub(super) fn new(most: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            most,
        }
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// So many at once, or none: who takes half of them would be in the way of others.
    fn take(&self, count: usize) -> bool {
        let more = |used: usize| Some(used + count).filter(|more| *more <= self.most);
        count == 0
            || self
                .used
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
                .is_ok()
    }

    pub(super) fn give_back(&self, count: usize) {
        self.used.fetch_sub(count, Ordering::Relaxed);
    }
}

fn index(home: u16) -> usize {
    usize::from(home) % SHARDS
}

/// No step leaves a shard half changed when it panics, so a poisoned lock is still good.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
