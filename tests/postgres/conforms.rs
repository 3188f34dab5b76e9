//! The contract of all stores.

use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis::{
    store::{
        Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, PostgresStore, Record,
        Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
    },
    testing::conformance,
};

use crate::support::two;

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let Some(two) = two().await else { return };
    conformance(two.a).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_polls_conforms() {
    let Some(two) = two().await else { return };
    conformance(two.a.polling()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_conform() {
    let Some(two) = two().await else { return };
    let store = Turns {
        servers: [two.a, two.b],
        turn: AtomicUsize::new(0),
    };
    conformance(store).await.unwrap();
}

/// Two servers, which take the steps in turns.
struct Turns {
    servers: [PostgresStore; 2],
    turn: AtomicUsize,
}

impl Turns {
    fn next(&self) -> &PostgresStore {
        &self.servers[self.turn.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

macro_rules! in_turns {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        impl SessionStore for Turns {
            $(fn $name(&self, step: $step) -> impl Future<Output = $answer> + Send {
                self.next().$name(step)
            })*
        }
    };
}

in_turns! {
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
