//! The steps of tower-sessions.

use async_trait::async_trait;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::{Counting, step};

#[async_trait]
impl<T: SessionStore> SessionStore for Counting<T> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        step();
        self.0.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        step();
        self.0.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        step();
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        step();
        self.0.delete(id).await
    }
}
