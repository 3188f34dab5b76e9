//! The contract of a store: ours keep it, and each typical fault is found.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
};

use portcullis::{
    Timestamp,
    store::{
        Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, MemoryStore, Record,
        RecordId, RecordKind, Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch,
        Update, Version, Watch,
    },
    testing::conformance,
};
use tokio::task::yield_now;

#[expect(dead_code, reason = "its app is for its reader")]
#[path = "../examples/own_store.rs"]
mod own_store;

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_conforms() {
    conformance(MemoryStore::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_the_example_conforms() {
    conformance(own_store::OwnStore::default()).await.unwrap();
}

type Stored<T> = Result<T, StoreError>;

/// A store with one fault: each step does what the memory store does, unless said otherwise.
trait Fault: Send + Sync + 'static {
    fn insert(
        &self,
        store: &MemoryStore,
        step: Insert,
    ) -> impl Future<Output = Stored<Inserted>> + Send {
        store.insert(step)
    }
    fn load(
        &self,
        store: &MemoryStore,
        step: Load,
    ) -> impl Future<Output = Stored<Option<Record>>> + Send {
        store.load(step)
    }
    fn update(
        &self,
        store: &MemoryStore,
        step: Update,
    ) -> impl Future<Output = Stored<Swap>> + Send {
        store.update(step)
    }
    fn rotate(
        &self,
        store: &MemoryStore,
        step: Rotate,
    ) -> impl Future<Output = Stored<Swap>> + Send {
        store.rotate(step)
    }
    fn restore(
        &self,
        store: &MemoryStore,
        step: Restore,
    ) -> impl Future<Output = Stored<Swap>> + Send {
        store.restore(step)
    }
    fn touch(&self, store: &MemoryStore, step: Touch) -> impl Future<Output = Stored<bool>> + Send {
        store.touch(step)
    }
    fn end(&self, store: &MemoryStore, step: End) -> impl Future<Output = Stored<u64>> + Send {
        store.end(step)
    }
    fn list(
        &self,
        store: &MemoryStore,
        step: ListByUser,
    ) -> impl Future<Output = Stored<Vec<Record>>> + Send {
        store.list(step)
    }
    fn delete_by_user(
        &self,
        store: &MemoryStore,
        step: DeleteByUser,
    ) -> impl Future<Output = Stored<u64>> + Send {
        store.delete_by_user(step)
    }
    fn sweep(&self, store: &MemoryStore, step: Sweep) -> impl Future<Output = Stored<u64>> + Send {
        store.sweep(step)
    }
    fn watch(&self, store: &MemoryStore, step: Watch) -> impl Future<Output = ()> + Send {
        store.watch(step)
    }
}

struct Faulty<F> {
    store: MemoryStore,
    fault: F,
}

macro_rules! faulty {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        impl<F: Fault> SessionStore for Faulty<F> {
            $(fn $name(&self, step: $step) -> impl Future<Output = $answer> + Send {
                self.fault.$name(&self.store, step)
            })*

            fn delete(&self, step: Delete) -> impl Future<Output = Stored<bool>> + Send {
                self.store.delete(step)
            }
        }
    };
}

faulty! {
    insert(Insert) -> Stored<Inserted>;
    load(Load) -> Stored<Option<Record>>;
    update(Update) -> Stored<Swap>;
    rotate(Rotate) -> Stored<Swap>;
    restore(Restore) -> Stored<Swap>;
    touch(Touch) -> Stored<bool>;
    end(End) -> Stored<u64>;
    list(ListByUser) -> Stored<Vec<Record>>;
    delete_by_user(DeleteByUser) -> Stored<u64>;
    sweep(Sweep) -> Stored<u64>;
    watch(Watch) -> ();
}

/// Plants a fault and tells which rules were broken by it.
async fn broken_by(fault: impl Fault) -> Vec<&'static str> {
    let store = MemoryStore::new();
    match conformance(Faulty { store, fault }).await {
        Ok(()) => Vec::new(),
        Err(violations) => {
            let text = violations.to_string();
            assert!(
                text.starts_with("the store breaks its contract:\n- "),
                "{text}"
            );
            violations.rules().collect()
        }
    }
}

