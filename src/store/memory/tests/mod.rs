mod bounds;
#[cfg(shuttle)]
mod threads;

use super::*;
use crate::{
    clock::Timestamp,
    store::{RecordId, RecordKind, TokenHash, UserIndex, Version},
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_000);
const LATER: Timestamp = Timestamp::from_unix_seconds(2_000);

/// The answer of a step, which is given at once.
fn now<T>(step: impl Future<Output = T>) -> T {
    let (answer, pauses) = with_pauses(step);
    assert_eq!(pauses, 0, "the memory store waits for nothing");
    answer
}

/// The answer, and how often others were let in before it.
fn with_pauses<T>(step: impl Future<Output = T>) -> (T, usize) {
    let mut step = std::pin::pin!(step);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut pauses = 0;
    loop {
        match step.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => return (answer, pauses),
            std::task::Poll::Pending => pauses += 1,
        }
    }
}

fn id(home: u8, rest: u8) -> RecordId {
    let mut bytes = [rest; 16];
    bytes[..2].copy_from_slice(&[0, home]);
    RecordId::from_bytes(bytes)
}

fn user(home: u8) -> UserIndex {
    UserIndex::from_bytes(*id(home, 0).as_bytes())
}

fn session(id: RecordId) -> Record {
    let mut record = Record::new(
        RecordKind::Session,
        id,
        TokenHash::from_bytes([9; 32]),
        LATER,
        vec![1],
    );
    record.created = NOW;
    record.seen = NOW;
    record
}

fn of(home: u8, rest: u8) -> Record {
    let mut record = session(id(home, rest));
    record.user = Some(user(home));
    record
}

fn series(home: u8, rest: u8) -> Record {
    Record {
        kind: RecordKind::Series,
        ..of(home, rest)
    }
}

fn insert(store: &MemoryStore, record: &Record) -> Inserted {
    now(store.insert(Insert::new(record.clone(), NOW))).unwrap()
}

fn load(store: &MemoryStore, record: &Record) -> Option<Record> {
    now(store.load(Load::new(record.kind, record.id, NOW))).unwrap()
}

#[test]
fn insert_adds_and_never_replaces() {
    let store = MemoryStore::new();
    let record = of(1, 1);
    assert_eq!(insert(&store, &record), Inserted::Done);
    assert_eq!(load(&store, &record), Some(record.clone()));
    let other = Record {
        body: vec![2].into(),
        ..record.clone()
    };
    assert_eq!(insert(&store, &other), Inserted::Taken);
    assert_eq!(load(&store, &record), Some(record), "untouched");
    assert_eq!(
        insert(&store, &series(1, 1)),
        Inserted::Done,
        "another kind is another key"
    );
}

#[test]
fn an_expired_record_is_never_returned_changed_or_touched() {
    let store = MemoryStore::new();
    let record = Record {
        expires: NOW,
        ..of(1, 1)
    };
    assert_eq!(insert(&store, &record), Inserted::Done);
    assert_eq!(load(&store, &record), None);
    let update = Update::new(
        record.kind,
        record.id,
        record.version,
        record.body.clone(),
        NOW,
    );
    assert_eq!(now(store.update(update)).unwrap(), Swap::Gone);
    assert!(!now(store.touch(Touch::new(record.kind, record.id, LATER, NOW, NOW))).unwrap());
    assert_eq!(
        now(store.rotate(Rotate::new(record.id, record.version, of(1, 2), NOW))).unwrap(),
        Swap::Gone
    );
    assert!(
        now(store.list(ListByUser::new(record.kind, user(1), NOW)))
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        load(&store, &of(1, 2)),
        None,
        "nothing came of the rotation"
    );
}

#[test]
fn update_wants_the_version_that_was_read() {
    let store = MemoryStore::new();
    let record = of(1, 1);
    assert_eq!(insert(&store, &record), Inserted::Done);
    let update = Update::new(record.kind, record.id, record.version, vec![2].into(), NOW);
    assert_eq!(now(store.update(update.clone())).unwrap(), Swap::Done);
    assert_eq!(now(store.update(update)).unwrap(), Swap::Conflict);
    let read = load(&store, &record).unwrap();
    assert_eq!(
        (read.version, &read.body[..]),
        (Version::FIRST.next(), &[2][..])
    );
}

