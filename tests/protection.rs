//! Sessions that come from another browser than they were made for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::net::SocketAddr;

use axum::{
    extract::ConnectInfo,
    http::{Method, StatusCode},
};
use portcullis::{FreshFor, PeerAddress, SessionProtection, UserAgent};
use support::*;

fn protected(protection: SessionProtection) -> World {
    World::with(
        |builder| builder.session_protection(protection),
        |routes, _| routes,
    )
}

#[tokio::test]
async fn basic_protection_makes_the_session_stale_and_keeps_it() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.post("/note/7").await;
    let mut other = Browser {
        user_agent: "Chrome/1.0",
        ..browser.clone()
    };
    let reply = other.get("/fresh").await;
    assert_eq!(reply.header("location"), Some("/confirm?next=%2Ffresh"));
    assert!(reply.session_cookies().is_empty());
    assert_eq!(other.get("/me").await.body, "user 1");
    assert_eq!(
        other.get("/data").await.body,
        "note [7] cart []",
        "nothing is lost"
    );
    // It is written to the record: the first browser does not make it fresh again.
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
    browser.post("/confirm/1").await;
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
}

/// Another browser with the cookie of a session in use, and no step of the store told yet.
async fn elsewhere(world: &World) -> Browser {
    let mut browser = world.logged_in(1).await;
    browser.get("/me").await; // the first use of a session is another story
    world.store.taken();
    Browser {
        user_agent: "Chrome/1.0",
        ..browser
    }
}

#[tokio::test]
async fn it_is_written_once_and_not_with_each_request() {
    let world = World::new();
    let mut other = elsewhere(&world).await;
    for steps in [&["load", "update"][..], &["load"], &["load"]] {
        other.get("/me").await;
        assert_eq!(world.store.taken(), steps);
    }
}

#[tokio::test]
async fn data_that_the_same_request_writes_is_written_at_the_first_try() {
    let world = World::new();
    let mut other = elsewhere(&world).await;
    other.post("/note/7").await;
    assert_eq!(world.store.taken(), ["load", "update", "update"]);
    assert_eq!(other.get("/data").await.body, "note [7] cart []");
}

