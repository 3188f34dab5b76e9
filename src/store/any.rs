//! Any store behind one type, so that no store's type shows in a manager's.

use std::{
    any::Any,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::timeout;
use tracing::{Instrument, debug_span};

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, MemoryStore, Record, Restore,
    Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
};

/// The store of a manager. The memory store answers at once; any other may take so long.
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

/// What a store answers. It is small, for each request carries it.
pub(crate) enum Answer<'a, T> {
    /// Taken out when it is asked for.
    Now(Option<Result<T, StoreError>>),
    Later(Boxed<'a, Result<T, StoreError>>),
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Now(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
            Self::Later(answer) => answer.as_mut().poll(context),
        }
    }
}

/// Of the memory store only the sweep waits, between two parts of it.
macro_rules! in_memory {
    ($store:ident.sweep($step:ident)) => {
        Answer::Later(Box::pin(SessionStore::sweep($store, $step)))
    };
    ($store:ident.$name:ident($step:ident)) => {
        Answer::Now(Some($store.0.$name($step)))
    };
}

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
            $(pub(crate) fn $name(&self, step: $step) -> Answer<'_, $answer> {
                match self {
                    Self::Memory(store) => in_memory!(store.$name(step)),
                    Self::Other(store, within) => {
                        let span = debug_span!(target: "portcullis", "store", step = stringify!($name));
                        let answer = timeout(*within, store.$name(step));
                        let answer = async {
                            answer.await.unwrap_or_else(|_| Err(StoreError::too_slow(*within)))
                        };
                        Answer::Later(Box::pin(answer.instrument(span)))
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
