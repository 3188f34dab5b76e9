//! No step reads the whole table.

use portcullis::store::{
    Delete, DeleteByUser, End, Insert, ListByUser, Load, PostgresStore, RecordKind, Restore,
    Rotate, SessionStore, Swap, Sweep, Touch, Update,
};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    servers,
    support::{LATER, NOW, at, insert, load, next, of_series, series, session, stranger, user},
};

/// 30 000 records of 5 000 users, 10 000 of strangers, 1 000 of them expired.
const FILL: &str = "
    insert into portcullis_records
    select n % 2, sha256(n::text::bytea), '', case when n < 30000
        then substr(sha256((n / 6)::text::bytea), 1, 16) end,
        case when n % 2 = 0 and n < 30000 then sha256((n + 1)::text::bytea) end,
        1000, 1000, case when n % 40 = 0 then 500 else 2000 end, 1, '\\x010203'
    from generate_series(0, 39999) n";

#[tokio::test]
async fn every_step_uses_an_index() {
    let Some(database) = servers::postgres().await else {
        return;
    };
    // One connection, as each counts its scans for itself.
    let options = PgPoolOptions::new().max_connections(1);
    let pool = options.connect(database.url()).await.unwrap();
    let store = PostgresStore::new(pool.clone());
    store.migrate().await.unwrap();
    // First as on a new server: plans are made while there is next to nothing.
    steps(&store).await;
    sqlx::query(FILL).execute(&pool).await.unwrap();
    sqlx::query("analyze portcullis_records")
        .execute(&pool)
        .await
        .unwrap();
    let before = scans(&pool).await;
    // More than five times: then a plan is made that is kept.
    for _ in 0..8 {
        steps(&store).await;
    }
    assert_eq!(
        scans(&pool).await,
        before,
        "a step has read the whole table"
    );
    let all = "select from portcullis_records where version = -5";
    sqlx::query(all).execute(&pool).await.unwrap();
    assert_eq!(scans(&pool).await, before + 1, "such a scan is counted");
}

async fn scans(pool: &PgPool) -> i64 {
    sqlx::query("select pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    let scans = "select seq_scan from pg_stat_user_tables where relname = 'portcullis_records'";
    sqlx::query_scalar(scans).fetch_one(pool).await.unwrap()
}

/// Every step, with all that it can be asked to do.
async fn steps(store: &PostgresStore) {
    insert(store, &stranger(1)).await;
    let remembered = series(1);
    let first = of_series(&remembered);
    for seen in 0..3 {
        let mut old = of_series(&series(1));
        old.seen = at(seen);
        insert(store, &old).await;
    }
    let mut login = Insert::new(first.clone(), NOW);
    (login.series, login.at_most) = (Some(remembered.clone()), Some(2));
    login.ends_series = Some(series(1).id);
    let _ = store.insert(login).await.unwrap();
    let restored = of_series(&remembered);
    let mut restore = Restore::new(remembered.version, next(&remembered), restored.clone(), NOW);
    (restore.ends_session, restore.at_most) = (Some(first.id), Some(2));
    assert_eq!(store.restore(restore).await.unwrap(), Swap::Done);
    assert!(load(store, &restored).await.is_some());
    let update = |version| Update::new(restored.kind, restored.id, version, vec![4].into(), NOW);
    let swap = store.update(update(restored.version)).await;
    assert_eq!(swap.unwrap(), Swap::Done);
    let touch = Touch::new(restored.kind, restored.id, LATER, NOW, NOW);
    assert!(store.touch(touch).await.unwrap());
    let mut rotate = Rotate::new(restored.id, restored.version.next(), session(2), NOW);
    (rotate.ends_series, rotate.end_others, rotate.at_most) = (Some(remembered.id), true, Some(2));
    rotate.series = Some(series(2));
    assert_eq!(store.rotate(rotate).await.unwrap(), Swap::Done);
    let listed = store
        .list(ListByUser::new(RecordKind::Session, user(2), NOW))
        .await;
    let listed = listed.unwrap();
    let mut end = End::new();
    (end.session, end.series) = (Some(listed[0].id), Some(remembered.id));
    store.end(end).await.unwrap();
    let delete = Delete::new(RecordKind::Series, remembered.id);
    assert!(!store.delete(delete).await.unwrap());
    let mut all = DeleteByUser::new(user(1));
    all.except = Some(first.id);
    store.delete_by_user(all).await.unwrap();
    store
        .load(Load::new(RecordKind::Counter, first.id, NOW))
        .await
        .unwrap();
    store.sweep(Sweep::new(NOW, 10)).await.unwrap();
}
