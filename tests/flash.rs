//! Messages for the next page: told once, to the right browser, and forged by nobody.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use axum::{
    extract::FromRef,
    http::{Method, StatusCode, header},
};
use portcullis::{
    AuthHash, AuthUser, Authenticated, CurrentUser, Flashes, Login, LoginManager, OneFactor,
    Realms, Routes, public,
};
use support::*;

const FLASH: &str = "__Host-login-flash";
const LOGIN: &str = "message: Please log in to access this page.";

async fn told(flashes: Flashes<User>) -> String {
    let (len, is_empty) = (flashes.len(), flashes.is_empty());
    assert_eq!((&flashes).into_iter().count(), len);
    let all: Vec<_> = flashes
        .into_iter()
        .map(|flash| format!("{}: {flash}", flash.category()))
        .collect();
    assert_eq!((all.len(), all.is_empty()), (len, is_empty));
    all.join("\n")
}

fn world_with(settings: impl FnOnce(Ready) -> Ready) -> World {
    World::with(settings, |routes, _| {
        routes
            .get("/told", public(told))
            .get(
                "/who-and-told",
                async |_: CurrentUser<User>, flashes: Flashes<User>| told(flashes).await,
            )
            .get(
                "/twice",
                public(async |one: Flashes<User>, two: Flashes<User>| {
                    format!("{} {}", one.len(), two.len())
                }),
            )
            .get(
                "/told-and-refused",
                async |_: CurrentUser<User>, flashes: Flashes<User>| {
                    assert_eq!(flashes.len(), 1);
                    Err::<(), _>(portcullis::LoginError::refused())
                },
            )
    })
}

fn world() -> World {
    world_with(|builder| builder)
}

// --- told once -----------------------------------------------------------

#[tokio::test]
async fn a_message_is_told_on_the_next_page_and_once() {
    let world = world();
    let mut browser = world.browser();
    let refused = browser.get("/me").await;
    let [line] = refused.set_cookies()[..] else {
        panic!("{:?}", refused.set_cookies());
    };
    assert!(line.starts_with(&format!("{FLASH}=v1.")), "{line}");
    for attribute in [
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
        "Path=/",
        "Max-Age=600",
    ] {
        assert!(line.contains(attribute), "{line}");
    }
    assert!(!line.contains("Domain"));
    let page = browser.get("/told").await;
    assert_eq!(page.body, LOGIN);
    let [removal] = page.set_cookies()[..] else {
        panic!("{:?}", page.set_cookies());
    };
    assert!(removal.starts_with(&format!("{FLASH}=;")) && removal.contains("Max-Age=0"));
    assert!(removal.contains("Secure") && removal.contains("Path=/"));
    assert_eq!(page.header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(page.header(header::VARY), Some("Cookie"));
    let again = browser.get("/told").await;
    assert_eq!((again.body.as_str(), again.set_cookies().len()), ("", 0));
    assert_eq!(again.header(header::CACHE_CONTROL), None);
}

#[tokio::test]
async fn the_latest_refusal_is_the_one_that_is_told() {
    let world = world();
    let mut browser = world.browser();
    for _ in 0..3 {
        browser.get("/me").await;
    }
    browser.post("/login/77").await;
    assert_eq!(
        browser.get("/told").await.body,
        "message: The login was refused."
    );
}

#[tokio::test]
async fn whoever_asks_first_has_the_messages() {
    let world = world();
    let mut browser = world.browser();
    browser.get("/me").await;
    let reply = browser.get("/twice").await;
    assert_eq!((reply.body.as_str(), reply.set_cookies().len()), ("1 0", 1));
}

#[tokio::test]
async fn a_page_that_took_a_message_and_refuses_gives_the_new_one() {
    let world = world();
    let mut browser = world.browser();
    browser.get("/me").await;
    let reply = browser.get("/told-and-refused").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(reply.set_cookies().len(), 1);
    assert_eq!(
        browser.get("/told").await.body,
        "message: The login was refused."
    );
}

#[tokio::test]
async fn looking_for_messages_loads_nobody() {
    let world = world();
    let mut user = world.logged_in(1).await;
    user.get("/me").await; // the first use of a session is another story
    world.store.taken();
    world.loads();
    assert_eq!(user.get("/told").await.body, "");
    assert!(world.store.taken().is_empty());
    assert_eq!(world.loads(), 0);
    assert_eq!(user.get("/who-and-told").await.body, "");
    assert_eq!((world.store.taken(), world.loads()), (vec!["load"], 1));
}

#[tokio::test]
async fn only_browsers_that_are_sent_somewhere_are_told() {
    let world = world();
    for headers in [
        &[("accept", "application/json")][..],
        &[("accept", "text/plain")],
        &[("accept", "*/*")],
        &[],
    ] {
        let reply = world.browser().send(Method::GET, "/me", headers).await;
        assert_eq!(
            (reply.status.as_u16(), reply.set_cookies().len()),
            (401, 0),
            "{headers:?}"
        );
    }
    let mut htmx = world.browser();
    htmx.send(Method::GET, "/me", &[("hx-request", "true")])
        .await;
    assert_eq!(htmx.get("/told").await.body, LOGIN);
    let reply = world.logged_in(1).await.post("/login/1").await;
    assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (303, 0));
    let nowhere = LoginManager::builder()
        .user_loader(|_: u64| async { Ok::<Option<User>, std::io::Error>(None) })
        .secret_key(key(1))
        .build()
        .unwrap()
        .into_router(|login| {
            let me = async |_: Authenticated<User>| ();
            Routes::new().get("/me", me).with_state(login)
        });
    let reply = Browser::of(nowhere).get("/me").await;
    assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (401, 0));
}

