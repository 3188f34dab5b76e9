//! What a request pays: nothing where nothing is asked.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::http::header;
use support::*;

#[tokio::test]
async fn a_public_page_pays_nothing() {
    let world = World::new();
    let logged_in = world.logged_in(1).await;
    let mut remembered = world.remembered(1).await;
    remembered.close();
    for mut browser in [world.browser(), logged_in, remembered] {
        world.store.taken();
        world.loads();
        let reply = browser.get("/").await;
        assert_eq!(reply.body, "home");
        assert!(world.store.taken().is_empty());
        assert_eq!(world.loads(), 0);
        let added: Vec<_> = reply.headers.keys().map(|name| name.as_str()).collect();
        assert_eq!(added, ["content-type", "content-length"]);
    }
}

#[tokio::test]
async fn a_guarded_page_pays_one_read_and_one_load() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.get("/me").await; // the first use of a session is another story
    world.store.taken();
    world.loads();
    for path in ["/me", "/fresh", "/who", "/data"] {
        let reply = browser.get(path).await;
        assert!(reply.status.is_success());
        assert_eq!(world.store.taken(), ["load"], "{path}");
        assert_eq!(world.loads(), 1, "{path}");
        assert_eq!(reply.header(header::VARY), Some("Cookie"));
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
        assert!(reply.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn a_stranger_pays_no_read() {
    let world = World::new();
    let mut browser = world.browser();
    for path in ["/me", "/who", "/data"] {
        let reply = browser.get(path).await;
        assert!(world.store.taken().is_empty(), "{path}");
        assert_eq!(world.loads(), 0, "{path}");
        assert!(reply.session_cookies().is_empty(), "{path}");
        assert_eq!(reply.header(header::VARY), Some("Cookie"));
    }
}

#[tokio::test]
async fn a_use_is_written_at_first_and_then_once_a_minute() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    for when in ["first", "after a minute", "after another"] {
        world.store.taken();
        browser.get("/me").await;
        browser.get("/me").await;
        assert_eq!(world.store.taken(), ["load", "touch", "load"], "{when}");
        world.clock.pass(MINUTE * 2);
    }
}

#[tokio::test]
async fn transitions_take_one_step() {
    let world = World::new();
    let mut browser = world.browser();
    for (path, steps) in [
        ("/login/1", &["insert"][..]),
        ("/confirm/1", &["load", "rotate"]),
        ("/switch/2", &["load", "rotate"]),
        ("/password/new", &["load", "rotate"]),
        ("/logout", &["load", "end"]),
        ("/note/1", &["insert"]),
        ("/note/2", &["load", "update"]),
        ("/login/1", &["load", "rotate"]),
    ] {
        browser.get("/me").await; // the first use of a new session is another story
        world.store.taken();
        browser.post(path).await;
        assert_eq!(world.store.taken(), steps, "{path}");
    }
}

#[tokio::test]
async fn an_answer_keeps_the_vary_that_it_has() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes.get("/vary", |_: portcullis::CurrentUser<User>| async {
                [
                    (header::VARY, "Accept, cookie"),
                    (header::CACHE_CONTROL, "max-age=60"),
                ]
            })
        },
    );
    let reply = world.browser().get("/vary").await;
    assert_eq!(
        reply.headers.get_all(header::VARY).iter().count(),
        1,
        "it names the cookie already"
    );
    assert_eq!(
        reply.header(header::CACHE_CONTROL),
        Some("max-age=60"),
        "nobody is logged in"
    );
    let reply = world.logged_in(1).await.get("/vary").await;
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
}

#[tokio::test]
async fn being_remembered_costs_nothing_while_the_session_lives() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    world.store.taken();
    browser.get("/me").await;
    let first_use = world.store.taken();
    assert_eq!(
        first_use,
        ["load", "touch", "load"],
        "of a session with a series, once"
    );
    for path in ["/me", "/fresh", "/who"] {
        browser.get(path).await;
        assert_eq!(world.store.taken(), ["load"], "{path}");
    }
    browser.close();
    browser.get("/me").await;
    assert_eq!(world.store.taken(), ["load", "restore"]);
    browser.get("/me").await;
    assert_eq!(
        world.store.taken(),
        ["load", "touch", "load", "update"],
        "its token has arrived"
    );
    browser.get("/me").await;
    assert_eq!(world.store.taken(), ["load"]);
    for (path, steps) in [
        ("/confirm/1", &["load", "load", "rotate"][..]),
        ("/password/new", &["load", "load", "rotate"]),
        ("/logout", &["load", "end"]),
        ("/remember/1", &["insert"]),
    ] {
        browser.get("/who").await; // the first use of a new session is another story
        world.store.taken();
        browser.post(path).await;
        assert_eq!(world.store.taken(), steps, "{path}");
    }
}
