//! Copies of a remember cookie: how a thief is noticed, and how nobody else is taken for one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use axum::{
    extract::{FromRef, Request},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use portcullis::{Authenticated, CurrentUser, Login, Session};
use support::{DAY, HOUR, MINUTE, User, World};

#[derive(Clone, FromRef)]
struct LayerState {
    login: Login<User>,
}

async fn navbar(_: CurrentUser<User>, request: Request, next: Next) -> Response {
    next.run(request).await
}

#[tokio::test]
async fn a_logout_ends_the_series_that_another_tab_has_just_renewed() {
    let gate = Arc::new(tokio::sync::Barrier::new(2));
    let slow = gate.clone();
    let world = World::with(
        |b| b,
        move |routes, _| {
            routes.post(
                "/slow-logout",
                async move |session: Session<Authenticated<User>>| {
                    slow.wait().await;
                    slow.wait().await;
                    session.logout_user().await.map(drop)
                },
            )
        },
    );
    let browser = world.remembered(1).await;
    let mut tab = browser.clone();
    let mut slow = browser.clone();
    let task = tokio::spawn(async move { slow.post("/slow-logout").await });
    gate.wait().await;
    assert_eq!(tab.post("/password/new").await.body, "changed");
    gate.wait().await;
    assert_eq!(task.await.unwrap().status, StatusCode::OK);
    assert_eq!(
        tab.get("/look").await.body,
        "user 1".replace("user 1", "nobody"),
        "the session (cookie of the other tab) and the series"
    );
    tab.close();
    assert_eq!(
        tab.get("/who").await.body,
        "nobody",
        "logged out, and still remembered"
    );
}

#[tokio::test]
async fn a_logout_ends_the_series_whose_cookie_is_shown() {
    let world = World::new();
    let mut browser = world.browser();
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let remembered = one.post("/remember/1").await;
    let plain = two.post("/login/1").await;
    browser.keep(&remembered);
    browser.keep(&plain);
    let copy = browser.clone();
    browser.post("/logout").await;
    assert!(browser.token().is_none());
    let mut copy = {
        let mut c = copy;
        c.close();
        c
    };
    assert_eq!(
        copy.get("/who").await.body,
        "nobody",
        "logged out, and remembered on the server"
    );
}

#[tokio::test]
async fn a_switch_ends_the_series_whose_cookie_is_shown() {
    let world = World::new();
    let mut browser = world.browser();
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let remembered = one.post("/remember/1").await;
    let plain = two.post("/login/2").await;
    browser.keep(&remembered);
    browser.keep(&plain);
    let mut copy = browser.clone();
    browser.post("/switch/3").await;
    copy.close();
    assert_eq!(copy.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_look_in_a_layer_hides_no_theft() {
    let world = World::with(
        |b| b,
        |routes, login| {
            let state = LayerState { login };
            routes.layer(from_fn_with_state(state, navbar))
        },
    );
    let mut owner = world.remembered(1).await;
    owner.close();
    let mut thief = owner.clone();
    thief.get("/me").await; // the thief is first
    thief.get("/me").await; // and uses it
    world.clock.pass(HOUR);
    // the owner comes back with the replaced token: theft
    assert_eq!(owner.get("/me").await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        thief.get("/me").await.status,
        StatusCode::SEE_OTHER,
        "the thief lives on"
    );
}

/// C5: the owner's browser shows the replaced token beside its session every day.
#[tokio::test]
async fn a_thief_beside_the_owners_live_session_is_noticed() {
    let world = World::new();
    let mut owner = world.remembered(1).await;
    owner.get("/me").await;
    let mut thief = owner.clone();
    thief.close(); // the remember cookie alone
    thief.user_agent = "Thief/1.0";
    for day in 0..300 {
        world.clock.pass(DAY);
        if owner.get("/me").await.body != "user 1" || thief.get("/me").await.body != "user 1" {
            assert!(day > 0 && day < 3, "noticed on day {day}");
            assert_eq!(thief.get("/me").await.status, StatusCode::SEE_OTHER);
            return;
        }
        if day % 14 == 0 {
            owner.post("/confirm/1").await;
        }
    }
    panic!("a copied token was good for 300 days beside the owner's");
}

/// F1: a restore that ends a lost session ends no other for want of room.
#[tokio::test]
async fn a_lost_session_takes_nobodys_place() {
    let world = World::with(|b| b.max_sessions_per_user(2), |r, _| r);
    let mut phone = world.logged_in(1).await;
    let mut browser = world.remembered(1).await;
    browser.post("/confirm/1").await;
    browser.close();
    world.clock.pass(DAY * 7); // both sessions are over
    phone.post("/login/1").await;
    world.clock.pass(MINUTE);
    browser.clone().get("/me").await; // the answer is lost
    world.clock.pass(HOUR);
    assert_eq!(browser.get("/me").await.body, "user 1");
    assert_eq!(
        phone.get("/me").await.body,
        "user 1",
        "two sessions are allowed"
    );
    assert_eq!(world.sessions.list(&1).await.unwrap().len(), 2);
}

/// G1: a poll on the old id, at the moment of a confirmation, in a remembered browser.
#[tokio::test]
async fn a_poll_beside_a_confirmation_leaves_the_fresh_cookie_in_the_jar() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    world.clock.pass(HOUR);
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
    let confirmed = browser.clone().post("/confirm/1").await; // its answer is under way
    let poll = browser.clone().get("/me").await;
    browser.keep(&confirmed);
    browser.keep(&poll);
    assert!(
        poll.session_cookies().is_empty(),
        "{:?}",
        poll.session_cookies()
    );
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
}

/// A5: confirm on a stood-on session; the winner's answer is lost; later A is theft.
#[tokio::test]
async fn a_confirmation_by_the_loser_of_the_race_makes_no_theft() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.close();
    browser.clone().get("/me").await; // lost answer
    let reply = browser.post("/confirm/1").await; // within a minute, stands on the winner's session
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    world.clock.pass(HOUR);
    assert_eq!(browser.get("/me").await.body, "user 1");
    world.clock.pass(HOUR);
    let mut phone = world.browser();
    phone.post("/login/1").await;
    browser.close();
    assert_eq!(
        browser.get("/who").await.body,
        "user 1",
        "an honest browser is called a thief"
    );
}

#[tokio::test]
async fn a_browser_that_is_opened_again_and_again_leaves_one_session() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    for _ in 0..50 {
        browser.close();
        assert_eq!(browser.get("/me").await.body, "user 1");
    }
    assert_eq!(world.sessions.list(&1).await.unwrap().len(), 1);
    assert_eq!(world.store.inner.len(), 2, "and its series");
}

#[tokio::test]
async fn where_the_remember_cookie_goes_without_the_session_cookie_no_session_ends_for_it() {
    let shared: [fn(support::Ready) -> support::Ready; 2] = [
        |builder| builder.remember_cookie_domain("example.org"),
        |builder| builder.dangerous().cross_site_remember_cookie(),
    ];
    for settings in shared {
        let world = World::with(settings, |routes, _| routes);
        let mut here = world.remembered(1).await;
        let mut there = here.clone(); // another host, or a frame
        there.close();
        assert_eq!(there.get("/me").await.body, "user 1");
        here.jar.retain(|name, _| name == support::COOKIE);
        assert_eq!(here.get("/me").await.body, "user 1", "by its session");
    }
}
