//! Any store behind one type, so that no store's type shows in a manager's.

use std::{any::Any, future::Future, pin::Pin, sync::Arc};

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, MemoryStore, Record, Restore,
    Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
};

/// The store of a manager. The memory store answers without a boxed future.
pub(crate) enum AnyStore {
    Memory(MemoryStore),
    Other(Box<dyn DynStore>),
}

impl AnyStore {
    pub(crate) fn new<T: SessionStore>(store: T) -> Self {
        match (&store as &dyn Any).downcast_ref::<MemoryStore>() {
            Some(memory) => Self::Memory(memory.clone()),
            None => Self::Other(Box::new(store)),
        }
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Every step of the trait, three times: as a trait that can be `dyn`, for
/// [`AnyStore`], and handed on by a shared store.
macro_rules! steps {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        #[allow(dead_code, reason = "watch is a step of features to come")]
        pub(crate) trait DynStore: Send + Sync {
            $(fn $name(&self, step: $step) -> Boxed<'_, $answer>;)*
        }

        impl<T: SessionStore> DynStore for T {
            $(fn $name(&self, step: $step) -> Boxed<'_, $answer> {
                Box::pin(SessionStore::$name(self, step))
            })*
        }

        #[allow(dead_code, reason = "watch is a step of features to come")]
        impl AnyStore {
            $(pub(crate) async fn $name(&self, step: $step) -> $answer {
                match self {
                    Self::Memory(store) => SessionStore::$name(store, step).await,
                    Self::Other(store) => store.$name(step).await,
                }
            })*
        }

        /// A store that several managers share.
        impl<T: SessionStore> SessionStore for Arc<T> {
            $(fn $name(&self, step: $step) -> impl Future<Output = $answer> + Send {
                T::$name(self, step)
            })*
        }
    };
}

steps! {
    insert(Insert) -> Result<Inserted, StoreError>;
    load(Load) -> Result<Option<Record>, StoreError>;
    update(Update) -> Result<Swap, StoreError>;
    rotate(Rotate) -> Result<Swap, StoreError>;
    restore(Restore) -> Result<Swap, StoreError>;
    touch(Touch) -> Result<bool, StoreError>;
    delete(Delete) -> Result<bool, StoreError>;
    end(End) -> Result<u64, StoreError>;
    list(ListByUser) -> Result<Vec<Record>, StoreError>;
    delete_by_user(DeleteByUser) -> Result<u64, StoreError>;
    sweep(Sweep) -> Result<u64, StoreError>;
    watch(Watch) -> ();
}