// --- forged by nobody ----------------------------------------------------

/// What the app tells a browser that shows exactly this; it must write nothing.
async fn nothing_is_told(world: &World, cookie: &[u8]) {
    let reply = with_cookie(&world.app, Method::GET, "/told", cookie).await;
    let text = String::from_utf8_lossy(cookie);
    assert_eq!(
        (reply.status.as_u16(), reply.body.as_str()),
        (200, ""),
        "{text}"
    );
    assert!(reply.set_cookies().is_empty(), "{text}");
}

#[tokio::test]
async fn a_hostile_cookie_tells_nothing_and_writes_nothing() {
    let world = world_with(|builder| builder.next_in(portcullis::NextIn::Cookie));
    let mut browser = world.browser();
    browser.get("/me").await;
    let good = browser.jar[FLASH].clone();
    let next = browser.jar["__Host-login-next"].clone();
    let session = world.logged_in(1).await.session().unwrap().to_owned();
    let parts: Vec<&str> = good.split('.').collect();
    let forged = [
        String::new(),
        "x".to_owned(),
        "...".to_owned(),
        "v1...".to_owned(),
        session,
        next,
        format!("{good}x"),
        format!("{good}."),
        format!("\"{good}\""),
        format!("v2.{}.{}.{}", parts[1], parts[2], parts[3]),
        format!("v1.{}0.{}.{}", parts[1], parts[2], parts[3]),
        format!("v1.{}.W1siYSIsImIiXV0.{}", parts[1], parts[3]),
        format!("v1.{}.{}.AAAAAAAAAAAAAAAAAAAAAA", parts[1], parts[2]),
        format!("v1.{}.{}.", parts[1], parts[2]),
        format!("v1.{}.{}.{}", parts[1], "A".repeat(100_000), parts[3]),
        "%00".repeat(1_000),
    ];
    for value in &forged {
        nothing_is_told(&world, format!("{FLASH}={value}").as_bytes()).await;
    }
    for len in 0..good.len() {
        nothing_is_told(&world, format!("{FLASH}={}", &good[..len]).as_bytes()).await;
    }
    for cookie in [
        format!("{FLASH}={good}; {FLASH}={good}"),
        format!("{FLASH}=; {FLASH}={good}"),
        format!("__host-login-flash={good}"),
        format!("login-flash={good}"),
        format!("{COOKIE}={good}"),
    ] {
        nothing_is_told(&world, cookie.as_bytes()).await;
    }
    nothing_is_told(&world, &[FLASH.as_bytes(), b"=\xff\xfe\x80"].concat()).await;
    let fine = format!("{FLASH}={good}");
    let reply = with_cookie(&world.app, Method::GET, "/told", fine.as_bytes()).await;
    assert_eq!(reply.body, LOGIN);
}

#[tokio::test]
async fn a_message_is_signed_as_one() {
    let world = world();
    let text = r#"[["info","hello"]]"#;
    for usage in ["next", "login", "stranger"] {
        let cookie = format!("{FLASH}={}", signed(usage, text));
        nothing_is_told(&world, cookie.as_bytes()).await;
    }
    for text in [
        "",
        "{}",
        "[[]]",
        r#"[["a"]]"#,
        r#"[["a","b","c"]]"#,
        "[[1,2]]",
        "[]",
    ] {
        let cookie = format!("{FLASH}={}", signed("flash", text));
        nothing_is_told(&world, cookie.as_bytes()).await;
    }
    let cookie = format!("{FLASH}={}", signed("flash", text));
    let reply = with_cookie(&world.app, Method::GET, "/told", cookie.as_bytes()).await;
    assert_eq!(reply.body, "info: hello");
}

