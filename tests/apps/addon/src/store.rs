use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use portcullis::store::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, Restore, Rotate,
    SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
};
use serde::Serialize;

/// Counts the steps that are taken in the store inside. A clone counts
/// together with the original, so keep one to [read](Self::counts) it.
#[derive(Clone, Debug, Default)]
pub struct CountingStore<S> {
    inside: S,
    reads: Arc<AtomicU64>,
    writes: Arc<AtomicU64>,
}

/// How many steps were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Steps that look: `load` and `list`.
    pub reads: u64,
    /// Steps that may change something, whether they did or not.
    pub writes: u64,
}

impl<S> CountingStore<S> {
    /// Counts what is asked of `inside` from now on.
    pub fn around(inside: S) -> Self {
        Self {
            inside,
            reads: Arc::default(),
            writes: Arc::default(),
        }
    }

    /// How many steps there were up to now.
    pub fn counts(&self) -> Counts {
        Counts {
            reads: self.reads.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
        }
    }
}

macro_rules! counted {
    ($($count:ident: $name:ident($step:ident) -> $answer:ty;)*) => {
        impl<S: SessionStore> SessionStore for CountingStore<S> {
            $(fn $name(&self, step: $step) -> impl Future<Output = $answer> + Send {
                self.$count.fetch_add(1, Ordering::Relaxed);
                self.inside.$name(step)
            })*

            fn watch(&self, step: Watch) -> impl Future<Output = ()> + Send {
                self.inside.watch(step)
            }
        }
    };
}

counted! {
    writes: insert(Insert) -> Result<Inserted, StoreError>;
    reads: load(Load) -> Result<Option<Record>, StoreError>;
    writes: update(Update) -> Result<Swap, StoreError>;
    writes: rotate(Rotate) -> Result<Swap, StoreError>;
    writes: restore(Restore) -> Result<Swap, StoreError>;
    writes: touch(Touch) -> Result<bool, StoreError>;
    writes: delete(Delete) -> Result<bool, StoreError>;
    writes: end(End) -> Result<u64, StoreError>;
    reads: list(ListByUser) -> Result<Vec<Record>, StoreError>;
    writes: delete_by_user(DeleteByUser) -> Result<u64, StoreError>;
    writes: sweep(Sweep) -> Result<u64, StoreError>;
}
