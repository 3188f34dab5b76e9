//! Where a browser goes after a login: back where it was, and never to another site.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::{
    Form,
    http::{HeaderValue, Method, Uri, header},
    response::Redirect,
};
use portcullis::{Anonymous, Authenticated, LocalPath, NextIn, Routes, Session, public};
use support::*;
use url::Url;

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

// --- hostile values --------------------------------------------------------

/// One JSON string a line.
const HOSTILE: &str = include_str!("support/hostile_next.txt");

fn hostile() -> Vec<String> {
    let all: Vec<String> = HOSTILE
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(all.len() >= 200);
    all
}

/// Pages that a browser is brought back to.
const FINE: [&str; 16] = [
    "/",
    "/me",
    "/me?page=2",
    "/me?a=b&c=%20d%2Fe",
    "/me?next=//evil.example",
    "/me?url=https://evil.example/",
    "/a//b",
    "/a/b/",
    "/%C3%A9",
    "/a%20b",
    "/a:b@c",
    "/..a/.b",
    "/~x;y=1",
    "/a.b,c!d$e'f(g)*h+i",
    "/[1]",
    "/evil.example",
];

/// Where a browser on `https://app.example/login` goes with this answer; it
/// must be on the same origin, whoever decodes once more on the way.
#[track_caller]
fn stays_here(reply: &Reply, value: &str) -> String {
    let base = Url::parse("https://app.example/login").unwrap();
    let locations: Vec<_> = reply.headers.get_all(header::LOCATION).iter().collect();
    let [location] = locations[..] else {
        panic!("{value:?}: {locations:?}");
    };
    let location = location.to_str().unwrap();
    let decoded = percent_encoding::percent_decode_str(location).decode_utf8_lossy();
    for spelling in [location, &decoded] {
        let url = base.join(spelling).unwrap();
        assert_eq!(url.origin(), base.origin(), "{value:?} leads to {url}");
        assert_eq!(url.username(), "", "{value:?}");
    }
    for (name, line) in &reply.headers {
        assert!(!name.as_str().contains("evil"), "{value:?}: {name}");
        let is_cookie = name == header::SET_COOKIE;
        assert!(
            !is_cookie || line.as_bytes().starts_with(b"__Host-login"),
            "{value:?}"
        );
    }
    location.to_owned()
}

fn encoded(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn no_next_in_a_query_leads_away() {
    let world = World::new();
    for value in hostile() {
        for spelling in [encoded(&value), value.clone()] {
            let path = format!("/login/1?next={spelling}");
            if path.parse::<Uri>().is_err() {
                continue; // no server would read it
            }
            let reply = world.browser().post(&path).await;
            stays_here(&reply, &value);
            // A refused login keeps `next`, on our own login page.
            let again = world.browser().post(&path.replace("/1?", "/77?")).await;
            let back = stays_here(&again, &value);
            assert!(
                back == "/login" || back.starts_with("/login?next=%2F"),
                "{back}"
            );
            // So does one who is logged in already.
            let already = world.logged_in(1).await.post(&path).await;
            stays_here(&already, &value);
        }
    }
    for value in FINE {
        let path = format!("/login/1?next={}", encoded(value));
        let reply = world.browser().post(&path).await;
        assert_eq!(stays_here(&reply, value), value);
    }
}

#[tokio::test]
async fn no_next_in_a_form_leads_away() {
    #[derive(serde::Deserialize)]
    struct Fields {
        next: LocalPath,
    }
    let go = async |Form(fields): Form<Fields>| Redirect::to(fields.next.as_str());
    let world = World::with(
        |builder| builder,
        |routes, _| routes.post("/form", public(go)),
    );
    let post = async |value: &str| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let mut request = world.browser().request(Method::POST, "/form", &form);
        *request.body_mut() = format!("next={}", encoded(value)).into();
        send(&world.app, request).await
    };
    let mut refused = 0;
    for value in hostile() {
        let reply = post(&value).await;
        if reply.status == 422 {
            assert!(reply.header(header::LOCATION).is_none());
            refused += 1;
        } else {
            stays_here(&reply, &value);
        }
    }
    assert!(refused > 200, "{refused}");
    for value in FINE {
        assert_eq!(stays_here(&post(value).await, value), value);
    }
}

