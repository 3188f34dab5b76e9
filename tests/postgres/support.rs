//! Records by number, and two servers that share a database.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use portcullis::{
    Timestamp,
    store::{
        Insert, Inserted, ListByUser, Load, PostgresStore, Record, RecordId, RecordKind,
        SessionStore, TokenHash, UserIndex,
    },
};
use tokio::sync::Barrier;

use crate::servers::{self, Database};

pub(crate) const NOW: Timestamp = at(1_000);
pub(crate) const LATER: Timestamp = at(2_000);

pub(crate) const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

/// Two servers with a pool each, on a new database.
pub(crate) struct Two {
    pub(crate) a: PostgresStore,
    pub(crate) b: PostgresStore,
    pub(crate) database: Database,
}

pub(crate) async fn two() -> Option<Two> {
    let database = servers::postgres().await?;
    let a = PostgresStore::new(database.pool().await);
    let b = PostgresStore::new(database.pool().await);
    a.migrate().await.unwrap();
    Some(Two { a, b, database })
}

/// An id that no other call gave.
pub(crate) fn id(home: u16) -> RecordId {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&home.to_be_bytes());
    bytes[8..].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    RecordId::from_bytes(bytes)
}

pub(crate) fn user(home: u16) -> UserIndex {
    let mut bytes = [7; 16];
    bytes[..2].copy_from_slice(&home.to_be_bytes());
    UserIndex::from_bytes(bytes)
}

/// A new session of a stranger.
pub(crate) fn stranger(home: u16) -> Record {
    let hash = TokenHash::from_bytes([9; 32]);
    let mut record = Record::new(RecordKind::Session, id(home), hash, LATER, vec![1, 2, 3]);
    (record.created, record.seen) = (NOW, NOW);
    record
}

/// A new session of a user.
pub(crate) fn session(home: u16) -> Record {
    let mut record = stranger(home);
    record.user = Some(user(home));
    record
}

/// A new series of a user.
pub(crate) fn series(home: u16) -> Record {
    let mut record = session(home);
    record.kind = RecordKind::Series;
    record
}

/// A new session that came with a series.
pub(crate) fn of_series(series: &Record) -> Record {
    let mut record = session(series.id.home());
    record.series = Some(series.id);
    record
}

/// The same series, after a restore.
pub(crate) fn next(series: &Record) -> Record {
    let mut next = series.clone();
    next.version = series.version.next();
    next
}

pub(crate) async fn insert(store: &PostgresStore, record: &Record) {
    let inserted = store.insert(Insert::new(record.clone(), NOW)).await;
    assert_eq!(inserted.unwrap(), Inserted::Done);
}

pub(crate) async fn load(store: &PostgresStore, record: &Record) -> Option<Record> {
    let load = Load::new(record.kind, record.id, NOW);
    store.load(load).await.unwrap()
}

/// How many live sessions and series a user has.
pub(crate) async fn alive(store: &PostgresStore, home: u16) -> usize {
    let mut alive = 0;
    for kind in RecordKind::ALL {
        let list = ListByUser::new(kind, user(home), NOW);
        alive += store.list(list).await.unwrap().len();
    }
    alive
}

/// Both at the same moment, each in a task of its own.
pub(crate) async fn at_once<A, B>(
    a: impl Future<Output = A> + Send + 'static,
    b: impl Future<Output = B> + Send + 'static,
) -> (A, B)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(2));
    let other = barrier.clone();
    let a = tokio::spawn(async move {
        barrier.wait().await;
        a.await
    });
    let b = tokio::spawn(async move {
        other.wait().await;
        b.await
    });
    (a.await.unwrap(), b.await.unwrap())
}

/// A step on a store, as a future that owns both.
macro_rules! step {
    ($store:expr, $name:ident, $step:expr) => {{
        let (store, step) = ($store.clone(), $step);
        async move { store.$name(step).await.unwrap() }
    }};
}
pub(crate) use step;
