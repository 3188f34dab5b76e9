//! What other servers end, heard by `LISTEN`.

use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};

use super::statements::failed;
use crate::store::{StoreError, listening::Announcements};

/// The channel, on the server of this pool.
pub(super) struct Channel(pub(super) PgPool);

impl Announcements for Channel {
    type Line = PgListener;

    async fn open(&self) -> Result<PgListener, StoreError> {
        // A connection of its own: the pool may be small, and is for steps.
        let options = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
        let own = options.connect_lazy_with((*self.0.connect_options()).clone());
        let mut listener = PgListener::connect_with(&own).await.map_err(failed)?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(failed)?;
        Ok(listener)
    }

    async fn next(&self, listener: &mut PgListener) -> Result<Vec<u8>, StoreError> {
        match listener.try_recv().await.map_err(failed)? {
            Some(notification) => Ok(notification.payload().into()),
            None => Err(StoreError::new("the connection was lost")),
        }
    }

    async fn say(&self, text: &str) -> Result<(), StoreError> {
        let notify = sqlx::query("select pg_notify($1, $2)");
        let said = notify.bind(CHANNEL).bind(text).execute(&self.0).await;
        said.map(drop).map_err(failed)
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

/// As the statements have it.
const CHANNEL: &str = "portcullis";