#[test]
fn rotate_moves_a_record_within_a_home_and_across() {
    for (from, to) in [
        (session(id(1, 1)), of(1, 2)),
        (session(id(2, 1)), of(1, 3)),
        (of(1, 4), of(7, 5)),
    ] {
        let store = MemoryStore::new();
        assert_eq!(insert(&store, &from), Inserted::Done);
        assert_eq!(
            now(store.rotate(Rotate::new(from.id, from.version, to.clone(), NOW))).unwrap(),
            Swap::Done
        );
        assert_eq!(
            (load(&store, &from), load(&store, &to)),
            (None, Some(to.clone()))
        );
        assert_eq!(
            now(store.rotate(Rotate::new(from.id, from.version, of(3, 9), NOW))).unwrap(),
            Swap::Gone
        );
        assert_eq!(store.len(), 1);
    }
}

#[test]
fn rotate_of_another_version_changes_nothing() {
    let store = MemoryStore::new();
    let (from, to) = (of(1, 1), of(1, 2));
    assert_eq!(insert(&store, &from), Inserted::Done);
    assert_eq!(
        now(store.rotate(Rotate::new(from.id, from.version.next(), to.clone(), NOW))).unwrap(),
        Swap::Conflict
    );
    assert_eq!((load(&store, &from), load(&store, &to)), (Some(from), None));
}

#[test]
fn rotate_and_end_others_leaves_the_new_record_alone() {
    let store = MemoryStore::new();
    for record in [of(1, 1), of(1, 2), series(1, 3), of(2, 4)] {
        assert_eq!(insert(&store, &record), Inserted::Done);
    }
    let mut rotate = Rotate::new(id(1, 1), Version::FIRST, of(1, 9), NOW);
    rotate.end_others = true;
    assert_eq!(now(store.rotate(rotate)).unwrap(), Swap::Done);
    assert!(load(&store, &of(1, 9)).is_some() && load(&store, &of(2, 4)).is_some());
    assert_eq!(store.len(), 2);
}

#[test]
fn touch_moves_the_end_and_leaves_body_and_version() {
    let store = MemoryStore::new();
    let record = of(1, 1);
    assert_eq!(insert(&store, &record), Inserted::Done);
    let end = Timestamp::from_unix_seconds(9_000);
    assert!(now(store.touch(Touch::new(record.kind, record.id, end, NOW, NOW))).unwrap());
    let read = load(&store, &record).unwrap();
    assert_eq!(
        (read.expires, read.seen, read.version),
        (end, NOW, record.version)
    );
}

#[test]
fn a_login_brings_its_series_and_ends_the_browsers_earlier_one() {
    let store = MemoryStore::new();
    let mut restored = of(1, 2);
    restored.series = Some(id(1, 1));
    for record in [series(1, 1), restored.clone(), of(1, 3)] {
        assert_eq!(insert(&store, &record), Inserted::Done);
    }
    let mut login = Insert::new(of(1, 4), NOW);
    login.series = Some(series(1, 5));
    login.ends_series = Some(id(1, 1));
    assert_eq!(now(store.insert(login)).unwrap(), Inserted::Done);
    assert_eq!(
        (load(&store, &series(1, 1)), load(&store, &restored)),
        (None, None)
    );
    assert!(load(&store, &series(1, 5)).is_some() && load(&store, &of(1, 3)).is_some());
}

#[test]
fn restore_swaps_the_series_and_inserts_the_session_or_neither() {
    let store = MemoryStore::new();
    let old = series(1, 1);
    assert_eq!(insert(&store, &old), Inserted::Done);
    let next = Record {
        version: old.version.next(),
        hash: TokenHash::from_bytes([8; 32]),
        ..old.clone()
    };
    let session = Record {
        series: Some(old.id),
        ..of(1, 2)
    };
    let restore = Restore::new(old.version, next.clone(), session.clone(), NOW);
    assert_eq!(now(store.restore(restore.clone())).unwrap(), Swap::Done);
    assert_eq!(
        (load(&store, &old), load(&store, &session)),
        (Some(next.clone()), Some(session.clone()))
    );
    let loser = Restore {
        session: of(1, 3),
        ..restore
    };
    assert_eq!(now(store.restore(loser)).unwrap(), Swap::Conflict);
    assert_eq!(load(&store, &of(1, 3)), None);

    let mut end = End::new();
    end.series = Some(old.id);
    assert_eq!(
        now(store.end(end)).unwrap(),
        2,
        "the series and what it restored"
    );
    assert!(store.is_empty());
}

#[test]
fn end_and_delete_of_nothing_are_no_error() {
    let store = MemoryStore::new();
    assert!(!now(store.delete(Delete::new(RecordKind::Session, id(1, 1)))).unwrap());
    let mut end = End::new();
    assert_eq!(now(store.end(end.clone())).unwrap(), 0);
    end.session = Some(id(1, 1));
    end.series = Some(id(2, 1));
    assert_eq!(now(store.end(end)).unwrap(), 0);
}

