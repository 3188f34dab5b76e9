//! What listeners are told, and what they can't break.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, Mutex, atomic::Ordering};

use axum::{
    extract::{Path, State},
    http::{Method, header, request::Parts},
};
use portcullis::{
    Anonymous, EventKind, Login, LoginError, LoginEvent, Routes, SessionProtection, Throttle,
    public,
};
use support::*;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

type Heard = (EventKind, Option<u64>, bool);

/// A world, and what a listener of it hears.
fn listening(settings: impl FnOnce(Ready) -> Ready) -> (World, UnboundedReceiver<Heard>) {
    let (tell, heard) = unbounded_channel();
    let world = World::with(
        |builder| {
            settings(builder).on_event(move |event: &LoginEvent<User>| {
                let user = event.user().map(|user| user.id);
                tell.send((event.kind(), user, event.session().is_some()))
                    .unwrap();
            })
        },
        |routes, _| routes,
    );
    (world, heard)
}

/// The next events but the dull one that everybody gets.
async fn next(heard: &mut UnboundedReceiver<Heard>) -> Heard {
    loop {
        let event = heard.recv().await.unwrap();
        if event.0 != EventKind::UserAccessed {
            return event;
        }
    }
}

#[tokio::test]
async fn each_step_of_a_login_is_told() {
    let (world, mut heard) = listening(|builder| builder);
    let mut browser = world.browser();
    let steps = [
        ("/login/1", (EventKind::UserLoggedIn, Some(1), true)),
        ("/confirm/1", (EventKind::UserLoginConfirmed, Some(1), true)),
        ("/switch/2", (EventKind::UserSwitched, Some(2), true)),
        (
            "/password/new",
            (EventKind::CredentialsChanged, Some(2), true),
        ),
        ("/logout", (EventKind::UserLoggedOut, Some(2), true)),
        ("/login/77", (EventKind::LoginRefused, None, false)),
        ("/confirm/1", (EventKind::UserUnauthorized, None, false)),
    ];
    for (path, event) in steps {
        browser.post(path).await;
        assert_eq!(next(&mut heard).await, event, "{path}");
    }
}

#[tokio::test]
async fn looks_refusals_and_restored_logins_are_told() {
    let (world, mut heard) = listening(|builder| {
        builder.request_loader(async |request: Parts| {
            let has_key = request.headers.contains_key(header::AUTHORIZATION);
            Ok::<_, std::io::Error>(has_key.then(|| User {
                id: 7,
                password: String::new(),
                active: true,
            }))
        })
    });
    let mut browser = world.remembered(1).await;
    assert_eq!(next(&mut heard).await.0, EventKind::UserLoggedIn);
    browser.get("/who").await;
    assert_eq!(
        heard.recv().await.unwrap(),
        (EventKind::UserAccessed, Some(1), true)
    );
    browser.close();
    browser.get("/fresh").await;
    assert_eq!(
        next(&mut heard).await,
        (EventKind::UserLoadedFromCookie, Some(1), true)
    );
    assert_eq!(
        next(&mut heard).await,
        (EventKind::UserNeedsRefresh, Some(1), true)
    );
    let key = [("authorization", "key")];
    world.browser().send(Method::GET, "/who", &key).await;
    assert_eq!(
        next(&mut heard).await,
        (EventKind::UserLoadedFromRequest, Some(7), false)
    );
    world.browser().get("/who").await;
    assert_eq!(
        heard.recv().await.unwrap(),
        (EventKind::UserAccessed, Some(7), false)
    );
    assert_eq!(
        heard.recv().await.unwrap(),
        (EventKind::UserAccessed, None, false)
    );
}

#[tokio::test]
async fn a_theft_tells_whose_browser_it_was() {
    let (world, mut heard) = listening(|builder| builder);
    let mut browser = world.remembered(1).await;
    browser.close();
    let mut thief = browser.clone();
    browser.get("/me").await;
    browser.get("/me").await;
    world.clock.pass(HOUR);
    thief.get("/me").await;
    for kind in [EventKind::UserLoggedIn, EventKind::UserLoadedFromCookie] {
        assert_eq!(next(&mut heard).await.0, kind);
    }
    assert_eq!(
        next(&mut heard).await,
        (EventKind::RememberTheft, Some(1), false)
    );
    assert_eq!(next(&mut heard).await.0, EventKind::UserUnauthorized);
    thief.get("/me").await;
    assert_eq!(
        next(&mut heard).await.0,
        EventKind::UserUnauthorized,
        "told once"
    );
}

