//! Remembered browsers: restored, rotated, stolen, forgotten.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use portcullis::{Authenticated, CurrentUser, Data, LoginError, SameSite, Source};
use support::*;
use tokio::sync::Barrier;

fn line<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let start = format!("{name}=");
    reply
        .set_cookies()
        .into_iter()
        .find(|line| line.starts_with(&start))
}

async fn info(user: Authenticated<User>) -> String {
    let info = user.info();
    format!("{:?} {}", info.source(), info.remembered())
}

fn with_info() -> World {
    World::with(|builder| builder, |routes, _| routes.get("/info", info))
}

#[tokio::test]
async fn a_closed_browser_is_logged_in_again_but_not_fresh() {
    let world = with_info();
    let mut browser = world.remembered(1).await;
    assert_eq!(browser.get("/info").await.body, "ByHand true");
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    let (session, token) = (browser.session_id(), browser.token().map(str::to_owned));

    browser.close();
    let reply = browser.get("/info").await;
    assert_eq!(reply.body, "RememberCookie true");
    assert_eq!(reply.set_cookies().len(), 2, "{:?}", reply.set_cookies());
    assert_ne!(browser.session_id(), session);
    assert_ne!(
        browser.token().map(str::to_owned),
        token,
        "a new token with each use"
    );
    assert_eq!(
        browser.get("/fresh").await.header("location"),
        Some("/confirm?next=%2Ffresh")
    );

    let reply = browser.get("/me").await;
    assert_eq!(reply.body, "user 1");
    assert!(reply.session_cookies().is_empty(), "an ordinary session");
    browser.post("/confirm/1").await;
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    assert_eq!(browser.get("/info").await.body, "ByHand true");
}

#[tokio::test]
async fn nobody_is_remembered_who_did_not_ask() {
    let world = with_info();
    let mut browser = world.logged_in(1).await;
    assert_eq!(browser.get("/info").await.body, "ByHand false");
    browser.close();
    assert!(browser.jar.is_empty());
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn the_cookie_lasts_a_year_or_as_long_as_the_login_says() {
    let world = World::new();
    let mut browser = world.browser();
    let reply = browser.post("/remember/1").await;
    let cookie = line(&reply, REMEMBER).unwrap();
    for attribute in [
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
        "Path=/",
        "Max-Age=31536000",
    ] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert!(
        !line(&reply, COOKIE).unwrap().contains("Max-Age"),
        "a session's ends with the window"
    );

    let mut other = world.browser();
    let reply = other.post("/remember/1?days=3").await;
    assert!(line(&reply, REMEMBER).unwrap().contains("Max-Age=259200"));
    let reply = other.post("/remember/1?days=5000").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "logged in already");
    let mut third = world.browser();
    let reply = third.post("/remember/1?days=5000").await;
    assert!(
        line(&reply, REMEMBER).unwrap().contains("Max-Age=34560000"),
        "400 days"
    );
    let reply = world.browser().post("/remember/1").await;
    assert!(
        line(&reply, REMEMBER).unwrap().contains("Max-Age=31536000"),
        "the next login is its own"
    );

    other.close();
    world.clock.pass(DAY * 3 - MINUTE);
    let reply = other.get("/me").await;
    assert!(
        line(&reply, REMEMBER).unwrap().contains("Max-Age=60"),
        "up to the same day"
    );
    other.close();
    world.clock.pass(MINUTE);
    assert_eq!(
        other.get("/who").await.body,
        "nobody",
        "the server keeps count, not the browser"
    );
}

#[tokio::test]
async fn remember_false_is_not_overruled_by_a_duration() {
    let world = World::with(
        |builder| builder,
        |routes, login| {
            routes.post("/unchecked", async move |session: portcullis::Session<portcullis::Anonymous>,
                axum::extract::State(database): axum::extract::State<Arc<Database>>| {
                let user = database.find(1).unwrap();
                let login = session.login_user(login.vouch_for(user));
                login.remember(false).remember_for(DAY).await.map(drop)
            })
        },
    );
    let reply = world.browser().post("/unchecked").await;
    assert!(line(&reply, COOKIE).is_some() && line(&reply, REMEMBER).is_none());
}

