//! Where a user is logged in: seen and ended, by the user and from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use axum::{Form, Json, http::StatusCode};
use portcullis::{
    Authenticated, EventKind, Fresh, ListedSession, Login, LoginError, LoginId, Session,
    SessionProtection, Source,
};
use serde::Deserialize;
use serde_json::{Value, json};
use support::*;
use tokio::sync::Barrier;

/// An account page, and what its buttons do.
fn with_account() -> World {
    with_account_and(|builder| builder)
}

fn with_account_and(settings: impl FnOnce(Ready) -> Ready) -> World {
    World::with(settings, |routes, _| {
        routes
            .get("/sessions", list)
            .post("/sessions/end", end)
            .post("/sessions/end-others", end_others)
    })
}

async fn list(by: Fresh<User>, login: Login<User>) -> Result<Json<Value>, LoginError> {
    let sessions = login.sessions(&by).list().await?;
    let shown = |session: &ListedSession| {
        json!({
            "id": session.login_id(),
            "device": session.device(),
            "current": session.is_current(),
            "remembered": session.remembered(),
            "open": session.id().is_some(),
            "created": session.created_at().unix_seconds() - START,
            "seen": session.last_seen_at().unix_seconds() - START,
        })
    };
    Ok(Json(sessions.iter().map(shown).collect()))
}

#[derive(Deserialize)]
struct Which {
    id: LoginId,
}

async fn end(
    by: Fresh<User>,
    login: Login<User>,
    Form(which): Form<Which>,
) -> Result<String, LoginError> {
    let ended = login.sessions(&by).end(which.id).await?;
    Ok(format!("ended: {ended}"))
}

async fn end_others(by: Fresh<User>, login: Login<User>) -> Result<String, LoginError> {
    let ended = login.sessions(&by).end_others().await?;
    Ok(format!("ended {ended}"))
}

async fn listed(browser: &mut Browser) -> Vec<Value> {
    let reply = browser.get("/sessions").await;
    serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{}: {}", reply.status, reply.body))
}

async fn press(browser: &mut Browser, id: &Value) -> Reply {
    let form = format!("id={}", id.as_str().unwrap());
    let request = browser
        .request(
            axum::http::Method::POST,
            "/sessions/end",
            &[("content-type", "application/x-www-form-urlencoded")],
        )
        .map(|_| axum::body::Body::from(form));
    let reply = send(&browser.app, request).await;
    browser.keep(&reply);
    reply
}

impl World {
    fn at(&self, user_agent: &'static str) -> Browser {
        Browser {
            user_agent,
            ..self.browser()
        }
    }

    async fn remembered_at(&self, user_agent: &'static str) -> Browser {
        let mut browser = self.at(user_agent);
        browser.post("/remember/1").await;
        browser
    }
}

const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36";

#[tokio::test]
async fn a_user_sees_where_it_is_logged_in() {
    let world = with_account();
    let mut phone = world.remembered_at(PHONE).await;
    phone.get("/me").await;
    world.clock.pass(HOUR);
    let mut laptop = world.logged_in(1).await;
    world.logged_in(2).await.get("/me").await;
    let sessions = listed(&mut laptop).await;
    let shown: Vec<_> = sessions
        .iter()
        .map(|session| {
            let mut session = session.clone();
            session.as_object_mut().unwrap().remove("id");
            session
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!({"device": "Firefox", "current": true, "remembered": false, "open": true, "created": 3_600, "seen": 3_601}),
            json!({"device": "Chrome on Android", "current": false, "remembered": true, "open": true, "created": 0, "seen": 1}),
        ]
    );
}

#[tokio::test]
async fn it_takes_a_fresh_login_to_see_them() {
    let world = with_account();
    let mut browser = world.logged_in(1).await;
    world.clock.pass(HOUR);
    for path in ["/sessions/end-others", "/sessions/end"] {
        let reply = browser.post(path).await;
        assert_eq!(reply.header("location"), Some("/confirm"), "{path}");
    }
    let reply = browser.get("/sessions").await;
    assert_eq!(reply.header("location"), Some("/confirm?next=%2Fsessions"));
}

