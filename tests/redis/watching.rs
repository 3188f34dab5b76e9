//! Who watches hears of an end on another server.

use std::{future::Future, sync::Arc, time::Duration};

use portcullis::{
    SystemClock,
    store::{
        Delete, DeleteByUser, End, Insert, Inserted, Record, RecordKind, RedisStore, Restore,
        Rotate, SessionStore, Swap, Watch,
    },
};
use redis::Client;
use tokio::{runtime::Runtime, task::JoinHandle, time::timeout};

use super::{
    records::{insert, log_in, now, remembered, session, user},
    servers::{self, OwnRedis},
    store_in, store_on,
};

/// Far less than the minute after which who listens asks anyway.
const SOON: Duration = Duration::from_secs(20);

fn watch_step(record: &Record) -> Watch {
    Watch::new(record.kind, record.id, Arc::new(SystemClock))
}

fn watch(store: &RedisStore, record: &Record) -> JoinHandle<()> {
    let (store, step) = (store.clone(), watch_step(record));
    tokio::spawn(async move { store.watch(step).await })
}

async fn hears(watching: JoinHandle<()>) {
    timeout(SOON, watching)
        .await
        .expect("nothing was heard")
        .unwrap();
}

/// Until so many have subscribed to the channel.
async fn subscribed(client: &Client, prefix: &str, wanted: u32) {
    let channel = format!("{prefix}:ended");
    let poll = async {
        loop {
            let asked = async {
                let mut connection = client.get_multiplexed_async_connection().await?;
                let mut count = redis::cmd("PUBSUB");
                count.arg("NUMSUB").arg(&channel);
                count.query_async::<(String, u32)>(&mut connection).await
            };
            if asked.await.is_ok_and(|(_, count)| count == wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, poll).await.expect("nobody subscribes");
}

/// Ends one of two sessions on one store; a watch of it on another ends, and
/// that of the other session goes on.
async fn tells<F: Future>(
    here: &RedisStore,
    there: &RedisStore,
    home: u16,
    end: impl FnOnce(RedisStore, Record) -> F,
) {
    let (ended, mut stays) = (session(home, 1), session(home, 2));
    stays.seen = now().plus(Duration::from_secs(5));
    for record in [&ended, &stays] {
        assert_eq!(insert(here, record).await, Inserted::Done);
    }
    let (watching, waiting) = (watch(there, &ended), watch(there, &stays));
    end(here.clone(), ended).await;
    hears(watching).await;
    assert!(!waiting.is_finished());
    here.delete_by_user(DeleteByUser::new(user(home)))
        .await
        .unwrap();
    hears(waiting).await;
}

async fn tells_of_every_end(here: RedisStore, there: RedisStore) {
    tells(
        &here,
        &there,
        1,
        async |store: RedisStore, record: Record| {
            assert!(
                store
                    .delete(Delete::new(record.kind, record.id))
                    .await
                    .unwrap()
            );
        },
    )
    .await;
    tells(
        &here,
        &there,
        2,
        async |store: RedisStore, record: Record| {
            let mut end = End::new();
            end.session = Some(record.id);
            assert_eq!(store.end(end).await.unwrap(), 1);
        },
    )
    .await;
    tells(
        &here,
        &there,
        3,
        async |store: RedisStore, record: Record| {
            let mut step = DeleteByUser::new(user(3));
            step.except = Some(session(3, 2).id);
            assert_eq!(store.delete_by_user(step).await.unwrap(), 1, "{record:?}");
        },
    )
    .await;
    tells(
        &here,
        &there,
        4,
        async |store: RedisStore, record: Record| {
            let step = Rotate::new(record.id, record.version, session(0x9000, 1), now());
            assert_eq!(store.rotate(step).await.unwrap(), Swap::Done);
        },
    )
    .await;
    tells(&here, &there, 5, async |store: RedisStore, _: Record| {
        let mut step = Insert::new(session(5, 3), now());
        step.at_most = Some(2);
        assert_eq!(store.insert(step).await.unwrap(), Inserted::Done);
    })
    .await;
    tells(
        &here,
        &there,
        6,
        async |store: RedisStore, record: Record| {
            let (mut restored, known) = remembered(6, 7);
            assert_eq!(insert(&store, &known).await, Inserted::Done);
            let mut next = known.clone();
            next.version = known.version.next();
            restored.series = Some(known.id);
            let mut step = Restore::new(known.version, next, restored, now());
            step.ends_session = Some(record.id);
            assert_eq!(store.restore(step).await.unwrap(), Swap::Done);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_on_another_server_is_heard() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let (here, there) = (store_on(&server).await, store_on(&server).await);
    let other = session(0x8000, 1);
    assert_eq!(insert(&here, &other).await, Inserted::Done);
    let watching = watch(&there, &other);
    subscribed(&server.client, &server.prefix, 1).await;
    tells_of_every_end(here, there).await;
    assert!(!watching.is_finished());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_on_another_server_is_heard_in_a_cluster() {
    let Some(cluster) = servers::redis_cluster().await else {
        return;
    };
    let (here, there) = (store_in(&cluster).await, store_in(&cluster).await);
    let other = session(0x8000, 1);
    assert_eq!(insert(&here, &other).await, Inserted::Done);
    let watching = watch(&there, &other);
    subscribed(&cluster.nodes[2], &cluster.prefix, 1).await;
    tells_of_every_end(here, there).await;
    assert!(!watching.is_finished());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_listening_an_end_is_seen_all_the_same() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let connection = server.client.get_connection_manager().await.unwrap();
    let there = RedisStore::new(connection).key_prefix(&server.prefix);
    let here = store_on(&server).await;
    log_in(&here, remembered(1, 1)).await;
    let watching = watch(&there, &session(1, 1));
    assert_eq!(
        here.delete_by_user(DeleteByUser::new(user(1)))
            .await
            .unwrap(),
        2
    );
    hears(watching).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_to_another_redis_finds_out() {
    let (Some(server), Some(elsewhere)) = (servers::redis().await, own_server().await) else {
        return;
    };
    let here = store_on(&server).await;
    let there = store_on(&server).await.listen(elsewhere.client());
    log_in(&here, remembered(1, 1)).await;
    let watching = watch(&there, &session(1, 1));
    subscribed(&elsewhere.client(), &server.prefix, 1).await;
    assert_eq!(
        here.delete_by_user(DeleteByUser::new(user(1)))
            .await
            .unwrap(),
        2
    );
    hears(watching).await;
}

async fn own_server() -> Option<OwnRedis> {
    let server = tokio::task::spawn_blocking(servers::own_redis);
    server.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_comes_back_after_its_connection_and_after_its_server() {
    let Some(server) = own_server().await else {
        return;
    };
    let client = server.client();
    let store = async || {
        let connection = client.get_connection_manager().await.unwrap();
        RedisStore::new(connection).listen(client.clone())
    };
    let (here, there) = (store().await, store().await);
    for rest in 1..=3 {
        assert_eq!(insert(&here, &session(1, rest)).await, Inserted::Done);
    }
    let first = watch(&there, &session(1, 1));
    let second = watch(&there, &session(1, 2));
    let third = watch(&there, &session(1, 3));
    subscribed(&client, "portcullis", 1).await;

    // An end while nobody listens is found when somebody listens again.
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut pipe = redis::pipe();
    pipe.cmd("CLIENT")
        .arg("KILL")
        .arg("TYPE")
        .arg("pubsub")
        .ignore();
    pipe.cmd("DEL")
        .arg(format!("portcullis:{{000}}:0:{}", session(1, 1).id));
    let killed: Vec<u32> = pipe.query_async(&mut connection).await.unwrap();
    assert_eq!(killed, [1]);
    hears(first).await;
    subscribed(&client, "portcullis", 1).await;
    assert!(
        here.delete(Delete::new(RecordKind::Session, session(1, 2).id))
            .await
            .unwrap()
    );
    hears(second).await;

    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server.start();
        server
    });
    let _server = server.await.unwrap();
    subscribed(&client, "portcullis", 1).await;
    assert!(!third.is_finished(), "the data is still there");
    let deleting = async {
        // The connection of the other store mends itself with the first command.
        let step = Delete::new(RecordKind::Session, session(1, 3).id);
        while here.delete(step.clone()).await.is_err() {}
    };
    timeout(SOON, deleting).await.unwrap();
    hears(third).await;
    drop(there);
    subscribed(&client, "portcullis", 0).await;
}

#[test]
fn a_listener_outlives_the_runtime_that_began_it() {
    let runtime = || Runtime::new().unwrap();
    let (first, second) = (runtime(), runtime());
    let Some(server) = second.block_on(own_server()) else {
        return;
    };
    let client = server.client();
    let store = second.block_on(async {
        let connection = client.get_connection_manager().await.unwrap();
        RedisStore::new(connection).listen(client.clone())
    });
    let record = session(1, 1);
    assert_eq!(second.block_on(insert(&store, &record)), Inserted::Done);
    let (watched, step) = (store.clone(), watch_step(&record));
    first.spawn(async move { watched.watch(step).await });
    let (listener, watching) = second.block_on(async {
        subscribed(&client, "portcullis", 1).await;
        let listener = listener_other_than(&client, "").await;
        // It looks once, and is content for a minute.
        let before = looks(&client).await;
        let watching = watch(&store, &record);
        while looks(&client).await == before {}
        (listener, watching)
    });
    first.shutdown_background();
    second.block_on(async {
        listener_other_than(&client, &listener).await;
        assert!(!watching.is_finished());
        let delete = Delete::new(record.kind, record.id);
        assert!(store.delete(delete).await.unwrap());
        hears(watching).await;
    });
}

/// The connection of the one who listens on this server, once it is another.
async fn listener_other_than(client: &Client, other: &str) -> String {
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let poll = async {
        loop {
            let mut list = redis::cmd("CLIENT");
            list.arg("LIST").arg("TYPE").arg("pubsub");
            let list: String = list.query_async(&mut connection).await.unwrap();
            let mut ids = list.lines().filter_map(|line| line.split(' ').next());
            if let Some(id) = ids.find(|id| *id != other) {
                return id.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, poll).await.expect("nobody listens")
}

/// How often anybody has looked for a record.
async fn looks(client: &Client) -> Option<String> {
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut info = redis::cmd("INFO");
    info.arg("commandstats");
    let info: String = info.query_async(&mut connection).await.unwrap();
    let line = info.lines().find(|line| line.starts_with("cmdstat_hmget:"));
    line.map(str::to_owned)
}