#[tokio::test]
async fn refreshing_begins_the_time_anew_with_each_use() {
    let world = World::with(
        |builder| builder.refresh_remember_cookie(true),
        |routes, _| routes,
    );
    let mut browser = world.browser();
    browser.post("/remember/1?days=10").await;
    browser.get("/me").await;
    world.clock.pass(DAY * 6);
    let reply = browser.get("/me").await;
    assert!(
        line(&reply, REMEMBER).unwrap().contains("Max-Age=864000"),
        "the ten days of the login"
    );
    assert!(
        browser.get("/me").await.set_cookies().is_empty(),
        "once a minute at most"
    );
    browser.close();
    world.clock.pass(DAY * 9);
    assert_eq!(
        browser.get("/me").await.body,
        "user 1",
        "alive on the server too"
    );
    browser.close();
    world.clock.pass(DAY * 9);
    assert_eq!(
        browser.get("/me").await.body,
        "user 1",
        "a restored login is a use"
    );
}

#[tokio::test]
async fn each_attribute_can_be_set_and_the_cookie_is_removed_as_it_was_set() {
    let world = World::with(
        |builder| {
            builder
                .remember_for(DAY)
                .remember_cookie_name("__Secure-me")
                .remember_cookie_domain("example.org")
                .remember_cookie_path("/")
                .remember_cookie_same_site(SameSite::Strict)
                .dangerous()
                .remember_cookie_for_scripts()
        },
        |routes, _| routes,
    );
    let mut browser = world.browser();
    let reply = browser.post("/remember/1").await;
    let set = line(&reply, "__Secure-me").unwrap();
    assert!(!set.contains("HttpOnly"));
    for attribute in [
        "SameSite=Strict",
        "Secure",
        "Path=/",
        "Domain=example.org",
        "Max-Age=86400",
    ] {
        assert!(set.contains(attribute), "{attribute}: {set}");
    }
    let reply = browser.post("/logout").await;
    let removed = line(&reply, "__Secure-me").unwrap();
    let attributes = |line: &str| {
        line.split_once("; ")
            .unwrap()
            .1
            .replace("Max-Age=86400", "Max-Age=0")
    };
    assert_eq!(attributes(removed), attributes(set));
}

#[tokio::test]
async fn logging_out_forgets_the_browser() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    let copy = browser.clone();
    browser.post("/logout").await;
    assert!(browser.jar.is_empty(), "{:?}", browser.jar);
    assert!(world.store.inner.is_empty(), "on the server too");
    for close in [true, false] {
        let mut copy = copy.clone();
        if close {
            copy.close();
        }
        let reply = copy.get("/who").await;
        assert_eq!(reply.body, "nobody");
        assert!(reply.session_cookies().is_empty());
    }
}

