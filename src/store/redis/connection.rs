//! The way to Redis, one server or a cluster, and what goes that way more than once.

use redis::{
    Cmd, ScriptInvocation, Value, aio::ConnectionManager, cluster_async::ClusterConnection,
};

use super::{
    RedisStore,
    call::Call,
    reply::{self, failed},
    scripts,
};
use crate::store::{Load, Record, RecordId, RecordKind, StoreError};

#[derive(Clone)]
pub(super) enum Connection {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Connection {
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    pub(super) async fn command(&self, command: &Cmd) -> Result<Value, StoreError> {
        match self.clone() {
            Self::Server(mut server) => command.query_async(&mut server).await,
            Self::Cluster(mut cluster) => command.query_async(&mut cluster).await,
        }
        .map_err(failed)
    }

    /// One round trip, but where a server does not know the script yet, or any more.
    pub(super) async fn script(&self, script: &ScriptInvocation<'_>) -> Result<Value, StoreError> {
        match self.clone() {
            Self::Server(mut server) => script.invoke_async(&mut server).await,
            Self::Cluster(mut cluster) => script.invoke_async(&mut cluster).await,
        }
        .map_err(failed)
    }
}

impl RedisStore {
    pub(super) async fn read(&self, step: Load) -> Result<Option<Record>, StoreError> {
        let Load { kind, id, now } = step;
        let mut read = Cmd::new();
        read.arg("HMGET")
            .arg(self.names().record(kind, id))
            .arg(&reply::FIELDS);
        let fields = self.connection.command(&read).await?;
        reply::record(kind, id, &fields, now)
    }

    /// A record, and a series with all that it restored.
    pub(super) async fn end_records(
        &self,
        record: Option<(RecordKind, RecordId)>,
        series: Option<RecordId>,
    ) -> Result<u64, StoreError> {
        let call = Call::timeless(&scripts::END, self.names())
            .member(record)
            .series(series);
        let ended = reply::count(self.call(call).await?)?;
        self.wake([record.map(|(_, id)| id), series]);
        Ok(ended)
    }

    pub(super) async fn call(&self, call: Call<'_>) -> Result<Value, StoreError> {
        self.connection.script(&call.script).await
    }
}
