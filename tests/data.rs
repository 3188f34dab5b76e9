//! Data of the app where one request does several things to it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use portcullis::{Anonymous, CurrentUser, Data, Login, LoginError, Session, public};
use std::sync::Arc;
use support::*;

fn world() -> World {
    let twice = async |_: CurrentUser<User>, mut cart: Data<Cart>| {
        cart.update(|cart| cart.0.push(1)).await?;
        cart.update(|cart| cart.0.push(2)).await
    };
    let both = async |_: CurrentUser<User>, mut note: Data<Note>, mut cart: Data<Cart>| {
        note.update(|note| note.0.push(1)).await?;
        cart.update(|cart| cart.0.push(2)).await
    };
    let seen = async |mut cart: Data<Cart>, Path(value): Path<u64>| {
        cart.update(|cart| cart.0.push(value)).await?;
        Ok::<_, LoginError>(format!("{:?}", cart.0))
    };
    World::with(
        |builder| builder,
        |routes, _| {
            routes
                .post("/twice", twice)
                .post("/both", both)
                .post("/seen/{value}", public(seen))
                .post("/in-and-add/{value}", in_and_add)
        },
    )
}

async fn in_and_add(
    session: Session<Anonymous>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    mut cart: Data<Cart>,
    Path(value): Path<u64>,
) -> Result<(), LoginError> {
    let user = database.find(1).ok_or_else(LoginError::refused)?;
    session.login_user(login.vouch_for(user)).await?;
    cart.update(|cart| cart.0.push(value)).await
}

#[tokio::test]
async fn all_that_a_request_of_a_stranger_writes_is_in_one_record() {
    for (path, data) in [
        ("/twice", "note [] cart [1, 2]"),
        ("/both", "note [1] cart [2]"),
    ] {
        let world = world();
        let mut browser = world.browser();
        assert_eq!(browser.post(path).await.session_cookies().len(), 1);
        assert_eq!(browser.get("/data").await.body, data);
        assert_eq!(world.store.inner.len(), 1, "{path}");
    }
}

#[tokio::test]
async fn what_is_written_after_a_login_in_the_same_request_is_the_users() {
    let world = world();
    let mut browser = world.browser();
    browser.post("/cart/1").await;
    let reply = browser.post("/in-and-add/2").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    assert_eq!(browser.get("/data").await.body, "note [] cart [1, 2]");
    assert_eq!(world.store.inner.len(), 1);
}

/// A public page looks at the remember cookie, and restores nothing.
#[tokio::test]
async fn a_remembered_browser_keeps_what_a_public_page_writes() {
    let world = world();
    let mut browser = world.remembered(1).await;
    browser.close();
    assert_eq!(browser.post("/seen/1").await.body, "[1]");
    assert_eq!(browser.post("/seen/2").await.body, "[1, 2]");
    assert_eq!(browser.session(), None);
}

/// Names and values count, up to the last byte.
#[tokio::test]
async fn data_may_be_as_large_as_the_app_says() {
    for (bytes, status) in [
        ("note[1]".len(), StatusCode::OK),
        ("note[1]".len() - 1, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let world = World::with(|builder| builder.max_data_bytes(bytes), |routes, _| routes);
        assert_eq!(world.browser().post("/note/1").await.status, status);
    }
}
