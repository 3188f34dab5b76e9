//! What stands in the head of an answer: every cookie with its attributes, and
//! what browsers and caches are told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderValue, Method, StatusCode};
use portcullis::{
    Anonymous, Authenticated, Flashes, Login, LoginError, NextIn, Routes, SameSite, Session,
    SiteData, public,
};
use support::*;

/// Logs in after a check that counts, which makes the browser a known one.
async fn checked(session: Session<Anonymous>, login: Login<User>) -> Result<(), LoginError> {
    let user = User {
        id: 1,
        password: "secret 1".to_owned(),
        active: true,
    };
    let attempt = login.attempt("ann", Some(&user)).await?;
    attempt.succeeded().await?;
    session.login_user(login.vouch_for(user)).await.map(drop)
}

async fn told(flashes: Flashes<User>) -> String {
    format!("{}", flashes.into_iter().count())
}

/// The attributes of every cookie that the app sets and removes in its life,
/// without what differs between the two.
async fn attributes(settings: impl FnOnce(Ready) -> Ready) -> BTreeMap<String, BTreeSet<String>> {
    let settings = |builder: Ready| settings(builder.next_in(NextIn::Cookie));
    let more = |routes: Routes<App>, _| routes.get("/told", public(told)).post("/checked", checked);
    let world = World::with(settings, more);
    let mut browser = world.browser();
    let mut seen = BTreeMap::<String, [BTreeSet<String>; 2]>::new();
    for (method, path) in [
        (Method::POST, "/cart/7"),
        (Method::GET, "/fresh"),
        (Method::GET, "/told"),
        (Method::POST, "/remember/1"),
        (Method::POST, "/logout"),
        (Method::POST, "/checked"),
    ] {
        let reply = browser.send(method, path, &[("accept", "text/html")]).await;
        for line in reply.set_cookies() {
            assert!(line.len() <= 4_096);
            let (pair, attributes) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut attributes: BTreeSet<_> = attributes.split("; ").map(str::to_owned).collect();
            let is_removal = attributes.remove("Max-Age=0");
            assert_eq!(is_removal, value.is_empty(), "{line}");
            attributes.retain(|attribute| !attribute.starts_with("Max-Age="));
            let [set, removed] = seen.entry(name.to_owned()).or_default();
            let of = if is_removal { removed } else { set };
            assert!(
                of.is_empty() || *of == attributes,
                "always the same: {line}"
            );
            *of = attributes;
        }
    }
    let checked = seen.into_iter().map(|(name, [set, removed])| {
        // That a browser is known is never taken back: it opens nothing.
        let is_kept = name.ends_with("-known");
        assert!(
            set == removed || is_kept,
            "a browser removes what it knows: {name}"
        );
        (name, set)
    });
    checked.collect()
}

fn of(attributes: &str) -> BTreeSet<String> {
    attributes.split("; ").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_cookie_has_its_attributes_when_set_and_when_removed() {
    let strict = "HttpOnly; SameSite=Lax; Secure; Path=/";
    let seen = attributes(|builder| builder).await;
    let names: Vec<_> = seen.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "__Host-login",
            "__Host-login-flash",
            "__Host-login-known",
            "__Host-login-next",
            "__Host-login-remember",
            "__Host-login-stranger",
        ]
    );
    for (name, attributes) in &seen {
        assert_eq!(*attributes, of(strict), "{name}");
    }

    let seen = attributes(|builder| builder.cookie_name("__Host-id")).await;
    assert_eq!(seen["__Host-id"], of(strict));
    assert_eq!(seen["__Host-id-stranger"], of(strict));

    let seen = attributes(|builder| builder.dangerous().cookies_over_http()).await;
    for (name, attributes) in &seen {
        assert_eq!(*attributes, of("HttpOnly; SameSite=Lax; Path=/"), "{name}");
        assert!(!name.starts_with("__"), "{name}");
    }
}

#[tokio::test]
async fn what_is_said_of_the_remember_cookie_is_said_of_no_other() {
    type Change = fn(Ready) -> Ready;
    let rows: [(&str, &str, Change); 5] = [
        (
            "__Secure-login-remember",
            "HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.org",
            |builder| builder.remember_cookie_domain("example.org"),
        ),
        (
            "__Secure-login-remember",
            "HttpOnly; SameSite=Lax; Secure; Path=/login",
            |builder| builder.remember_cookie_path("/login"),
        ),
        (
            "__Host-login-remember",
            "HttpOnly; SameSite=Strict; Secure; Path=/",
            |builder| builder.remember_cookie_same_site(SameSite::Strict),
        ),
        (
            "__Host-login-remember",
            "HttpOnly; SameSite=None; Secure; Path=/",
            |builder| builder.dangerous().cross_site_remember_cookie(),
        ),
        (
            "__Host-login-remember",
            "SameSite=Lax; Secure; Path=/",
            |builder| builder.dangerous().remember_cookie_for_scripts(),
        ),
    ];
    for (name, expected, change) in rows {
        let mut seen = attributes(change).await;
        assert_eq!(seen.remove(name), Some(of(expected)));
        for (name, attributes) in seen {
            assert_eq!(
                attributes,
                of("HttpOnly; SameSite=Lax; Secure; Path=/"),
                "{name}"
            );
        }
    }
}

