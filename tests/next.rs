//! Where a browser goes after a login: back where it was, and never to another site.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::http::{Method, header};
use portcullis::{Authenticated, NextIn, Routes};
use support::*;

const NEXT: &str = "__Host-login-next";
const HTML: [(&str, &str); 1] = [("accept", "text/html")];

fn by_cookie() -> World {
    World::with(
        |builder| builder.next_in(NextIn::Cookie).after_login_path("/start"),
        |routes, _| {
            let me = async |_: Authenticated<User>| ();
            routes.nest("/nested", Routes::new().get("/{*path}", me))
        },
    )
}

// --- in a cookie ---------------------------------------------------------

#[tokio::test]
async fn the_cookie_brings_a_browser_back_once() {
    let world = by_cookie();
    let mut browser = world.browser();
    for (path, login) in [
        ("/me?page=2&q=a%20b", "/login/1"),
        ("/nested/a/b?c=d", "/login/2"),
    ] {
        let reply = browser.get(path).await;
        assert_eq!(reply.header(header::LOCATION), Some("/login"));
        let line = reply
            .set_cookies()
            .into_iter()
            .find(|line| line.starts_with(NEXT))
            .unwrap()
            .to_owned();
        for attribute in [
            "HttpOnly",
            "SameSite=Lax",
            "Secure",
            "Path=/",
            "Max-Age=600",
        ] {
            assert!(line.contains(attribute), "{line}");
        }
        let refused = browser.post("/login/77").await;
        assert_eq!(refused.header(header::LOCATION), Some("/login"));
        assert!(
            browser.jar.contains_key(NEXT),
            "a wrong password loses no next"
        );
        let reply = browser.post(login).await;
        assert_eq!(reply.header(header::LOCATION), Some(path));
        assert!(!browser.jar.contains_key(NEXT), "it was used");
        browser.post("/logout").await;
        assert_eq!(
            browser.post(login).await.header(header::LOCATION),
            Some("/me")
        );
        browser.post("/logout").await;
    }
}

#[tokio::test]
async fn the_query_counts_before_the_cookie_and_both_are_used_up() {
    let world = by_cookie();
    let mut browser = world.browser();
    browser.get("/me?from=cookie").await;
    let reply = browser.post("/login/1?next=%2Fme%3Ffrom%3Dquery").await;
    assert_eq!(reply.header(header::LOCATION), Some("/me?from=query"));
    assert!(!browser.jar.contains_key(NEXT));
}

#[tokio::test]
async fn a_confirmation_uses_the_cookie_too() {
    let world = by_cookie();
    let mut user = world.logged_in(1).await;
    world.clock.pass(HOUR);
    assert_eq!(
        user.get("/fresh?a=b").await.header(header::LOCATION),
        Some("/confirm")
    );
    let refused = user.post("/confirm/2").await;
    assert_eq!(refused.header(header::LOCATION), Some("/confirm"));
    let reply = user.post("/confirm/1").await;
    assert_eq!(reply.header(header::LOCATION), Some("/fresh?a=b"));
    assert!(!user.jar.contains_key(NEXT));
}

#[tokio::test]
async fn who_is_logged_in_already_goes_where_the_cookie_says() {
    let world = by_cookie();
    let mut browser = world.browser();
    browser.get("/me?a=b").await;
    let next = browser.jar[NEXT].clone();
    let mut user = world.logged_in(1).await;
    user.jar.insert(NEXT.to_owned(), next);
    let reply = user.post("/login/1").await;
    assert_eq!(reply.header(header::LOCATION), Some("/me?a=b"));
    assert!(!user.jar.contains_key(NEXT), "it was used");
    assert_eq!(
        user.post("/login/1").await.header(header::LOCATION),
        Some("/start")
    );
}

#[tokio::test]
async fn only_a_page_that_is_read_is_returned_to() {
    let world = by_cookie();
    for (method, path) in [(Method::POST, "/logout"), (Method::POST, "/my-note/1")] {
        let mut browser = world.browser();
        let reply = browser.send(method, path, &HTML).await;
        assert_eq!(reply.header(header::LOCATION), Some("/login"));
        assert!(!browser.jar.contains_key(NEXT), "{path}");
    }
    for accept in ["application/json", "text/plain"] {
        let mut client = world.browser();
        client.send(Method::GET, "/me", &[("accept", accept)]).await;
        assert!(client.jar.is_empty(), "{accept}");
    }
}

#[tokio::test]
async fn by_query_no_cookie_is_set_or_read() {
    let world = World::new();
    let mut browser = world.browser();
    browser.get("/me").await;
    assert!(!browser.jar.contains_key(NEXT));
    let mut other = by_cookie().browser();
    other.get("/me?a=b").await;
    browser.jar.insert(NEXT.to_owned(), other.jar[NEXT].clone());
    assert_eq!(
        browser.post("/login/1").await.header(header::LOCATION),
        Some("/me")
    );
    assert!(
        browser.jar.contains_key(NEXT),
        "what is not ours is left alone"
    );
}

#[tokio::test]
async fn the_cookie_ends_after_ten_minutes() {
    let world = by_cookie();
    let mut browser = world.browser();
    browser.get("/me?a=b").await;
    world.clock.pass(10 * MINUTE);
    let reply = browser.post("/login/1").await;
    assert_eq!(reply.header(header::LOCATION), Some("/me"));
}
