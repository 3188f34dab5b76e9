//! A server that forgets, is full, refuses, or is gone.

use std::{collections::BTreeMap, time::Duration};

use portcullis::store::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordKind, RedisStore,
    Restore, Rotate, SessionStore, Swap, Touch, Update,
};
use redis::{
    Client,
    aio::{ConnectionManagerConfig, MultiplexedConnection},
};
use tokio::task::spawn_blocking;

use super::{
    records::{
        insert, load, log_in, now, remembered, rotate, series, session, sessions, stranger, update,
        user,
    },
    servers::{self, OwnRedis},
};

async fn own_server() -> Option<OwnRedis> {
    spawn_blocking(servers::own_redis).await.unwrap()
}

async fn store(server: &OwnRedis) -> RedisStore {
    let once = ConnectionManagerConfig::new().set_number_of_retries(1);
    let client = server.client();
    let connection = client.get_connection_manager_with_config(once).await;
    RedisStore::new(connection.unwrap())
}

async fn connect(client: &Client) -> MultiplexedConnection {
    client.get_multiplexed_async_connection().await.unwrap()
}

pub(super) async fn run(client: &Client, command: &[&str]) {
    let mut asked = redis::cmd(command[0]);
    asked.arg(&command[1..]);
    asked.exec_async(&mut connect(client).await).await.unwrap();
}

/// All that is there, as it is kept.
pub(super) async fn dump(clients: &[Client]) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for client in clients {
        let mut connection = connect(client).await;
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg("*")
            .query_async(&mut connection)
            .await
            .unwrap();
        for key in keys {
            let dumped = redis::cmd("DUMP")
                .arg(&key)
                .query_async(&mut connection)
                .await
                .unwrap();
            all.insert(key, dumped);
        }
    }
    all
}

/// Every step, each with something to do.
pub(super) async fn every_step(store: &RedisStore) {
    log_in(store, remembered(1, 1)).await;
    assert_eq!(
        update(store, &session(1, 1), session(1, 1).version).await,
        Swap::Done
    );
    let touch = Touch::new(
        RecordKind::Session,
        session(1, 1).id,
        session(1, 1).expires,
        now(),
        now(),
    );
    assert!(store.touch(touch).await.unwrap());
    assert_eq!(insert(store, &stranger(1, 2)).await, Inserted::Done);
    assert_eq!(
        rotate(store, &stranger(1, 2), &session(1, 3)).await,
        Swap::Done
    );
    assert_eq!(store.restore(restore(1, 1, 4)).await.unwrap(), Swap::Done);
    assert_eq!(sessions(store, 1).await, 3);
    assert!(
        store
            .delete(Delete::new(RecordKind::Session, session(1, 3).id))
            .await
            .unwrap()
    );
    let mut end = End::new();
    end.series = Some(series(1, 1).id);
    assert_eq!(store.end(end).await.unwrap(), 3);
    assert_eq!(insert(store, &session(1, 5)).await, Inserted::Done);
    assert_eq!(
        store
            .delete_by_user(DeleteByUser::new(user(1)))
            .await
            .unwrap(),
        1
    );
}

/// The first series of a home restores a session.
pub(super) fn restore(home: u16, known: u64, rest: u64) -> Restore {
    let known = series(home, known);
    let mut next = known.clone();
    next.version = known.version.next();
    let (mut restored, _) = remembered(home, rest);
    restored.series = Some(known.id);
    Restore::new(known.version, next, restored, now())
}

#[tokio::test]
async fn scripts_that_a_server_has_forgotten_are_sent_again() {
    let Some(server) = own_server().await else {
        return;
    };
    let store = store(&server).await;
    for _ in 0..2 {
        every_step(&store).await;
        run(&server.client(), &["SCRIPT", "FLUSH"]).await;
    }
}

#[tokio::test]
async fn a_step_is_one_round_trip() {
    let Some(server) = own_server().await else {
        return;
    };
    let (store, client) = (store(&server).await, server.client());
    every_step(&store).await; // the scripts are there
    run(&client, &["CONFIG", "RESETSTAT"]).await;
    every_step(&store).await;
    let record = session(1, 1);
    assert_eq!(load(&store, &record).await, None);
    let mut connection = connect(&client).await;
    let stats: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(&mut connection)
        .await
        .unwrap();
    let calls = |command: &str| {
        let line = stats
            .lines()
            .find(|line| line.starts_with(&format!("cmdstat_{command}:")));
        let calls = line.and_then(|line| line.split("calls=").nth(1)?.split(',').next());
        calls.map_or(0, |calls| calls.parse::<u32>().unwrap())
    };
    assert_eq!(calls("evalsha"), 11, "{stats}");
    assert_eq!(
        calls("script|load") + calls("eval") + calls("multi"),
        0,
        "{stats}"
    );

    // `load` is no script, and so is not counted there.
    run(&client, &["CONFIG", "RESETSTAT"]).await;
    assert_eq!(load(&store, &record).await, None);
    let info: String = redis::cmd("INFO")
        .arg("stats")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert!(
        info.contains("total_commands_processed:2\r\n"),
        "RESETSTAT and HMGET: {info}"
    );
}

/// What the docs of the store say that it needs.
const PERMISSIONS: [&str; 17] = [
    "~portcullis:*",
    "&portcullis:*",
    "+evalsha",
    "+script|load",
    "+hmget",
    "+hset",
    "+exists",
    "+del",
    "+expire",
    "+pttl",
    "+zadd",
    "+zrem",
    "+zcount",
    "+zrange",
    "+zrangebyscore",
    "+subscribe",
    "+publish",
];

