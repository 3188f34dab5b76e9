//! When the store or the loader fails: the request fails, nobody gets in, and
//! nobody is logged out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{sync::atomic::Ordering, time::Duration};

use axum::http::{Method, StatusCode, header};
use support::*;

#[tokio::test]
async fn a_broken_store_answers_503_and_ends_nothing() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    let before = browser.jar.clone();
    world.store.break_at(Some("all"));
    for path in ["/me", "/fresh", "/who", "/data"] {
        let reply = browser.get(path).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
        assert!(!reply.body.contains("gone"), "the cause is for the log");
    }
    for path in [
        "/confirm/1",
        "/switch/2",
        "/password/new",
        "/note/1",
        "/any",
    ] {
        assert_eq!(
            browser.post(path).await.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{path}"
        );
    }
    assert_eq!(
        world.browser().post("/login/1").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        world.browser().get("/").await.status,
        StatusCode::OK,
        "public pages go on"
    );
    world.store.break_at(None);
    world
        .database
        .change(1, |user| user.password = "secret 1".to_owned());
    assert_eq!(browser.jar, before);
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn a_store_that_fails_in_the_step_leaves_the_old_state() {
    for (path, step) in [
        ("/confirm/1", "rotate"),
        ("/switch/2", "rotate"),
        ("/password/new", "rotate"),
    ] {
        let world = World::new();
        let mut browser = world.logged_in(1).await;
        let before = browser.jar.clone();
        world.store.break_at(Some(step));
        assert_eq!(
            browser.post(path).await.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{path}"
        );
        world.store.break_at(None);
        world
            .database
            .change(1, |user| user.password = "secret 1".to_owned());
        assert_eq!(browser.jar, before, "{path}");
        assert_eq!(browser.get("/fresh").await.body, "fresh 1", "{path}");
    }
}

#[tokio::test]
async fn a_logout_that_fails_says_so_and_removes_the_cookie() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    world.store.break_at(Some("end"));
    let reply = browser.post("/logout").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.session(), None);
}

#[tokio::test]
async fn a_session_that_could_not_be_ended_lets_nobody_in() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    world.database.change(1, |user| user.active = false);
    world.store.break_at(Some("delete"));
    assert_eq!(
        browser.get("/me").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    world.store.break_at(None);
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_broken_loader_answers_500_and_ends_nothing() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    for fault in [&world.database.broken, &world.database.panics] {
        fault.store(true, Ordering::SeqCst);
        for path in ["/me", "/who"] {
            let reply = browser.api(Method::GET, path).await;
            assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            assert!(reply.set_cookies().is_empty());
        }
        fault.store(false, Ordering::SeqCst);
        assert_eq!(browser.get("/me").await.body, "user 1");
    }
}

#[tokio::test]
async fn a_full_store_refuses_strangers_data_and_never_a_login() {
    let mut world = World::new();
    world.store.inner = portcullis::store::MemoryStore::with_bounds(100, 1);
    let store = world.store.clone();
    let world = World::with(move |builder| builder.store(store), |routes, _| routes);
    assert_eq!(world.browser().post("/note/1").await.status, StatusCode::OK);
    assert_eq!(
        world.browser().post("/note/1").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    world.logged_in(1).await;
}

#[tokio::test]
async fn a_store_that_fails_is_asked_once_whatever_the_guard() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.get("/me").await;
    world.store.break_at(Some("load"));
    world.store.taken();
    for path in ["/logout", "/confirm/1", "/password/new", "/any", "/login/1"] {
        let reply = browser.post(path).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(world.store.taken(), ["load"], "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_given_up_after_five_seconds_or_as_the_app_says() {
    for (settings, seconds) in [
        ((|builder| builder) as fn(Ready) -> Ready, 5),
        (|builder| builder.store_timeout(Duration::from_secs(2)), 2),
    ] {
        let world = World::with(settings, |routes, _| routes);
        let mut browser = world.logged_in(1).await;
        world.store.hangs.store(true, Ordering::SeqCst);
        let began = tokio::time::Instant::now();
        let reply = browser.get("/me").await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
}
