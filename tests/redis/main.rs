//! The Redis store, on one server and on a cluster.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../servers/mod.rs"]
mod servers;

mod faults;
mod keys;
mod model;
mod nodes;
mod races;
mod records;
mod watching;

use portcullis::{
    store::{Delete, Inserted, RecordKind, RedisStore},
    testing::{Violations, conformance},
};
use records::{insert, load, session};
use servers::{Cluster, RedisServer};

async fn store_on(server: &RedisServer) -> RedisStore {
    let connection = server.client.get_connection_manager().await.unwrap();
    RedisStore::new(connection)
        .key_prefix(&server.prefix)
        .listen(server.client.clone())
}

async fn store_in(cluster: &Cluster) -> RedisStore {
    let connection = cluster.client().get_async_connection().await.unwrap();
    RedisStore::cluster(connection)
        .key_prefix(&cluster.prefix)
        .listen(cluster.nodes[2].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract_on_one_server() -> Result<(), Violations> {
    let Some(server) = servers::redis().await else {
        return Ok(());
    };
    conformance(store_on(&server).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract_on_a_cluster() -> Result<(), Violations> {
    let Some(cluster) = servers::redis_cluster().await else {
        return Ok(());
    };
    conformance(store_in(&cluster).await).await
}

#[tokio::test]
async fn two_prefixes_are_two_stores_and_two_clones_are_one() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = store_on(&server).await;
    let other = store
        .clone()
        .key_prefix(&format!("{}:other", server.prefix));
    let record = session(1, 1);
    assert_eq!(insert(&store, &record).await, Inserted::Done);
    assert_eq!(load(&store.clone(), &record).await, Some(record.clone()));
    assert_eq!(load(&other, &record).await, None);
}

#[tokio::test]
async fn a_record_is_kept_byte_for_byte_and_to_the_last_number() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = store_on(&server).await;
    let mut record = session(1, 1);
    record.body = (0..=255).cycle().take(20_000).collect::<Vec<u8>>().into();
    let most = portcullis::Timestamp::from_unix_seconds(u64::MAX);
    (record.created, record.seen, record.expires) = (most, most, most);
    record.version = portcullis::store::Version::from_number(u64::MAX - 1);
    assert_eq!(insert(&store, &record).await, Inserted::Done);
    assert_eq!(load(&store, &record).await, Some(record.clone()));
    let stale = portcullis::store::Version::from_number(u64::MAX);
    assert_eq!(
        records::update(&store, &record, stale).await,
        portcullis::store::Swap::Conflict,
        "a double does not tell these versions apart"
    );
    let deletes = Delete::new(RecordKind::Session, record.id);
    assert!(
        portcullis::store::SessionStore::delete(&store, deletes)
            .await
            .unwrap()
    );
}
