//! A login that is kept beyond its request: `revoked` and `recheck`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    http::{Method, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use futures_util::stream;
use http_body_util::BodyExt;
use portcullis::{
    AnySession, Authenticated, By, CurrentUser, Fresh, HoldsProof, LoginError, NoState, Routes,
    Session, public,
};
use support::*;
use tokio::{sync::mpsc, time::timeout};

/// An app whose handlers give their proofs to the test.
struct Kept {
    world: World,
    proofs: mpsc::UnboundedReceiver<Authenticated<User>>,
    fresh: mpsc::UnboundedReceiver<Fresh<User>>,
}

impl Kept {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(settings: impl FnOnce(Ready) -> Ready) -> Self {
        let (keep, proofs) = mpsc::unbounded_channel();
        let (keep_fresh, fresh) = mpsc::unbounded_channel();
        let world = World::with(settings, |routes, _| {
            routes
                .get("/keep", async move |user: Authenticated<User>| {
                    keep.send(user).ok();
                })
                .get("/keep-fresh", async move |user: Fresh<User>| {
                    keep_fresh.send(user).ok();
                })
        });
        Self {
            world,
            proofs,
            fresh,
        }
    }

    async fn proof(&mut self, browser: &mut Browser) -> Authenticated<User> {
        let reply = browser.get("/keep").await;
        assert!(reply.status.is_success(), "{}", reply.body);
        self.proofs.recv().await.unwrap()
    }
}