/// A fault, and a rule that finds it.
macro_rules! found {
    ($($test:ident: $rule:ident, { $($fault:tt)* })*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            #[derive(Default)]
            struct Planted;
            impl Fault for Planted { $($fault)* }
            let rules = broken_by(Planted).await;
            assert!(rules.contains(&stringify!($rule)), "{rules:?}");
        })*
    };
}

async fn pause() {
    for _ in 0..3 {
        yield_now().await;
    }
}

fn delete_of(record: &Record) -> Delete {
    Delete::new(record.kind, record.id)
}

found! {
    an_insert_that_replaces: insert_never_replaces, {
        async fn insert(&self, store: &MemoryStore, step: Insert) -> Stored<Inserted> {
            store.delete(delete_of(&step.record)).await?;
            store.insert(step).await
        }
    }

    an_insert_that_looks_first: one_of_two_inserts_wins, {
        async fn insert(&self, store: &MemoryStore, step: Insert) -> Stored<Inserted> {
            let load = Load::new(step.record.kind, step.record.id, step.now);
            if store.load(load).await?.is_some() {
                return Ok(Inserted::Taken);
            }
            pause().await;
            store.delete(delete_of(&step.record)).await?;
            store.insert(step).await
        }
    }

    an_update_of_whatever_is_there: no_update_is_lost, {
        async fn update(&self, store: &MemoryStore, mut step: Update) -> Stored<Swap> {
            match store.load(Load::new(step.kind, step.id, step.now)).await? {
                Some(now) => step.version = now.version,
                None => return Ok(Swap::Gone),
            }
            store.update(step).await
        }
    }

    an_update_that_brings_back: a_late_write_brings_nothing_back, {
        async fn update(&self, store: &MemoryStore, step: Update) -> Stored<Swap> {
            let Some(mut record) = store.load(Load::new(step.kind, step.id, step.now)).await? else {
                return Ok(Swap::Gone);
            };
            if record.version != step.version {
                return Ok(Swap::Conflict);
            }
            (record.body, record.version) = (step.body, record.version.next());
            pause().await;
            store.delete(delete_of(&record)).await?;
            let _ = store.insert(Insert::new(record, step.now)).await?;
            Ok(Swap::Done)
        }
    }

    a_touch_that_brings_back: nothing_revives_an_expired_record, {
        async fn touch(&self, store: &MemoryStore, mut step: Touch) -> Stored<bool> {
            step.now = Timestamp::from_unix_seconds(0);
            store.touch(step).await
        }
    }

    an_expired_record_that_is_loaded: an_expired_record_is_nothing, {
        async fn load(&self, store: &MemoryStore, mut step: Load) -> Stored<Option<Record>> {
            step.now = Timestamp::from_unix_seconds(0);
            store.load(step).await
        }
    }

    an_expired_record_that_is_listed: an_expired_record_is_nothing, {
        async fn list(&self, store: &MemoryStore, mut step: ListByUser) -> Stored<Vec<Record>> {
            step.now = Timestamp::from_unix_seconds(0);
            store.list(step).await
        }
    }

    a_rotation_in_two_steps: a_rotation_does_not_escape_delete_by_user, {
        async fn rotate(&self, store: &MemoryStore, step: Rotate) -> Stored<Swap> {
            let load = Load::new(step.new.kind, step.id, step.now);
            match store.load(load).await? {
                None => return Ok(Swap::Gone),
                Some(old) if old.version != step.version => return Ok(Swap::Conflict),
                Some(_) => {}
            }
            let mut insert = Insert::new(step.new, step.now);
            (insert.series, insert.ends_series) = (step.series, step.ends_series);
            insert.at_most = step.at_most;
            pause().await;
            if store.insert(insert).await? == Inserted::Taken {
                return Ok(Swap::Conflict);
            }
            pause().await;
            store.delete(Delete::new(RecordKind::Session, step.id)).await?;
            Ok(Swap::Done)
        }
    }

    a_rotation_that_forgets_the_series: rotate_puts_the_new_in_the_place_of_the_old, {
        async fn rotate(&self, store: &MemoryStore, mut step: Rotate) -> Stored<Swap> {
            step.new.created = Timestamp::from_unix_seconds(0);
            store.rotate(step).await
        }
    }

    a_rotation_that_leaves_the_old: rotate_puts_the_new_in_the_place_of_the_old, {
        async fn rotate(&self, store: &MemoryStore, step: Rotate) -> Stored<Swap> {
            let old = store.load(Load::new(step.new.kind, step.id, step.now)).await?;
            let now = step.now;
            let swap = store.rotate(step).await?;
            if let (Swap::Done, Some(old)) = (swap, old) {
                let _ = store.insert(Insert::new(old, now)).await?;
            }
            Ok(swap)
        }
    }

    a_rotation_that_ends_its_own_series: rotate_ends_the_others_but_its_own_series, {
        async fn rotate(&self, store: &MemoryStore, step: Rotate) -> Stored<Swap> {
            let series = step.new.series.filter(|_| step.end_others);
            let swap = store.rotate(step).await?;
            if let Some(series) = series {
                store.delete(Delete::new(RecordKind::Series, series)).await?;
            }
            Ok(swap)
        }
    }

    a_restore_in_two_steps: a_restore_does_not_escape_delete_by_user, {
        async fn restore(&self, store: &MemoryStore, mut step: Restore) -> Stored<Swap> {
            let (session, now) = (step.session.clone(), step.now);
            step.session.id = RecordId::from_bytes([0; 16]); // a place nobody asks for
            let swap = store.restore(step.clone()).await?;
            store.delete(delete_of(&step.session)).await?;
            if swap == Swap::Done {
                pause().await;
                let _ = store.insert(Insert::new(session, now)).await?;
            }
            Ok(swap)
        }
    }

    an_end_that_does_not_cascade: end_takes_all_that_the_series_restored, {
        async fn end(&self, store: &MemoryStore, step: End) -> Stored<u64> {
            let session = step.session.map(|id| Delete::new(RecordKind::Session, id));
            let series = step.series.map(|id| Delete::new(RecordKind::Series, id));
            let mut ended = 0;
            for delete in [session, series].into_iter().flatten() {
                ended += u64::from(store.delete(delete).await?);
            }
            Ok(ended)
        }
    }

    a_delete_by_user_in_two_steps: a_rotation_does_not_escape_delete_by_user, {
        async fn delete_by_user(&self, store: &MemoryStore, step: DeleteByUser) -> Stored<u64> {
            if step.except.is_some() {
                return store.delete_by_user(step).await;
            }
            let mut deleted = 0;
            for kind in RecordKind::ALL {
                let now = Timestamp::from_unix_seconds(0);
                let records = store.list(ListByUser::new(kind, step.user, now)).await?;
                pause().await;
                for record in records {
                    deleted += u64::from(store.delete(delete_of(&record)).await?);
                }
            }
            Ok(deleted)
        }
    }

    a_delete_by_user_that_ends_the_spared_series: delete_by_user_spares_a_session_with_its_series, {
        async fn delete_by_user(&self, store: &MemoryStore, step: DeleteByUser) -> Stored<u64> {
            let now = Timestamp::from_unix_seconds(0);
            let series = ListByUser::new(RecordKind::Series, step.user, now);
            let mut deleted = store.delete_by_user(step).await?;
            for series in store.list(series).await? {
                deleted += u64::from(store.delete(delete_of(&series)).await?);
            }
            Ok(deleted)
        }
    }

    a_limit_that_is_not_kept: at_most_ends_what_was_seen_least_recently, {
        async fn insert(&self, store: &MemoryStore, mut step: Insert) -> Stored<Inserted> {
            step.at_most = None;
            store.insert(step).await
        }
    }

    a_limit_in_two_steps: logins_at_once_keep_to_at_most, {
        async fn insert(&self, store: &MemoryStore, mut step: Insert) -> Stored<Inserted> {
            let most = step.at_most.take();
            if let (Some(most), Some(user)) = (most, step.record.user) {
                for kind in [RecordKind::Session, RecordKind::Series] {
                    let mut records = store.list(ListByUser::new(kind, user, step.now)).await?;
                    records.sort_by_key(|record| record.seen);
                    let too_many = (records.len() + 1).saturating_sub(most as usize);
                    for record in records.into_iter().take(too_many) {
                        store.delete(delete_of(&record)).await?;
                    }
                    pause().await;
                }
            }
            store.insert(step).await
        }
    }

    a_body_that_is_cut: what_is_inserted_is_given_back, {
        async fn load(&self, store: &MemoryStore, step: Load) -> Stored<Option<Record>> {
            let mut record = store.load(step).await?;
            if let Some(record) = &mut record {
                record.body = record.body[..record.body.len().min(8_192)].into();
            }
            Ok(record)
        }
    }

    a_version_that_begins_anew: what_is_inserted_is_given_back, {
        async fn insert(&self, store: &MemoryStore, mut step: Insert) -> Stored<Inserted> {
            step.record.version = Version::FIRST;
            store.insert(step).await
        }
    }

    a_sweep_of_the_living: a_sweep_forgets_the_expired_alone, {
        async fn sweep(&self, store: &MemoryStore, mut step: Sweep) -> Stored<u64> {
            step.now = Timestamp::from_unix_seconds(u64::MAX);
            store.sweep(step).await
        }
    }

    a_sweep_without_a_limit: a_sweep_forgets_the_expired_alone, {
        async fn sweep(&self, store: &MemoryStore, mut step: Sweep) -> Stored<u64> {
            step.limit = u64::MAX;
            store.sweep(step).await
        }
    }

    a_watch_that_never_ends: watch_ends_with_the_record, {
        async fn watch(&self, _: &MemoryStore, _: Watch) {
            std::future::pending().await
        }
    }

    a_watch_that_ends_at_once: watch_ends_with_the_record, {
        async fn watch(&self, _: &MemoryStore, _: Watch) {}
    }
}

