//! Logging in, confirming, switching, changing the password, logging out: what
//! each does to the session, and to whoever holds an older cookie.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, Mutex};

use axum::{
    extract::State,
    http::{Method, StatusCode},
};
use portcullis::{
    Anonymous, AuthUser, Authenticated, Clock, Login, LoginError, Session,
    store::{Load, SessionStore, Swap, Update},
};
use support::*;

#[tokio::test]
async fn a_login_lets_in_and_a_logout_shuts_out() {
    let world = World::new();
    let mut browser = world.browser();
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);

    let mut browser = world.logged_in(1).await;
    assert_eq!(browser.get("/me").await.body, "user 1");
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    assert_eq!(browser.post("/any").await.body, "fresh");

    let mut thief = browser.clone();
    let reply = browser.post("/logout").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.session(), None, "the cookie is removed");
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        thief.api(Method::GET, "/me").await.status,
        StatusCode::UNAUTHORIZED,
        "a copy is worth nothing"
    );
    assert!(world.store.inner.is_empty());
}

#[tokio::test]
async fn every_transition_makes_a_new_id_and_ends_the_old_one() {
    let world = World::new();
    let mut browser = world.browser();
    browser.post("/note/1").await;
    for step in ["/login/1", "/confirm/1", "/password/new", "/switch/2"] {
        let before = browser.clone();
        assert!(browser.post(step).await.status.as_u16() < 400, "{step}");
        assert_ne!(browser.session_id(), before.session_id(), "{step}");
        let mut old = before;
        let reply = old.api(Method::GET, "/me").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{step}");
        assert!(
            reply.set_cookies().is_empty(),
            "{step}: a dead cookie is left alone"
        );
        assert_eq!(world.store.inner.len(), 1, "{step}");
    }
}

#[tokio::test]
async fn a_planted_cookie_is_worth_nothing_after_the_login() {
    let world = World::new();
    let mut attacker = world.browser();
    attacker.post("/note/666").await;
    attacker.post("/cart/7").await;
    let mut victim = attacker.clone();
    victim.post("/login/1").await;
    assert_eq!(
        victim.get("/data").await.body,
        "note [] cart [7]",
        "only what says so is kept"
    );
    assert_eq!(attacker.get("/who").await.body, "nobody");
    assert_eq!(attacker.get("/data").await.body, "note [] cart []");
}

#[tokio::test]
async fn another_user_sees_nothing_of_the_earlier_one() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.post("/note/1").await;
    browser.post("/cart/2").await;
    browser.post("/confirm/1").await;
    assert_eq!(
        browser.get("/data").await.body,
        "note [1] cart [2]",
        "a confirmed session goes on"
    );
    browser.post("/switch/2").await;
    assert_eq!(browser.get("/me").await.body, "user 2");
    assert_eq!(browser.get("/data").await.body, "note [] cart []");
}

#[tokio::test]
async fn on_the_cookie_of_a_deleted_user_a_login_begins_anew() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.post("/note/1").await;
    browser.post("/cart/2").await;
    world.database.users.lock().unwrap().remove(&1);
    let before = browser.clone();
    browser.post("/login/2").await;
    assert_ne!(browser.session_id(), before.session_id());
    assert_eq!(browser.get("/data").await.body, "note [] cart []");
    assert_eq!(
        world.store.inner.len(),
        1,
        "the session of the deleted user is gone"
    );
}