async fn is_pending(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

/// Far longer than it takes: only a failing test waits so long.
async fn ends(revoked: impl Future<Output = ()>) {
    timeout(Duration::from_secs(30), revoked)
        .await
        .expect("it has not ended");
}

#[tokio::test]
async fn it_ends_with_the_session_and_not_before() {
    for path in ["/logout", "/confirm/1", "/switch/2", "/password/new"] {
        let mut kept = Kept::new();
        let mut browser = kept.world.logged_in(1).await;
        let user = kept.proof(&mut browser).await;
        let mut revoked = pin!(user.revoked());
        assert!(is_pending(&mut revoked).await, "{path}");
        browser.get("/me").await;
        assert!(is_pending(&mut revoked).await, "{path}");
        browser.post(path).await;
        ends(revoked).await;
    }
}

#[tokio::test]
async fn it_ends_when_the_session_is_ended_from_elsewhere() {
    for how in ["one", "all", "others", "password"] {
        let mut kept = Kept::new();
        let mut browser = kept.world.logged_in(1).await;
        let mut other = kept.world.logged_in(1).await;
        other.get("/me").await;
        let user = kept.proof(&mut browser).await;
        let revoked = tokio::spawn(user.revoked());
        let sessions = &kept.world.sessions;
        let listed = sessions.list(&1).await.unwrap();
        let is_it = |id| user.info().id() == id;
        let (this, that): (Vec<_>, Vec<_>) = listed.iter().partition(|it| is_it(it.id()));
        match how {
            "one" => assert!(sessions.end(&1, this[0].login_id()).await.unwrap()),
            "all" => assert_eq!(sessions.end_all(&1).await.unwrap(), 2),
            "others" => {
                let ended = sessions.end_others(&1, that[0].login_id()).await;
                assert_eq!(ended.unwrap(), 1);
            }
            _ => assert!(other.post("/password/new").await.status.is_success()),
        }
        ends(async { revoked.await.unwrap() }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_session_expires_however_much_a_socket_is_open() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    let revoked = tokio::spawn(user.revoked());
    tokio::task::yield_now().await;
    kept.world.clock.pass(DAY * 7);
    // The runtime's clock goes on by itself when nothing else is to be done.
    timeout(MINUTE * 3, revoked).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_sessions_of_others_do_not_end_it() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    let mut revoked = pin!(user.revoked());
    assert!(is_pending(&mut revoked).await);
    kept.world.logged_in(2).await.post("/logout").await;
    kept.world.logged_in(1).await.post("/logout").await;
    assert!(is_pending(&mut revoked).await);
    for _ in 0..10 {
        tokio::task::yield_now().await;
        assert!(is_pending(&mut revoked).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_ends_nothing() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    kept.world.store.break_at(Some("load"));
    let mut revoked = pin!(user.revoked());
    assert!(timeout(MINUTE, &mut revoked).await.is_err());
    kept.world.store.break_at(None);
    browser.post("/logout").await;
    ends(revoked).await;
}

#[tokio::test]
async fn asking_again_gives_the_user_as_it_is_now() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    kept.world.clock.pass(HOUR);
    kept.world.store.taken();
    let user = user.recheck().await.unwrap();
    assert_eq!(
        kept.world.store.taken(),
        ["load", "touch"],
        "it counts as a use"
    );
    assert_eq!(user.id, 1);
    browser.post("/logout").await;
    let error = user.recheck().await.unwrap_err();
    assert!(error.is_ended(), "{error:?}");
}

#[tokio::test]
async fn asking_again_notices_what_a_request_would() {
    type Change = fn(&mut User);
    let changes: [(&str, Change); 2] = [
        ("inactive", |user| user.active = false),
        ("another password", |user| user.password = "new".to_owned()),
    ];
    for (what, change) in changes {
        let mut kept = Kept::new();
        let mut browser = kept.world.logged_in(1).await;
        let user = kept.proof(&mut browser).await;
        kept.world.database.change(1, change);
        assert!(user.recheck().await.unwrap_err().is_ended(), "{what}");
    }
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    kept.world.database.users.lock().unwrap().remove(&1);
    assert!(user.recheck().await.unwrap_err().is_ended(), "deleted");
    let mut browser = kept.world.logged_in(2).await;
    let user = kept.proof(&mut browser).await;
    kept.world.clock.pass(DAY * 8);
    assert!(user.recheck().await.unwrap_err().is_ended(), "expired");
}

#[tokio::test]
async fn an_old_proof_does_not_follow_into_a_confirmed_session() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let thief = kept.proof(&mut browser).await; // a socket that was opened with a copied cookie
    browser.post("/confirm/1").await;
    assert!(thief.recheck().await.unwrap_err().is_ended());
}

#[tokio::test]
async fn an_old_proof_does_not_stand_on_another_record_under_its_id() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    *kept.world.store.tamper.lock().unwrap() = Some(Tamper::OtherHash);
    assert!(user.recheck().await.unwrap_err().is_ended());
}

#[tokio::test]
async fn asking_again_fails_where_the_store_or_the_loader_fails() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    kept.world.store.break_at(Some("load"));
    let error = user.recheck().await.unwrap_err();
    assert!(error.is_store() && !error.is_ended());
    kept.world.store.break_at(None);
    let user = kept.proof(&mut browser).await;
    kept.world.database.broken.store(true, Ordering::SeqCst);
    let error = user.recheck().await.unwrap_err();
    assert!(!error.is_ended(), "{error:?}");
}

#[tokio::test]
async fn asking_again_for_a_fresh_proof_asks_whether_it_is_fresh() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    browser.get("/keep-fresh").await;
    let user = kept.fresh.recv().await.unwrap();
    let user = user.recheck().await.unwrap();
    kept.world.clock.pass(HOUR);
    let error = user.recheck().await.unwrap_err();
    assert!(!error.is_ended() && !error.is_store(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_user_of_the_request_loader_is_looked_at_once_a_minute() {
    let owner = Arc::new(Mutex::new(User {
        id: 1,
        password: "secret 1".to_owned(),
        active: true,
    }));
    let asked = Arc::new(AtomicU64::new(0));
    let (of_the_key, counted) = (owner.clone(), asked.clone());
    let mut kept = Kept::with(|builder| {
        builder.request_loader(move |request: axum::http::request::Parts| {
            counted.fetch_add(1, Ordering::SeqCst);
            let user = of_the_key.lock().unwrap().clone();
            let found = request.headers.contains_key("x-key").then_some(user);
            async move { Ok::<_, std::io::Error>(found) }
        })
    });
    let mut client = kept.world.browser();
    let reply = client.send(Method::GET, "/keep", &[("x-key", "1")]).await;
    assert!(reply.status.is_success());
    let user = kept.proofs.recv().await.unwrap();
    asked.store(0, Ordering::SeqCst);
    let mut revoked = pin!(user.revoked());
    assert!(timeout(MINUTE * 5, &mut revoked).await.is_err());
    let asked = asked.load(Ordering::SeqCst);
    assert_eq!(asked, 6, "at first, and each minute");
    let change = |change: fn(&mut User)| change(&mut owner.lock().unwrap());
    change(|user| user.active = false);
    timeout(MINUTE * 2, revoked).await.unwrap();
    change(|user| (user.active, user.password) = (true, "new".to_owned()));
    timeout(MINUTE * 2, user.revoked()).await.unwrap();
    assert!(user.recheck().await.unwrap_err().is_ended());
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_does_not_hide_an_end() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    kept.world.store.hangs.store(true, Ordering::SeqCst);
    let mut revoked = pin!(user.revoked());
    assert!(is_pending(&mut revoked).await);
    kept.world.store.hangs.store(false, Ordering::SeqCst);
    kept.world.sessions.end_all(&1).await.unwrap();
    ends(revoked).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_to_expire_is_over_although_nobody_can_look() {
    let mut kept = Kept::new();
    let mut browser = kept.world.logged_in(1).await;
    let user = kept.proof(&mut browser).await;
    let mut revoked = pin!(user.revoked());
    assert!(timeout(MINUTE, &mut revoked).await.is_err());
    kept.world.store.break_at(Some("all"));
    assert!(timeout(MINUTE, &mut revoked).await.is_err());
    kept.world.clock.pass(DAY * 7);
    ends(revoked).await;
}

/// A request whose body comes when the test says so.
fn slow_body() -> (mpsc::UnboundedSender<&'static str>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let chunks = stream::unfold(receiver, async |mut receiver| {
        let chunk: &'static str = mpsc::UnboundedReceiver::recv(&mut receiver).await?;
        Some((Ok::<_, std::io::Error>(chunk), receiver))
    });
    (sender, Body::from_stream(chunks))
}

#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Nothing,
    Ended,
    AnHour,
    Inactive,
    /// Another browser has shown the cookie.
    Stale,
}

/// Who is let in and then sends slowly is asked for once more before the handler is called.
#[tokio::test(start_paused = true)]
async fn a_slow_body_does_not_outlive_the_login() {
    for (path, meanwhile, status) in [
        ("/save", Meanwhile::Nothing, 200),
        ("/save-fresh", Meanwhile::Nothing, 200),
        ("/save", Meanwhile::Ended, 401),
        ("/save-fresh", Meanwhile::Ended, 401),
        ("/save-any", Meanwhile::Ended, 401),
        ("/save", Meanwhile::AnHour, 200),
        ("/save-fresh", Meanwhile::AnHour, 401),
        ("/save", Meanwhile::Inactive, 401),
    ] {
        let (saved, mut saves) = mpsc::unbounded_channel();
        let (fresh, any) = (saved.clone(), saved.clone());
        let world = World::with(
            |builder| builder,
            |routes, _| {
                routes
                    .post(
                        "/save",
                        async move |_: Authenticated<User>, body: String| {
                            saved.send(body).ok();
                        },
                    )
                    .post(
                        "/save-fresh",
                        async move |_: Session<Fresh<User>>, body: String| {
                            fresh.send(body).ok();
                        },
                    )
                    .post(
                        "/save-any",
                        async move |_: CurrentUser<User>, body: String| {
                            any.send(body).ok();
                        },
                    )
            },
        );
        let mut browser = world.logged_in(1).await;
        browser.get("/me").await;
        let (sender, body) = slow_body();
        let api = [("accept", "application/json")];
        let request = browser.request(Method::POST, path, &api).map(|_| body);
        let app = world.app.clone();
        let answer = tokio::spawn(async move { send(&app, request).await });
        sender.send("evil").unwrap();
        tokio::time::sleep(Duration::from_secs(6)).await; // of the paused clock
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Ended => drop(world.sessions.end_all(&1).await.unwrap()),
            Meanwhile::AnHour => world.clock.pass(HOUR),
            Meanwhile::Stale => unreachable!("see below"),
            Meanwhile::Inactive => world.database.change(1, |user| user.active = false),
        }
        drop(sender);
        let reply = answer.await.unwrap();
        assert_eq!(reply.status, status, "{path} {meanwhile:?}: {}", reply.body);
        let is_saved = saves.try_recv().is_ok();
        assert_eq!(is_saved, status == 200, "{path} {meanwhile:?}");
    }
}

