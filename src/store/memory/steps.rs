//! The steps of the memory store. None of them waits.

use super::{Inner, locked::Changes, shard::Stored};
use crate::store::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId, RecordKind,
    Restore, Rotate, StoreError, Swap, Touch, Update,
};

impl Inner {
    pub(in crate::store) fn insert(&self, step: Insert) -> Result<Inserted, StoreError> {
        let Insert {
            record,
            now,
            series,
            ends_series,
            at_most,
        } = step;
        let mut shards = self.lock([record.id, record.id, ends_series.unwrap_or(record.id)]);
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

    pub(in crate::store) fn load(&self, step: Load) -> Result<Option<Record>, StoreError> {
        Ok(self.shard(step.id).get(step.kind, step.id, step.now))
    }

    pub(in crate::store) fn update(&self, step: Update) -> Result<Swap, StoreError> {
        let Update {
            kind,
            id,
            version,
            body,
            now,
        } = step;
        Ok(self.shard(id).swap(kind, id, version, now, |record| {
            record.body = body;
            record.version = version.next();
        }))
    }

    pub(in crate::store) fn rotate(&self, step: Rotate) -> Result<Swap, StoreError> {
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
        let mut shards = self.lock([id, new.id, ends_series.unwrap_or(id)]);
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

    pub(in crate::store) fn restore(&self, step: Restore) -> Result<Swap, StoreError> {
        let Restore {
            version,
            next,
            session,
            now,
            at_most,
            ends_session,
        } = step;
        let ended = ends_session.unwrap_or(session.id);
        let mut shards = self.lock([next.id, session.id, ended]);
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
                *record = Stored::from(next)
            });
        drop(shards);
        self.wake([home, ends_session]);
        Ok(swap)
    }

    pub(in crate::store) fn touch(&self, step: Touch) -> Result<bool, StoreError> {
        let Touch {
            kind,
            id,
            expires,
            seen,
            now,
        } = step;
        let touched = |record: &mut Stored| (record.expires, record.seen) = (expires, seen);
        Ok(self.shard(id).change(kind, id, now, touched))
    }

    pub(in crate::store) fn delete(&self, step: Delete) -> Result<bool, StoreError> {
        let removed = self.lock([step.id; 3]).remove(step.kind, step.id);
        self.wake([Some(step.id), None]);
        Ok(removed.is_some())
    }

    pub(in crate::store) fn end(&self, step: End) -> Result<u64, StoreError> {
        let ids = [step.session, step.series];
        let Some(any) = ids.into_iter().flatten().next() else {
            return Ok(0);
        };
        let mut shards = self.lock([any, any, step.series.unwrap_or(any)]);
        let session = step
            .session
            .and_then(|id| shards.remove(RecordKind::Session, id));
        let restored = step.series.map_or(0, |id| shards.end_series(id));
        drop(shards);
        self.wake(ids);
        Ok(u64::from(session.is_some()) + restored)
    }

    pub(in crate::store) fn list(&self, step: ListByUser) -> Result<Vec<Record>, StoreError> {
        Ok(self
            .shard_at(step.user.home())
            .of_user(step.kind, step.user, step.now))
    }

    pub(in crate::store) fn delete_by_user(&self, step: DeleteByUser) -> Result<u64, StoreError> {
        let mut shard = self.shard_at(step.user.home());
        let removed = shard.remove_user(step.user, step.except);
        self.count_down(removed); // before others see the room
        drop(shard);
        self.watchers.wake(step.user.home());
        Ok(removed.all() as u64)
    }

    /// Tells those who watch a record that shares a home with one of these.
    fn wake(&self, ids: [Option<RecordId>; 2]) {
        let ids = ids.into_iter().flatten();
        ids.for_each(|id| self.watchers.wake(id.home()));
    }
}