#[tokio::test]
async fn a_session_that_was_never_used_is_not_shown_unless_its_browser_is_remembered() {
    let world = with_account();
    world.logged_in(1).await; // its answer is lost
    let mut browser = world.logged_in(1).await;
    let sessions = listed(&mut browser).await;
    assert_eq!(sessions.len(), 1, "only the one that asks: {sessions:?}");
    // A thief shows the remember cookie alone, where it is only looked at.
    let mut thief = world.remembered(1).await;
    thief.jar.remove(COOKIE);
    assert_eq!(thief.get("/look").await.body, "user 1");
    assert_eq!(listed(&mut browser).await.len(), 2);
    assert_eq!(world.sessions.list(&1).await.unwrap().len(), 2);
    assert_eq!(browser.post("/sessions/end-others").await.body, "ended 3");
    assert_eq!(thief.get("/look").await.body, "nobody");
}

/// Who is alarmed by it is not to be alarmed by nothing.
#[tokio::test]
async fn where_there_was_no_other_login_none_is_told_to_have_ended() {
    let world = with_account();
    let mut browser = world.logged_in(1).await;
    let told = || world.sessions.event_counts().of(EventKind::SessionsRevoked);
    assert_eq!(browser.post("/sessions/end-others").await.body, "ended 0");
    assert_eq!(told(), 0);
    world.logged_in(1).await;
    assert_eq!(browser.post("/sessions/end-others").await.body, "ended 1");
    assert_eq!(told(), 1);
}

#[tokio::test]
async fn a_user_ends_another_session() {
    let world = with_account();
    let mut phone = world.remembered_at(PHONE).await;
    phone.get("/me").await;
    let mut laptop = world.logged_in(1).await;
    let sessions = listed(&mut laptop).await;
    assert_eq!(
        press(&mut laptop, &sessions[1]["id"]).await.body,
        "ended: true"
    );
    assert_eq!(phone.get("/who").await.body, "nobody");
    phone.close();
    assert_eq!(phone.get("/who").await.body, "nobody", "nor remembered");
    assert_eq!(laptop.get("/who").await.body, "user 1");
    assert_eq!(
        press(&mut laptop, &sessions[1]["id"]).await.body,
        "ended: false"
    );
}