#[tokio::test]
async fn a_body_that_comes_at_once_is_asked_for_nothing() {
    let world = World::with(
        |builder| builder,
        |routes, _| routes.post("/save", async |_: Authenticated<User>, _: String| ()),
    );
    let mut browser = world.logged_in(1).await;
    browser.get("/me").await;
    world.store.taken();
    browser.post("/save").await;
    assert_eq!(world.store.taken(), ["load"]);
}

/// A layer that looks who is there, and then takes its time over the body.
async fn look_and_buffer(_: CurrentUser<User>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// A guard of the app's own that takes its time.
struct Slow(#[expect(dead_code, reason = "it is a guard")] Authenticated<User>);

impl HoldsProof for Slow {
    type Proof = Authenticated<User>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(
        proof: Self::Proof,
        _: &mut Parts,
        _: &NoState,
    ) -> Result<Self, LoginError> {
        tokio::time::sleep(Duration::from_secs(60)).await; // of the paused clock
        Ok(Self(proof))
    }
}

/// One that holds a fresh proof which it made itself.
struct Owner(#[expect(dead_code, reason = "it is a guard")] Fresh<User>);

impl HoldsProof for Owner {
    type Proof = Authenticated<User>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(
        proof: Self::Proof,
        _: &mut Parts,
        _: &NoState,
    ) -> Result<Self, LoginError> {
        Ok(Self(proof.into_fresh()?))
    }
}

async fn any(session: AnySession<User>, _: String) -> &'static str {
    match session {
        AnySession::Fresh(_) => "fresh",
        AnySession::Authenticated(_) => "authenticated",
        AnySession::Anonymous(_) => "anonymous",
    }
}

async fn looked(who: CurrentUser<User>, _: String) -> Result<&'static str, LoginError> {
    who.into_authenticated().await?.into_fresh()?;
    Ok("fresh")
}

/// Whatever lies between the cookie and the handler: what was found long ago is
/// asked for once more.
#[tokio::test(start_paused = true)]
async fn what_takes_long_before_the_handler_does_not_outlive_the_login() {
    for (path, meanwhile, status) in [
        ("/layered", Meanwhile::Nothing, 200),
        ("/layered", Meanwhile::Ended, 401),
        ("/layered-fresh", Meanwhile::Nothing, 200),
        ("/layered-fresh", Meanwhile::AnHour, 401),
        ("/slow", Meanwhile::Nothing, 200),
        ("/slow", Meanwhile::Ended, 401),
        ("/owner", Meanwhile::Nothing, 200),
        ("/owner", Meanwhile::AnHour, 401),
        ("/whatever", Meanwhile::Nothing, 200),
        ("/whatever", Meanwhile::AnHour, 401),
        ("/whatever", Meanwhile::Stale, 401),
        ("/looked", Meanwhile::Nothing, 200),
        ("/looked", Meanwhile::AnHour, 401),
        ("/looked", Meanwhile::Stale, 401),
        ("/public", Meanwhile::Nothing, 200),
        ("/public", Meanwhile::Ended, 401),
        ("/public", Meanwhile::AnHour, 401),
    ] {
        let world = World::with(
            |builder| builder,
            |routes, login| {
                let layered = Routes::<App>::new()
                    .post("/layered", async |_: Authenticated<User>, _: String| ())
                    .post("/layered-fresh", async |_: Fresh<User>, _: String| ())
                    .layer(from_fn_with_state(login, look_and_buffer));
                routes
                    .merge(layered)
                    .post("/slow", async |_: By<Slow>, _: String| ())
                    .post("/owner", async |_: By<Owner>, _: String| ())
                    .post("/whatever", any)
                    .post("/looked", looked)
                    .post("/public", public(looked))
            },
        );
        let mut browser = world.logged_in(1).await;
        browser.get("/me").await;
        let (sender, body) = slow_body();
        let api = [("accept", "application/json")];
        let request = browser.request(Method::POST, path, &api).map(|_| body);
        let app = world.app.clone();
        let answer = tokio::spawn(async move { send(&app, request).await });
        sender.send("evil").unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await; // of the paused clock
        match meanwhile {
            Meanwhile::Nothing | Meanwhile::Inactive => {}
            Meanwhile::Ended => drop(world.sessions.end_all(&1).await.unwrap()),
            Meanwhile::AnHour => world.clock.pass(HOUR),
            Meanwhile::Stale => {
                browser.user_agent = "Other/1.0";
                browser.get("/me").await;
            }
        }
        drop(sender);
        let reply = answer.await.unwrap();
        assert_eq!(reply.status, status, "{path} {meanwhile:?}: {}", reply.body);
    }
}
