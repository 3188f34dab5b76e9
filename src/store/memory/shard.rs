//! One part of the memory store, under one lock.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use super::SHARDS;
use crate::{
    clock::Timestamp,
    store::{Record, RecordId, RecordKind, Swap, TokenHash, UserIndex, Version, surplus::surplus},
};

/// The records of some homes, a map for each kind.
#[derive(Default)]
pub(super) struct Shard {
    kinds: [HashMap<RecordId, Stored, BuildHasherDefault<IdHasher>>; RecordKind::ALL.len()],
    /// How many records there are of each home: no user of it has more.
    of_home: [u32; HOMES],
}

/// A record without what its place says.
pub(super) struct Stored {
    pub(super) version: Version,
    pub(super) body: Arc<[u8]>,
    hash: TokenHash,
    user: Option<UserIndex>,
    series: Option<RecordId>,
    created: Timestamp,
    pub(super) seen: Timestamp,
    pub(super) expires: Timestamp,
}

/// How many records: those that were removed, or need a place.
#[derive(Clone, Copy, Default)]
pub(super) struct Swept {
    pub(super) users: usize,
    pub(super) strangers: usize,
    pub(super) counters: usize,
}

impl Shard {
    /// Is there a record, alive or not?
    pub(super) fn holds(&self, kind: RecordKind, id: RecordId) -> bool {
        self.kind(kind).contains_key(&id)
    }

    pub(super) fn get(&self, kind: RecordKind, id: RecordId, now: Timestamp) -> Option<Record> {
        let stored = self.kind(kind).get(&id)?;
        stored.is_alive(now).then(|| stored.record(kind, id))
    }

    pub(super) fn put(&mut self, record: Record) {
        let (kind, id) = (record.kind, record.id);
        let before = self.kind_mut(kind).insert(id, Stored::from(record));
        self.of_home[place(id)] += u32::from(before.is_none());
    }

    /// Changes the live record of that version.
    pub(super) fn swap(
        &mut self,
        kind: RecordKind,
        id: RecordId,
        version: Version,
        now: Timestamp,
        change: impl FnOnce(&mut Stored),
    ) -> Swap {
        match self
            .kind_mut(kind)
            .get_mut(&id)
            .filter(|stored| stored.is_alive(now))
        {
            None => Swap::Gone,
            Some(stored) if stored.version != version => Swap::Conflict,
            Some(stored) => {
                change(stored);
                Swap::Done
            }
        }
    }

    /// Changes the live record, whatever its version. Answers whether there is one.
    pub(super) fn change(
        &mut self,
        kind: RecordKind,
        id: RecordId,
        now: Timestamp,
        change: impl FnOnce(&mut Stored),
    ) -> bool {
        let stored = self.kind_mut(kind).get_mut(&id);
        let alive = stored.filter(|stored| stored.is_alive(now));
        alive.map(change).is_some()
    }

    pub(super) fn remove(&mut self, kind: RecordKind, id: RecordId) -> Option<Record> {
        let removed = self.kind_mut(kind).remove(&id)?;
        self.of_home[place(id)] -= 1;
        Some(removed.record(kind, id))
    }

    pub(super) fn of_user(&self, kind: RecordKind, user: UserIndex, now: Timestamp) -> Vec<Record> {
        let records = self.kind(kind).iter();
        records
            .filter(|(_, stored)| stored.user == Some(user) && stored.is_alive(now))
            .map(|(id, stored)| stored.record(kind, *id))
            .collect()
    }

    /// Removes all of a user but one session and its series; answers how many.
    pub(super) fn remove_user(&mut self, user: UserIndex, except: Option<RecordId>) -> Swept {
        let session = except.and_then(|id| self.kind(RecordKind::Session).get(&id));
        let series = session.and_then(|session| session.series);
        self.retain(|kind, id, stored| {
            stored.user != Some(user)
                || (kind == RecordKind::Session && Some(id) == except)
                || (kind == RecordKind::Series && Some(id) == series)
        })
    }

    /// Removes a series and the sessions that it restored; answers how many.
    pub(super) fn remove_series(&mut self, series: RecordId) -> Swept {
        self.retain(|kind, id, stored| match kind {
            RecordKind::Series => id != series,
            RecordKind::Session => stored.series != Some(series),
            _ => true,
        })
    }

    /// Ends what is beyond `most` beside a new session; answers how much.
    pub(super) fn limit(
        &mut self,
        new: &Record,
        user: UserIndex,
        most: u32,
        now: Timestamp,
    ) -> Swept {
        let mut ended = Swept::default();
        if self.of_home[place(new.id)] <= most {
            return ended; // as it nearly always is, and then nobody is looked for
        }
        let sessions = self.of_user(RecordKind::Session, user, now);
        let series = self.of_user(RecordKind::Series, user, now);
        for end in surplus(new, sessions, series, most) {
            let session = end
                .session
                .and_then(|id| self.remove(RecordKind::Session, id));
            ended.users += usize::from(session.is_some());
            let of_series = end.series.map(|id| self.remove_series(id));
            ended.users += of_series.map_or(0, Swept::all);
        }
        ended
    }