#[tokio::test]
async fn another_user_leaves_nothing_that_remembers_the_first() {
    let world = World::new();
    for step in ["/switch/2", "/logout"] {
        let mut browser = world.remembered(1).await;
        browser.post(step).await;
        assert!(browser.token().is_none(), "{step}");
        if step == "/logout" {
            browser.post("/login/2").await;
        }
        browser.close();
        assert_eq!(browser.get("/who").await.body, "nobody", "{step}");
    }
    // Whose token was refused is logged in as somebody else: it goes.
    let mut browser = world.remembered(1).await;
    browser.close();
    world.database.change(1, |user| user.active = false);
    browser.post("/login/2").await;
    assert!(browser.token().is_none());
    world.database.change(1, |user| user.active = true);
    browser.close();
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_guard_restores_and_a_look_only_reads() {
    async fn layer(
        who: CurrentUser<User>,
        request: axum::extract::Request,
        next: axum::middleware::Next,
    ) -> axum::response::Response {
        let mut response = next.run(request).await;
        let info = who.info().map(|info| (info.source(), info.id().is_some()));
        let seen = format!("{info:?}").parse().unwrap();
        response.headers_mut().insert("seen", seen);
        response
    }
    let world = World::with(
        |builder| builder,
        |routes, login| {
            let app = App {
                login,
                database: Arc::default(),
            };
            routes
                .get(
                    "/narrow",
                    portcullis::public(async |who: CurrentUser<User>| {
                        assert_eq!(
                            who.info().map(|info| info.source()),
                            Some(Source::RememberCookie)
                        );
                        let name = who.user().map(|user| user.id);
                        let proof = who.into_authenticated().await;
                        assert!(proof.is_err_and(|error| error.is_unauthorized()));
                        format!("look {name:?}")
                    }),
                )
                .layer(axum::middleware::from_fn_with_state(app, layer))
        },
    );
    let mut browser = world.remembered(1).await;
    browser.close();
    world.store.taken();
    let reply = browser.get("/narrow").await;
    assert_eq!(
        (reply.status, &*reply.body),
        (StatusCode::OK, "look Some(1)")
    );
    assert!(reply.session_cookies().is_empty());
    assert_eq!(reply.header("seen"), Some("Some((RememberCookie, false))"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(world.store.taken(), ["load"], "nothing is written");

    // A look before the guard does not keep it from restoring.
    let reply = browser.get("/me").await;
    assert_eq!(reply.body, "user 1");
    assert_eq!(reply.set_cookies().len(), 2);
    assert_eq!(world.store.taken(), ["load", "load", "restore"]);
}

#[tokio::test]
async fn a_remembered_stranger_keeps_what_may_be_kept() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    let mut token_only = browser.clone();
    browser.jar.clear();
    browser.post("/cart/7").await;
    browser.post("/note/7").await;
    token_only.jar.extend(browser.jar);
    token_only.get("/me").await;
    assert_eq!(
        token_only.get("/data").await.body,
        "note [] cart [7]",
        "as at a login by hand"
    );
}

#[tokio::test]
async fn whoever_is_remembered_is_not_asked_to_log_in() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    let reply = browser.post("/login/2").await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (StatusCode::SEE_OTHER, Some("/"))
    );
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn the_remembered_user_is_checked_as_any() {
    let world = World::new();
    let changes: [fn(&Database); 3] = [
        |database| database.change(1, |user| user.active = false),
        |database| database.change(1, |user| user.password = "new".to_owned()),
        |database| drop(database.users.lock().unwrap().remove(&1)),
    ];
    for change in changes {
        let world = world.again(|builder| builder);
        let user = world.database.find(1).unwrap();
        let mut browser = world.remembered(1).await;
        browser.close();
        change(&world.database);
        let reply = browser.get("/who").await;
        assert_eq!(reply.body, "nobody");
        assert!(reply.session_cookies().is_empty());
        world.database.users.lock().unwrap().insert(1, user);
    }
    let mut browser = world.remembered(1).await;
    browser.close();
    world.database.broken.store(true, Ordering::SeqCst);
    assert_eq!(
        browser.get("/who").await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test]
async fn new_credentials_keep_this_browser_remembered_and_no_other() {
    let world = World::new();
    let mut browser = world.browser();
    browser.post("/remember/1?days=10").await;
    let mut other = world.remembered(1).await;
    world.clock.pass(MINUTE);
    browser.post("/password/new").await;
    for browser in [&mut browser, &mut other] {
        browser.close();
    }
    world.clock.pass(DAY);
    assert_eq!(other.get("/who").await.body, "nobody");
    let reply = browser.get("/me").await;
    assert_eq!(reply.body, "user 1");
    let left = (DAY * 9 - MINUTE).as_secs();
    assert!(
        line(&reply, REMEMBER)
            .unwrap()
            .contains(&format!("Max-Age={left}")),
        "up to the same day"
    );
}

#[tokio::test]
async fn ending_a_session_from_outside_forgets_its_browser() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    let mut other = world.remembered(1).await;
    other.close();
    other.get("/me").await;
    let mut third = world.logged_in(1).await;
    browser.get("/me").await; // one that was never used is not listed
    let listed = world.sessions.list(&1).await.unwrap();
    let bytes = data_id(&browser.session_id().unwrap());
    let ended = listed
        .iter()
        .find(|listed| listed.id().is_some_and(|id| *id.as_bytes() == bytes))
        .unwrap();
    assert!(ended.remembered());
    assert!(world.sessions.end(&1, ended.login_id()).await.unwrap());
    browser.close();
    assert_eq!(browser.get("/who").await.body, "nobody");
    assert_eq!(other.get("/who").await.body, "user 1");
    assert_eq!(third.get("/who").await.body, "user 1");
    world.sessions.end_all(&1).await.unwrap();
    other.close();
    for browser in [&mut other, &mut third] {
        assert_eq!(browser.get("/who").await.body, "nobody");
    }
    assert!(world.store.inner.is_empty());
}

fn data_id(text: &str) -> [u8; 16] {
    data_encoding::BASE64URL_NOPAD
        .decode(text.as_bytes())
        .unwrap()
        .try_into()
        .unwrap()
}

// --- races, lost answers, thieves ----------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_requests_at_once_one_gets_the_token_and_all_are_let_in() {
    for _ in 0..20 {
        let world = World::new();
        let mut browser = world.remembered(1).await;
        browser.close();
        let barrier = Arc::new(Barrier::new(10));
        let requests: Vec<_> = (0..10)
            .map(|_| {
                let (mut browser, barrier) = (browser.clone(), barrier.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    browser.get("/me").await
                })
            })
            .collect();
        let mut winners = 0;
        for request in requests {
            let reply = request.await.unwrap();
            assert_eq!(reply.body, "user 1");
            match reply.set_cookies().len() {
                0 => {}
                2 => {
                    winners += 1;
                    browser.keep(&reply);
                }
                _ => panic!("{:?}", reply.set_cookies()),
            }
        }
        assert_eq!(winners, 1);
        assert_eq!(
            world.sessions.list(&1).await.unwrap().len(),
            1,
            "the winner's: the login's has ended"
        );
        assert_eq!(browser.get("/me").await.body, "user 1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_series_is_alive_after_a_restore_and_a_logout() {
    for _ in 0..100 {
        let world = World::new();
        let mut browser = world.remembered(1).await;
        let mut closed = browser.clone();
        closed.close();
        let barrier = Arc::new(Barrier::new(2));
        let restore = {
            let barrier = barrier.clone();
            tokio::spawn(async move {
                barrier.wait().await;
                let reply = closed.get("/me").await;
                assert!(matches!(
                    reply.status,
                    StatusCode::OK | StatusCode::SEE_OTHER
                ));
                closed
            })
        };
        barrier.wait().await;
        browser.post("/logout").await;
        let mut restored = restore.await.unwrap();
        assert!(world.store.inner.is_empty(), "whichever came first");
        assert_eq!(restored.get("/who").await.body, "nobody");
        restored.close();
        assert_eq!(restored.get("/who").await.body, "nobody");
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_no_theft() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    let mut lost = browser.clone();
    lost.get("/me").await; // the answer never arrives
    world.clock.pass(HOUR);
    let reply = browser.get("/me").await;
    assert_eq!(reply.body, "user 1");
    assert_eq!(reply.set_cookies().len(), 2);

    // Whoever has the lost answer has nothing: neither its session nor its token.
    let mut session = lost.clone();
    session.jar.remove(REMEMBER);
    assert_eq!(session.get("/who").await.body, "nobody");
    lost.close();
    assert_eq!(
        lost.get("/me").await.status,
        StatusCode::SEE_OTHER,
        "that is theft"
    );
    assert_eq!(
        browser.get("/who").await.body,
        "nobody",
        "and ends the series for both"
    );
}

#[tokio::test]
async fn a_slow_request_is_no_theft_for_a_minute_after_the_new_token_was_seen() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    let slow = browser.clone();
    browser.get("/me").await;
    world.clock.pass(HOUR);
    browser.get("/me").await; // the new session is seen
    world.clock.pass(MINUTE - Duration::from_secs(1));
    let reply = slow.clone().get("/me").await;
    assert_eq!(reply.body, "user 1");
    assert!(
        reply.session_cookies().is_empty(),
        "it stands on the session of the faster one"
    );
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn who_stands_on_the_winners_session_is_not_fresh() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    let mut slow = browser.clone();
    browser.get("/me").await;
    browser.get("/me").await;
    let session = browser.session_id();
    assert!(session.is_some());
    assert_eq!(slow.get("/fresh").await.status, StatusCode::SEE_OTHER);
    browser.post("/confirm/1").await;
    assert_eq!(slow.get("/fresh").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
}

#[tokio::test]
async fn a_reuse_after_that_ends_the_series_and_what_came_of_it_and_nothing_else() {
    for seen_by in ["/me", "close"] {
        let world = World::new();
        let mut browser = world.remembered(1).await;
        let mut by_hand = browser.clone();
        browser.close();
        let mut thief = browser.clone();
        browser.get("/me").await;
        if seen_by == "close" {
            browser.close();
        }
        browser.get("/me").await;
        let mut other = world.remembered(1).await;
        let mut another = world.logged_in(1).await;
        world.clock.pass(MINUTE);
        // A look shows nothing, and ends nothing.
        assert_eq!(thief.get("/look").await.body, "nobody");
        assert_eq!(browser.get("/me").await.body, "user 1");

        let reply = thief.get("/me").await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
        assert!(reply.session_cookies().is_empty());
        for ended in [&mut browser, &mut by_hand] {
            assert_eq!(ended.get("/who").await.body, "nobody", "{seen_by}");
            ended.close();
            assert_eq!(ended.get("/who").await.body, "nobody");
        }
        assert_eq!(another.get("/who").await.body, "user 1");
        other.close();
        assert_eq!(other.get("/who").await.body, "user 1");
    }
}

#[tokio::test]
async fn tokens_outlive_a_change_of_keys_and_are_signed_anew() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    let mut closed = browser.clone();
    let rekeyed = world.rekeyed();
    browser.app = rekeyed.app.clone();
    closed.app = rekeyed.app.clone();
    let before = browser.token().map(str::to_owned);
    rekeyed.clock.pass(HOUR);
    browser.get("/me").await;
    let after = browser.token().map(str::to_owned);
    assert_ne!(after, before, "with the use of the session");
    let secret =
        |token: &Option<String>| token.as_ref().unwrap().split('.').nth(2).map(str::to_owned);
    assert_eq!(secret(&after), secret(&before), "the same token");
    closed.close();
    assert_eq!(closed.get("/me").await.body, "user 1");
}

// --- hostile cookies -------------------------------------------------------

#[tokio::test]
async fn a_bad_remember_cookie_does_nothing() {
    let world = World::new();
    let browser = world.remembered(1).await;
    let good = browser.token().unwrap().to_owned();
    let session = browser.session().unwrap().to_owned();
    let stored = world.store.inner.len();
    let mut bad = vec![
        format!("{REMEMBER}={good}; {REMEMBER}={good}"),
        format!("{REMEMBER}={good}; {REMEMBER}=x"),
        format!("{REMEMBER}={session}"),
        format!("{COOKIE}={good}"),
        format!("{REMEMBER}="),
        format!("{REMEMBER}={}", "a".repeat(100_000)),
        format!("{REMEMBER}=1|{}", "f".repeat(128)),
        format!("\u{2000}{REMEMBER}={good}"),
    ];
    bad.extend((0..good.len()).map(|len| format!("{REMEMBER}={}", &good[..len])));
    for index in 0..good.len() {
        let mut forged = good.clone().into_bytes();
        forged[index] ^= 1;
        bad.push(format!("{REMEMBER}={}", String::from_utf8_lossy(&forged)));
    }
    world.store.taken();
    for cookie in bad {
        let reply = with_cookie(&world.app, Method::GET, "/who", cookie.as_bytes()).await;
        assert_eq!(
            (reply.status, &*reply.body),
            (StatusCode::OK, "nobody"),
            "{cookie}"
        );
        assert!(reply.session_cookies().is_empty(), "{cookie}");
        assert!(
            world.store.taken().is_empty(),
            "it never reaches the store: {cookie}"
        );
    }
    assert_eq!(world.store.inner.len(), stored);
    let mut closed = browser.clone();
    closed.close();
    assert_eq!(closed.get("/me").await.body, "user 1", "and loses nothing");
}

#[tokio::test]
async fn a_broken_store_loses_no_remembered_login() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    for step in ["load", "restore"] {
        world.store.break_at(Some(step));
        let reply = browser.get("/me").await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{step}");
        assert!(reply.session_cookies().is_empty());
        world.store.break_at(None);
    }
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn a_token_of_another_realm_or_another_user_type_is_none() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    let other = world.again(|builder| builder.realm("staff"));
    let token = browser.token().unwrap();
    let cookie = format!("__Host-staff-remember={token}");
    let reply = with_cookie(&other.app, Method::GET, "/who", cookie.as_bytes()).await;
    assert_eq!(reply.body, "nobody");
}

