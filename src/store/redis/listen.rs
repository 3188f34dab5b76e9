//! What other servers end, heard by `SUBSCRIBE`.

use std::{future::poll_fn, pin::Pin, time::Duration};

use futures_core::Stream;
use redis::{Client, Cmd, Msg};

use super::{RedisStore, connection::Connection, reply::failed};
use crate::store::{
    StoreError,
    listening::{Announcements, POLL},
};

/// The channel, heard by the client and spoken to as the store's steps are.
struct Channel {
    client: Client,
    connection: Connection,
    name: String,
}

impl RedisStore {
    /// How long a watcher may wait between two looks.
    pub(super) fn pace(&self) -> Duration {
        let Some(client) = &self.client else {
            return POLL;
        };
        self.listening.pace(|| Channel {
            client: client.clone(),
            connection: self.connection.clone(),
            name: format!("{}:ended", self.prefix),
        })
    }
}

impl Announcements for Channel {
    type Line = Pin<Box<dyn Stream<Item = Msg> + Send>>;

    async fn open(&self) -> Result<Self::Line, StoreError> {
        let mut subscription = self.client.get_async_pubsub().await.map_err(failed)?;
        subscription.subscribe(&self.name).await.map_err(failed)?;
        Ok(Box::pin(subscription.into_on_message()))
    }

    async fn next(&self, messages: &mut Self::Line) -> Result<Vec<u8>, StoreError> {
        match poll_fn(|context| messages.as_mut().poll_next(context)).await {
            Some(message) => Ok(message.get_payload_bytes().into()),
            None => Err(StoreError::new("the connection was lost")),
        }
    }

    async fn say(&self, text: &str) -> Result<(), StoreError> {
        let mut publish = Cmd::new();
        publish.arg("PUBLISH").arg(&self.name).arg(text);
        self.connection.command(&publish).await.map(drop)
    }
}