    /// Removes at most `limit` expired records.
    pub(super) fn sweep(&mut self, now: Timestamp, limit: usize) -> Swept {
        let mut left = limit;
        self.retain(|_, _, stored| {
            let kept = stored.is_alive(now) || left == 0;
            left -= usize::from(!kept);
            kept
        })
    }

    fn retain(&mut self, mut keep: impl FnMut(RecordKind, RecordId, &Stored) -> bool) -> Swept {
        let mut removed = Swept::default();
        for kind in RecordKind::ALL {
            let records = &mut self.kinds[usize::from(kind.number())];
            records.retain(|id, stored| {
                let kept = keep(kind, *id, stored);
                removed.count(usize::from(!kept), kind, stored.user);
                self.of_home[place(*id)] -= u32::from(!kept);
                kept
            });
            // A shard that was full once gives the memory back.
            if records.len() < records.capacity() / 4 {
                records.shrink_to(records.len() * 2);
            }
        }
        removed
    }

    fn kind(&self, kind: RecordKind) -> &HashMap<RecordId, Stored, BuildHasherDefault<IdHasher>> {
        &self.kinds[usize::from(kind.number())]
    }

    fn kind_mut(
        &mut self,
        kind: RecordKind,
    ) -> &mut HashMap<RecordId, Stored, BuildHasherDefault<IdHasher>> {
        &mut self.kinds[usize::from(kind.number())]
    }
}

impl Swept {
    pub(super) fn all(self) -> usize {
        self.users + self.strangers + self.counters
    }

    pub(super) fn of<'a>(records: impl IntoIterator<Item = Option<&'a Record>>) -> Self {
        let mut all = Self::default();
        for record in records.into_iter().flatten() {
            all.count(1, record.kind, record.user);
        }
        all
    }

    /// So many of them as the other has no place for.
    pub(super) fn beyond(self, other: Self) -> Self {
        Self {
            users: self.users.saturating_sub(other.users),
            strangers: self.strangers.saturating_sub(other.strangers),
            counters: self.counters.saturating_sub(other.counters),
        }
    }

    fn count(&mut self, more: usize, kind: RecordKind, user: Option<UserIndex>) {
        match (kind, user) {
            (RecordKind::Counter, _) => self.counters += more,
            (_, Some(_)) => self.users += more,
            (_, None) => self.strangers += more,
        }
    }
}

impl Stored {
    fn is_alive(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    fn record(&self, kind: RecordKind, id: RecordId) -> Record {
        Record {
            kind,
            id,
            hash: self.hash,
            user: self.user,
            series: self.series,
            created: self.created,
            seen: self.seen,
            expires: self.expires,
            version: self.version,
            body: self.body.clone(),
        }
    }
}

impl From<Record> for Stored {
    fn from(record: Record) -> Self {
        let Record {
            kind: _,
            id: _,
            hash,
            user,
            series,
            created,
            seen,
            expires,
            version,
            body,
        } = record;
        Self {
            version,
            body,
            hash,
            user,
            series,
            created,
            seen,
            expires,
        }
    }
}

/// Of which of the homes in its shard an id is.
fn place(id: RecordId) -> usize {
    usize::from(id.home()) / SHARDS
}

/// How many homes there are in a shard.
const HOMES: usize = match cfg!(all(test, shuttle)) {
    false => (1 << 16) / SHARDS,
    true => 16,
};

/// Ids are random and signed, so their last bytes are as good as a hash of them.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.rchunks(8).take(1) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(5) ^ u64::from_ne_bytes(word);
        }
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000);

    /// A shard of so many sessions, of which so many are alive.
    fn of(all: u16, alive: u16) -> Shard {
        let mut shard = Shard::default();
        for number in 0..all {
            let mut id = [0; 16];
            id[14..].copy_from_slice(&number.to_be_bytes());
            let expires = match number < alive {
                true => Timestamp::from_unix_seconds(2_000),
                false => NOW,
            };
            let (id, hash) = (RecordId::from_bytes(id), TokenHash::from_bytes([9; 32]));
            shard.put(Record::new(RecordKind::Session, id, hash, expires, vec![]));
        }
        shard
    }

    fn capacity(shard: &Shard) -> usize {
        shard.kind(RecordKind::Session).capacity()
    }

    #[test]
    fn a_shard_that_was_full_once_gives_the_memory_back_and_keeps_room() {
        let mut shard = of(1_000, 10);
        shard.sweep(NOW, 1_000);
        assert!(
            (20..100).contains(&capacity(&shard)),
            "{}",
            capacity(&shard)
        );
    }

    #[test]
    fn a_shard_that_is_a_quarter_full_keeps_its_memory() {
        let before = capacity(&of(10, 10));
        let mut shard = of(10, before as u16 / 4);
        shard.sweep(NOW, 1_000);
        assert!(capacity(&shard) > before / 2, "{}", capacity(&shard));
    }

    #[test]
    fn what_is_gone_is_counted_at_no_home() {
        let mut shard = of(3, 1);
        let first = RecordId::from_bytes([0; 16]);
        assert_eq!(shard.of_home[place(first)], 3);
        shard.remove(RecordKind::Session, first);
        shard.sweep(NOW, 1_000);
        assert_eq!(shard.of_home, [0; HOMES]);
    }
}
