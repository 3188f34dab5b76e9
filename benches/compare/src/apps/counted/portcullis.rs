//! The steps of portcullis.

use portcullis::store::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, Restore, Rotate,
    SessionStore, StoreError, Swap, Sweep, Touch, Update,
};

use super::{Counting, step};

macro_rules! steps {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        impl<T: SessionStore> SessionStore for Counting<T> {
            $(async fn $name(&self, asked: $step) -> Result<$answer, StoreError> {
                step();
                self.0.$name(asked).await
            })*
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
