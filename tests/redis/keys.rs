//! Which keys are there, and for how long.

use std::time::Duration;

use portcullis::store::{End, Insert, Inserted, RecordKind, RedisStore, SessionStore, Swap, Touch};
use redis::aio::MultiplexedConnection;

use super::{
    records::{
        id, insert, load, log_in, now, remembered, rotate, session, sessions, stranger, user,
    },
    servers::{self, RedisServer},
    store_on,
};

async fn connect(server: &RedisServer) -> MultiplexedConnection {
    server
        .client
        .get_multiplexed_async_connection()
        .await
        .unwrap()
}

/// The keys of a store, without its prefix.
async fn keys(server: &RedisServer) -> Vec<String> {
    let pattern = format!("{}:*", server.prefix);
    let mut keys = redis::cmd("KEYS");
    let keys: Vec<String> = keys
        .arg(pattern)
        .query_async(&mut connect(server).await)
        .await
        .unwrap();
    let mut keys: Vec<_> = keys
        .iter()
        .map(|key| key[server.prefix.len() + 1..].to_owned())
        .collect();
    keys.sort();
    keys
}

async fn seconds_left(server: &RedisServer, key: &str) -> u64 {
    let mut left = redis::cmd("PTTL");
    left.arg(format!("{}:{key}", server.prefix));
    let left: i64 = left.query_async(&mut connect(server).await).await.unwrap();
    u64::try_from(left)
        .expect("it has a time to live")
        .div_ceil(1_000)
}

#[tokio::test]
async fn thousands_of_logins_and_logouts_leave_nothing_behind() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = store_on(&server).await;
    for round in 0..1_000 {
        log_in(&store, remembered(1, round)).await;
        let mut next = session(1, 10_000 + round);
        next.series = Some(id(1, round));
        assert_eq!(rotate(&store, &session(1, round), &next).await, Swap::Done);
        let mut end = End::new();
        (end.session, end.series) = (Some(next.id), next.series);
        assert_eq!(store.end(end).await.unwrap(), 2);
    }
    assert_eq!(keys(&server).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_key_has_a_time_to_live_and_an_index_lasts_as_long_as_what_is_in_it() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = store_on(&server).await;
    let (mut long, mut known) = remembered(1, 1);
    long.expires = now().plus(Duration::from_secs(1_000));
    known.expires = now().plus(Duration::from_secs(5_000));
    log_in(&store, (long.clone(), known)).await;
    let mut short = session(1, 2);
    short.expires = now().plus(Duration::from_secs(10));
    assert_eq!(insert(&store, &short).await, Inserted::Done);

    let all = keys(&server).await;
    assert_eq!(
        all.len(),
        5,
        "three records, an index of the user and one of the series: {all:?}"
    );
    for key in &all {
        let left = seconds_left(&server, key).await;
        let until = match key {
            key if key.ends_with(&format!("0:{}", short.id)) => 10,
            key if key.contains(":u:") || key.contains(":1:") => 5_000,
            _ => 1_000,
        };
        assert!(
            (until - 3..=until + 1).contains(&left),
            "{key} has {left} s of {until}"
        );
    }

    let later = now().plus(Duration::from_secs(9_000));
    let touch = Touch::new(RecordKind::Session, long.id, later, now(), now());
    assert!(store.touch(touch).await.unwrap());
    for key in keys(&server).await {
        let touched = ["u:", "r:"]
            .iter()
            .any(|index| key.contains(&format!(":{index}")))
            || key.ends_with(&format!("0:{}", long.id));
        assert_eq!(seconds_left(&server, &key).await > 8_990, touched, "{key}");
    }
}

#[tokio::test]
async fn what_has_expired_leaves_the_indexes_at_the_next_login() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = store_on(&server).await;
    for round in 0..50 {
        log_in(&store, remembered(1, round)).await;
    }
    let later = now().plus(Duration::from_secs(4_000));
    let mut last = session(1, 99);
    last.expires = later.plus(Duration::from_secs(3_600));
    // A server whose clock is ahead: for the others these sessions are alive yet.
    assert_eq!(
        store
            .insert(Insert::new(last.clone(), later))
            .await
            .unwrap(),
        Inserted::Done
    );
    assert_eq!(
        load(&store, &session(1, 7)).await,
        None,
        "out of the index is out of the store"
    );
    assert_eq!(sessions(&store, 1).await, 1);
    let left = keys(&server).await;
    assert_eq!(
        left.len(),
        2,
        "the session and the index of its user: {left:?}"
    );
}

#[tokio::test]
async fn a_record_that_expired_before_it_came_is_no_error() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = store_on(&server).await;
    for mut record in [session(1, 1), stranger(1, 2)] {
        record.expires = now();
        assert_eq!(insert(&store, &record).await, Inserted::Done);
        assert_eq!(load(&store, &record).await, None);
    }
    assert_eq!(sessions(&store, 1).await, 0);
}

#[tokio::test]
async fn strangers_have_a_bound_and_users_have_none() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store: RedisStore = store_on(&server).await.max_strangers(3 * 4_096);
    let strangers: Vec<_> = (1..=3).map(|rest| stranger(0xabc0, rest)).collect();
    for record in &strangers {
        assert_eq!(insert(&store, record).await, Inserted::Done);
    }
    let refused = Insert::new(stranger(0xabcf, 4), now());
    assert!(store.insert(refused.clone()).await.unwrap_err().is_full());
    assert_eq!(
        insert(&store, &stranger(0xabd0, 1)).await,
        Inserted::Done,
        "another part"
    );
    assert_eq!(insert(&store, &session(0xabc0, 5)).await, Inserted::Done);

    let swap = rotate(&store, &strangers[0], &stranger(0xabc1, 6)).await;
    assert_eq!(swap, Swap::Done, "in the place of another there is room");
    assert_eq!(
        rotate(&store, &strangers[1], &session(0xabc0, 7)).await,
        Swap::Done
    );
    assert_eq!(store.insert(refused.clone()).await.unwrap(), Inserted::Done);
    assert!(
        store
            .insert(Insert::new(stranger(0xabcf, 8), now()))
            .await
            .unwrap_err()
            .is_full()
    );

    // What Redis has lost does not count, and what has expired makes room.
    let lost = format!("{}:{{abc}}:0:{}", server.prefix, strangers[2].id);
    let mut delete = redis::cmd("DEL");
    delete
        .arg(lost)
        .exec_async(&mut connect(&server).await)
        .await
        .unwrap();
    assert_eq!(insert(&store, &stranger(0xabc2, 9)).await, Inserted::Done);
    let later = now().plus(Duration::from_secs(4_000));
    let mut late = stranger(0xabc2, 10);
    late.expires = later.plus(Duration::from_secs(60));
    assert_eq!(
        store.insert(Insert::new(late, later)).await.unwrap(),
        Inserted::Done
    );
    let left = keys(&server).await;
    assert_eq!(
        left.iter()
            .filter(|key| key.starts_with("{abc}:0:"))
            .count(),
        3,
        "{left:?}"
    );
}

#[tokio::test]
async fn a_record_with_a_user_of_another_home_is_refused() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = store_on(&server).await;
    let mut record = session(0x1000, 1);
    record.user = Some(user(0x2000));
    assert!(store.insert(Insert::new(record, now())).await.is_err());
    assert_eq!(keys(&server).await, Vec::<String>::new());
}