#[tokio::test]
async fn a_look_that_failed_has_not_found_nobody() {
    type Shared = (App, Spy);
    async fn look_in_vain(
        axum::extract::State((app, store)): axum::extract::State<Shared>,
        request: axum::extract::Request,
        next: axum::middleware::Next,
    ) -> axum::response::Response {
        let (mut parts, body) = request.into_parts();
        store.break_at(Some("load"));
        let look = <CurrentUser<User> as axum::extract::FromRequestParts<App>>::from_request_parts;
        assert!(
            look(&mut parts, &app)
                .await
                .is_err_and(|error| error.is_store())
        );
        store.break_at(None);
        next.run(axum::extract::Request::from_parts(parts, body))
            .await
    }
    let store = Arc::new(std::sync::OnceLock::new());
    let world = {
        let store = store.clone();
        World::with(
            |builder| builder,
            move |routes, login| {
                let database = Arc::default();
                let layer = async move |request, next| {
                    let spy: &Spy = store.get().unwrap();
                    let app = App {
                        login: login.clone(),
                        database: Arc::clone(&database),
                    };
                    look_in_vain(axum::extract::State((app, spy.clone())), request, next).await
                };
                let layer = move |request, next| {
                    let layer = layer.clone();
                    async move { layer(request, next).await }
                };
                routes.layer(axum::middleware::from_fn(layer))
            },
        )
    };
    store.set(world.store.clone()).ok().unwrap();
    let mut browser = Browser::of(world.again(|builder| builder).app);
    browser.post("/remember/1").await;
    browser.close();
    browser.app = world.app.clone();
    assert_eq!(browser.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn a_login_that_is_not_shown_the_cookie_removes_it_all_the_same() {
    let name = "__Secure-login-remember";
    let world = World::with(
        |builder| builder.remember_cookie_path("/me"),
        |routes, _| routes,
    );
    let mut browser = world.remembered(1).await;
    browser.close();
    let cookie = browser.jar.remove(name).unwrap(); // not sent to this path
    let reply = browser.post("/login/2").await;
    let removed = line(&reply, name).unwrap();
    assert!(
        removed.contains("Max-Age=0") && removed.contains("Path=/me"),
        "{removed}"
    );
    let reply = browser.post("/logout").await;
    assert!(line(&reply, name).unwrap().contains("Max-Age=0"));
    browser.jar.insert(name.to_owned(), cookie); // a copy: only the server could end that
    assert_eq!(browser.get("/me").await.body, "user 1");
}

/// Data that a stranger kept is the user's after a restore, and not there twice.
#[tokio::test]
async fn what_a_stranger_kept_is_there_once_after_a_restore() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes.post(
                "/take",
                async |_: CurrentUser<User>, mut cart: Data<Cart>| -> Result<String, LoginError> {
                    Ok(format!("{:?}", cart.take().await?.map(|cart| cart.0)))
                },
            )
        },
    );
    let mut remembered = world.remembered(1).await;
    remembered.close();
    let mut stranger = world.browser();
    stranger.post("/cart/7").await;
    remembered.jar.extend(stranger.jar.clone());
    assert_eq!(remembered.get("/me").await.body, "user 1");
    assert_eq!(remembered.post("/take").await.body, "Some([7])");
    assert_eq!(stranger.post("/take").await.body, "None");
}

#[tokio::test]
async fn a_remember_cookie_whose_record_is_said_to_be_another_users_is_none() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    *world.store.tamper.lock().unwrap() = Some(Tamper::OtherUser);
    assert_eq!(browser.get("/look").await.body, "nobody");
    assert_eq!(browser.get("/who").await.body, "nobody");
    *world.store.tamper.lock().unwrap() = None;
    assert_eq!(browser.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn a_use_of_the_session_sends_the_remember_cookie_again_only_if_there_is_a_reason() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    world.clock.pass(HOUR);
    assert!(browser.get("/me").await.session_cookies().is_empty());
    browser.app = world.rekeyed().app;
    world.clock.pass(HOUR);
    assert_eq!(browser.get("/me").await.session_cookies().len(), 2);
}
