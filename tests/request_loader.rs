//! Users who come with the request itself: API keys, bearer tokens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderValue, Method, Request, StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use portcullis::{Authenticated, BoxError, CurrentUser, Login, Routes, public};
use support::*;
use tokio::sync::mpsc;

/// What the loader is asked and does.
#[derive(Clone, Default)]
struct Keys {
    asked: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    panics: Arc<AtomicBool>,
}

impl Keys {
    /// `Bearer 3` or `?key=3` is user 3.
    async fn load(self, request: Parts) -> Result<Option<User>, BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "the loader panics");
        if self.broken.load(Ordering::SeqCst) {
            return Err("the keys are gone".into());
        }
        let value = request.headers.get(header::AUTHORIZATION);
        let value = value.and_then(|value| value.to_str().ok());
        let bearer = value.and_then(|value| value.strip_prefix("Bearer "));
        let query = request
            .uri
            .query()
            .and_then(|query| query.strip_prefix("key="));
        let id = bearer.or(query).and_then(|key| key.parse().ok());
        Ok(id.map(|id| User {
            id,
            password: String::new(),
            active: id != 9,
        }))
    }
}

fn with_keys(keys: &Keys) -> World {
    let keys = keys.clone();
    World::with(
        move |builder| builder.request_loader(move |request| keys.clone().load(request)),
        |routes, _| {
            routes
                .get("/source", async |user: Authenticated<User>| {
                    let info = user.info();
                    format!("{} {:?} {:?}", user.id, info.source(), info.id().is_some())
                })
                .get("/anonymous", async |_: portcullis::Anonymous| ())
        },
    )
}

async fn with_key(browser: &mut Browser, method: Method, path: &str, key: &str) -> Reply {
    let key = format!("Bearer {key}");
    let headers = [("accept", "application/json"), ("authorization", &*key)];
    browser.send(method, path, &headers).await
}

#[tokio::test]
async fn a_key_lets_in_and_leaves_nothing_behind() {
    let keys = Keys::default();
    let world = with_keys(&keys);
    let mut client = world.browser();
    for path in ["/source", "/source?key=3"] {
        let reply = match path {
            "/source" => with_key(&mut client, Method::GET, path, "3").await,
            path => client.api(Method::GET, path).await,
        };
        assert_eq!(reply.body, "3 Request false");
        assert!(reply.set_cookies().is_empty());
        let vary: Vec<_> = reply.headers.get_all(header::VARY).iter().collect();
        assert_eq!(vary, ["Cookie", "Authorization"]);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert!(world.store.taken().is_empty(), "no session, no store");
    assert_eq!(
        with_key(&mut client, Method::GET, "/who", "3").await.body,
        "user 3"
    );
    assert_eq!(
        with_key(&mut client, Method::GET, "/look", "3").await.body,
        "user 3"
    );
}

#[tokio::test]
async fn without_a_key_the_challenge_is_bearer() {
    let world = with_keys(&Keys::default());
    let reply = world.browser().api(Method::GET, "/me").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        reply.header("www-authenticate"),
        Some(r#"Bearer realm="login""#)
    );
    let vary: Vec<_> = reply.headers.get_all(header::VARY).iter().collect();
    assert_eq!(vary, ["Cookie", "Authorization"]);
}

#[tokio::test]
async fn the_cookies_come_first_and_bad_ones_hide_nothing() {
    let keys = Keys::default();
    let world = with_keys(&keys);
    let mut browser = world.remembered(1).await;
    keys.asked.store(0, Ordering::SeqCst);
    let reply = with_key(&mut browser, Method::GET, "/source", "3").await;
    assert_eq!(reply.body, "1 ByHand true", "the session cookie");
    browser.close();
    let reply = with_key(&mut browser, Method::GET, "/source", "3").await;
    assert_eq!(
        reply.body, "1 RememberCookie true",
        "then the remember cookie"
    );
    assert_eq!(keys.asked.load(Ordering::SeqCst), 0);

    for name in [COOKIE, REMEMBER] {
        let mut client = world.browser();
        client.jar.insert(name.to_owned(), "forged".to_owned());
        let reply = with_key(&mut client, Method::GET, "/source", "3").await;
        assert_eq!(reply.body, "3 Request false", "a bad {name}");
    }
    world.sessions.end_all(&1).await.unwrap();
    let reply = with_key(&mut browser, Method::GET, "/source", "3").await;
    assert_eq!(reply.body, "3 Request false", "dead cookies");
}

#[tokio::test]
async fn it_is_asked_once_a_request_and_only_where_a_login_is() {
    let keys = Keys::default();
    let world = with_keys(&keys);
    let mut client = world.browser();
    with_key(&mut client, Method::GET, "/", "3").await;
    assert_eq!(keys.asked.swap(0, Ordering::SeqCst), 0, "a public page");
    for key in ["3", "none"] {
        with_key(&mut client, Method::GET, "/data", key).await;
        assert_eq!(
            keys.asked.swap(0, Ordering::SeqCst),
            1,
            "two looks and a guard"
        );
    }
}

#[tokio::test]
async fn a_key_is_never_fresh_and_has_no_session() {
    let world = with_keys(&Keys::default());
    let mut client = world.browser();
    let reply = with_key(&mut client, Method::GET, "/fresh", "3").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(
        challenge.starts_with("Bearer ") && challenge.contains("insufficient_user_authentication")
    );
    for path in ["/logout", "/confirm/3", "/switch/1", "/login/1", "/any"] {
        let reply = with_key(&mut client, Method::POST, path, "3").await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
        assert!(reply.set_cookies().is_empty(), "{path}");
    }
    let reply = with_key(&mut client, Method::POST, "/password/new", "3").await;
    assert!(!reply.status.is_success());
    assert_eq!(
        with_key(&mut client, Method::GET, "/anonymous", "3")
            .await
            .status,
        StatusCode::CONFLICT
    );
    assert!(world.store.inner.is_empty());
}

#[tokio::test]
async fn data_of_who_comes_with_a_key_has_no_place() {
    let world = with_keys(&Keys::default());
    let mut client = world.browser();
    client.post("/note/1").await; // a stranger's
    let reply = with_key(&mut client, Method::GET, "/data", "3").await;
    assert_eq!(reply.body, "note [] cart []", "not the stranger's");
    let reply = with_key(&mut client, Method::POST, "/note/7", "3").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.set_cookies().is_empty());
    assert_eq!(client.get("/data").await.body, "note [1] cart []");
}

