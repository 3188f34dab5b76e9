//! Nodes of a cluster that forget, are full, or are slow.

use std::time::Duration;

use portcullis::store::{Inserted, Load, RedisStore, Rotate, SessionStore, Swap};
use redis::cluster::ClusterClientBuilder;
use tokio::task::spawn_blocking;

use super::{
    faults::{dump, every_step, restore, run},
    records::{
        insert, load, log_in, now, remembered, rotate, series, session, sessions, stranger, update,
    },
    servers::{self, OwnRedis},
};

async fn own_cluster() -> Option<Vec<OwnRedis>> {
    spawn_blocking(servers::own_cluster).await.unwrap()
}

async fn cluster_store(nodes: &[OwnRedis]) -> RedisStore {
    let client = ClusterClientBuilder::new(nodes.iter().map(OwnRedis::url))
        .response_timeout(Duration::from_millis(300))
        .overall_response_timeout(Some(Duration::from_secs(20)))
        .build()
        .unwrap();
    RedisStore::cluster(client.get_async_connection().await.unwrap())
}

#[tokio::test]
async fn scripts_that_a_node_has_forgotten_are_sent_again() {
    let Some(nodes) = own_cluster().await else {
        return;
    };
    let store = cluster_store(&nodes).await;
    for round in 0..2 {
        every_step(&store).await;
        assert_eq!(
            insert(&store, &stranger(0xbbb0, round)).await,
            Inserted::Done
        );
        let swap = rotate(&store, &stranger(0xbbb0, round), &session(0x7770, round)).await;
        assert_eq!(swap, Swap::Done);
        run(&nodes[round as usize].client(), &["SCRIPT", "FLUSH"]).await;
    }
}

#[tokio::test]
async fn a_login_across_parts_that_finds_no_memory_leaves_the_old_record() {
    let Some(nodes) = own_cluster().await else {
        return;
    };
    let store = cluster_store(&nodes).await;
    let clients: Vec<_> = nodes.iter().map(OwnRedis::client).collect();
    let old = stranger(0xbbb0, 1);
    assert_eq!(insert(&store, &old).await, Inserted::Done);
    log_in(&store, remembered(0x0010, 2)).await;
    let before = dump(&clients).await;
    for client in &clients {
        run(client, &["CONFIG", "SET", "maxmemory", "1"]).await;
    }
    let mut step = Rotate::new(old.id, old.version, session(0x7770, 1), now());
    step.ends_series = Some(series(0x0010, 2).id);
    store.rotate(step.clone()).await.unwrap_err();
    assert_eq!(dump(&clients).await, before);
    for client in &clients {
        run(client, &["CONFIG", "SET", "maxmemory", "0"]).await;
    }
    assert_eq!(store.rotate(step).await.unwrap(), Swap::Done);
    assert_eq!(load(&store, &series(0x0010, 2)).await, None);
}

#[tokio::test]
async fn a_step_that_the_client_sends_again_is_done_once() {
    let Some(nodes) = own_cluster().await else {
        return;
    };
    let store = cluster_store(&nodes).await;
    let (old, new) = (session(0x7770, 1), session(0x7770, 2));
    log_in(&store, remembered(0x7770, 3)).await;
    every_step(&store).await; // the scripts are there
    let paused = async |step: &dyn Fn() -> tokio::task::JoinHandle<()>| {
        nodes.iter().for_each(OwnRedis::pause);
        let stepping = step();
        // Longer than the client waits for an answer. It asks again as soon as
        // there is something else to do, and both calls arrive.
        tokio::time::sleep(Duration::from_millis(700)).await;
        nodes.iter().for_each(OwnRedis::resume);
        while !stepping.is_finished() {
            let record = session(0x7770, 99);
            let load = Load::new(record.kind, record.id, now());
            let _ = store.load(load).await;
        }
        stepping.await.unwrap();
    };
    let same = || (store.clone(), old.clone(), new.clone());
    paused(&|| {
        let (store, old, _) = same();
        tokio::spawn(async move { assert_eq!(insert(&store, &old).await, Inserted::Done) })
    })
    .await;
    paused(&|| {
        let (store, old, new) = same();
        tokio::spawn(async move { assert_eq!(rotate(&store, &old, &new).await, Swap::Done) })
    })
    .await;
    paused(&|| {
        let (store, _, new) = same();
        let updating = async move { update(&store, &new, new.version).await };
        tokio::spawn(async move { assert_eq!(updating.await, Swap::Done) })
    })
    .await;
    paused(&|| {
        let (store, _, _) = same();
        let restoring = async move { store.restore(restore(0x7770, 3, 4)).await.unwrap() };
        tokio::spawn(async move { assert_eq!(restoring.await, Swap::Done) })
    })
    .await;
    let read = load(&store, &new).await.unwrap();
    assert_eq!(read.version, new.version.next());
    assert_eq!(sessions(&store, 0x7770).await, 3);
}
