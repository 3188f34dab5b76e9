//! Records, and the steps that need no thought.

use std::time::Duration;

use portcullis::{
    Clock, SystemClock, Timestamp,
    store::{
        Insert, Inserted, ListByUser, Load, Record, RecordId, RecordKind, RedisStore, Rotate,
        SessionStore, Swap, TokenHash, Update, UserIndex, Version,
    },
};

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

pub(super) fn id(home: u16, rest: u64) -> RecordId {
    let mut bytes = [0xa5; 16];
    bytes[..2].copy_from_slice(&home.to_be_bytes());
    bytes[8..].copy_from_slice(&rest.to_be_bytes());
    RecordId::from_bytes(bytes)
}

pub(super) fn user(home: u16) -> UserIndex {
    UserIndex::from_bytes(*id(home, 0).as_bytes())
}

/// A stranger's session, for an hour.
pub(super) fn stranger(home: u16, rest: u64) -> Record {
    let (hash, body) = (TokenHash::from_bytes([9; 32]), vec![0, 1, 0xff]);
    let expires = now().plus(Duration::from_secs(3_600));
    let mut record = Record::new(RecordKind::Session, id(home, rest), hash, expires, body);
    (record.created, record.seen) = (now(), now());
    record
}

/// A session of the user of this home.
pub(super) fn session(home: u16, rest: u64) -> Record {
    let mut record = stranger(home, rest);
    record.user = Some(user(home));
    record
}

pub(super) fn series(home: u16, rest: u64) -> Record {
    let mut record = session(home, rest);
    record.kind = RecordKind::Series;
    record
}

/// A session that came with the series, and the series.
pub(super) fn remembered(home: u16, rest: u64) -> (Record, Record) {
    let (mut session, series) = (session(home, rest), series(home, rest));
    session.series = Some(series.id);
    (session, series)
}

pub(super) async fn insert(store: &RedisStore, record: &Record) -> Inserted {
    let step = Insert::new(record.clone(), now());
    store.insert(step).await.unwrap()
}

pub(super) async fn log_in(store: &RedisStore, (session, series): (Record, Record)) {
    let mut step = Insert::new(session, now());
    step.series = Some(series);
    assert_eq!(store.insert(step).await.unwrap(), Inserted::Done);
}

pub(super) async fn load(store: &RedisStore, record: &Record) -> Option<Record> {
    let step = Load::new(record.kind, record.id, now());
    store.load(step).await.unwrap()
}

pub(super) async fn update(store: &RedisStore, record: &Record, version: Version) -> Swap {
    let step = Update::new(record.kind, record.id, version, vec![7].into(), now());
    store.update(step).await.unwrap()
}

pub(super) async fn rotate(store: &RedisStore, old: &Record, new: &Record) -> Swap {
    let step = Rotate::new(old.id, old.version, new.clone(), now());
    store.rotate(step).await.unwrap()
}

pub(super) async fn sessions(store: &RedisStore, home: u16) -> usize {
    let step = ListByUser::new(RecordKind::Session, user(home), now());
    store.list(step).await.unwrap().len()
}