/// An index by user that nobody takes anything out of.
#[derive(Default)]
struct Leaking(Arc<Mutex<HashMap<RecordId, Record>>>);

impl Fault for Leaking {
    async fn insert(&self, store: &MemoryStore, step: Insert) -> Stored<Inserted> {
        let record = step.record.clone();
        self.0.lock().unwrap().insert(record.id, record);
        store.insert(step).await
    }

    async fn list(&self, store: &MemoryStore, step: ListByUser) -> Stored<Vec<Record>> {
        let mut records = store.list(step.clone()).await?;
        let index = self.0.lock().unwrap();
        let of_user = index.values().filter(|record| {
            record.user == Some(step.user) && record.kind == step.kind && record.is_alive(step.now)
        });
        for ghost in of_user {
            if records.iter().all(|record| record.id != ghost.id) {
                records.push(ghost.clone());
            }
        }
        Ok(records)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_leaks() {
    let rules = broken_by(Leaking::default()).await;
    for rule in ["list_follows_a_record", "no_step_leaves_something_behind"] {
        assert!(rules.contains(&rule), "{rules:?}");
    }
}

/// A store that can't be reached breaks every rule, and says why.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails() {
    struct Failing;
    impl Fault for Failing {
        async fn insert(&self, _: &MemoryStore, _: Insert) -> Stored<Inserted> {
            Err(StoreError::new("connection refused"))
        }
    }
    let (store, fault) = (MemoryStore::new(), Failing);
    let violations = conformance(Faulty { store, fault }).await.unwrap_err();
    assert!(violations.rules().count() > 30);
    assert!(
        violations
            .to_string()
            .contains("the store failed: connection refused")
    );
}
