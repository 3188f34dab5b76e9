//! Requests that the page of another site sends in a user's name, row by row.
//!
//! The algorithm is that of Go's `http.CrossOriginProtection`; the rows are what
//! browsers send, and what proxies make of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::{
    Router,
    http::{Method, StatusCode, header},
    response::Redirect,
    routing::{any, post},
};
use portcullis::{AnySession, CurrentUser, Data, Login, LoginError, Routes, public};
use support::*;

/// A header that a request carries.
type Header = (&'static str, &'static str);

const HERE: Header = ("host", "app.example");
const SAME_ORIGIN: Header = ("sec-fetch-site", "same-origin");
const SAME_SITE: Header = ("sec-fetch-site", "same-site");
const CROSS_SITE: Header = ("sec-fetch-site", "cross-site");
const FROM_HERE: Header = ("origin", "https://app.example");
const FROM_SIBLING: Header = ("origin", "https://blog.app.example");
const FROM_EVIL: Header = ("origin", "https://evil.example");
const FROM_NULL: Header = ("origin", "null");
const SOCKET: Header = ("upgrade", "websocket");

/// What the provider posts to the app, kept for the page that it sends the browser to.
async fn form_post(_: CurrentUser<User>, mut note: Data<Note>) -> Result<Redirect, LoginError> {
    note.update(|note| note.0.push(7)).await?;
    Ok(Redirect::to("/callback"))
}

async fn called_back(session: AnySession<User>, note: Data<Note>) -> String {
    format!("{session:?} {:?}", note.0)
}

fn with_exceptions(routes: Routes<App>, _: Login<User>) -> Routes<App> {
    let hooks = Router::new().route("/pay", post(async || "paid"));
    let plain = Router::new().route("/plain", any(async || "plain"));
    routes
        .post("/open", public(async || "open"))
        .any("/socket", public(async || "socket"))
        .cross_origin("/form-post", form_post)
        .get_callback("/callback", called_back)
        .unguarded("/hooks", "each is signed", hooks)
        .public_router("/router", plain.clone().with_state(()))
        .public_service("/service", plain)
}

fn world() -> World {
    World::with(|builder| builder, with_exceptions)
}

async fn status(world: &World, method: Method, uri: &str, headers: &[Header]) -> StatusCode {
    world.browser().send(method, uri, headers).await.status
}

/// May a page of there send it? One row each: is it allowed, and the headers.
const ROWS: &[(bool, &[Header])] = &[
    // The browser says where it comes from, and is believed before all else.
    (true, &[HERE, SAME_ORIGIN]),
    (true, &[HERE, SAME_ORIGIN, FROM_HERE]),
    (true, &[HERE, ("sec-fetch-site", "none")]),
    (false, &[HERE, SAME_SITE, FROM_SIBLING]),
    (false, &[HERE, SAME_SITE]),
    (false, &[HERE, CROSS_SITE, FROM_EVIL]),
    (false, &[HERE, CROSS_SITE, FROM_HERE]),
    (false, &[HERE, CROSS_SITE, FROM_NULL]),
    (false, &[HERE, ("sec-fetch-site", "")]),
    (false, &[HERE, ("sec-fetch-site", "SAME-ORIGIN")]),
    (false, &[HERE, SAME_ORIGIN, CROSS_SITE]),
    // An older browser says its origin only.
    (true, &[HERE, FROM_HERE]),
    (true, &[HERE, ("origin", "https://APP.example")]),
    (false, &[HERE, FROM_SIBLING]),
    (false, &[HERE, FROM_EVIL]),
    (false, &[HERE, FROM_NULL]),
    (false, &[HERE, ("origin", "")]),
    (
        false,
        &[HERE, ("origin", "https://app.example.evil.example")],
    ),
    (
        false,
        &[HERE, ("origin", "https://app.example@evil.example")],
    ),
    (false, &[HERE, ("origin", "https://app.example:8443")]),
    (false, &[HERE, FROM_HERE, FROM_EVIL]),
    (false, &[HERE, HERE, FROM_HERE]),
    (false, &[FROM_HERE]),
    // No browser: a webhook, `curl`, an app on a phone.
    (true, &[HERE]),
    (true, &[]),
    // What a proxy says of the request, anybody may say.
    (
        false,
        &[HERE, FROM_EVIL, ("x-forwarded-host", "evil.example")],
    ),
    (
        false,
        &[
            HERE,
            FROM_EVIL,
            ("forwarded", "host=evil.example;proto=https"),
        ],
    ),
    (
        false,
        &[HERE, FROM_EVIL, ("x-original-host", "evil.example")],
    ),
    (false, &[HERE, FROM_EVIL, ("x-http-method-override", "GET")]),
];

