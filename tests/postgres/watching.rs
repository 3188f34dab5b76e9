//! A session that ends on one server ends there where it is watched.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis::{
    Clock, Timestamp,
    store::{
        Delete, DeleteByUser, End, Insert, PostgresStore, Record, Restore, Rotate, SessionStore,
        Swap, Watch,
    },
};
use sqlx::PgPool;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use crate::{
    proxy::Proxy,
    servers,
    support::{NOW, Two, at, insert, next, of_series, series, session, two, user},
};

/// A clock that stands still, and says when it is asked: that is when a watcher looks.
struct Looks(mpsc::UnboundedSender<()>);

impl Clock for Looks {
    fn now(&self) -> Timestamp {
        self.0.send(()).ok();
        NOW
    }
}

struct Watching {
    watch: JoinHandle<()>,
    looks: mpsc::UnboundedReceiver<()>,
}

/// Watches a record; it is heard of from the first look on.
async fn watch(store: &PostgresStore, record: &Record) -> Watching {
    let (sender, looks) = mpsc::unbounded_channel();
    let (store, step) = (
        store.clone(),
        Watch::new(record.kind, record.id, Arc::new(Looks(sender))),
    );
    let watch = tokio::spawn(async move { store.watch(step).await });
    let mut watching = Watching { watch, looks };
    watching.look().await;
    watching
}

impl Watching {
    async fn look(&mut self) {
        self.looks.recv().await.unwrap();
    }

    async fn ends(self) {
        let ended = timeout(Duration::from_secs(40), self.watch).await;
        ended.expect("nobody told the watcher").unwrap();
    }
}

const LISTENERS: &str = "select pid from pg_stat_activity \
    where datname = current_database() and query like 'LISTEN%'";