#[test]
fn delete_by_user_takes_all_kinds_and_spares_one_session_with_its_series() {
    let store = MemoryStore::new();
    let mut kept = of(1, 1);
    kept.series = Some(id(1, 5));
    for record in [
        kept.clone(),
        of(1, 2),
        series(1, 5),
        series(1, 6),
        of(2, 1),
        session(id(1, 8)),
    ] {
        assert_eq!(insert(&store, &record), Inserted::Done);
    }
    let mut step = DeleteByUser::new(user(1));
    step.except = Some(kept.id);
    assert_eq!(now(store.delete_by_user(step)).unwrap(), 2);
    assert!(load(&store, &kept).is_some() && load(&store, &series(1, 5)).is_some());
    assert_eq!(
        now(store.delete_by_user(DeleteByUser::new(user(1)))).unwrap(),
        2
    );
    assert_eq!(store.len(), 2, "another user's and a stranger's");
}

#[test]
fn nothing_is_ever_put_over_another_record() {
    let store = MemoryStore::new();
    for record in [of(1, 1), of(1, 2), series(1, 5), series(1, 6)] {
        assert_eq!(insert(&store, &record), Inserted::Done);
    }
    let mut login = Insert::new(of(1, 9), NOW);
    login.series = Some(Record {
        body: vec![9].into(),
        ..series(1, 5)
    });
    assert_eq!(now(store.insert(login)).unwrap(), Inserted::Taken);
    let mut rotate = Rotate::new(id(1, 1), Version::FIRST, of(1, 9), NOW);
    rotate.series = Some(series(1, 5));
    assert_eq!(now(store.rotate(rotate)).unwrap(), Swap::Conflict);
    let rotate = Rotate::new(id(1, 1), Version::FIRST, of(1, 2), NOW);
    assert_eq!(now(store.rotate(rotate)).unwrap(), Swap::Conflict);
    let next = Record {
        version: Version::FIRST.next(),
        ..series(1, 5)
    };
    let restore = Restore::new(Version::FIRST, next, of(1, 2), NOW);
    assert_eq!(now(store.restore(restore)).unwrap(), Swap::Conflict);
    for record in [of(1, 1), of(1, 2), series(1, 5), series(1, 6)] {
        assert_eq!(load(&store, &record), Some(record), "untouched");
    }
    assert_eq!(store.len(), 4);
}

/// Every step that can end a record tells those who watch it, at once.
#[tokio::test]
async fn every_end_is_announced() {
    type End = fn(&MemoryStore);
    let ends: [(&str, End); 7] = [
        ("delete", |store| {
            assert!(now(store.delete(Delete::new(RecordKind::Session, id(1, 1)))).unwrap());
        }),
        ("end", |store| {
            let mut end = super::End::new();
            end.session = Some(id(1, 1));
            assert_eq!(now(store.end(end)).unwrap(), 1);
        }),
        ("end of the series", |store| {
            let mut end = super::End::new();
            end.series = Some(id(1, 5));
            assert_eq!(now(store.end(end)).unwrap(), 1);
        }),
        ("delete_by_user", |store| {
            let all = DeleteByUser::new(user(1));
            assert_eq!(now(store.delete_by_user(all)).unwrap(), 1);
        }),
        ("rotate", |store| {
            let rotate = Rotate::new(id(1, 1), Version::FIRST, of(7, 2), NOW);
            assert_eq!(now(store.rotate(rotate)).unwrap(), Swap::Done);
        }),
        ("at_most", |store| {
            let mut login = Insert::new(of(1, 3), NOW);
            login.at_most = Some(1);
            assert_eq!(now(store.insert(login)).unwrap(), Inserted::Done);
        }),
        ("an earlier series", |store| {
            let mut login = Insert::new(of(9, 3), NOW);
            login.ends_series = Some(id(1, 5));
            assert_eq!(now(store.insert(login)).unwrap(), Inserted::Done);
        }),
    ];
    for (what, end) in ends {
        let store = MemoryStore::new();
        let mut record = of(1, 1);
        record.series = Some(id(1, 5));
        assert_eq!(insert(&store, &record), Inserted::Done);
        let clock = Arc::new(Standing);
        let watch = store.watch(Watch::new(record.kind, record.id, clock));
        let mut watch = std::pin::pin!(watch);
        let mut is_over = || {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            watch.as_mut().poll(&mut context).is_ready()
        };
        assert!(!is_over(), "{what}");
        assert_eq!(insert(&store, &of(3, 3)), Inserted::Done, "somebody else's");
        assert!(!is_over(), "{what}");
        end(&store);
        assert!(is_over(), "{what}");
    }
}

struct Standing;

impl crate::clock::Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}
