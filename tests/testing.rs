//! The tools for apps' own tests.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::{
    Extension,
    http::{Method, StatusCode},
};
use portcullis::{
    SessionProtection, public,
    testing::{LoginAs, TestClient, login_as},
};
use support::*;

fn user(world: &World) -> User {
    world.database.find(1).unwrap()
}

#[tokio::test]
async fn a_client_is_logged_in_by_a_session_like_any() {
    for protection in [SessionProtection::Off, SessionProtection::Strong] {
        let world = World::with(
            |builder| builder.session_protection(protection),
            |routes, _| routes,
        );
        let mut client = TestClient::new(world.app.clone()).login_as(user(&world));
        assert_eq!(
            client.get("/").await.text(),
            "home",
            "a public page uses nothing up"
        );
        assert_eq!(client.get("/fresh").await.text(), "fresh 1");
        assert_eq!(client.cookie_names().collect::<Vec<_>>(), [COOKIE]);
        assert_eq!(client.get("/me").await.text(), "user 1");
        assert_eq!(world.sessions.list(&1).await.unwrap().len(), 1, "one login");
        client.post("/logout").await;
        assert_eq!(
            client.get("/who").await.text(),
            "nobody",
            "it does not come back"
        );
    }
}

#[tokio::test]
async fn a_login_may_be_stale_or_remembered() {
    let world = World::new();
    let mut client = TestClient::new(world.app.clone()).login_with(login_as(user(&world)).stale());
    assert_eq!(
        client.get("/fresh").await.location(),
        Some("/confirm?next=%2Ffresh")
    );
    assert_eq!(client.get("/me").await.text(), "user 1");

    let remembered = login_as(user(&world)).remembered();
    let mut client = TestClient::new(world.app.clone()).login_with(remembered);
    assert_eq!(client.get("/fresh").await.text(), "fresh 1");
    client.close_window();
    assert_eq!(client.get("/me").await.text(), "user 1");
    assert_eq!(client.get("/fresh").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_inactive_user_is_not_kept_in() {
    let world = World::new();
    let mut client = TestClient::new(world.app.clone()).login_as(user(&world));
    client.get("/me").await;
    world.database.change(1, |user| user.active = false);
    assert_eq!(client.get("/who").await.text(), "nobody");
}

#[tokio::test]
async fn redirects_are_followed_on_request() {
    let world = World::with(
        |builder| builder,
        |routes, _| routes.get("/login", public("the form")),
    );
    let mut client = TestClient::new(world.app.clone());
    let reply = client.get("/me").await;
    assert_eq!(reply.status(), StatusCode::SEE_OTHER);
    let flashes = client.flashes();
    assert_eq!(flashes.len(), 1);
    assert_eq!(flashes[0].message(), "Please log in to access this page.");
    let reply = client.get("/me").follow_redirects().await;
    assert_eq!(
        (reply.status(), reply.text()),
        (StatusCode::OK, "the form".to_owned())
    );
    let reply = client.post("/login/1").follow_redirects().await;
    assert_eq!(
        reply.text(),
        "user 1",
        "a GET after a POST, with the new cookie"
    );
}

#[tokio::test]
async fn a_client_of_an_api_says_what_it_accepts() {
    let world = World::new();
    let mut client = TestClient::new(world.app.clone());
    let request = client
        .request(Method::GET, "/me")
        .accept("application/json");
    let problem: serde_json::Value = request.await.json();
    assert_eq!(problem["status"], 401);
}

#[tokio::test]
async fn a_login_that_was_used_goes_with_no_other_request() {
    let carries = async |login: Option<Extension<LoginAs<User>>>| format!("{}", login.is_some());
    let world = World::with(
        |builder| builder,
        |routes, _| routes.get("/carries", public(carries)),
    );
    let mut client = TestClient::new(world.app.clone()).login_as(user(&world));
    assert_eq!(client.get("/carries").await.text(), "true");
    client.get("/me").await;
    assert_eq!(client.get("/carries").await.text(), "false");
}

#[tokio::test]
async fn of_two_logins_of_one_user_type_the_last_one_counts() {
    let world = World::with(|builder| builder, |routes, _| routes);
    let mut client = TestClient::new(world.app.clone())
        .login_as(world.database.find(1).unwrap())
        .login_as(world.database.find(2).unwrap());
    for _ in 0..2 {
        assert_eq!(client.get("/me").await.text(), "user 2");
    }
}
