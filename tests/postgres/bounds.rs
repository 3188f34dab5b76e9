//! How much there is, and what is forgotten.

use portcullis::store::{
    Insert, Inserted, ListByUser, PostgresStore, Record, RecordId, RecordKind, Rotate,
    SessionStore, Swap, Sweep,
};

use crate::support::{
    LATER, NOW, Two, alive, at, id, insert, load, of_series, series, session, stranger, two, user,
};

async fn is_full(store: &PostgresStore, record: Record) -> bool {
    match store.insert(Insert::new(record, NOW)).await {
        Ok(inserted) => {
            assert_eq!(inserted, Inserted::Done);
            false
        }
        Err(error) => {
            assert!(error.is_full(), "{error}");
            true
        }
    }
}

#[tokio::test]
async fn strangers_are_bounded_and_users_are_not() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    let (a, b) = (a.max_strangers(2 * 4096), b.max_strangers(2 * 4096));
    let mut expired = stranger(0xab01);
    expired.expires = NOW;
    insert(&a, &expired).await;
    let first = stranger(0xab00);
    insert(&a, &first).await;
    assert!(!is_full(&b, stranger(0xab0f)).await);
    assert!(is_full(&a, stranger(0xab05)).await, "two in this part");
    assert!(is_full(&b, stranger(0xab05)).await);
    assert!(!is_full(&a, stranger(0xab10)).await, "another part");
    assert!(!is_full(&a, session(0xab05)).await, "a user");
    let again = a.insert(Insert::new(first.clone(), NOW)).await;
    assert_eq!(again.unwrap(), Inserted::Taken, "taken rather than full");

    let moved = stranger(0xab02);
    let rotate = Rotate::new(first.id, first.version, moved.clone(), NOW);
    assert_eq!(
        a.rotate(rotate).await.unwrap(),
        Swap::Done,
        "no more than before"
    );
    let login = Rotate::new(moved.id, moved.version, session(0xab03), NOW);
    assert_eq!(
        a.rotate(login).await.unwrap(),
        Swap::Done,
        "a login is never refused"
    );
    assert!(
        !is_full(&a, stranger(0xab05)).await,
        "it has left its place"
    );
    let user = session(0xab04);
    insert(&a, &user).await;
    let nobody = Rotate::new(user.id, user.version, stranger(0xab04), NOW);
    assert!(a.rotate(nobody).await.unwrap_err().is_full());
    assert!(
        load(&a, &user).await.is_some(),
        "the old record is untouched"
    );
}

#[tokio::test]
async fn at_most_ends_a_session_with_its_series_and_counts_series_too() {
    let Some(Two {
        a,
        b: _,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    let browser = |seen| {
        let mut remembered = series(1);
        let mut session = of_series(&remembered);
        (session.seen, remembered.seen) = (at(seen), at(seen));
        (session, remembered)
    };
    let mut ids = Vec::new();
    for seen in 1..=4 {
        let (session, remembered) = browser(seen);
        ids.push((session.id, remembered.id));
        if seen == 2 {
            insert(&a, &remembered).await; // its session is closed
            continue;
        }
        let mut login = Insert::new(session, NOW);
        login.series = Some(remembered);
        // The last looks older than all others, and stays.
        if seen == 4 {
            login.record.seen = at(0);
            login.at_most = Some(2);
        }
        assert_eq!(a.insert(login).await.unwrap(), Inserted::Done);
    }
    let left = async |kind| -> Vec<RecordId> {
        let list = ListByUser::new(kind, user(1), NOW);
        let mut left: Vec<_> = a.list(list).await.unwrap();
        left.sort_by_key(|record| record.id);
        left.into_iter().map(|record| record.id).collect()
    };
    assert_eq!(left(RecordKind::Session).await, [ids[2].0, ids[3].0]);
    assert_eq!(left(RecordKind::Series).await, [ids[2].1, ids[3].1]);
}

#[tokio::test]
async fn a_sweep_keeps_to_its_limit_and_to_what_has_expired() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..10 {
        insert(&a, &session(home)).await;
    }
    let mut late = session(1);
    late.expires = at(3_000);
    insert(&a, &late).await;
    assert_eq!(a.sweep(Sweep::new(NOW, 100)).await.unwrap(), 0);
    assert_eq!(a.sweep(Sweep::new(LATER, 4)).await.unwrap(), 4);
    assert_eq!(b.sweep(Sweep::new(LATER, u64::MAX)).await.unwrap(), 6);
    assert_eq!(alive(&a, 1).await, 1);
}

#[tokio::test]
async fn one_server_sweeps_at_a_time_and_waits_for_no_row() {
    let Some(Two { a, b: _, database }) = two().await else {
        return;
    };
    let (kept, swept) = (session(1), session(1));
    insert(&a, &kept).await;
    insert(&a, &swept).await;
    let pool = database.pool().await;

    let mut sweeping = pool.begin().await.unwrap();
    let lock = "select pg_advisory_xact_lock(1886351989, 0)";
    sqlx::query(lock).execute(&mut *sweeping).await.unwrap();
    assert_eq!(a.sweep(Sweep::new(LATER, 100)).await.unwrap(), 0);
    sweeping.rollback().await.unwrap();

    let mut using = pool.begin().await.unwrap();
    let row = "select from portcullis_records where id = $1 for update";
    let row = sqlx::query(row).bind(*kept.id.as_bytes());
    row.execute(&mut *using).await.unwrap();
    assert_eq!(a.sweep(Sweep::new(LATER, 100)).await.unwrap(), 1);
    using.rollback().await.unwrap();
    assert_eq!(
        (load(&a, &kept).await, load(&a, &swept).await),
        (Some(kept), None)
    );
}

#[tokio::test]
async fn the_session_that_ends_its_own_series_stays() {
    let Some(Two {
        a,
        b: _,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    let remembered = series(1);
    let (old, other) = (of_series(&remembered), of_series(&remembered));
    insert(&a, &remembered).await;
    insert(&a, &old).await;
    insert(&a, &other).await;
    let mut rotate = Rotate::new(old.id, old.version, session(1), NOW);
    rotate.ends_series = Some(remembered.id);
    let new = rotate.new.clone();
    assert_eq!(a.rotate(rotate).await.unwrap(), Swap::Done);
    assert_eq!(load(&a, &new).await, Some(new.clone()));
    assert_eq!(alive(&a, 1).await, 1);

    let mut onto_itself = Rotate::new(new.id, new.version, new.clone(), NOW);
    onto_itself.series = Some(series(1));
    assert_eq!(a.rotate(onto_itself).await.unwrap(), Swap::Conflict);
    assert_eq!(alive(&a, 1).await, 1);
    assert_ne!(id(1), id(1));
}
