//! How much a store holds, and what it forgets.

use super::*;

#[test]
fn at_most_ends_the_least_recently_seen() {
    let store = MemoryStore::new();
    for rest in 1..=3 {
        let seen = Timestamp::from_unix_seconds(u64::from(10 - rest));
        assert_eq!(
            insert(
                &store,
                &Record {
                    seen,
                    ..of(1, rest)
                }
            ),
            Inserted::Done
        );
    }
    let oldest = Record {
        seen: Timestamp::from_unix_seconds(1),
        ..of(1, 4)
    };
    let mut login = Insert::new(oldest.clone(), NOW);
    login.at_most = Some(2);
    assert_eq!(now(store.insert(login)).unwrap(), Inserted::Done);
    let left = now(store.list(ListByUser::new(RecordKind::Session, user(1), NOW))).unwrap();
    let mut left: Vec<_> = left.into_iter().map(|record| record.id).collect();
    left.sort();
    assert_eq!(
        left,
        [id(1, 1), oldest.id],
        "the new one stays although it looks oldest"
    );
    assert_eq!(store.len(), 2);
}

#[test]
fn a_full_store_refuses_and_drops_nobody() {
    let store = MemoryStore::with_bounds(2, 1);
    assert_eq!(insert(&store, &session(id(1, 1))), Inserted::Done);
    assert!(
        now(store.insert(Insert::new(session(id(2, 1)), NOW)))
            .unwrap_err()
            .is_full()
    );
    assert_eq!(
        insert(&store, &of(1, 1 + 1)),
        Inserted::Done,
        "strangers take no user's place"
    );

    let mut login = Insert::new(of(3, 1), NOW);
    login.series = Some(series(3, 2));
    assert!(
        now(store.insert(login)).unwrap_err().is_full(),
        "half a login is none"
    );
    assert_eq!((store.len(), load(&store, &of(3, 1))), (2, None));

    assert_eq!(insert(&store, &of(3, 1)), Inserted::Done);
    let rotate = Rotate::new(id(1, 1), Version::FIRST, of(4, 4), NOW);
    assert!(now(store.rotate(rotate)).unwrap_err().is_full());
    assert!(
        load(&store, &session(id(1, 1))).is_some(),
        "the old record is untouched"
    );
    assert_eq!(store.len(), 3);
    assert!(!store.is_empty());
}

#[test]
fn what_has_expired_makes_room_and_is_swept() {
    let store = MemoryStore::with_bounds(1, 1);
    assert_eq!(insert(&store, &of(1, 1)), Inserted::Done);
    assert_eq!(
        now(store.insert(Insert::new(
            Record {
                expires: Timestamp::from_unix_seconds(9_000),
                ..of(1, 2)
            },
            LATER
        )))
        .unwrap(),
        Inserted::Done
    );
    assert_eq!(store.len(), 1);
    assert_eq!(swept(&store, LATER, 100), 0);
    assert_eq!(swept(&store, Timestamp::from_unix_seconds(9_000), 100), 1);
    assert!(store.is_empty());
}

/// How many records a sweep has forgotten.
fn swept(store: &MemoryStore, now: Timestamp, limit: u64) -> u64 {
    with_pauses(store.sweep(Sweep::new(now, limit))).0.unwrap()
}

#[test]
fn a_sweep_keeps_to_its_limit() {
    let store = MemoryStore::new();
    for rest in 0..10 {
        assert_eq!(insert(&store, &of(1 + rest % 3, rest)), Inserted::Done);
    }
    assert_eq!(swept(&store, LATER, 4), 4);
    assert_eq!(swept(&store, LATER, 100), 6);
    assert!(store.is_empty());
}

#[test]
fn at_most_ends_a_session_with_its_series_and_counts_series_too() {
    let store = MemoryStore::new();
    let at = |seconds| Timestamp::from_unix_seconds(seconds);
    let browser = |rest, seen| {
        let mut session = of(1, rest);
        (session.series, session.seen) = (Some(id(1, rest)), seen);
        let mut remembered = series(1, rest);
        remembered.seen = seen;
        (session, remembered)
    };
    for rest in 1..=3 {
        let (session, remembered) = browser(rest, at(u64::from(rest)));
        let mut login = Insert::new(session, NOW);
        login.series = Some(remembered);
        assert_eq!(now(store.insert(login)).unwrap(), Inserted::Done);
    }
    let closed = session(id(9, 9)); // nothing of another user is counted
    assert_eq!(insert(&store, &closed), Inserted::Done);
    assert!(now(store.delete(Delete::new(RecordKind::Session, id(1, 2)))).unwrap());
    let (session, remembered) = browser(4, at(4));
    let mut login = Insert::new(session, NOW);
    login.series = Some(remembered);
    login.at_most = Some(2);
    assert_eq!(now(store.insert(login)).unwrap(), Inserted::Done);
    let left = |kind| {
        let records = now(store.list(ListByUser::new(kind, user(1), NOW))).unwrap();
        let mut left: Vec<_> = records.into_iter().map(|record| record.id).collect();
        left.sort();
        left
    };
    assert_eq!(left(RecordKind::Session), [id(1, 3), id(1, 4)]);
    assert_eq!(
        left(RecordKind::Series),
        [id(1, 3), id(1, 4)],
        "the first went with its session, the second for itself"
    );
    assert_eq!(store.len(), 5);
}

#[test]
fn a_sweep_lets_others_in_and_goes_on_where_it_stopped() {
    let store = MemoryStore::new();
    for home in [2, 3, 5] {
        let expires = NOW;
        let record = Record {
            expires,
            ..of(home, 1)
        };
        assert_eq!(insert(&store, &record), Inserted::Done);
    }
    // One pause for each shard that was left behind.
    let pauses = |store: &MemoryStore| with_pauses(store.sweep(Sweep::new(NOW, 1))).1;
    assert_eq!((pauses(&store), store.len()), (2, 2));
    assert_eq!((pauses(&store), store.len()), (1, 1));
    assert_eq!((pauses(&store), store.len()), (2, 0));
    assert_eq!(pauses(&store), SHARDS, "once around");
}