#[tokio::test]
async fn an_inactive_user_is_nobody() {
    let world = with_keys(&Keys::default());
    let reply = with_key(&mut world.browser(), Method::GET, "/who", "9").await;
    assert_eq!(reply.body, "nobody");
}

#[tokio::test]
async fn a_broken_loader_is_never_nobody() {
    let keys = Keys::default();
    let world = with_keys(&keys);
    for flag in [&keys.broken, &keys.panics] {
        flag.store(true, Ordering::SeqCst);
        let reply = with_key(&mut world.browser(), Method::GET, "/who", "3").await;
        assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
        flag.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_look_may_become_a_proof_and_no_more() {
    let keys = Keys::default();
    let world = {
        let keys = keys.clone();
        World::with(
            move |builder| builder.request_loader(move |request| keys.clone().load(request)),
            |routes, _| {
                routes.get(
                    "/narrow",
                    portcullis::public(async |who: CurrentUser<User>| {
                        let user = who.into_authenticated().await?;
                        let id = user.id;
                        user.into_fresh().map(|_| format!("fresh {id}"))
                    }),
                )
            },
        )
    };
    let reply = with_key(&mut world.browser(), Method::GET, "/narrow", "3").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(
        reply
            .header("www-authenticate")
            .unwrap()
            .contains("insufficient")
    );
}

/// One request has one caller: whom a layer has looked at is not who calls with another key.
#[tokio::test]
async fn a_layer_that_swaps_the_key_does_not_keep_the_login() {
    async fn look_and_swap(
        _: CurrentUser<User>,
        mut request: Request<Body>,
        next: Next,
    ) -> Response {
        let headers = request.headers_mut();
        if let Some(key) = headers.remove("x-own-key") {
            headers.insert("x-key", key);
        }
        headers.insert("x-request-id", HeaderValue::from_static("7"));
        next.run(request).await
    }
    async fn by_key(request: Parts, asked: Arc<AtomicU64>) -> Result<Option<User>, Infallible> {
        asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let key = request.headers.get("x-key");
        let id = key.and_then(|key| key.to_str().ok()?.parse().ok());
        Ok(id.map(|id| User {
            id,
            password: String::new(),
            active: true,
        }))
    }
    async fn look(login: &Login<User>, key: &str) -> String {
        let request = Request::builder().uri("/").header("x-key", key);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let who = CurrentUser::<User>::from_request_parts(&mut parts, login).await;
        who.map_or("refused".to_owned(), |who| {
            format!("{:?}", who.user().map(|user| user.id))
        })
    }
    async fn batch(State(login): State<Login<User>>) -> String {
        let mut told = Vec::new();
        for key in ["1", "2", "1"] {
            told.push(look(&login, key).await);
        }
        told.join(" ")
    }
    async fn at_once(State(login): State<Login<User>>) -> String {
        let (one, other) = tokio::join!(look(&login, "1"), look(&login, "2"));
        format!("{one} {other}")
    }
    let asked = Arc::new(AtomicU64::new(0));
    let counted = asked.clone();
    let world = World::with(
        |builder| builder.request_loader(move |request| by_key(request, counted.clone())),
        |routes, login| {
            let me = async |user: Authenticated<User>| format!("user {}", user.id);
            routes
                .merge(
                    Routes::new()
                        .get("/swapped", me)
                        .get(
                            "/twice",
                            async |_: Authenticated<User>, _: CurrentUser<User>| (),
                        )
                        .layer(from_fn_with_state(login, look_and_swap)),
                )
                .get("/batch", public(batch))
                .get("/at-once", public(at_once))
        },
    );
    // The layer looks, and then the guard with a header more; a second guard asks nothing.
    asked.store(0, Ordering::SeqCst);
    let headers = [("x-key", "1")];
    world.browser().send(Method::GET, "/twice", &headers).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    for (key, own, status) in [
        ("1", None, StatusCode::OK),
        ("1", Some("1"), StatusCode::OK),
        ("1", Some("2"), StatusCode::INTERNAL_SERVER_ERROR),
        ("1", Some("none"), StatusCode::INTERNAL_SERVER_ERROR),
        ("none", Some("2"), StatusCode::INTERNAL_SERVER_ERROR),
        ("none", Some("nor"), StatusCode::UNAUTHORIZED),
    ] {
        let mut headers = vec![("accept", "application/json"), ("x-key", key)];
        headers.extend(own.map(|own| ("x-own-key", own)));
        let reply = world
            .browser()
            .send(Method::GET, "/swapped", &headers)
            .await;
        assert_eq!(reply.status, status, "{key} {own:?}");
        assert!(status != StatusCode::OK || reply.body == "user 1");
    }
    let reply = world.browser().get("/batch").await;
    assert_eq!(reply.body, "Some(1) refused Some(1)");
    let reply = world.browser().get("/at-once").await;
    let is_one = ["Some(1) refused", "refused Some(2)"].contains(&&*reply.body);
    assert!(is_one, "{}", reply.body);
}

/// A key is asked for again as it was asked for first.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_taken_back_ends_what_it_began() {
    for is_known_to_the_user_loader in [true, false] {
        let id = if is_known_to_the_user_loader { 1 } else { 77 };
        let good = Arc::new(AtomicBool::new(true));
        let asked = good.clone();
        let (keep, mut kept) = mpsc::unbounded_channel();
        let world = World::with(
            |builder| {
                builder.request_loader(move |request: Parts| {
                    let is_good = asked.load(Ordering::Relaxed);
                    let found = is_good && request.headers.contains_key("authorization");
                    let user = User {
                        id,
                        password: "secret".to_owned(),
                        active: true,
                    };
                    async move { Ok::<_, Infallible>(found.then_some(user)) }
                })
            },
            |routes, _| {
                routes.get("/keep", async move |user: Authenticated<User>| {
                    keep.send(user).ok();
                })
            },
        );
        let request = world
            .browser()
            .request(Method::GET, "/keep", &[("authorization", "k")]);
        send(&world.app, request).await;
        let proof = kept.recv().await.unwrap();
        let proof = proof.recheck().await.unwrap();
        let revoked = proof.revoked();
        good.store(false, Ordering::Relaxed);
        revoked.await;
        assert!(proof.recheck().await.unwrap_err().is_ended());
    }
}

/// What a layer has looked at is what the handler gets, or nothing.
#[tokio::test]
async fn a_layer_does_not_change_the_key_behind_a_look() {
    async fn look_and_swap(
        _: CurrentUser<User>,
        mut request: Request<Body>,
        next: Next,
    ) -> Response {
        let key = "2".parse().unwrap();
        request.headers_mut().insert("authorization", key);
        next.run(request).await
    }
    async fn by_number(request: Parts) -> Result<Option<User>, Infallible> {
        let key = request.headers.get("authorization");
        let id = key.and_then(|key| key.to_str().ok()?.parse().ok());
        let password = "secret".to_owned();
        Ok(id.map(|id| User {
            id,
            password,
            active: true,
        }))
    }
    let world = World::with(
        |builder| builder.request_loader(by_number),
        |routes, login| {
            let inner = Routes::<App>::new()
                .get("/swapped", async |user: Authenticated<User>| {
                    user.id.to_string()
                })
                .layer(from_fn_with_state(login, look_and_swap));
            routes.merge(inner)
        },
    );
    let request = world
        .browser()
        .request(Method::GET, "/swapped", &[("authorization", "1")]);
    let answer = send(&world.app, request).await;
    assert_eq!(
        answer.status,
        StatusCode::INTERNAL_SERVER_ERROR,
        "{}",
        answer.body
    );
}