#[tokio::test]
async fn a_message_is_good_for_ten_minutes() {
    let world = world();
    let mut browser = world.browser();
    browser.get("/me").await;
    let cookie = format!("{FLASH}={}", browser.jar[FLASH]);
    world.clock.pass(10 * MINUTE - Duration::from_secs(1));
    let reply = with_cookie(&world.app, Method::GET, "/told", cookie.as_bytes()).await;
    assert_eq!(reply.body, LOGIN);
    world.clock.pass(Duration::from_secs(1));
    nothing_is_told(&world, cookie.as_bytes()).await;
}

#[tokio::test]
async fn a_message_that_is_too_long_for_a_cookie_is_refused_at_start() {
    let builder = || {
        LoginManager::builder()
            .user_loader(|_: u64| async { Ok::<Option<User>, std::io::Error>(None) })
            .secret_key(key(1))
    };
    let long = "ä".repeat(300);
    for builder in [
        builder().login_message(&long),
        builder().refresh_message_category(&long),
        builder().refused_message(&long),
    ] {
        let error = builder.build().map(drop).unwrap_err().to_string();
        assert!(error.contains("longer than"), "{error}");
    }
}

// --- realms --------------------------------------------------------------

struct Staff;

impl AuthUser for Staff {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        1
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

#[derive(Clone, FromRef)]
struct Both {
    users: Login<User>,
    staff: Login<Staff>,
}

#[tokio::test]
async fn a_realm_tells_its_own() {
    let users = LoginManager::builder()
        .user_loader(|_: u64| async { Ok::<Option<User>, std::io::Error>(None) })
        .secret_key(key(1))
        .login_path("/login");
    let staff = LoginManager::builder()
        .realm("staff")
        .user_loader(|_: u64| async { Ok::<Option<Staff>, std::io::Error>(None) })
        .secret_key(key(1))
        .login_path("/staff/login")
        .login_message("Staff only");
    let managers = (users.build().unwrap(), staff.build().unwrap());
    let app = managers.into_router(|(users, staff)| {
        Routes::new()
            .get("/staff", async |_: Authenticated<Staff>| ())
            .get("/told", public(told))
            .get(
                "/staff/told",
                public(async |flashes: Flashes<Staff>| format!("{flashes:?}")),
            )
            .with_state(Both { users, staff })
    });
    let mut browser = Browser::of(app);
    let reply = browser.get("/staff").await;
    assert_eq!(
        reply.header(header::LOCATION),
        Some("/staff/login?next=%2Fstaff")
    );
    let value = browser.jar["__Host-staff-flash"].clone();
    assert_eq!(browser.get("/told").await.body, "");
    browser.jar.insert(FLASH.to_owned(), value);
    let reply = browser.get("/told").await;
    assert_eq!((reply.body.as_str(), reply.set_cookies().len()), ("", 0));
    assert!(browser.get("/staff/told").await.body.contains("Staff only"));
}

#[tokio::test]
async fn a_message_that_nobody_showed_is_gone_with_the_login_that_it_asked_for() {
    let world = World::new();
    let mut browser = world.browser();
    for steps in [["/login/1", "/confirm/1"], ["/login/1", "/logout"]] {
        for step in steps {
            browser.get("/fresh").await;
            world.clock.pass(HOUR / 2);
            browser.get("/fresh").await;
            assert!(browser.jar.contains_key("__Host-login-flash"), "{step}");
            browser.post(step).await;
            assert!(!browser.jar.contains_key("__Host-login-flash"), "{step}");
        }
        browser.jar.clear();
    }
}

#[tokio::test]
async fn another_cookie_of_the_answer_takes_no_message_away() {
    let world = world();
    let mut browser = world.logged_in(1).await;
    world.clock.pass(HOUR);
    browser.get("/fresh").await;
    let (clock, store) = (world.clock.clone(), world.store.clone());
    let rekeyed = World::around(
        clock,
        store,
        world.database.clone(),
        key(2),
        |builder| builder.older_key(key(1)),
        |routes, _| {
            routes.get(
                "/in-and-told",
                async |_: Authenticated<User>, flashes: Flashes<User>| told(flashes).await,
            )
        },
    );
    browser.app = rekeyed.app;
    let page = browser.get("/in-and-told").await;
    assert_ne!(page.body, "");
    assert_eq!(page.session_cookies().len(), 1, "signed by the new key");
    assert_eq!(browser.get("/in-and-told").await.body, "");
}