/// Waits until a listener is there that is not `before`, and is trusted: until
/// then a watcher looks each second, and again when that is over.
async fn listening(pool: &PgPool, watching: &mut Watching, before: Option<i32>) -> i32 {
    let pid = loop {
        let listeners = sqlx::query_scalar(LISTENERS).fetch_all(pool).await;
        let pids: Vec<i32> = listeners.unwrap_or_default();
        if let Some(pid) = pids.into_iter().find(|pid| Some(*pid) != before) {
            break pid;
        }
        tokio::task::yield_now().await;
    };
    while timeout(Duration::from_millis(2_500), watching.look())
        .await
        .is_ok()
    {}
    pid
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_end_a_session_is_heard_on_the_other_server() {
    let Some(Two { a, b, database }) = two().await else {
        return;
    };
    let kept = session(9);
    insert(&a, &kept).await;
    let mut watching = watch(&a, &kept).await;
    listening(&database.pool().await, &mut watching, None).await;

    let started = Instant::now();
    for home in 0..3 {
        let record = session(home);
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        assert!(b.delete(Delete::new(record.kind, record.id)).await.unwrap());
        watching.ends().await;

        let record = session(home);
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        let mut end = End::new();
        end.session = Some(record.id);
        assert_eq!(b.end(end).await.unwrap(), 1);
        watching.ends().await;

        let remembered = series(home);
        let record = of_series(&remembered);
        insert(&a, &remembered).await;
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        let mut end = End::new();
        end.series = Some(remembered.id);
        assert_eq!(b.end(end).await.unwrap(), 2);
        watching.ends().await;

        let record = session(home);
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        let mut login = Insert::new(session(home + 100), NOW);
        let other = series(home);
        login.ends_series = Some(other.id);
        let mut of_other = of_series(&other);
        of_other.seen = at(1);
        insert(&a, &of_other).await;
        let watching_other = watch(&a, &of_other).await;
        let _ = b.insert(login).await.unwrap();
        watching_other.ends().await;
        assert_eq!(
            b.delete_by_user(DeleteByUser::new(user(home)))
                .await
                .unwrap(),
            1
        );
        watching.ends().await;

        let record = session(home);
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        let rotate = Rotate::new(record.id, record.version, session(home + 100), NOW);
        assert_eq!(b.rotate(rotate).await.unwrap(), Swap::Done);
        watching.ends().await;

        let record = session(home);
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        let mut login = Insert::new(session(home), NOW);
        login.at_most = Some(1);
        let _ = b.insert(login).await.unwrap();
        watching.ends().await;

        let (old, record) = (session(home), session(home));
        insert(&a, &old).await;
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        let mut rotate = Rotate::new(old.id, old.version, session(home), NOW);
        rotate.end_others = true;
        assert_eq!(b.rotate(rotate).await.unwrap(), Swap::Done);
        watching.ends().await;

        let (remembered, record) = (series(home), session(home));
        insert(&a, &remembered).await;
        insert(&a, &record).await;
        let watching = watch(&a, &record).await;
        let session = of_series(&remembered);
        let mut restore = Restore::new(remembered.version, next(&remembered), session, NOW);
        restore.ends_session = Some(record.id);
        assert_eq!(b.restore(restore).await.unwrap(), Swap::Done);
        watching.ends().await;
    }
    let took = started.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "each second is no way to hear: {took:?}"
    );
    assert!(!watching.watch.is_finished(), "that one is alive");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_nothing() {
    let Some(Two { a, b, database }) = two().await else {
        return;
    };
    let record = session(1);
    insert(&a, &record).await;
    let mut listener = sqlx::postgres::PgListener::connect(database.url())
        .await
        .unwrap();
    listener.listen("portcullis").await.unwrap();
    let absent = session(1);
    assert!(!b.delete(Delete::new(absent.kind, absent.id)).await.unwrap());
    let mut end = End::new();
    (end.session, end.series) = (Some(absent.id), Some(absent.id));
    assert_eq!(b.end(end).await.unwrap(), 0);
    assert_eq!(
        b.delete_by_user(DeleteByUser::new(user(2))).await.unwrap(),
        0
    );
    let mut login = Insert::new(session(1), NOW);
    (login.at_most, login.ends_series) = (Some(5), Some(absent.id));
    let _ = b.insert(login).await.unwrap();
    // Notifications come in order: the first is of what is deleted last, once a home.
    let last = [session(3), session(3)];
    insert(&a, &last[0]).await;
    insert(&a, &last[1]).await;
    assert_eq!(
        b.delete_by_user(DeleteByUser::new(user(3))).await.unwrap(),
        2
    );
    assert!(b.delete(Delete::new(record.kind, record.id)).await.unwrap());
    for home in ["0003", "0001"] {
        let heard = timeout(Duration::from_secs(30), listener.recv()).await;
        assert_eq!(heard.unwrap().unwrap().payload(), home);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_killed_comes_back() {
    let Some(Two { a, b, database }) = two().await else {
        return;
    };
    let pool = database.pool().await;
    let record = session(1);
    insert(&a, &record).await;
    let mut watching = watch(&a, &record).await;
    let pid = listening(&pool, &mut watching, None).await;
    let kill = sqlx::query("select pg_terminate_backend($1)").bind(pid);
    kill.execute(&pool).await.unwrap();
    watching.look().await; // what was missed meanwhile
    let other = listening(&pool, &mut watching, Some(pid)).await;
    assert_ne!(pid, other);
    assert!(b.delete(Delete::new(record.kind, record.id)).await.unwrap());
    watching.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_outlives_a_restart_of_the_database() {
    let Some(server) = spawn_blocking(servers::own_postgres).await.unwrap() else {
        return;
    };
    let a = PostgresStore::new(server.pool().await);
    a.migrate().await.unwrap();
    let pool = server.pool().await;
    let b = PostgresStore::new(pool.clone());
    let (first, second) = (session(1), session(2));
    insert(&a, &first).await;
    insert(&a, &second).await;
    let (mut one, two) = (watch(&a, &first).await, watch(&a, &second).await);
    let pid = listening(&pool, &mut one, None).await;

    let server = spawn_blocking(move || {
        server.stop();
        server
    });
    let server = server.await.unwrap();
    one.look().await; // and does not take an error for an end
    assert!(!one.watch.is_finished());
    let server = spawn_blocking(move || {
        server.start();
        server
    });
    let server = server.await.unwrap();
    assert!(b.delete(Delete::new(first.kind, first.id)).await.unwrap());
    one.ends().await;

    let mut two = two;
    let again = listening(&pool, &mut two, Some(pid)).await;
    assert_ne!(pid, again);
    assert!(b.delete(Delete::new(second.kind, second.id)).await.unwrap());
    two.ends().await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_polls_hears_within_seconds_and_does_not_listen() {
    let Some(Two { a, b, database }) = two().await else {
        return;
    };
    let a = a.polling();
    let record = session(1);
    insert(&a, &record).await;
    let mut watching = watch(&a, &record).await;
    watching.look().await;
    let listeners = sqlx::query_scalar::<_, i32>(LISTENERS)
        .fetch_all(&database.pool().await)
        .await;
    assert_eq!(listeners.unwrap(), [0; 0]);
    assert!(b.delete(Delete::new(record.kind, record.id)).await.unwrap());
    watching.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_hears_nothing_is_not_trusted() {
    let Some(Two { a: _, b, database }) = two().await else {
        return;
    };
    let deaf = Proxy::before(database.url()).await.store().await;
    let record = session(1);
    insert(&b, &record).await;
    let mut watching = watch(&deaf, &record).await;
    for _ in 0..8 {
        let look = timeout(Duration::from_secs(4), watching.look()).await;
        look.expect("it waits to be told");
    }
    assert!(b.delete(Delete::new(record.kind, record.id)).await.unwrap());
    watching.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_ends_no_watch() {
    let Some(server) = spawn_blocking(servers::own_postgres).await.unwrap() else {
        return;
    };
    let (a, b) = (
        PostgresStore::new(server.pool().await),
        PostgresStore::new(server.pool().await),
    );
    a.migrate().await.unwrap();
    let record = session(1);
    insert(&a, &record).await;
    let mut watching = watch(&a, &record).await;
    server.pause();
    watching.look().await;
    let delete = b.delete(Delete::new(record.kind, record.id));
    let mut delete = std::pin::pin!(delete);
    timeout(Duration::from_secs(2), &mut delete)
        .await
        .expect_err("nobody is there to do it");
    assert!(!watching.watch.is_finished());
    server.resume();
    assert!(delete.await.unwrap());
    watching.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_ends_with_its_store() {
    let Some(Two { a, b, database }) = two().await else {
        return;
    };
    let pool = database.pool().await;
    let record = session(1);
    insert(&a, &record).await;
    let mut watching = watch(&a, &record).await;
    listening(&pool, &mut watching, None).await;
    assert!(b.delete(Delete::new(record.kind, record.id)).await.unwrap());
    watching.ends().await;
    drop(a);
    while !sqlx::query_scalar::<_, i32>(LISTENERS)
        .fetch_all(&pool)
        .await
        .unwrap()
        .is_empty()
    {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_listener_outlives_the_runtime_that_began_it() {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_all().build().unwrap()
    };
    let first = runtime();
    let Some((store, database)) = first.block_on(async {
        let Two { a, b: _, database } = two().await?;
        let record = session(1);
        insert(&a, &record).await;
        let mut watching = watch(&a, &record).await;
        listening(&database.pool().await, &mut watching, None).await;
        Some((a, database))
    }) else {
        return;
    };
    drop(first);
    runtime().block_on(async {
        // What was connected belongs to the first runtime.
        let other = PostgresStore::new(database.pool().await);
        let record = session(2);
        insert(&other, &record).await;
        let mut watching = watch(&store, &record).await;
        listening(&database.pool().await, &mut watching, None).await;
        assert!(
            other
                .delete(Delete::new(record.kind, record.id))
                .await
                .unwrap()
        );
        watching.ends().await;
    });
}
