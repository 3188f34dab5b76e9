//! What the library answers to whom: pages, API clients, htmx.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use axum::{
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use portcullis::{Answers, Authenticated, CurrentUser, LoginError, public};
use support::*;

const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml");
const API: (&str, &str) = ("accept", "application/json");
const HTMX: (&str, &str) = ("hx-request", "true");

#[tokio::test]
async fn a_page_is_sent_to_the_login_and_back() {
    let world = World::new();
    let mut browser = world.browser();
    let reply = browser
        .send(Method::GET, "/data?page=2&q=a%20b", &[PAGE])
        .await;
    assert_eq!(reply.status, StatusCode::OK, "data is for everyone");
    let reply = browser
        .send(Method::GET, "/me?page=2&q=a%20b", &[PAGE])
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let location = reply.header(header::LOCATION).unwrap().to_owned();
    assert_eq!(location, "/login?next=%2Fme%3Fpage%3D2%26q%3Da%2520b");
    let login = location.replace("/login?", "/login/1?");
    let reply = browser.post(&login).await;
    assert_eq!(reply.header(header::LOCATION), Some("/me?page=2&q=a%20b"));
}

#[tokio::test]
async fn a_form_that_was_refused_loses_no_next_and_a_post_gives_none() {
    let world = World::new();
    let mut browser = world.browser();
    let reply = browser.post("/login/77?next=%2Fme").await;
    assert_eq!(
        (reply.status, reply.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, Some("/login?next=%2Fme"))
    );
    assert!(reply.session_cookies().is_empty());
    let reply = browser.post("/logout").await;
    assert_eq!(
        (reply.status, reply.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, Some("/login"))
    );
}

#[tokio::test]
async fn a_hostile_next_is_none() {
    let world = World::new();
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "%2F%2Fevil.example",
        "/%2fevil.example",
        "/%09/evil.example",
        "%0d%0aSet-Cookie:x",
        "javascript:alert(1)",
        "",
        "/a&next=/b",
    ] {
        let reply = world.browser().post(&format!("/login/1?next={next}")).await;
        assert_eq!(reply.header(header::LOCATION), Some("/me"), "{next}");
    }
    for path in ["//evil.example/me", "http://evil.example/me"] {
        let reply = world.browser().get(path).await;
        let location = reply.header(header::LOCATION).unwrap_or_default();
        assert!(!location.contains("evil"), "{location}");
    }
}

#[tokio::test]
async fn an_api_client_gets_a_status_and_a_challenge() {
    let world = World::new();
    let reply = world.browser().send(Method::GET, "/me", &[API]).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        reply.header(header::WWW_AUTHENTICATE),
        Some(r#"Session realm="login""#)
    );
    assert_eq!(
        reply.header(header::CONTENT_TYPE),
        Some("application/problem+json")
    );
    let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(problem["status"], 401);

    let mut user = world.logged_in(1).await;
    world.clock.pass(HOUR);
    let reply = user.send(Method::GET, "/fresh", &[API]).await;
    assert_eq!(
        reply.header(header::WWW_AUTHENTICATE),
        Some(r#"Session realm="login", error="insufficient_user_authentication", max_age="900""#)
    );
    let reply = user.send(Method::POST, "/login/1", &[API]).await;
    assert_eq!(reply.status, StatusCode::CONFLICT, "logged in already");
}

#[tokio::test]
async fn htmx_is_redirected_by_header_to_the_page_around() {
    let world = World::new();
    let headers = [
        HTMX,
        PAGE,
        ("hx-current-url", "https://app.example/list?page=2"),
    ];
    let reply = world.browser().send(Method::GET, "/me", &headers).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        reply.header("hx-redirect"),
        Some("/login?next=%2Flist%3Fpage%3D2")
    );
    assert_eq!(reply.header(header::LOCATION), None);
}