#[tokio::test]
async fn protection_is_told_whether_the_session_ends_or_not() {
    for protection in [SessionProtection::Basic, SessionProtection::Strong] {
        let (world, mut heard) = listening(|builder| builder.session_protection(protection));
        let mut browser = world.logged_in(1).await;
        browser.user_agent = "Chrome/1.0";
        browser.get("/who").await;
        assert_eq!(next(&mut heard).await.0, EventKind::UserLoggedIn);
        assert_eq!(
            next(&mut heard).await,
            (EventKind::SessionProtected, Some(1), true)
        );
    }
}

#[tokio::test]
async fn a_session_that_its_user_has_outlived_is_told() {
    let (world, mut heard) = listening(|builder| builder);
    let mut browser = world.logged_in(1).await;
    world.database.change(1, |user| user.active = false);
    browser.get("/who").await;
    assert_eq!(next(&mut heard).await.0, EventKind::UserLoggedIn);
    assert_eq!(
        next(&mut heard).await,
        (EventKind::SessionEnded, None, true)
    );
}

#[tokio::test]
async fn a_listener_that_hangs_or_panics_harms_no_request_and_no_other_listener() {
    let (tell, mut heard) = unbounded_channel();
    let (hold, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let world = World::with(
        |builder| {
            builder
                .on_event(move |_: &LoginEvent<User>| {
                    released.lock().unwrap().recv().ok();
                })
                .on_event(|_: &LoginEvent<User>| panic!("a listener panics"))
                .on_event_async(|_: Arc<LoginEvent<User>>| async { panic!("another panics") })
                .on_event_async(|_: Arc<LoginEvent<User>>| std::future::pending())
                .on_event_async(move |event: Arc<LoginEvent<User>>| {
                    let tell = tell.clone();
                    async move { tell.send(event.kind()).unwrap() }
                })
        },
        |routes, _| routes,
    );
    let mut browser = world.logged_in(1).await;
    for _ in 0..2_000 {
        assert_eq!(
            browser.get("/me").await.body,
            "user 1",
            "more than a queue holds"
        );
    }
    while heard.recv().await != Some(EventKind::UserLoggedIn) {}
    drop(hold);
}

#[tokio::test]
async fn events_hold_no_secret() {
    let texts = Arc::new(Mutex::new(String::new()));
    let (tell, mut told) = unbounded_channel();
    let world = {
        let texts = texts.clone();
        World::with(
            move |builder| {
                builder.on_event(move |event: &LoginEvent<User>| {
                    *texts.lock().unwrap() += &format!("{event:?}\n");
                    tell.send(event.kind()).unwrap();
                })
            },
            |routes, _| routes,
        )
    };
    let mut browser = world.remembered(1).await;
    let cookies = browser.jar.clone();
    browser.post("/logout").await;
    while told.recv().await != Some(EventKind::UserLoggedOut) {}
    let texts = texts.lock().unwrap();
    assert!(texts.contains("UserLoggedIn"));
    for value in cookies.values() {
        let secret = value.split('.').nth(2).unwrap();
        assert!(
            !texts.contains(secret) && !texts.contains("secret 1"),
            "{texts}"
        );
    }
}

#[test]
fn names_in_logs_are_for_ever() {
    let names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    let for_ever = "user_logged_in second_factor_asked user_logged_out user_login_confirmed \
        user_loaded_from_cookie user_loaded_from_request user_accessed user_unauthorized \
        user_needs_refresh login_refused login_throttled user_forbidden origin_refused session_protected \
        user_switched user_acted_for credentials_changed remember_theft session_ended \
        sessions_revoked store_failed loader_failed check_failed policy_failed";
    assert_eq!(names, for_ever.split_whitespace().collect::<Vec<_>>());
}

#[tokio::test]
async fn each_event_is_counted_also_where_nobody_listens() {
    let world = World::new();
    let mut browser = world.remembered(1).await;
    browser.get("/me").await;
    browser.get("/me").await;
    world.browser().get("/me").await;
    world.browser().post("/login/77").await;
    world.store.break_at(Some("load"));
    browser.get("/me").await;
    world.store.break_at(None);
    world.database.broken.store(true, Ordering::SeqCst);
    browser.get("/me").await;
    browser.get("/me").await;
    world.database.broken.store(false, Ordering::SeqCst);
    browser.post("/logout").await;
    let counts = world.sessions.event_counts();
    for (kind, count) in [
        (EventKind::UserLoggedIn, 1),
        (EventKind::UserUnauthorized, 1),
        (EventKind::LoginRefused, 1),
        (EventKind::StoreFailed, 1),
        (EventKind::LoaderFailed, 2),
        (EventKind::UserLoggedOut, 1),
        (EventKind::RememberTheft, 0),
        (EventKind::UserAccessed, 0),
    ] {
        assert_eq!(counts.of(kind), count, "{kind:?}");
    }
    assert_eq!(
        counts
            .clone()
            .into_iter()
            .map(|(_, count)| count)
            .sum::<u64>(),
        7
    );
    assert_eq!(counts.into_iter().count(), EventKind::ALL.len() - 1);
}

/// An app that shows its form again answers 200: the failure is told all the same,
/// and with `?` it is told once.
#[tokio::test]
async fn a_wrong_password_is_told_once_whatever_the_handler_answers() {
    async fn tries(login: Login<User>, Path(ends): Path<String>) -> Result<String, LoginError> {
        let attempt = login.attempt("ann", None).await?;
        match &*ends {
            "form" => Ok("the form again".to_owned()),
            "error" => Err(LoginError::refused()),
            _ => attempt.succeeded().await.map(|()| "right".to_owned()),
        }
    }
    let tries = |routes: Routes<App>, _| routes.post("/try/{ends}", public(tries));
    let world = World::with(
        |builder| builder.throttle(Throttle::default().per_account(2)),
        tries,
    );
    let count = |kind| world.sessions.event_counts().of(kind);
    for (ends, refused, throttled) in [
        ("right", 0, 0),
        ("form", 1, 0),
        ("right", 1, 0),
        ("error", 2, 0),
        ("form", 2, 1),
    ] {
        world.browser().post(&format!("/try/{ends}")).await;
        assert_eq!(count(EventKind::LoginRefused), refused, "{ends}");
        assert_eq!(count(EventKind::LoginThrottled), throttled, "{ends}");
    }
}

/// Also where it was tried in vain, which looks like any other refusal.
#[tokio::test]
async fn a_refusal_that_the_answer_carries_is_told_once() {
    async fn guess(
        _: Anonymous,
        login: Login<User>,
        State(app): State<App>,
        Path(name): Path<String>,
    ) -> Result<(), LoginError> {
        let found = app.database.find(1);
        drop(login.attempt(&name, found.as_ref()).await?);
        Err(LoginError::refused())
    }
    let world = World::with(
        |builder| builder.throttle(Throttle::default().per_account(2)),
        |routes, _| routes.post("/guess/{name}", guess),
    );
    let count = |kind| world.sessions.event_counts().of(kind);
    for (name, refused, throttled) in [("ann", 1, 0), ("anne", 2, 0), ("anna", 2, 1)] {
        world.browser().post(&format!("/guess/{name}")).await;
        assert_eq!(count(EventKind::LoginRefused), refused, "{name}");
        assert_eq!(count(EventKind::LoginThrottled), throttled, "{name}");
    }
}

#[tokio::test]
async fn a_request_of_another_site_is_told() {
    let world = World::new();
    let there = [("sec-fetch-site", "cross-site")];
    let mut browser = world.logged_in(1).await;
    browser.send(Method::POST, "/logout", &there).await;
    let counts = world.sessions.event_counts();
    assert_eq!(counts.of(EventKind::OriginRefused), 1);
    assert_eq!(counts.of(EventKind::UserLoggedOut), 0);
}

#[tokio::test]
async fn failures_are_told() {
    let (world, mut heard) = listening(|builder| builder);
    let mut browser = world.logged_in(1).await;
    next(&mut heard).await;
    world.store.break_at(Some("all"));
    browser.get("/me").await;
    assert_eq!(
        next(&mut heard).await,
        (EventKind::StoreFailed, None, false)
    );
    world.store.break_at(None);
    world.database.broken.store(true, Ordering::SeqCst);
    browser.get("/me").await;
    assert_eq!(
        next(&mut heard).await,
        (EventKind::LoaderFailed, None, false)
    );
}

#[test]
fn a_listener_outlives_the_runtime_that_began_it() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    };
    let (world, mut heard) = listening(|builder| builder);
    for user in [1, 2] {
        let logged_in = runtime().block_on(async {
            world.logged_in(user).await;
            next(&mut heard).await
        });
        assert_eq!(logged_in, (EventKind::UserLoggedIn, Some(user), true));
    }
}

/// A listener that is slow, and strangers who keep it busy: what not everybody
/// can bring about is heard all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_strangers_does_not_drown_an_alarm() {
    let (tell, mut heard) = unbounded_channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let world = World::with(
        |builder| {
            builder.on_event(move |event: &LoginEvent<User>| {
                wait.lock().unwrap().recv().ok(); // as slow as the test says
                tell.send(event.kind()).ok();
            })
        },
        |routes, _| routes,
    );
    let mut owner = world.remembered(1).await;
    owner.close();
    let mut thief = owner.clone();
    owner.get("/me").await;
    owner.get("/me").await;
    world.clock.pass(2 * MINUTE);
    for _ in 0..1_000 {
        world.browser().get("/me").await;
    }
    thief.get("/me").await;
    drop(go_on);
    while heard.recv().await.unwrap() != EventKind::RememberTheft {}
}
