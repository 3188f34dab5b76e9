//! Sessions in Redis or Valkey, one server or a cluster.
//!
//! DOCS

mod add;
mod call;
mod listen;
mod reply;
mod scripts;

use std::{fmt, sync::Arc};

use redis::{Client, Cmd, Value, aio::ConnectionManager, cluster_async::ClusterConnection};

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId, RecordKind,
    Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
    strangers::{StrangerBound, part},
};
use add::{Add, in_one_part, nonce};
use call::{Call, Names};
use listen::Listener;
use reply::{Answer, failed};

/// A store in Redis or Valkey: for several servers, and where one is there already.
#[derive(Clone)]
pub struct RedisStore {
    connection: Connection,
    prefix: Arc<str>,
    strangers: StrangerBound,
    listener: Arc<Listener>,
}

#[derive(Clone)]
enum Connection {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

impl RedisStore {
    pub fn new(connection: ConnectionManager) -> Self {
        Self::on(Connection::Server(connection))
    }

    pub fn cluster(connection: ClusterConnection) -> Self {
        Self::on(Connection::Cluster(connection))
    }

    pub fn key_prefix(self, prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
            listener: Arc::new(Listener::new(prefix, self.listener.client())),
            ..self
        }
    }

    pub fn max_strangers(self, most: u32) -> Self {
        Self {
            strangers: StrangerBound::about(most),
            ..self
        }
    }

    pub fn listen(self, client: Client) -> Self {
        Self {
            listener: Arc::new(Listener::new(&self.prefix, Some(client))),
            ..self
        }
    }

    fn on(connection: Connection) -> Self {
        Self {
            connection,
            prefix: PREFIX.into(),
            strangers: StrangerBound::about(StrangerBound::DEFAULT),
            listener: Arc::new(Listener::new(PREFIX, None)),
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl SessionStore for RedisStore {
    async fn insert(&self, step: Insert) -> Result<Inserted, StoreError> {
        let changed = [Some(step.record.id), step.ends_series];
        let answer = self.add(Add::insert(step)?).await?;
        if answer != Answer::Done {
            return Ok(Inserted::Taken);
        }
        self.wake(changed);
        Ok(Inserted::Done)
    }

    async fn load(&self, step: Load) -> Result<Option<Record>, StoreError> {
        self.read(step).await
    }

    async fn update(&self, step: Update) -> Result<Swap, StoreError> {
        let Update {
            kind,
            id,
            version,
            body,
            now,
        } = step;
        let call = Call::new(&scripts::UPDATE, self.names(), now)
            .bytes(&nonce()?)
            .member(Some((kind, id)))
            .version(version)
            .version(version.next())
            .bytes(&body);
        Ok(reply::answer(self.call(call).await?)?.swap())
    }

    async fn rotate(&self, step: Rotate) -> Result<Swap, StoreError> {
        let changed = [Some(step.id), Some(step.new.id)];
        let ends_series = step.ends_series;
        let swap = self.add(Add::rotate(step)?).await?.swap();
        if swap == Swap::Done {
            self.wake(changed);
            self.wake([None, ends_series]);
        }
        Ok(swap)
    }

    async fn restore(&self, step: Restore) -> Result<Swap, StoreError> {
        let Restore {
            version,
            next,
            session,
            now,
            at_most,
            ends_session,
        } = step;
        in_one_part(&next)?;
        in_one_part(&session)?;
        let call = Call::new(&scripts::RESTORE, self.names(), now)
            .bytes(&nonce()?)
            .version(version)
            .member(ends_session.map(|id| (RecordKind::Session, id)))
            .at_most(at_most)
            .number(u64::from(self.strangers.in_a_part()))
            .record(&next, now)
            .record(&session, now);
        let swap = reply::answer(self.call(call).await?)?.swap();
        if swap == Swap::Done {
            self.wake([Some(next.id), ends_session]);
        }
        Ok(swap)
    }

    async fn touch(&self, step: Touch) -> Result<bool, StoreError> {
        let Touch {
            kind,
            id,
            expires,
            seen,
            now,
        } = step;
        let call = Call::new(&scripts::TOUCH, self.names(), now)
            .member(Some((kind, id)))
            .number(seen.unix_seconds())
            .number(expires.unix_seconds())
            .time_to_live(expires, now);
        Ok(reply::count(self.call(call).await?)? > 0)
    }

    async fn delete(&self, step: Delete) -> Result<bool, StoreError> {
        let deleted = self.end_records(Some((step.kind, step.id)), None).await?;
        Ok(deleted > 0)
    }

    async fn end(&self, step: End) -> Result<u64, StoreError> {
        let session = step.session.map(|id| (RecordKind::Session, id));
        match (session, step.series) {
            (None, None) => Ok(0),
            (Some((_, id)), Some(series)) if self.apart(id, series) => {
                let restored = self.end_records(None, Some(series)).await?;
                Ok(restored + self.end_records(session, None).await?)
            }
            (session, series) => self.end_records(session, series).await,
        }
    }

    async fn list(&self, step: ListByUser) -> Result<Vec<Record>, StoreError> {
        let call = Call::new(&scripts::LIST, self.names(), step.now)
            .number(u64::from(step.kind.number()))
            .user(step.user);
        reply::records(step.kind, &self.call(call).await?, step.now)
    }

    async fn delete_by_user(&self, step: DeleteByUser) -> Result<u64, StoreError> {
        let home = RecordId::from_bytes(*step.user.as_bytes());
        let except = step.except.filter(|id| part(*id) == part(home)); // else it is not the user's
        let call = Call::timeless(&scripts::DELETE_BY_USER, self.names())
            .user(step.user)
            .session(except);
        let deleted = reply::count(self.call(call).await?)?;
        self.wake([Some(home), None]);
        Ok(deleted)
    }

    /// Redis forgets by itself.
    async fn sweep(&self, _: Sweep) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn watch(&self, step: Watch) {
        let pace = || self.listener.pace();
        let watchers = &self.listener.watchers;
        watchers.until_gone(self, &step, pace).await;
    }
}

impl RedisStore {
    async fn read(&self, step: Load) -> Result<Option<Record>, StoreError> {
        let Load { kind, id, now } = step;
        let mut read = Cmd::new();
        read.arg("HMGET")
            .arg(self.names().record(kind, id))
            .arg(&reply::FIELDS);
        let fields: Value = match self.connection.clone() {
            Connection::Server(mut server) => read.query_async(&mut server).await,
            Connection::Cluster(mut cluster) => read.query_async(&mut cluster).await,
        }
        .map_err(failed)?;
        reply::record(kind, id, &fields, now)
    }

    async fn end_records(
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

    /// One round trip, but for the first time that a server hears of the script.
    async fn call(&self, call: Call<'_>) -> Result<Value, StoreError> {
        let script = call.script;
        match self.connection.clone() {
            Connection::Server(mut server) => script.invoke_async(&mut server).await,
            Connection::Cluster(mut cluster) => script.invoke_async(&mut cluster).await,
        }
        .map_err(failed)
    }

    fn names(&self) -> Names<'_> {
        Names(&self.prefix)
    }

    /// Tells those in this process who watch a record that shares a home with one of these.
    fn wake(&self, ids: [Option<RecordId>; 2]) {
        let ids = ids.into_iter().flatten();
        ids.for_each(|id| self.listener.watchers.wake(id.home()));
    }
}

impl Connection {
    fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }
}

const PREFIX: &str = "portcullis";