#[tokio::test]
async fn a_password_change_keeps_this_browser_in_and_puts_the_others_out() {
    let world = World::new();
    let mut here = world.logged_in(1).await;
    let mut there = world.logged_in(1).await;
    let mut other_user = world.logged_in(2).await;
    assert_eq!(here.post("/password/new").await.body, "changed");
    assert_eq!(here.get("/fresh").await.body, "fresh 1");
    assert_eq!(
        there.api(Method::GET, "/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(other_user.get("/me").await.body, "user 2");
}

#[tokio::test]
async fn others_are_put_out_although_the_auth_hash_stays() {
    let world = World::new();
    let mut here = world.logged_in(1).await;
    let mut there = world.logged_in(1).await;
    assert_eq!(here.post("/password/secret%201").await.body, "changed");
    assert_eq!(here.get("/fresh").await.body, "fresh 1");
    assert_eq!(there.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_password_change_that_tells_nobody_puts_everyone_out() {
    let world = World::new();
    let mut browsers = [world.logged_in(1).await, world.logged_in(1).await];
    world
        .database
        .change(1, |user| user.password = "new".to_owned());
    for browser in &mut browsers {
        assert_eq!(
            browser.api(Method::GET, "/me").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test]
async fn an_inactive_user_is_refused_and_put_out_unless_forced() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    world.database.change(1, |user| user.active = false);
    assert_eq!(
        browser.api(Method::GET, "/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    let refused = browser.api(Method::POST, "/login/1").await;
    let unknown = browser.api(Method::POST, "/login/77").await;
    assert_eq!(
        (refused.status, &refused.body),
        (StatusCode::UNAUTHORIZED, &unknown.body),
        "one answer for both"
    );

    assert_eq!(browser.post("/stale/1").await.body, "stale");
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn confirming_is_for_the_same_user() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    let before = browser.session_id();
    assert_eq!(
        browser.api(Method::POST, "/confirm/2").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(browser.session_id(), before);
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn a_login_is_fresh_for_a_quarter_of_an_hour() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    world
        .clock
        .pass(15 * MINUTE - std::time::Duration::from_secs(1));
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    world.clock.pass(std::time::Duration::from_secs(1));
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/me").await.body, "user 1");
    assert_eq!(browser.post("/any").await.body, "authenticated");
    assert_eq!(
        browser.api(Method::POST, "/password/new").await.status,
        StatusCode::UNAUTHORIZED
    );
    browser.post("/confirm/1").await;
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_makes_no_session_of_years() {
    let world = World::new();
    world.clock.set(START + 1_000 * 86_400);
    let mut browser = world.logged_in(1).await;
    world.clock.set(START);
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_shorter_limit_holds_for_earlier_sessions_too() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.app = world.again(|builder| builder.absolute_limit(8 * DAY)).app;
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_stale_login_is_not_fresh() {
    let world = World::new();
    let mut browser = world.browser();
    browser.post("/stale/1").await;
    assert_eq!(browser.get("/me").await.body, "user 1");
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_window_of_zero_is_never_open() {
    let world = World::with(
        |builder| builder.fresh_for(std::time::Duration::ZERO),
        |routes, _| routes,
    );
    let mut browser = world.logged_in(1).await;
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_stamp_from_the_future_is_never_fresh() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    world.clock.set(START - 61);
    assert_eq!(
        browser.get("/me").await.body,
        "user 1",
        "the clock went back, the session lives"
    );
    assert_eq!(browser.get("/fresh").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_ends_after_a_week_without_use() {
    let world = World::new();
    let mut used = world.logged_in(1).await;
    let mut unused = world.logged_in(1).await;
    for _ in 0..3 {
        world.clock.pass(3 * DAY);
        assert_eq!(used.get("/me").await.body, "user 1");
    }
    assert_eq!(unused.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_however_much_it_is_used() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    for _ in 0..29 {
        world.clock.pass(DAY);
        assert_eq!(browser.get("/me").await.body, "user 1");
    }
    world.clock.pass(DAY);
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn giving_the_password_again_prolongs() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    for _ in 0..10 {
        world.clock.pass(6 * DAY);
        assert_eq!(
            browser.post("/confirm/1").await.status,
            StatusCode::SEE_OTHER
        );
    }
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
}

#[tokio::test]
async fn the_data_of_a_stranger_lives_an_hour_and_that_of_a_user_with_the_session() {
    let world = World::new();
    let mut stranger = world.browser();
    stranger.post("/note/1").await;
    let mut user = world.logged_in(1).await;
    user.post("/note/2").await;
    world.clock.pass(HOUR / 2);
    stranger.post("/note/3").await;
    world.clock.pass(HOUR - MINUTE);
    assert_eq!(stranger.get("/data").await.body, "note [1, 3] cart []");
    world.clock.pass(MINUTE);
    assert_eq!(stranger.get("/data").await.body, "note [] cart []");
    assert_eq!(user.get("/data").await.body, "note [2] cart []");
    assert_eq!(
        stranger.post("/note/4").await.status,
        StatusCode::OK,
        "a new session"
    );
    assert_eq!(stranger.get("/data").await.body, "note [4] cart []");
}

#[tokio::test]
async fn too_much_data_is_refused_and_nothing_is_lost() {
    let world = World::with(|builder| builder.max_data_bytes(16), |routes, _| routes);
    let mut browser = world.browser();
    browser.post("/note/1").await;
    assert_eq!(
        browser.post("/note/99999999999999").await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(browser.get("/data").await.body, "note [1] cart []");
}

#[tokio::test]
async fn a_user_has_as_many_sessions_as_the_app_allows() {
    let world = World::with(
        |builder| builder.max_sessions_per_user(2),
        |routes, _| routes,
    );
    let mut browsers = vec![];
    for _ in 0..3 {
        world.clock.pass(HOUR);
        browsers.push(world.logged_in(1).await);
    }
    assert_eq!(
        browsers[0].get("/who").await.body,
        "nobody",
        "the one unused for longest"
    );
    assert_eq!(browsers[1].get("/who").await.body, "user 1");
    assert_eq!(browsers[2].get("/who").await.body, "user 1");
}

#[tokio::test]
async fn ids_of_any_type_are_told_apart() {
    use portcullis::{AuthHash, LoginManager, OneFactor, Routes};

    #[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
    struct Id {
        tenant: String,
        number: (u32, Option<i64>),
    }
    struct Member(Id);
    impl AuthUser for Member {
        type Id = Id;
        type Factors = OneFactor;
        fn id(&self) -> Id {
            self.0.clone()
        }
        fn session_auth_hash(&self) -> AuthHash {
            AuthHash::none()
        }
    }
    async fn load(id: Id) -> Result<Option<Member>, std::io::Error> {
        Ok(Some(Member(id)))
    }
    async fn log_in(
        session: Session<portcullis::Anonymous>,
        login: Login<Member>,
        tenant: String,
    ) -> Result<(), LoginError> {
        let id = Id {
            tenant,
            number: (7, None),
        };
        session.login_user(login.vouch_for(Member(id))).await?;
        Ok(())
    }
    let app = LoginManager::builder()
        .user_loader(load)
        .secret_key(key(1))
        .build()
        .unwrap()
        .into_router(|login| {
            let me = async |member: Authenticated<Member>| format!("{:?}", member.0);
            Routes::new()
                .post("/login", log_in)
                .get("/me", me)
                .with_state(login)
        });
    for tenant in ["Ünïcødé 東京 \u{1f511}", "a\"b", ""] {
        let request = axum::http::Request::post("/login")
            .body(axum::body::Body::from(tenant))
            .unwrap();
        let reply = send(&app, request).await;
        let mut browser = Browser::of(app.clone());
        browser.keep(&reply);
        assert!(
            browser
                .get("/me")
                .await
                .body
                .contains(&format!("{tenant:?}"))
        );
    }
}

#[tokio::test]
async fn a_verification_is_good_for_five_minutes() {
    for (minutes, status) in [(5, StatusCode::OK), (6, StatusCode::UNAUTHORIZED)] {
        let clock: Arc<Mutex<Option<Arc<ByHand>>>> = Arc::default();
        let slow = clock.clone();
        let world = World::with(
            |builder| builder,
            move |routes, _| {
                routes.post(
                    "/slow-login",
                    async move |session: Session<Anonymous>,
                                login: Login<User>,
                                State(db): State<Arc<Database>>| {
                        let verified = login.vouch_for(db.find(1).unwrap());
                        slow.lock()
                            .unwrap()
                            .as_ref()
                            .unwrap()
                            .pass(minutes * MINUTE);
                        session.login_user(verified).await.map(drop)
                    },
                )
            },
        );
        *clock.lock().unwrap() = Some(world.clock.clone());
        let mut browser = world.browser();
        assert_eq!(
            browser.api(Method::POST, "/slow-login").await.status,
            status
        );
        let fresh = browser.get("/fresh").await;
        assert_eq!(fresh.body == "fresh 1", status == StatusCode::OK);
        world.clock.pass(11 * MINUTE);
        assert_ne!(
            browser.get("/fresh").await.body,
            "fresh 1",
            "freshness counts from the verification"
        );
    }
}

#[tokio::test]
async fn what_is_fresh_is_never_older_than_the_window() {
    let clock: Arc<Mutex<Option<Arc<ByHand>>>> = Arc::default();
    let slow = clock.clone();
    let world = World::with(
        |builder| builder.fresh_for(MINUTE),
        move |routes, _| {
            routes.post(
                "/slow-confirm",
                async move |session: Session<Authenticated<User>>,
                            login: Login<User>,
                            State(db): State<Arc<Database>>| {
                    let verified = login.vouch_for(db.find(1).unwrap());
                    slow.lock().unwrap().as_ref().unwrap().pass(2 * MINUTE);
                    session.confirm_login(verified).await.map(drop)
                },
            )
        },
    );
    *clock.lock().unwrap() = Some(world.clock.clone());
    let mut browser = world.logged_in(1).await;
    assert_eq!(
        browser.api(Method::POST, "/slow-confirm").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(browser.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn a_transition_holds_whatever_the_handler_answers_then() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes
                .post(
                    "/login-then-fail",
                    async |session: Session<Anonymous>,
                           login: Login<User>,
                           State(db): State<Arc<Database>>| {
                        session
                            .login_user(login.vouch_for(db.find(1).unwrap()))
                            .await?;
                        Err::<(), _>(LoginError::refused())
                    },
                )
                .post(
                    "/logout-then-fail",
                    async |session: Session<Authenticated<User>>| {
                        session.logout_user().await?;
                        Ok::<_, LoginError>(StatusCode::INTERNAL_SERVER_ERROR)
                    },
                )
        },
    );
    let mut browser = world.browser();
    assert_eq!(
        browser.post("/login-then-fail").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(browser.get("/me").await.body, "user 1");
    let reply = browser.post("/logout-then-fail").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!((browser.session(), world.store.inner.len()), (None, 0));
}

#[tokio::test]
async fn the_secret_in_the_cookie_must_be_that_of_the_record_and_the_record_alive() {
    for tamper in [Tamper::OtherHash, Tamper::Expired, Tamper::OtherUser] {
        let world = World::new();
        let mut user = world.logged_in(1).await;
        let mut stranger = world.browser();
        stranger.post("/note/1").await;
        *world.store.tamper.lock().unwrap() = Some(tamper);
        assert_eq!(user.get("/who").await.body, "nobody", "{tamper:?}");
        assert_eq!(
            stranger.get("/data").await.body,
            "note [] cart []",
            "{tamper:?}"
        );
    }
}

#[tokio::test]
async fn a_verification_of_another_manager_is_none() {
    let smuggled: Arc<Mutex<Option<Login<User>>>> = Arc::default();
    let kept = smuggled.clone();
    let _ = World::with(
        |builder| builder.realm("other"),
        move |routes, login| {
            *kept.lock().unwrap() = Some(login);
            routes
        },
    );
    let other = smuggled.lock().unwrap().take().unwrap();
    let (confirm, switch, log_in) = (other.clone(), other.clone(), other);
    let user = |id| User {
        id,
        password: format!("secret {id}"),
        active: true,
    };
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            routes
                .post(
                    "/other/confirm",
                    async move |session: Session<Authenticated<User>>| {
                        session
                            .confirm_login(confirm.vouch_for(user(1)))
                            .await
                            .map(drop)
                    },
                )
                .post(
                    "/other/switch",
                    async move |session: Session<Authenticated<User>>| {
                        session
                            .switch_user(switch.vouch_for(user(2)))
                            .await
                            .map(drop)
                    },
                )
                .post("/other/login", async move |session: Session<Anonymous>| {
                    session
                        .login_user(log_in.vouch_for(user(1)))
                        .await
                        .map(drop)
                })
        },
    );
    let mut browser = world.logged_in(1).await;
    let before = browser.session_id();
    for path in ["/other/confirm", "/other/switch"] {
        assert_eq!(
            browser.post(path).await.status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{path}"
        );
        assert_eq!(browser.session_id(), before);
    }
    let reply = world.browser().post("/other/login").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(reply.set_cookies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn expired_sessions_are_swept_in_the_background() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    world.browser().post("/note/1").await;
    world.clock.pass(2 * HOUR);
    tokio::time::advance(MINUTE).await;
    while world.store.inner.len() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        browser.get("/me").await.body,
        "user 1",
        "what is alive is left alone"
    );
}

/// A later version of the library, on another server, may have written it.
#[tokio::test]
async fn a_strangers_data_that_nobody_can_read_keeps_nobody_from_logging_in() {
    let world = World::new();
    let mut browser = world.browser();
    browser.post("/cart/1").await;
    let (kind, id) = world.store.inserted.lock().unwrap()[0];
    let (store, now) = (&world.store.inner, world.clock.now());
    let record = store.load(Load::new(kind, id, now)).await.unwrap().unwrap();
    let update = Update::new(kind, id, record.version, [255].into(), now);
    assert_eq!(store.update(update).await.unwrap(), Swap::Done);
    browser.post("/login/1").await;
    assert_eq!(browser.get("/me").await.body, "user 1");
    assert_eq!(browser.get("/data").await.body, "note [] cart []");
}