#[tokio::test]
async fn data_that_is_written_at_the_same_moment_is_kept() {
    let world = World::new();
    let browser = world.logged_in(1).await;
    let other = Browser {
        user_agent: "Chrome/1.0",
        ..browser.clone()
    };
    let requests: Vec<_> = (1..=20)
        .map(|value| {
            let mut browser = if value % 2 == 0 {
                browser.clone()
            } else {
                other.clone()
            };
            tokio::spawn(async move { browser.post(&format!("/note/{value}")).await.status })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), StatusCode::OK);
    }
    let mut browser = browser;
    let note = browser.get("/data").await.body;
    for value in 1..=20 {
        assert!(note.contains(&value.to_string()), "{value} in {note}");
    }
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn strong_protection_ends_the_session_and_what_remembers_its_browser() {
    let world = protected(SessionProtection::Strong);
    let mut browser = world.remembered(1).await;
    let mut bystander = world.remembered(1).await;
    let mut thief = Browser {
        user_agent: "Chrome/1.0",
        ..browser.clone()
    };
    let reply = thief.get("/me").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert!(
        reply.session_cookies().is_empty(),
        "a login in another tab may have replaced the cookie"
    );
    assert_eq!(
        browser.get("/who").await.body,
        "nobody",
        "for the owner as well"
    );
    browser.close();
    assert_eq!(browser.get("/who").await.body, "nobody");
    bystander.close();
    assert_eq!(bystander.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn a_remembered_login_lives_on_under_strong_protection() {
    let world = protected(SessionProtection::Strong);
    let mut browser = world.remembered(1).await;
    browser.close();
    browser.user_agent = "Firefox/2.0"; // updated while it was closed
    for _ in 0..3 {
        assert_eq!(browser.get("/me").await.body, "user 1");
        world.clock.pass(HOUR);
    }
}

#[tokio::test]
async fn new_keys_end_no_session_under_strong_protection() {
    let world = protected(SessionProtection::Strong);
    let mut browser = world.logged_in(1).await;
    let rekeyed = world.with_key(key(2), |builder| {
        builder
            .older_key(key(1))
            .session_protection(SessionProtection::Strong)
    });
    browser.app = rekeyed.app;
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn without_protection_nothing_is_compared() {
    let world = protected(SessionProtection::Off);
    let mut browser = world.logged_in(1).await;
    browser.user_agent = "Chrome/1.0";
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    // A session from before it was switched on is not accused of anything.
    let strong = world.again(|builder| builder.session_protection(SessionProtection::Strong));
    browser.app = strong.app.clone();
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
}

#[tokio::test]
async fn an_updated_browser_is_of_the_same_family() {
    for (compared, still_fresh) in [(UserAgent::Exact, false), (UserAgent::Family, true)] {
        let world = World::with(|builder| builder.user_agent(compared), |routes, _| routes);
        let mut browser = world.logged_in(1).await;
        browser.user_agent = "Firefox/1.0.2";
        let fresh = browser.get("/fresh").await.status == StatusCode::OK;
        assert_eq!(fresh, still_fresh, "{compared:?}");
        browser.post("/confirm/1").await;
        browser.user_agent = "Chrome/1.0";
        assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_missing_user_agent_is_one_of_its_own() {
    let world = protected(SessionProtection::Strong);
    let browser = world.logged_in(1).await;
    let cookie = format!("{COOKIE}={}", browser.session().unwrap());
    let reply = with_cookie(&world.app, Method::GET, "/who", cookie.as_bytes()).await;
    assert_eq!(reply.body, "nobody");
}

async fn from_address(browser: &Browser, address: &str, header: Option<&str>, path: &str) -> Reply {
    let forwarded: Vec<_> = header
        .map(|value| ("x-forwarded-for", value))
        .into_iter()
        .collect();
    let mut request = browser.request(Method::GET, path, &forwarded);
    let address: SocketAddr = address.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(address));
    send(&browser.app, request).await
}

async fn logged_in_from(world: &World, address: &str, header: Option<&str>) -> Browser {
    let mut browser = world.browser();
    let forwarded: Vec<_> = header
        .map(|value| ("x-forwarded-for", value))
        .into_iter()
        .collect();
    let mut request = browser.request(Method::POST, "/login/1", &forwarded);
    let address: SocketAddr = address.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(address));
    let reply = send(&browser.app, request).await;
    browser.keep(&reply);
    browser
}

fn strong_with(address: PeerAddress) -> World {
    let settings = |builder: Ready| {
        builder
            .session_protection(SessionProtection::Strong)
            .peer_address(address)
    };
    World::with(settings, |routes, _| routes)
}

#[tokio::test]
async fn addresses_are_compared_only_where_the_app_says_so() {
    let world = strong_with(PeerAddress::Ignored);
    let browser = logged_in_from(&world, "192.0.2.1:1", None).await;
    let reply = from_address(&browser, "198.51.100.1:1", None, "/me").await;
    assert_eq!(reply.body, "user 1");

    let world = strong_with(PeerAddress::Connection);
    let browser = logged_in_from(&world, "192.0.2.1:1", None).await;
    let reply = from_address(&browser, "192.0.2.1:2", None, "/me").await;
    assert_eq!(
        reply.body, "user 1",
        "another connection of the same address"
    );
    let forged = Some("192.0.2.1");
    let reply = from_address(&browser, "198.51.100.1:1", forged, "/me").await;
    assert_eq!(
        reply.status,
        StatusCode::UNAUTHORIZED,
        "a header is not believed"
    );
}

#[tokio::test]
async fn behind_a_proxy_its_header_counts_and_no_line_before_it() {
    let world = strong_with(PeerAddress::BehindProxies(1));
    let proxy = "10.0.0.1:1";
    let browser = logged_in_from(&world, proxy, Some("192.0.2.1")).await;
    let reply = from_address(&browser, proxy, Some("203.0.113.9, 192.0.2.1"), "/me").await;
    assert_eq!(reply.body, "user 1");
    let forged = Some("192.0.2.1, 198.51.100.1");
    let reply = from_address(&browser, proxy, forged, "/me").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_address_that_cannot_be_known_is_nobody_elses() {
    for missing in [None, Some("unknown")] {
        let world = strong_with(PeerAddress::BehindProxies(1));
        let browser = logged_in_from(&world, "10.0.0.1:1", Some("192.0.2.1")).await;
        let reply = from_address(&browser, "10.0.0.1:1", missing, "/me").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{missing:?}");
    }
}

#[tokio::test]
async fn a_window_of_the_whole_session_still_ends_with_another_browser() {
    let world = World::with(
        |builder| builder.fresh_for(FreshFor::WholeSession),
        |routes, _| routes,
    );
    let mut browser = world.logged_in(1).await;
    world.clock.pass(DAY);
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    browser.user_agent = "Chrome/1.0";
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
}
