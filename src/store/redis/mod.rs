//! Sessions in Redis or Valkey (feature `redis`): one server, or a cluster.
//!
//! Each step is one Lua script, which Redis runs whole and alone: `records.lua`
//! is what all of them share, each step's file is the step. A record is a hash
//! that Redis itself forgets when it has expired; sorted sets beside it know
//! what a user has, what a series restored, and how many strangers there are.
//!
//! The first 12 bits of an id say in which of 4096 parts it lies. They are the
//! same in all ids of a user, and a part is in one hash slot: so a step stays
//! atomic in a cluster.

mod add;
mod call;
mod connection;
mod listen;
mod reply;
mod scripts;

use std::{fmt, sync::Arc};

use redis::{Client, aio::ConnectionManager, cluster_async::ClusterConnection};

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId, RecordKind,
    Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
    listening::Listening,
    strangers::{StrangerBound, part},
};
use add::{Add, in_one_part, nonce};
use call::{Call, Names};
use connection::Connection;
use reply::Answer;

/// A store in Redis 6.2 or later, or in Valkey.
///
/// Choose it when more than one server serves the app, and Redis is there
/// already. Sessions that are to survive whatever happens to a server are better
/// kept in a SQL database. There is nothing to create or to clean up. A clone is
/// the same store, so that several realms can share one.
///
/// # What Redis must be configured for
///
/// - **No eviction**: `maxmemory-policy noeviction`. Under any other policy Redis
///   may throw out the index of a user and keep the sessions, and "log out
///   everywhere" then misses them. When memory is full, logins fail with an
///   error; sessions go on, can be touched, and can be ended.
/// - **Persistence whole or none**: `appendonly yes` with `appendfsync always`, or
///   neither file nor snapshot. What comes back from an older file is, among
///   others, a session that was ended. Without persistence a restart logs
///   everybody out.
/// - **A replica that takes over** may lack the last writes, for Redis acknowledges
///   before it replicates: logins are lost, and a session that was ended a moment
///   before is alive again, for up to its limits. `min-replicas-to-write` makes
///   that rarer and rules nothing out, and neither does `WAIT`. Where that can't
///   be borne, let no replica take over by itself, and start empty.
/// - **Permissions**, if a user of its own connects: `~portcullis:*`, `&portcullis:*`,
///   and the commands `EVALSHA`, `SCRIPT LOAD`, `HMGET`, `HSET`, `EXISTS`, `DEL`,
///   `EXPIRE`, `PTTL`, `ZADD`, `ZREM`, `ZCOUNT`, `ZRANGE`, `ZRANGEBYSCORE`, `PUBLISH`,
///   `SUBSCRIBE` to [listen](Self::listen), `CLUSTER SLOTS` in a cluster.
///
/// # Keys
///
/// | key | what |
/// |---|---|
/// | `portcullis:{00a}:0:00ab…` | a record, as a hash: its kind and its id |
/// | `portcullis:{00a}:u:00ab…` | what a user has, by when it expires |
/// | `portcullis:{00a}:r:00ab…` | the sessions that a series restored |
/// | `portcullis:{00a}:strangers` | the records of strangers in this part |
/// | `portcullis:ended` | the channel that tells of ends |
///
/// What stands in braces is the hash tag: the first three digits of an id, the
/// same for all of a user. A session takes some 1,200 bytes beside its body.
///
/// # In a cluster
///
/// All steps on what one user has are atomic, as on one server. A login that
/// replaces a stranger's record, or another user's, reaches two parts, and so
/// takes some more steps: the new ids are taken, the old record is ended, the
/// new one is filled in. At no time are two alive; a node that fails in between
/// logs out. Scripts find further keys, of the same slot, in the indexes: a
/// proxy that lets them use declared keys only does not do. While a slot moves
/// to another node, steps on its records may fail, and change nothing.
///
/// # Cost
///
/// One round trip a step: [`load`](SessionStore::load) is one `HMGET`, all others
/// one script. What a user's sessions are asked for (list, end, "at most") reads
/// each of them.
///
/// # Example
///
/// ```no_run
/// use portcullis::store::RedisStore;
///
/// # async fn example() -> Result<(), redis::RedisError> {
/// let client = redis::Client::open("redis://127.0.0.1/")?;
/// let store = RedisStore::new(client.get_connection_manager().await?).listen(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    connection: Connection,
    prefix: Arc<str>,
    strangers: StrangerBound,
    client: Option<Client>,
    listening: Arc<Listening>,
}

