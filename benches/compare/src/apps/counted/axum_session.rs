//! The steps of axum_session, of which this pool is behind its memory.

use async_trait::async_trait;
use axum_session::{DatabaseError, DatabasePool};

use super::{Counting, step};

macro_rules! steps {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<T: DatabasePool + Send + Sync> DatabasePool for Counting<T> {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, DatabaseError> {
                step();
                self.0.$name($($argument),*).await
            })*

            fn auto_handles_expiry(&self) -> bool {
                self.0.auto_handles_expiry()
            }
        }
    };
}

steps! {
    initiate(table: &str) -> ();
    count(table: &str) -> i64;
    store(id: &str, session: &str, expires: i64, table: &str) -> ();
    load(id: &str, table: &str) -> Option<String>;
    delete_one_by_id(id: &str, table: &str) -> ();
    exists(id: &str, table: &str) -> bool;
    delete_by_expiry(table: &str) -> Vec<String>;
    delete_all(table: &str) -> ();
    get_ids(table: &str) -> Vec<String>;
}