#[tokio::test]
async fn who_is_logged_in_already_goes_on() {
    let world = World::with(
        |builder| builder.after_login_path("/start"),
        |routes, _| routes,
    );
    let mut user = world.logged_in(1).await;
    let reply = user.post("/login/2").await;
    assert_eq!(
        (reply.status, reply.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, Some("/start"))
    );
    let reply = user.post("/login/2?next=%2Fme").await;
    assert_eq!(reply.header(header::LOCATION), Some("/me"));
    assert_eq!(user.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn without_a_login_path_a_page_gets_401() {
    let app = portcullis::LoginManager::builder()
        .user_loader(|id| async move {
            Ok::<_, std::io::Error>(Some(User {
                id,
                password: String::new(),
                active: true,
            }))
        })
        .secret_key(key(1))
        .build()
        .unwrap()
        .into_router(|login| {
            portcullis::Routes::new()
                .get("/me", async |_: Authenticated<User>| ())
                .with_state(login)
        });
    let reply = Browser::of(app).get("/me").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.header(header::WWW_AUTHENTICATE).is_some());
}

#[tokio::test]
async fn the_refresh_path_is_for_who_is_logged_in() {
    let world = World::with(
        |builder| builder.refresh_path("/again?why=stale"),
        |routes, _| routes,
    );
    let mut user = world.logged_in(1).await;
    world.clock.pass(HOUR);
    let reply = user.get("/fresh").await;
    assert_eq!(
        reply.header(header::LOCATION),
        Some("/again?why=stale&next=%2Ffresh")
    );
    let reply = user.post("/confirm/2?next=%2Ffresh").await;
    assert_eq!(
        reply.header(header::LOCATION),
        Some("/again?why=stale&next=%2Ffresh"),
        "a wrong password is asked for again there"
    );
    assert_eq!(
        world.browser().get("/fresh").await.header(header::LOCATION),
        Some("/login?next=%2Ffresh")
    );
}

#[tokio::test]
async fn a_question_mark_through_an_apps_own_error_answers_alike() {
    enum AppError {
        Login(LoginError),
        Teapot,
    }
    impl From<LoginError> for AppError {
        fn from(error: LoginError) -> Self {
            Self::Login(error)
        }
    }
    impl IntoResponse for AppError {
        fn into_response(self) -> Response {
            match self {
                Self::Login(error) => ([("x-app", "1")], error).into_response(),
                Self::Teapot => StatusCode::IM_A_TEAPOT.into_response(),
            }
        }
    }
    async fn narrow(who: CurrentUser<User>) -> Result<String, AppError> {
        let user = who.into_authenticated().await?;
        if user.id == 2 {
            return Err(AppError::Teapot);
        }
        let user = user.into_fresh()?;
        Ok(format!("fresh {}", user.id))
    }
    async fn open(who: CurrentUser<User>) -> Result<String, AppError> {
        narrow(who).await
    }
    let world = World::with(
        |builder| builder,
        |routes, _| routes.get("/narrow", narrow).get("/open", public(open)),
    );
    for path in ["/narrow", "/open"] {
        let reply = world.browser().get(path).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
        assert_eq!(
            reply.header("x-app"),
            Some("1"),
            "what the app has added stays"
        );
        assert!(
            reply
                .header(header::LOCATION)
                .unwrap()
                .starts_with("/login?next=")
        );
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(
            world.logged_in(2).await.get(path).await.status,
            StatusCode::IM_A_TEAPOT
        );
        let mut user = world.logged_in(1).await;
        assert_eq!(user.get(path).await.body, "fresh 1");
        world.clock.pass(HOUR);
        assert_eq!(
            user.api(Method::GET, path).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test]
async fn routes_can_fix_the_form_of_answers() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            let me = async |user: Authenticated<User>| format!("user {}", user.id);
            let api = portcullis::Routes::new()
                .get("/me", me)
                .answers(Answers::Json);
            let pages = portcullis::Routes::new()
                .get("/me", me)
                .answers(Answers::Page);
            routes.nest("/api", api.nest("/pages", pages))
        },
    );
    assert_eq!(
        world
            .browser()
            .send(Method::GET, "/api/me", &[PAGE])
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        world
            .browser()
            .send(Method::GET, "/api/pages/me", &[API])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        world
            .browser()
            .send(Method::GET, "/me", &[PAGE])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_literal_that_is_no_local_path_is_refused_at_start() {
    let build = std::panic::catch_unwind(|| {
        portcullis::LoginManager::builder().login_path("https://evil.example")
    });
    assert!(build.is_err());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let load = |id| async move {
        Ok::<_, std::io::Error>(Some(User {
            id,
            password: String::new(),
            active: true,
        }))
    };
    let builder = || {
        portcullis::LoginManager::builder()
            .user_loader(load)
            .secret_key(key(1))
    };
    for (builder, word) in [
        (builder().realm("My Realm"), "My Realm"),
        (builder().realm(""), "realm"),
        (builder().cookie_name("sid"), "__Host-"),
        (builder().cookie_name("__Host-a;b"), "letters"),
        (
            builder()
                .cookie_name("__Host-sid")
                .dangerous()
                .cookies_over_http(),
            "prefix",
        ),
        (builder().idle_limit(31 * DAY), "absolute"),
        (builder().idle_limit(MINUTE), "touch"),
        (builder().stranger_idle_limit(MINUTE), "stranger"),
        (builder().max_sessions_per_user(0), "nobody"),
        (builder().origin("app.example"), "origin"),
        (builder().origin("https://app.example/"), "origin"),
        (
            builder().peer_address(portcullis::PeerAddress::BehindProxies(0)),
            "Connection",
        ),
        (builder().remember_for(Duration::ZERO), "400 days"),
        (builder().remember_for(401 * DAY), "400 days"),
        (builder().remember_cookie_name("me"), "__Host-"),
        (
            builder().remember_cookie_name("__Host-login"),
            "two cookies",
        ),
        (builder().remember_cookie_name("__Secure-a;b"), "letters"),
        (
            builder()
                .remember_cookie_name("__Host-me")
                .remember_cookie_domain("example.org"),
            "__Secure-",
        ),
        (
            builder()
                .remember_cookie_name("__Host-me")
                .remember_cookie_path("/app"),
            "__Secure-",
        ),
        (
            builder()
                .remember_cookie_name("__Secure-me")
                .dangerous()
                .cookies_over_http(),
            "prefix",
        ),
        (
            builder()
                .dangerous()
                .cookies_over_http()
                .dangerous()
                .cross_site_remember_cookie(),
            "SameSite=None",
        ),
        (builder().remember_cookie_domain("a b"), "domain"),
        (builder().remember_cookie_path("app"), "path"),
        (builder().remember_cookie_path("/a;b"), "path"),
    ] {
        let error = builder.build().map(drop).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    for builder in [
        builder()
            .remember_cookie_domain("example.org")
            .remember_cookie_path("/app"),
        builder()
            .remember_for(400 * DAY)
            .dangerous()
            .cross_site_remember_cookie(),
        builder().dangerous().cookies_over_http(),
    ] {
        assert!(builder.build().is_ok());
    }
}