impl RedisStore {
    /// The store on one server, or on whichever the address leads to.
    ///
    /// The connection mends itself. It waits half a second for an answer, unless its
    /// [configuration](redis::aio::ConnectionManagerConfig) says otherwise.
    ///
    /// # Security
    ///
    /// Whoever can write to this Redis can log in as anybody: give it a password
    /// and, off the machine, TLS (`rediss://`, a feature of the `redis` crate).
    /// Whoever can read it gets no token, as there are hashes only, but sees the
    /// app's [`Data`](crate::Data).
    ///
    /// # Example
    ///
    /// ```no_run
    /// use portcullis::store::RedisStore;
    ///
    /// # async fn example() -> Result<(), redis::RedisError> {
    /// let client = redis::Client::open("redis://:password@127.0.0.1/")?;
    /// let store = RedisStore::new(client.get_connection_manager().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(connection: ConnectionManager) -> Self {
        Self::on(Connection::Server(connection))
    }

    /// The store on a cluster.
    ///
    /// Reads _must_ go to the primaries, as they do by default: a replica may
    /// still show a session that was ended.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use portcullis::store::RedisStore;
    /// use redis::cluster::ClusterClient;
    ///
    /// # async fn example() -> Result<(), redis::RedisError> {
    /// let nodes = ["redis://10.0.0.1/", "redis://10.0.0.2/"];
    /// let cluster = ClusterClient::new(nodes)?.get_async_connection().await?;
    /// let any_node = redis::Client::open(nodes[0])?;
    /// let store = RedisStore::cluster(cluster).listen(any_node);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cluster(connection: ClusterConnection) -> Self {
        Self::on(Connection::Cluster(connection))
    }

    /// What all keys, and the channel, begin with: `portcullis` if nothing is said.
    ///
    /// Two apps on one Redis want two prefixes. It _must_ have no braces, which say
    /// to a cluster where a key belongs.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn example(connection: redis::aio::ConnectionManager) {
    /// use portcullis::store::RedisStore;
    ///
    /// let store = RedisStore::new(connection).key_prefix("shop:sessions");
    /// # }
    /// ```
    #[must_use]
    pub fn key_prefix(self, prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
            listening: Arc::default(), // another channel
            ..self
        }
    }

    /// Keeps records of about so many strangers, instead of 250 000; further
    /// ones are refused with [`StoreError::full`]. Users are not counted.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn example(connection: redis::aio::ConnectionManager) {
    /// use portcullis::store::RedisStore;
    ///
    /// let store = RedisStore::new(connection).max_strangers(1_000_000);
    /// # }
    /// ```
    ///
    /// # Security
    ///
    /// Anybody can become a stranger with a record, and each may hold 16 KiB:
    /// this bounds what they fill.
    #[must_use]
    pub fn max_strangers(self, most: u32) -> Self {
        Self {
            strangers: StrangerBound::about(most),
            ..self
        }
    }

    /// Hears at once of sessions that another server has ended: sockets that
    /// [watch](SessionStore::watch) one close then.
    ///
    /// Without it, they ask each second. With it, the store subscribes, over one
    /// connection more, when the first of them is there; while that connection
    /// is lost, they ask each second. In a cluster, the client is of any node.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use portcullis::store::RedisStore;
    ///
    /// # async fn example() -> Result<(), redis::RedisError> {
    /// let client = redis::Client::open("redis://127.0.0.1/")?;
    /// let store = RedisStore::new(client.get_connection_manager().await?).listen(client);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn listen(self, client: Client) -> Self {
        Self {
            client: Some(client),
            listening: Arc::default(),
            ..self
        }
    }

    fn on(connection: Connection) -> Self {
        Self {
            connection,
            prefix: PREFIX.into(),
            strangers: StrangerBound::about(StrangerBound::DEFAULT),
            client: None,
            listening: Arc::default(),
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
        let watchers = &self.listening.watchers;
        watchers.until_gone(self, &step, || self.pace()).await;
    }
}

impl RedisStore {
    fn names(&self) -> Names<'_> {
        Names(&self.prefix)
    }

    /// Tells those in this process who watch a record that shares a home with one of these.
    fn wake(&self, ids: [Option<RecordId>; 2]) {
        let ids = ids.into_iter().flatten();
        ids.for_each(|id| self.listening.watchers.wake(id.home()));
    }
}

const PREFIX: &str = "portcullis";
