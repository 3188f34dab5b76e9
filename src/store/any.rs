//! Any store behind one type, so that no store's type shows in a manager's.

use std::{any::Any, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::timeout;
use tracing::{Instrument, debug_span};

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, MemoryStore, Record, Restore,
    Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
};

/// The store of a manager. The memory store answers without a boxed future,
/// and at once; any other may take so long.
pub(crate) enum AnyStore {
    Memory(MemoryStore),
    Other(Box<dyn DynStore>, Duration),
}

impl AnyStore {
    pub(crate) fn new<T: SessionStore>(store: T) -> Self {
        match (&store as &dyn Any).downcast_ref::<MemoryStore>() {
            Some(memory) => Self::Memory(memory.clone()),
            None => Self::Other(Box::new(store), Duration::MAX),
        }
    }

    /// A step that takes longer has failed.
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        if let Self::Other(_, within) = self {
            *within = timeout;
        }
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Every step of the trait, three times: as a trait that can be `dyn`, for
/// [`AnyStore`], and handed on by a shared store.
macro_rules! steps {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        pub(crate) trait DynStore: Send + Sync {
            $(fn $name(&self, step: $step) -> Boxed<'_, Result<$answer, StoreError>>;)*
            fn watch(&self, step: Watch) -> Boxed<'_, ()>;
        }

        impl<T: SessionStore> DynStore for T {
            $(fn $name(&self, step: $step) -> Boxed<'_, Result<$answer, StoreError>> {
                Box::pin(SessionStore::$name(self, step))
            })*

            fn watch(&self, step: Watch) -> Boxed<'_, ()> {
                Box::pin(SessionStore::watch(self, step))
            }
        }

        impl AnyStore {
            $(pub(crate) async fn $name(&self, step: $step) -> Result<$answer, StoreError> {
                match self {
                    Self::Memory(store) => SessionStore::$name(store, step).await,
                    Self::Other(store, within) => {
                        // A box, so that a request to the memory store does not carry it around.
                        let span = debug_span!(target: "portcullis", "store", step = stringify!($name));
                        let answer = timeout(*within, store.$name(step)).instrument(span);
                        let answer = Box::pin(answer).await;
                        answer.unwrap_or_else(|_| Err(StoreError::too_slow(*within)))
                    }
                }
            })*

            pub(crate) async fn watch(&self, step: Watch) {
                match self {
                    Self::Memory(store) => SessionStore::watch(store, step).await,
                    Self::Other(store, _) => store.watch(step).await,
                }
            }
        }

        /// A store that several managers share.
        impl<T: SessionStore> SessionStore for Arc<T> {
            $(fn $name(&self, step: $step) -> impl Future<Output = Result<$answer, StoreError>> + Send {
                T::$name(self, step)
            })*

            fn watch(&self, step: Watch) -> impl Future<Output = ()> + Send {
                T::watch(self, step)
            }
        }
    };
}

steps! {
    insert(Insert) -> Inserted;
    load(Load) -> Option<Record>;
    update(Update) -> Swap;
    rotate(Rotate) -> Swap;
    restore(Restore) -> Swap;
    touch(Touch) -> bool;
    delete(Delete) -> bool;
    end(End) -> u64;
    list(ListByUser) -> Vec<Record>;
    delete_by_user(DeleteByUser) -> u64;
    sweep(Sweep) -> u64;
}
