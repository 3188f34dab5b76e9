//! Hostile and unlucky cookies: nobody gets in by one, and no forged one
//! reaches the store.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::http::{Method, StatusCode};
use support::*;

/// Who is that? With the steps of the store that the question took.
async fn who(world: &World, cookie: &[u8]) -> (String, Vec<&'static str>) {
    world.store.taken();
    let reply = with_cookie(&world.app, Method::GET, "/who", cookie).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(
        reply.set_cookies().is_empty(),
        "no cookie is answered with one"
    );
    (reply.body, world.store.taken())
}

async fn assert_forged(world: &World, cookie: &[u8]) {
    let (name, steps) = who(world, cookie).await;
    assert_eq!(name, "nobody", "{:?}", String::from_utf8_lossy(cookie));
    assert!(
        steps.is_empty(),
        "{steps:?} for {:?}",
        String::from_utf8_lossy(cookie)
    );
}

#[tokio::test]
async fn truncated_and_changed_cookies_never_reach_the_store() {
    let world = World::new();
    let browser = world.logged_in(1).await;
    let value = browser.session().unwrap();
    for len in 0..value.len() {
        assert_forged(&world, format!("{COOKIE}={}", &value[..len]).as_bytes()).await;
    }
    for at in 0..value.len() {
        for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut forged = value.as_bytes().to_vec();
            forged[at] ^= flip;
            let mut cookie = format!("{COOKIE}=").into_bytes();
            cookie.extend(&forged);
            if forged[at] >= 0x20 && forged[at] != 0x7f && forged[at] != b';' {
                assert_forged(&world, &cookie).await;
            }
        }
    }
}

#[tokio::test]
async fn foreign_keys_realms_and_lengths_never_reach_the_store() {
    let world = World::new();
    let value = world.logged_in(1).await.session().unwrap().to_owned();
    let other_realm = World::with(
        |builder| builder.realm("staff").cookie_name(COOKIE),
        |routes, _| routes,
    );
    let foreign = other_realm.logged_in(1).await.session().unwrap().to_owned();
    assert_forged(&world, format!("{COOKIE}={foreign}").as_bytes()).await;
    for length in [4 * 1024, 64 * 1024] {
        assert_forged(
            &world,
            format!("{COOKIE}={}", "a".repeat(length)).as_bytes(),
        )
        .await;
        assert_forged(
            &world,
            format!("{COOKIE}={value}{}", "a".repeat(length)).as_bytes(),
        )
        .await;
        assert_forged(
            &world,
            format!("{COOKIE}={}", ".".repeat(length)).as_bytes(),
        )
        .await;
    }
    assert_forged(&world, format!("{COOKIE}=\"{value}\"").as_bytes()).await;
    assert_forged(&world, b"__Host-login=\xff\xfe\x80").await;
}

/// OWASP ASVS 5.0, 14.2.1: what is in an address is in histories and logs.
#[tokio::test]
async fn a_token_anywhere_but_in_its_cookie_lets_nobody_in() {
    let world = World::new();
    let value = world.logged_in(1).await.session().unwrap().to_owned();
    let (pair, bearer) = (format!("{COOKIE}={value}"), format!("Bearer {value}"));
    let mut browser = world.browser();
    world.store.taken();
    for (path, header) in [
        (format!("/who?{pair}"), ("accept", "text/html")),
        (format!("/who;{pair}"), ("accept", "text/html")),
        ("/who".to_owned(), ("authorization", &*bearer)),
        ("/who".to_owned(), ("x-session", &*value)),
        ("/who".to_owned(), ("cookie2", &*pair)),
        ("/who".to_owned(), ("set-cookie", &*pair)),
    ] {
        assert_ne!(
            browser.send(Method::GET, &path, &[header]).await.body,
            "user 1"
        );
    }
    assert!(world.store.taken().is_empty());
    assert_eq!(who(&world, pair.as_bytes()).await.0, "user 1");
}