#[tokio::test]
async fn no_next_in_a_cookie_leads_away() {
    let world = by_cookie();
    let log_in = async |cookie: &str| {
        let cookie = format!("{NEXT}={cookie}");
        with_cookie(&world.app, Method::POST, "/login/1", cookie.as_bytes()).await
    };
    for value in hostile() {
        stays_here(&log_in(&signed("next", &value)).await, &value);
        if HeaderValue::from_str(&value).is_ok() {
            assert_eq!(
                stays_here(&log_in(&value).await, &value),
                "/me",
                "{value:?}"
            );
        }
    }
    for value in FINE {
        assert_eq!(
            stays_here(&log_in(&signed("next", value)).await, value),
            value
        );
        assert_eq!(
            stays_here(&log_in(value).await, value),
            "/me",
            "nobody signed it"
        );
        for usage in ["flash", "login", "stranger"] {
            let reply = log_in(&signed(usage, value)).await;
            assert_eq!(stays_here(&reply, value), "/me", "signed as {usage}");
        }
    }
}

#[tokio::test]
async fn no_address_that_was_asked_for_leads_away() {
    for next_in in [NextIn::Query, NextIn::Cookie] {
        let world = World::with(
            |builder| builder.next_in(next_in),
            |routes, _| routes.fallback(async |_: Authenticated<User>| ()),
        );
        let mut asked = 0;
        for value in hostile() {
            if value.parse::<Uri>().is_err() || value.is_empty() {
                continue;
            }
            let mut browser = world.browser();
            let refused = browser.get(&value).await;
            if refused.status != 303 {
                continue; // it is for everyone, or axum has no such address
            }
            asked += 1;
            let login = stays_here(&refused, &value).replacen("/login", "/login/1", 1);
            stays_here(&browser.post(&login).await, &value);
        }
        assert!(asked > 50, "{asked}");
        for value in FINE.iter().filter(|value| **value != "/") {
            let mut browser = world.browser();
            let refused = browser.get(value).await;
            let login = stays_here(&refused, value).replacen("/login", "/login/1", 1);
            assert_eq!(stays_here(&browser.post(&login).await, value), *value);
        }
    }
}

#[tokio::test]
async fn logging_out_forgets_where_the_browser_was_going() {
    let world = World::with(
        |builder| builder.next_in(portcullis::NextIn::Cookie),
        |routes, _| routes,
    );
    let mut browser = world.logged_in(1).await;
    world.clock.pass(HOUR);
    browser.get("/fresh").await;
    assert!(browser.jar.contains_key("__Host-login-next"));
    browser.post("/logout").await;
    assert!(!browser.jar.contains_key("__Host-login-next"));
    let reply = browser.post("/login/2").await;
    assert_eq!(
        reply.header("location"),
        Some("/me"),
        "not where user 1 was"
    );
}

#[tokio::test]
async fn a_handler_can_ask_where_the_browser_was_going() {
    let going = async |session: Session<Anonymous>| {
        let next = session.next_path().map(LocalPath::as_str);
        next.unwrap_or("nowhere").to_owned()
    };
    let world = World::with(|builder| builder, |routes, _| routes.post("/going", going));
    let mut browser = world.browser();
    for (query, body) in [
        ("?next=%2Fme%3Fpage%3D2", "/me?page=2"),
        ("?next=%2F%2Fevil.example", "nowhere"),
        ("", "nowhere"),
    ] {
        assert_eq!(browser.post(&format!("/going{query}")).await.body, body);
    }
}