/// Whatever a client says of the way that its request has taken.
#[tokio::test]
async fn a_header_that_anybody_can_send_makes_no_cookie_weaker() {
    let world = World::new();
    for header in [
        ("x-forwarded-proto", "http"),
        ("forwarded", "proto=http;host=evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-ssl", "off"),
    ] {
        let reply = world
            .browser()
            .send(Method::POST, "/remember/1", &[header])
            .await;
        assert_eq!(reply.set_cookies().len(), 2);
        for line in reply.set_cookies() {
            assert!(
                line.starts_with("__Host-") && line.contains("; Secure"),
                "{line}"
            );
            assert!(!line.contains("Domain"), "{line}");
        }
        let location = reply.header("location").unwrap();
        assert!(location.starts_with('/'), "{location}");
    }
}

#[tokio::test]
async fn what_is_kept_for_a_stranger_is_for_that_browser_alone() {
    let world = World::new();
    let mut browser = world.browser();
    let empty = browser.get("/data").await;
    assert_eq!(empty.header("cache-control"), None, "the same for all");
    browser.post("/note/1").await;
    let own = browser.get("/data").await;
    assert_eq!(own.body, "note [1] cart []");
    assert_eq!(own.header("cache-control"), Some("no-store"));
    assert_eq!(own.header("vary"), Some("Cookie"));
}

// --- Clear-Site-Data ---------------------------------------------------------

const CLEAR: &str = "clear-site-data";

#[tokio::test]
async fn when_a_user_leaves_the_browser_forgets_and_else_it_does_not() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    for (method, path) in [
        (Method::GET, "/me"),
        (Method::POST, "/confirm/1"),
        (Method::POST, "/password/new"),
    ] {
        let reply = browser.send(method, path, &[("accept", "text/html")]).await;
        assert_eq!(reply.header(CLEAR), None, "{path}");
    }
    for path in ["/switch/2", "/logout"] {
        let reply = browser.post(path).await;
        assert_eq!(reply.header(CLEAR), Some(r#""storage""#), "{path}");
    }
    let reply = browser.post("/logout").await;
    assert_eq!(reply.header(CLEAR), None, "nobody was logged in");
}

#[tokio::test]
async fn a_logout_that_fails_makes_the_browser_forget_too() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    world.store.break_at(Some("end"));
    let reply = browser.post("/logout").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.header(CLEAR), Some(r#""storage""#));
}

#[tokio::test]
async fn what_is_forgotten_is_as_the_app_says() {
    use SiteData::{Cache, Cookies, Storage};
    for (data, expected) in [
        (vec![], None),
        (vec![Cache], Some(r#""cache""#)),
        (
            vec![Cache, Cookies, Storage],
            Some(r#""cache", "cookies", "storage""#),
        ),
    ] {
        let world = World::with(|builder| builder.clear_site_data(data), |routes, _| routes);
        let reply = world.logged_in(1).await.post("/logout").await;
        assert_eq!(reply.header(CLEAR), expected);
    }
}

#[tokio::test]
async fn a_handler_knows_better_what_to_forget() {
    async fn out(
        session: Session<Authenticated<User>>,
    ) -> Result<[(&'static str, HeaderValue); 1], LoginError> {
        session.logout_user().await?;
        Ok([(CLEAR, HeaderValue::from_static(r#""cookies""#))])
    }
    let more = |routes: Routes<App>, _: Login<User>| routes.post("/out", out);
    let world = World::with(|builder| builder, more);
    let reply = world.logged_in(1).await.post("/out").await;
    assert_eq!(reply.headers.get_all(CLEAR).iter().count(), 1);
    assert_eq!(reply.header(CLEAR), Some(r#""cookies""#));
}

/// The browser clears after it has set the answer's cookies, and those too.
#[tokio::test]
async fn what_an_answer_sets_it_does_not_clear() {
    use SiteData::{Cookies, Storage};
    for (data, expected) in [
        (vec![Cookies, Storage], Some(r#""storage""#)),
        (vec![Cookies], None),
    ] {
        let world = World::with(|builder| builder.clear_site_data(data), |routes, _| routes);
        let mut browser = world.logged_in(1).await;
        let reply = browser.post("/switch/2").await;
        assert_eq!(reply.header(CLEAR), expected);
        assert_eq!(browser.get("/me").await.body, "user 2");
    }
}
