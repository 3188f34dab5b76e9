//! The store is away for a while: nobody is let in, nobody is put out.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod servers;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use portcullis::store::{PostgresStore, RedisStore};
use servers::app::{STORE_TIMEOUT, app};
use tokio::{task::JoinSet, time::timeout};
use tower::ServiceExt;

async fn send(
    app: &Router,
    method: Method,
    path: &str,
    cookie: &str,
) -> (StatusCode, String, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .body(Body::empty())
        .unwrap();
    let answer = timeout(STORE_TIMEOUT + PATIENCE, app.clone().oneshot(request));
    let answer = answer.await.expect("no answer within the time-out");
    let (head, body) = answer.unwrap().into_parts();
    let cookies: Vec<_> = head
        .headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().unwrap().split(';').next())
        .collect();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    (head.status, cookies.join("; "), body)
}

/// For a busy machine; a step may take [`STORE_TIMEOUT`].
const PATIENCE: Duration = Duration::from_secs(5);

/// Users come back all the time while the store goes away and comes back.
async fn outage(
    app: Router,
    go_away: impl FnOnce() + Send + 'static,
    come_back: impl FnOnce() + Send + 'static,
) {
    const USERS: usize = 4;
    let seen: Arc<[[AtomicUsize; 2]; USERS]> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let mut users = JoinSet::new();
    for id in 0..USERS {
        let (status, cookie, _) = send(&app, Method::POST, &format!("/login/{id}"), "").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let (app, seen, stop) = (app.clone(), seen.clone(), stop.clone());
        users.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let (status, cookies, body) = send(&app, Method::GET, "/me", &cookie).await;
                // Neither anybody else nor a stranger, and no cookie is touched.
                match status {
                    StatusCode::OK => assert_eq!(body, format!("user {id}")),
                    StatusCode::SERVICE_UNAVAILABLE => assert_eq!(cookies, ""),
                    other => panic!("{other}: {body}"),
                }
                let is_away = status == StatusCode::SERVICE_UNAVAILABLE;
                seen[id][usize::from(is_away)].fetch_add(1, Ordering::Relaxed);
                let (login, ..) = send(&app, Method::POST, "/login/9", "").await;
                assert!(
                    matches!(
                        login,
                        StatusCode::SEE_OTHER | StatusCode::SERVICE_UNAVAILABLE
                    ),
                    "a login while the store is away was {login}"
                );
            }
        });
    }
    until_all_have(&seen[..], &mut users, false).await;
    tokio::task::spawn_blocking(go_away).await.unwrap();
    until_all_have(&seen[..], &mut users, true).await;
    tokio::task::spawn_blocking(come_back).await.unwrap();
    until_all_have(&seen[..], &mut users, false).await;
    stop.store(true, Ordering::Relaxed);
    users.join_all().await;
}

/// Waits until each user has seen three more answers of one kind.
async fn until_all_have(seen: &[[AtomicUsize; 2]], users: &mut JoinSet<()>, is_away: bool) {
    let count = |user: &[AtomicUsize; 2]| user[usize::from(is_away)].load(Ordering::Relaxed);
    let goals: Vec<_> = seen.iter().map(|user| count(user) + 3).collect();
    while seen
        .iter()
        .zip(&goals)
        .any(|(user, goal)| count(user) < *goal)
    {
        if let Some(failed) = users.try_join_next() {
            failed.unwrap();
        }
        tokio::task::yield_now().await;
    }
}

/// A server of this test alone, started off the runtime.
async fn own<T: Send + 'static>(start: fn() -> Option<T>) -> Option<Arc<T>> {
    let server = tokio::task::spawn_blocking(start).await.unwrap();
    server.map(Arc::new)
}

macro_rules! outages {
    ($($test:ident: $own:ident, $on:ident, $go_away:ident, $come_back:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let Some(server) = own(servers::$own).await else {
                return;
            };
            let app = $on(&server).await;
            let (away, back) = (server.clone(), server);
            outage(app, move || away.$go_away(), move || back.$come_back()).await;
        })*
    };
}

outages! {
    postgres_is_stopped_and_started: own_postgres, on_postgres, stop, start;
    postgres_hangs_and_goes_on: own_postgres, on_postgres, pause, resume;
    redis_is_stopped_and_started: own_redis, on_redis, stop, start;
    redis_hangs_and_goes_on: own_redis, on_redis, pause, resume;
}

async fn on_postgres(server: &servers::OwnPostgres) -> Router {
    let store = PostgresStore::new(server.pool().await);
    store.migrate().await.unwrap();
    app(store)
}

async fn on_redis(server: &servers::OwnRedis) -> Router {
    let client = server.client();
    let connection = client.get_connection_manager().await.unwrap();
    app(RedisStore::new(connection).listen(client))
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_its_data() {
    let Some(server) = own(servers::own_redis).await else {
        return;
    };
    let app = on_redis(&server).await;
    let (_, cookie, _) = send(&app, Method::POST, "/login/1", "").await;
    assert_eq!(send(&app, Method::GET, "/me", &cookie).await.2, "user 1");
    let robbed = server.clone();
    tokio::task::spawn_blocking(move || robbed.lose_data())
        .await
        .unwrap();
    let mut status = StatusCode::SERVICE_UNAVAILABLE;
    while status == StatusCode::SERVICE_UNAVAILABLE {
        status = send(&app, Method::GET, "/me", &cookie).await.0; // the connection mends itself
    }
    assert_eq!(status, StatusCode::UNAUTHORIZED, "everyone is logged out");
    let (status, cookie, _) = send(&app, Method::POST, "/login/1", &cookie).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "and may log in again");
    assert_eq!(send(&app, Method::GET, "/me", &cookie).await.2, "user 1");
}