#[tokio::test]
async fn the_current_session_ends_by_logging_out() {
    let world = with_account();
    let mut browser = world.logged_in(1).await;
    let sessions = listed(&mut browser).await;
    assert_eq!(
        press(&mut browser, &sessions[0]["id"]).await.body,
        "ended: false"
    );
    assert_eq!(browser.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let world = with_account();
    let mut victim = world.logged_in(2).await;
    let theirs = listed(&mut victim).await;
    let mut attacker = world.logged_in(1).await;
    assert_eq!(
        press(&mut attacker, &theirs[0]["id"]).await.body,
        "ended: false"
    );
    assert_eq!(attacker.post("/sessions/end-others").await.body, "ended 0");
    assert_eq!(victim.get("/who").await.body, "user 2");
    let id: LoginId = serde_json::from_value(theirs[0]["id"].clone()).unwrap();
    assert!(!world.sessions.end(&1, id).await.unwrap());
    assert_eq!(world.sessions.end_all(&1).await.unwrap(), 1, "its own");
    assert_eq!(victim.get("/who").await.body, "user 2");
}

#[tokio::test]
async fn a_login_is_the_same_after_it_was_confirmed_and_came_back() {
    let world = with_account();
    let mut phone = world.remembered_at(PHONE).await;
    phone.get("/me").await;
    let mut laptop = world.logged_in(1).await;
    let listed_first = listed(&mut laptop).await;
    let id = &listed_first[1]["id"];
    phone.post("/confirm/1").await;
    phone.close();
    phone.get("/me").await;
    let now = listed(&mut laptop).await;
    assert_eq!((now.len(), &now[1]["id"]), (2, id));
    assert_eq!(press(&mut laptop, id).await.body, "ended: true");
    assert_eq!(phone.get("/who").await.body, "nobody");
    phone.close();
    assert_eq!(phone.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_remembered_browser_without_a_session_is_shown_and_ended() {
    let world = with_account();
    let mut phone = world.remembered_at(PHONE).await;
    phone.get("/me").await;
    phone.close();
    world.clock.pass(DAY * 8); // its session is over
    let mut laptop = world.logged_in(1).await;
    let sessions = listed(&mut laptop).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1]["device"], "Chrome on Android");
    assert_eq!(sessions[1]["open"], false);
    assert_eq!(sessions[1]["remembered"], true);
    assert_eq!(
        press(&mut laptop, &sessions[1]["id"]).await.body,
        "ended: true"
    );
    assert_eq!(phone.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn all_others_end_and_this_one_stays_remembered() {
    let world = with_account();
    let mut here = world.remembered(1).await;
    here.get("/me").await;
    let mut others = [world.remembered(1).await, world.logged_in(1).await];
    assert_eq!(here.post("/sessions/end-others").await.body, "ended 3");
    for other in &mut others {
        assert_eq!(other.get("/who").await.body, "nobody");
        other.close();
        assert_eq!(other.get("/who").await.body, "nobody");
    }
    here.close();
    assert_eq!(here.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn an_admin_lists_and_ends_from_outside() {
    let world = World::new();
    let mut first = world.logged_in(1).await;
    first.get("/me").await;
    world.clock.pass(HOUR);
    let mut second = world.remembered(1).await;
    second.get("/me").await;
    let listed = world.sessions.list(&1).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].last_seen_at() > listed[1].last_seen_at());
    assert!(listed.iter().all(|session| !session.is_current()));
    assert_eq!(listed[0].source(), Source::ByHand);

    assert!(world.sessions.end(&1, listed[1].login_id()).await.unwrap());
    assert_eq!(first.get("/who").await.body, "nobody");
    assert_eq!(second.get("/who").await.body, "user 1");
    let mut third = world.logged_in(1).await;
    let kept = listed[0].login_id();
    assert_eq!(world.sessions.end_others(&1, kept).await.unwrap(), 1);
    assert_eq!(third.get("/who").await.body, "nobody");
    assert_eq!(second.get("/who").await.body, "user 1");
    world.clock.pass(DAY * 8); // remembered, without a session
    world.logged_in(1).await;
    assert_eq!(world.sessions.end_others(&1, kept).await.unwrap(), 1);
    second.close();
    assert_eq!(second.get("/who").await.body, "user 1");
    assert!(world.sessions.end_all(&1).await.unwrap() >= 2);
    assert_eq!(second.get("/who").await.body, "nobody");
    assert!(!world.sessions.end(&1, kept).await.unwrap());
}

#[tokio::test]
async fn a_slow_logout_ends_what_other_tabs_have_made_of_the_login() {
    let barrier = Arc::new(Barrier::new(2));
    let gate = barrier.clone();
    let slow_logout = async move |session: Session<Authenticated<User>>| {
        gate.wait().await;
        gate.wait().await;
        session.logout_user().await.map(drop)
    };
    let world = World::with(
        |builder| builder,
        |routes, _| routes.post("/slow-logout", slow_logout),
    );
    let mut browser = world.remembered(1).await;
    browser.get("/me").await;
    let mut slow = browser.clone();
    let slow = tokio::spawn(async move { slow.post("/slow-logout").await });
    barrier.wait().await;
    browser.close();
    browser.get("/me").await; // comes back
    browser.post("/confirm/1").await; // with a session and a series of their own
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    barrier.wait().await;
    assert!(slow.await.unwrap().status.is_success());
    assert_eq!(browser.get("/who").await.body, "nobody");
    browser.close();
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_device_is_named_without_protection_too() {
    let world = with_account_and(|builder| builder.session_protection(SessionProtection::Off));
    let mut browser = world.at(PHONE);
    browser.post("/login/1").await;
    assert_eq!(listed(&mut browser).await[0]["device"], "Chrome on Android");
}

#[tokio::test]
async fn a_limit_puts_out_the_browser_that_was_not_used_for_longest_for_good() {
    let world = with_account_and(|builder| builder.max_sessions_per_user(2));
    let mut browsers = Vec::new();
    for _ in 0..3 {
        world.clock.pass(HOUR);
        let mut browser = world.remembered(1).await;
        browser.get("/me").await;
        browsers.push(browser);
    }
    assert_eq!(browsers[0].get("/who").await.body, "nobody");
    browsers[0].close();
    assert_eq!(
        browsers[0].get("/who").await.body,
        "nobody",
        "nor by its remember cookie"
    );
    for browser in &mut browsers[1..] {
        assert_eq!(browser.get("/who").await.body, "user 1");
    }
}

#[tokio::test]
async fn ending_sessions_is_an_event() {
    let (heard, mut events) = tokio::sync::mpsc::unbounded_channel();
    let world = with_account_and(|builder| {
        builder.on_event(move |event| {
            if event.kind() == EventKind::SessionsRevoked {
                heard.send(event.user().map(|user| user.id)).ok();
            }
        })
    });
    let mut browser = world.logged_in(1).await;
    world.logged_in(1).await;
    browser.post("/sessions/end-others").await;
    assert_eq!(events.recv().await.unwrap(), Some(1));
    world.sessions.end_all(&1).await.unwrap();
    assert_eq!(
        events.recv().await.unwrap(),
        None,
        "of an admin nobody is known"
    );
}

#[tokio::test]
async fn a_broken_store_ends_nothing_and_says_so() {
    let world = with_account();
    let mut browser = world.logged_in(1).await;
    let mut other = world.logged_in(1).await;
    other.get("/me").await;
    for (step, path) in [
        ("list", "/sessions"),
        ("delete_by_user", "/sessions/end-others"),
    ] {
        world.store.break_at(Some(step));
        let reply = match path {
            "/sessions" => browser.get(path).await,
            _ => browser.post(path).await,
        };
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        world.store.break_at(None);
    }
    assert_eq!(other.get("/who").await.body, "user 1");
}

/// A request whose body comes slowly is let in, and the login ends meanwhile.
#[tokio::test]
async fn a_proof_from_before_the_end_manages_no_sessions() {
    let gate = Arc::new(Barrier::new(2));
    let (at_list, at_end, at_others, at_recheck) =
        (gate.clone(), gate.clone(), gate.clone(), gate.clone());
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes
                .post(
                    "/slow/list",
                    async move |by: Fresh<User>, login: Login<User>| {
                        at_list.wait().await;
                        at_list.wait().await;
                        login
                            .sessions(&by)
                            .list()
                            .await
                            .map(|list| list.len().to_string())
                    },
                )
                .post(
                    "/slow/end",
                    async move |by: Fresh<User>, login: Login<User>| {
                        let id = login.sessions(&by).list().await?[1].login_id();
                        at_end.wait().await;
                        at_end.wait().await;
                        login
                            .sessions(&by)
                            .end(id)
                            .await
                            .map(|ended| ended.to_string())
                    },
                )
                .post(
                    "/slow/end-others",
                    async move |by: Fresh<User>, login: Login<User>| {
                        at_others.wait().await;
                        at_others.wait().await;
                        login
                            .sessions(&by)
                            .end_others()
                            .await
                            .map(|ended| ended.to_string())
                    },
                )
                .post("/slow/recheck", async move |by: Session<Fresh<User>>| {
                    at_recheck.wait().await;
                    at_recheck.wait().await;
                    by.recheck().await
                })
        },
    );
    for path in [
        "/slow/list",
        "/slow/end",
        "/slow/end-others",
        "/slow/recheck",
    ] {
        let mut owner = world.logged_in(1).await;
        owner.get("/me").await;
        let mut thief = world.logged_in(1).await;
        thief.get("/me").await;
        let thiefs = world.sessions.list(&1).await.unwrap();
        let slow = tokio::spawn(async move { thief.api(axum::http::Method::POST, path).await });
        gate.wait().await;
        let owners = owner.session_id().unwrap();
        for session in thiefs {
            let is_owners = session
                .id()
                .is_some_and(|id| data_id(&owners) == *id.as_bytes());
            if !is_owners {
                world.sessions.end(&1, session.login_id()).await.unwrap();
            }
        }
        gate.wait().await;
        let reply = slow.await.unwrap();
        assert_eq!(
            reply.status,
            StatusCode::UNAUTHORIZED,
            "{path}: {}",
            reply.body
        );
        assert_eq!(owner.get("/who").await.body, "user 1", "{path}");
        world.sessions.end_all(&1).await.unwrap();
    }
}

fn data_id(id: &str) -> [u8; 16] {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(id.as_bytes());
    bytes.unwrap().try_into().unwrap()
}

#[tokio::test]
async fn the_others_end_also_where_a_remember_token_went_on_to_another_browser() {
    let world = with_account_and(|builder| builder.remember_cookie_domain("example.org"));
    let mut owner = world.remembered(1).await;
    owner.get("/me").await;
    let mut thief = owner.clone();
    thief.close(); // it has the remember cookie alone
    assert_eq!(thief.get("/me").await.body, "user 1");
    owner.post("/sessions/end-others").await;
    for _ in 0..2 {
        assert_eq!(thief.get("/who").await.body, "nobody");
        thief.close();
    }
    assert_eq!(owner.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn a_user_has_at_most_a_hundred_sessions_if_nothing_is_said() {
    let world = World::new();
    let mut first = world.logged_in(1).await;
    for _ in 0..99 {
        world.clock.pass(MINUTE);
        world.logged_in(1).await;
    }
    assert_eq!(first.clone().get("/who").await.body, "user 1");
    world.clock.pass(MINUTE);
    for _ in 0..100 {
        world.logged_in(1).await;
    }
    assert_eq!(first.get("/who").await.body, "nobody");
    assert_eq!(world.sessions.end_all(&1).await.unwrap(), 100);
}