#[tokio::test]
async fn a_user_with_the_permissions_of_the_docs_can_do_every_step() {
    let Some(server) = own_server().await else {
        return;
    };
    let with = async |permissions: &[&str]| {
        let mut set = vec!["ACL", "SETUSER", "app", "reset", "on", ">password"];
        set.extend(permissions);
        run(&server.client(), &set).await;
        let url = server.url().replace("redis://", "redis://app:password@");
        let client = Client::open(url).unwrap();
        RedisStore::new(client.get_connection_manager().await.unwrap())
    };
    every_step(&with(&PERMISSIONS).await).await;

    let store = store(&server).await;
    log_in(&store, remembered(1, 1)).await;
    let before = dump(&[server.client()]).await;
    let mute = with(&PERMISSIONS[..16]).await;
    let mut step = Rotate::new(
        session(1, 1).id,
        session(1, 1).version,
        session(1, 2),
        now(),
    );
    step.end_others = true;
    let error = mute.rotate(step).await.unwrap_err();
    assert!(!error.to_string().contains("password"), "{error}");
    mute.delete_by_user(DeleteByUser::new(user(1)))
        .await
        .unwrap_err();
    assert_eq!(
        dump(&[server.client()]).await,
        before,
        "who may not publish ends nothing"
    );
}

#[tokio::test]
async fn what_finds_no_memory_changes_nothing_and_what_ends_needs_none() {
    let Some(server) = own_server().await else {
        return;
    };
    let (store, client) = (store(&server).await, server.client());
    log_in(&store, remembered(1, 1)).await;
    log_in(&store, remembered(1, 2)).await;
    assert_eq!(insert(&store, &stranger(2, 1)).await, Inserted::Done);
    let before = dump(std::slice::from_ref(&client)).await;
    run(
        &client,
        &["CONFIG", "SET", "maxmemory-policy", "noeviction"],
    )
    .await;
    run(&client, &["CONFIG", "SET", "maxmemory", "1"]).await;

    let mut login = Insert::new(session(1, 3), now());
    (login.ends_series, login.at_most) = (Some(series(1, 1).id), Some(1));
    (login.record.series, login.series) = (Some(series(1, 9).id), Some(series(1, 9)));
    assert!(!store.insert(login).await.unwrap_err().is_full());
    let mut step = Rotate::new(
        stranger(2, 1).id,
        stranger(2, 1).version,
        session(1, 3),
        now(),
    );
    (step.end_others, step.ends_series) = (true, Some(series(1, 1).id));
    store.rotate(step).await.unwrap_err();
    let mut step = restore(1, 1, 5);
    (step.ends_session, step.at_most) = (Some(session(1, 2).id), Some(1));
    store.restore(step).await.unwrap_err();
    let (kind, id) = (RecordKind::Session, session(1, 1).id);
    let larger = Update::new(
        kind,
        id,
        session(1, 1).version,
        vec![0; 9_000].into(),
        now(),
    );
    store.update(larger).await.unwrap_err();
    assert_eq!(dump(std::slice::from_ref(&client)).await, before);

    // Who is there stays there, and can be ended.
    assert!(load(&store, &session(1, 1)).await.is_some());
    let touch = Touch::new(
        kind,
        id,
        session(1, 1).expires.plus(Duration::from_secs(60)),
        now(),
        now(),
    );
    assert!(store.touch(touch).await.unwrap());
    let mut end = End::new();
    end.series = Some(series(1, 1).id);
    assert_eq!(store.end(end).await.unwrap(), 2);
    assert_eq!(
        store
            .delete_by_user(DeleteByUser::new(user(1)))
            .await
            .unwrap(),
        2
    );
    assert!(
        store
            .delete(Delete::new(kind, stranger(2, 1).id))
            .await
            .unwrap()
    );
    assert!(dump(std::slice::from_ref(&client)).await.is_empty());
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_and_comes_back() {
    let Some(server) = own_server().await else {
        return;
    };
    let store = store(&server).await;
    log_in(&store, remembered(1, 1)).await;
    let server = spawn_blocking(move || {
        server.stop();
        server
    })
    .await
    .unwrap();
    let record = session(1, 1);
    let error = store
        .load(Load::new(record.kind, record.id, now()))
        .await
        .unwrap_err();
    assert!(!error.is_full());
    let error = store
        .insert(Insert::new(session(1, 2), now()))
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&session(1, 2).id.to_string()));

    let server = spawn_blocking(move || {
        server.start();
        server
    })
    .await
    .unwrap();
    assert!(load_when_there(&store, &record).await.is_some());
    assert_eq!(
        insert(&store, &session(1, 2)).await,
        Inserted::Done,
        "scripts and all"
    );
    let _server = spawn_blocking(move || {
        server.lose_data();
        server
    })
    .await
    .unwrap();
    assert_eq!(
        load_when_there(&store, &record).await,
        None,
        "lost, and so logged out"
    );
    let list = ListByUser::new(RecordKind::Session, user(1), now());
    assert!(store.list(list).await.unwrap().is_empty());
}

/// The connection mends itself with the first command that fails.
async fn load_when_there(store: &RedisStore, record: &Record) -> Option<Record> {
    let asking = async {
        loop {
            if let Ok(found) = store.load(Load::new(record.kind, record.id, now())).await {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking)
        .await
        .unwrap()
}