#[tokio::test]
async fn two_cookies_of_our_name_are_none() {
    let world = World::new();
    let value = world.logged_in(1).await.session().unwrap().to_owned();
    assert_forged(
        &world,
        format!("{COOKIE}={value}; {COOKIE}={value}").as_bytes(),
    )
    .await;
    assert_forged(&world, format!("{COOKIE}=x; {COOKIE}={value}").as_bytes()).await;
    assert_forged(
        &world,
        format!("{COOKIE}={value}; a=b; {COOKIE}=").as_bytes(),
    )
    .await;
}

#[tokio::test]
async fn a_name_that_looks_like_ours_is_not_ours() {
    let world = World::new();
    let value = world.logged_in(1).await.session().unwrap().to_owned();
    for space in ["\u{2000}", "\u{a0}", "\u{85}", "\u{3000}"] {
        assert_forged(&world, format!("{space}{COOKIE}={value}").as_bytes()).await;
        // Ours beside it still counts: the planted one is another cookie.
        let (name, _) = who(
            &world,
            format!("{space}{COOKIE}=x; {COOKIE}={value}").as_bytes(),
        )
        .await;
        assert_eq!(name, "user 1");
    }
    assert_forged(&world, format!("__host-login={value}").as_bytes()).await;
}

#[tokio::test]
async fn foreign_cookies_do_not_hide_ours() {
    let world = World::new();
    let value = world.logged_in(1).await.session().unwrap().to_owned();
    let mut cookie = b"legacy=\xe9t\xe9; \xff\xff; =; ;;".to_vec();
    cookie.extend(format!("; {COOKIE}={value}; umlaut=\u{fc}").as_bytes());
    assert_eq!(who(&world, &cookie).await.0, "user 1");
}

#[tokio::test]
async fn a_cookie_has_every_attribute_when_set_and_when_removed() {
    let world = World::new();
    let mut browser = world.browser();
    let login = browser.post("/login/1").await;
    let [line] = login.set_cookies()[..] else {
        panic!("one cookie")
    };
    assert!(line.starts_with("__Host-login=v1."));
    let logout = browser.post("/logout").await;
    let [removal] = logout.set_cookies()[..] else {
        panic!("one cookie")
    };
    for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(
            line.contains(attribute) && removal.contains(attribute),
            "{attribute}"
        );
    }
    assert!(!line.contains("Max-Age") && !line.contains("Expires") && !line.contains("Domain"));
    assert!(removal.starts_with("__Host-login=;") && removal.contains("; Max-Age=0"));
    assert!(line.len() < 4096);
}

#[tokio::test]
async fn over_http_cookies_lose_what_needs_https_and_nothing_else() {
    let world = World::with(
        |builder| builder.dangerous().cookies_over_http(),
        |routes, _| routes,
    );
    let reply = world.browser().post("/login/1").await;
    let [line] = reply.set_cookies()[..] else {
        panic!("one cookie")
    };
    assert!(line.starts_with("login=v1.") && !line.contains("Secure"));
    assert!(
        line.contains("; HttpOnly") && line.contains("; SameSite=Lax") && line.contains("; Path=/")
    );
}

#[tokio::test]
async fn after_a_change_of_keys_everyone_is_still_in_and_signed_anew() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    let rotated = world.rekeyed();
    browser.app = rotated.app.clone();
    let old = browser.session().unwrap().to_owned();
    let reply = browser.get("/me").await;
    assert_eq!(reply.body, "user 1");
    assert_eq!(reply.set_cookies().len(), 1);
    assert_ne!(browser.session().unwrap(), old);
    let reply = browser.get("/me").await;
    assert_eq!(
        (reply.body.as_str(), reply.set_cookies().len()),
        ("user 1", 0),
        "once"
    );
    browser.app = world.app.clone();
    assert_eq!(
        browser.get("/who").await.body,
        "nobody",
        "the old server does not know the new key"
    );
}