#[tokio::test]
async fn every_row_holds_for_handlers_services_and_routers() {
    let world = world();
    for (is_allowed, headers) in ROWS {
        for path in ["/open", "/router/plain", "/service/plain"] {
            for method in [Method::POST, Method::DELETE] {
                if path == "/open" && method == Method::DELETE {
                    continue;
                }
                let refused = status(&world, method, path, headers).await == StatusCode::FORBIDDEN;
                assert_eq!(!refused, *is_allowed, "{path} {headers:?}");
            }
        }
        let login = status(&world, Method::POST, "/login/1", headers).await;
        assert_eq!(
            login == StatusCode::SEE_OTHER,
            *is_allowed,
            "a forged login: {headers:?}"
        );
        assert_eq!(
            status(&world, Method::POST, "/hooks/pay", headers).await,
            StatusCode::OK
        );
        assert_ne!(
            status(&world, Method::GET, "/", headers).await,
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn a_socket_is_checked_although_it_is_a_get() {
    let world = world();
    for (is_allowed, headers) in ROWS {
        let headers = [headers, &[SOCKET][..]].concat();
        let refused = status(&world, Method::GET, "/socket", &headers).await;
        assert_eq!(refused != StatusCode::FORBIDDEN, *is_allowed, "{headers:?}");
    }
}

#[tokio::test]
async fn a_socket_under_http2_is_a_connect_and_is_checked() {
    let world = world();
    for (origin, is_allowed) in [(FROM_HERE, true), (FROM_SIBLING, false)] {
        let uri = "https://app.example/socket";
        let answer = status(&world, Method::CONNECT, uri, &[origin]).await;
        assert_eq!(answer != StatusCode::FORBIDDEN, is_allowed);
    }
}

#[tokio::test]
async fn under_http2_the_authority_is_the_host() {
    let world = world();
    let answer = async |uri, headers: &[Header]| status(&world, Method::POST, uri, headers).await;
    assert_eq!(
        answer("https://app.example/open", &[FROM_HERE]).await,
        StatusCode::OK
    );
    for origin in [FROM_SIBLING, FROM_EVIL, FROM_NULL] {
        let refused = answer("https://app.example/open", &[origin]).await;
        assert_eq!(refused, StatusCode::FORBIDDEN);
    }
    let port = ("origin", "https://app.example:8443");
    assert_eq!(
        answer("https://app.example:8443/open", &[port]).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn behind_a_proxy_that_rewrites_the_host_the_app_names_its_origin() {
    let inside = ("host", "10.0.0.7:3000");
    let plain = world();
    let named = World::with(
        |builder| builder.origin("https://app.example"),
        with_exceptions,
    );
    for (world, is_allowed) in [(&plain, false), (&named, true)] {
        let answer = status(world, Method::POST, "/open", &[inside, FROM_HERE]).await;
        assert_eq!(answer == StatusCode::OK, is_allowed);
    }
    for origin in [
        FROM_SIBLING,
        FROM_EVIL,
        FROM_NULL,
        ("origin", "http://app.example"),
    ] {
        let answer = status(&named, Method::POST, "/open", &[inside, origin]).await;
        assert_eq!(answer, StatusCode::FORBIDDEN, "{origin:?}");
    }
    let trusted = [inside, CROSS_SITE, FROM_HERE];
    assert_eq!(
        status(&named, Method::POST, "/open", &trusted).await,
        StatusCode::OK
    );
}

/// A provider that answers by `form_post` sends the browser's own POST from there,
/// without the `Lax` cookie; the page that it leads to is a GET, with it.
#[tokio::test]
async fn a_form_that_the_provider_posts_ends_in_a_callback() {
    let world = world();
    let there = [HERE, CROSS_SITE, FROM_EVIL];
    let mut without_cookies = world.browser();
    let posted = without_cookies
        .send(Method::POST, "/form-post", &there)
        .await;
    assert_eq!(posted.header(header::LOCATION), Some("/callback"));
    let back = without_cookies.send(Method::GET, "/callback", &there).await;
    assert_eq!(back.body, "AnySession::Anonymous [7]");
}

#[tokio::test]
async fn an_exception_changes_no_login() {
    let world = world();
    let mut browser = world.logged_in(1).await;
    browser
        .send(Method::POST, "/form-post", &[HERE, CROSS_SITE, FROM_EVIL])
        .await;
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    for path in ["/logout", "/switch/2", "/password/stolen", "/confirm/1"] {
        let answer = browser
            .send(Method::POST, path, &[HERE, CROSS_SITE, FROM_EVIL])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.set_cookies(), [""; 0], "{path}");
    }
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
}
