//! What there is in the store, and what threads do to it.

use std::fmt::Debug;

use super::super::*;
use crate::store::StoreError;

/// User 1 has two sessions, of which the first belongs to a series, and one
/// that has expired; user 2 a series; user 3 both; a stranger one record.
fn begun() -> Vec<Record> {
    let mut remembered = of(1, 1);
    remembered.series = Some(id(1, 5));
    remembered.seen = Timestamp::from_unix_seconds(500);
    let expired = Record {
        expires: NOW,
        ..of(1, 7)
    };
    vec![
        remembered,
        of(1, 2),
        series(1, 5),
        expired,
        series(2, 5),
        of(3, 1),
        series(3, 5),
        session(id(2, 1)),
    ]
}

pub(super) fn store_for(users: usize, strangers: usize) -> MemoryStore {
    let store = MemoryStore::with_bounds(users, strangers);
    for record in begun() {
        assert_eq!(insert(&store, &record), Inserted::Done);
    }
    store
}

/// The bounds of a store with room, of one that has room for one more, and of one
/// that is full.
pub(super) const BOUNDS: [(usize, usize); 3] = [(100, 100), (8, 2), (7, 1)];

pub(super) type Step = (&'static str, fn(&MemoryStore) -> String);

/// What a step answers.
pub(super) fn said<T: Debug>(step: impl Future<Output = Result<T, StoreError>>) -> String {
    format!("{:?}", with_pauses(step).0)
}

fn rotate(from: RecordId, to: Record) -> Rotate {
    Rotate::new(from, Version::FIRST, to, NOW)
}

fn restored(rest: u8) -> Restore {
    let next = Record {
        version: Version::FIRST.next(),
        ..series(1, 5)
    };
    let session = Record {
        series: Some(id(1, 5)),
        ..of(1, rest)
    };
    Restore::new(Version::FIRST, next, session, NOW)
}

fn update(record: Record) -> Update {
    Update::new(record.kind, record.id, Version::FIRST, vec![7].into(), NOW)
}

/// Steps that meet: of one session, one series, one user, one place in the store.
pub(super) const STEPS: &[Step] = &[
    ("a stranger logs in", |store| {
        let mut step = rotate(id(2, 1), of(1, 10));
        step.at_most = Some(2);
        said(store.rotate(step))
    }),
    ("a stranger logs in elsewhere, and is remembered", |store| {
        let mut step = rotate(id(2, 1), of(3, 20));
        (step.series, step.ends_series) = (Some(series(3, 21)), Some(id(1, 5)));
        said(store.rotate(step))
    }),
    ("a login ends an earlier series", |store| {
        let mut step = Insert::new(of(1, 12), NOW);
        (step.series, step.ends_series) = (Some(series(1, 13)), Some(id(1, 5)));
        said(store.insert(step))
    }),
    ("a login when one is the most", |store| {
        let mut step = Insert::new(of(1, 19), NOW);
        step.at_most = Some(1);
        said(store.insert(step))
    }),
    ("a confirmation", |store| {
        let mut confirmed = of(1, 14);
        confirmed.series = Some(id(1, 5));
        said(store.rotate(rotate(id(1, 1), confirmed)))
    }),
    ("another confirmation takes the same id", |store| {
        said(store.rotate(rotate(id(1, 2), of(1, 14))))
    }),
    ("a switch to another user", |store| {
        let mut step = rotate(id(1, 1), of(3, 15));
        step.ends_series = Some(id(1, 5));
        said(store.rotate(step))
    }),
    ("a new password", |store| {
        let mut step = rotate(id(1, 1), of(1, 16));
        step.end_others = true;
        said(store.rotate(step))
    }),
    ("a logout", |store| {
        let mut step = End::new();
        (step.session, step.series) = (Some(id(1, 1)), Some(id(1, 5)));
        said(store.end(step))
    }),
    ("an end", |store| {
        said(store.delete(Delete::new(RecordKind::Session, id(1, 1))))
    }),
    ("the end of all of a user", |store| {
        said(store.delete_by_user(DeleteByUser::new(user(1))))
    }),
    ("the end of all others", |store| {
        let mut step = DeleteByUser::new(user(1));
        step.except = Some(id(1, 2));
        said(store.delete_by_user(step))
    }),
    ("a write", |store| said(store.update(update(of(1, 1))))),
    ("a use", |store| {
        let later = Timestamp::from_unix_seconds(3_000);
        let step = Touch::new(RecordKind::Session, id(1, 1), later, NOW, NOW);
        said(store.touch(step))
    }),
    ("a restore in the place of the first session", |store| {
        let mut step = restored(17);
        step.ends_session = Some(id(1, 1));
        said(store.restore(step))
    }),
    ("a restore in another tab", |store| {
        said(store.restore(restored(18)))
    }),
    ("a series is seen", |store| {
        said(store.update(update(series(1, 5))))
    }),
    ("a theft is noticed", |store| {
        let mut step = End::new();
        step.series = Some(id(1, 5));
        said(store.end(step))
    }),
    ("over three shards from the third", |store| {
        let mut step = rotate(id(3, 1), of(1, 22));
        step.ends_series = Some(id(2, 5));
        said(store.rotate(step))
    }),
    ("over three shards from the first", |store| {
        let mut step = rotate(id(1, 2), of(2, 23));
        step.ends_series = Some(id(3, 5));
        said(store.rotate(step))
    }),
    ("another user logs in", |store| {
        said(store.insert(Insert::new(of(2, 24), NOW)))
    }),
    ("a third user logs in, and is remembered", |store| {
        let mut step = Insert::new(of(3, 25), NOW);
        step.series = Some(series(3, 26));
        said(store.insert(step))
    }),
    ("a stranger comes", |store| {
        said(store.insert(Insert::new(session(id(6, 1)), NOW)))
    }),
    ("a sweep", |store| said(store.sweep(Sweep::new(NOW, 100)))),
    ("a look", |store| {
        said(store.load(Load::new(RecordKind::Session, id(1, 1), NOW)))
    }),
    ("a list", |store| {
        let list = ListByUser::new(RecordKind::Session, user(1), NOW);
        let mut ids: Vec<_> = now(store.list(list)).unwrap();
        ids.sort_by_key(|record| record.id);
        format!("{ids:?}")
    }),
];

/// What ends the first session of user 1, whatever else it does.
pub(super) const ENDS: &[&str] = &[
    "a login ends an earlier series",
    "a login when one is the most",
    "a confirmation",
    "a switch to another user",
    "a new password",
    "a logout",
    "an end",
    "the end of all of a user",
    "the end of all others",
    "a restore in the place of the first session",
    "a theft is noticed",
    "a stranger logs in elsewhere, and is remembered",
];
