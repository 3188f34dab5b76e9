//! Fresh logins: how long, what ends them, and the way back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "../examples/api_key.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod api_key;

#[path = "../examples/fresh_login.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod fresh_login;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use portcullis::FreshFor;
use support::*;

async fn submit(browser: &mut Browser, path: &str, form: &'static str) -> Reply {
    let mut request = browser.request(Method::POST, path, &[("accept", "text/html")]);
    *request.body_mut() = Body::from(form);
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    let reply = send(&browser.app, request).await;
    browser.keep(&reply);
    reply
}

fn to(reply: &Reply) -> &str {
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    reply.header("location").unwrap()
}

#[tokio::test]
async fn the_example_asks_for_the_password_and_comes_back() {
    let clock = Arc::new(ByHand::at(START));
    let app = fresh_login::app(clock.clone()).unwrap();
    let mut browser = Browser::of(app.with_state(()));
    assert_eq!(to(&browser.get("/email").await), "/login?next=%2Femail");
    let reply = submit(
        &mut browser,
        "/login?next=%2Femail",
        "name=leafstorm&password=secret",
    )
    .await;
    assert_eq!(to(&reply), "/email");
    assert!(
        browser
            .get("/email")
            .await
            .body
            .contains("Your new address")
    );

    clock.pass(MINUTE);
    assert_eq!(to(&browser.get("/email").await), "/confirm?next=%2Femail");
    let reply = submit(&mut browser, "/email", "email=thief%40example.org").await;
    assert_eq!(
        to(&reply),
        "/confirm",
        "a form that came too late is not gone back to"
    );
    let page = browser.get("/confirm?next=%2Femail").await.body;
    assert!(page.contains("leafstorm"), "{page}");
    let reply = submit(&mut browser, "/confirm?next=%2Femail", "password=wrong").await;
    assert_eq!(
        to(&reply),
        "/confirm?next=%2Femail",
        "once more, and nothing is lost"
    );
    let reply = submit(&mut browser, "/confirm?next=%2Femail", "password=secret").await;
    assert_eq!(to(&reply), "/email");
    let reply = submit(&mut browser, "/email", "email=new%40example.org").await;
    assert_eq!(to(&reply), "/");
    assert!(browser.get("/").await.body.contains("new@example.org"));
}

#[tokio::test]
async fn the_key_of_the_example_opens_what_is_not_for_people_only() {
    let app = api_key::app().unwrap().with_state(());
    let ask = async |method: Method, path: &str, key: &str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        send(&app, request.body(Body::empty()).unwrap()).await
    };
    let reply = ask(Method::GET, "/orders", "leafstorm-key").await;
    assert_eq!(reply.body, "leafstorm has 3 orders, says the Request\n");
    assert_eq!(
        ask(Method::GET, "/orders", "other-key").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        ask(Method::POST, "/close", "leafstorm-key").await.status,
        StatusCode::UNAUTHORIZED
    );
    let mut browser = Browser::of(app.clone());
    submit(&mut browser, "/login", "name=leafstorm&password=secret").await;
    assert_eq!(
        browser.get("/orders").await.body,
        "leafstorm has 3 orders, says the ByHand\n"
    );
    assert_eq!(browser.post("/close").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_window_of_the_whole_session_does_not_age() {
    let world = World::with(
        |builder| builder.fresh_for(FreshFor::WholeSession),
        |routes, _| routes,
    );
    let mut browser = world.remembered(1).await;
    for _ in 0..6 {
        world.clock.pass(DAY);
        assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    }
    browser.close();
    assert_eq!(
        to(&browser.get("/fresh").await),
        "/confirm?next=%2Ffresh",
        "a restored one is not"
    );
    let reply = browser.api(Method::GET, "/fresh").await;
    assert_eq!(
        reply.header("www-authenticate"),
        Some(r#"Session realm="login", error="insufficient_user_authentication""#),
        "no age is asked for"
    );
    browser.post("/confirm/1").await;
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    let mut stale = world.browser();
    stale.post("/stale/1").await;
    assert_eq!(to(&stale.get("/fresh").await), "/confirm?next=%2Ffresh");
}

#[tokio::test]
async fn a_window_is_a_duration_of_ones_own() {
    let world = World::with(
        |builder| builder.fresh_for(Duration::from_secs(90)),
        |routes, _| routes,
    );
    let mut browser = world.logged_in(1).await;
    world.clock.pass(Duration::from_secs(89));
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    world.clock.pass(Duration::from_secs(1));
    let reply = browser.api(Method::GET, "/fresh").await;
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(challenge.ends_with(r#"max_age="90""#), "{challenge}");
}
