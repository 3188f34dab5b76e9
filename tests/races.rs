//! The slow second request, the dropped future, the request inside a request.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::Body,
    extract::{FromRef, FromRequestParts, Path, Request, State},
    http::{Method, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use portcullis::{
    Authenticated, CurrentUser, Data, EventKind, Fresh, Login, LoginError, Routes, Session, public,
};
use support::*;
use tokio::sync::Barrier;
use tower::ServiceExt;

/// Lets a handler wait for the test: once before it goes on, once after.
#[derive(Clone)]
struct Gate(Arc<Barrier>);

impl Gate {
    fn new() -> Self {
        Self(Arc::new(Barrier::new(2)))
    }

    async fn wait(&self) {
        self.0.wait().await;
    }
}

fn with_slow_note(gate: &Gate) -> World {
    let gate = gate.clone();
    World::with(
        |builder| builder,
        move |routes, _| {
            routes.post(
                "/slow-note/{value}",
                async move |_: CurrentUser<User>, mut note: Data<Note>, Path(value)| {
                    gate.wait().await;
                    gate.wait().await;
                    note.update(|note| note.0.push(value)).await
                },
            )
        },
    )
}

/// Starts a request that stops at the gate, acts, and lets it go on.
async fn meanwhile<T>(
    gate: &Gate,
    slow: Browser,
    path: &'static str,
    act: impl Future<Output = T>,
) -> (Reply, T) {
    let mut slow = slow;
    let slow = tokio::spawn(async move { slow.post(path).await });
    gate.wait().await;
    let acted = act.await;
    gate.wait().await;
    (slow.await.unwrap(), acted)
}

#[tokio::test]
async fn a_slow_write_does_not_bring_back_who_logged_out() {
    let gate = Gate::new();
    let world = with_slow_note(&gate);
    let mut browser = world.logged_in(1).await;
    let mut same = browser.clone();
    let (slow, _) = meanwhile(&gate, browser.clone(), "/slow-note/7", same.post("/logout")).await;
    assert_eq!(slow.status, StatusCode::SEE_OTHER, "to the login page");
    assert!(slow.session_cookies().is_empty());
    assert!(world.store.inner.is_empty());
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_slow_write_that_restored_a_login_does_not_overwrite_what_another_tab_made_of_it() {
    for (path, page) in [("/confirm/1", "fresh 1"), ("/switch/2", "fresh 2")] {
        let gate = Gate::new();
        let world = with_slow_note(&gate);
        let mut browser = world.remembered(1).await;
        browser.close();
        let mut same = browser.clone();
        let (slow, _) = meanwhile(&gate, browser, "/slow-note/7", same.post(path)).await;
        assert_eq!(slow.status, StatusCode::SEE_OTHER, "to the login page");
        assert!(slow.session_cookies().is_empty(), "they are dead");
        same.keep(&slow); // it comes last
        assert_eq!(same.get("/fresh").await.body, page, "{path}");
    }
}

#[tokio::test]
async fn a_slow_confirmation_that_restored_a_login_does_not_overwrite_a_faster_one() {
    let gate = Gate::new();
    let waits = gate.clone();
    let world = World::with(
        |builder| builder,
        move |routes, login| {
            routes.post(
                "/slow-confirm",
                async move |session: Session<Authenticated<User>>| {
                    waits.wait().await;
                    waits.wait().await;
                    let user = session.user().clone();
                    let confirmed = session.confirm_login(login.vouch_for(user)).await;
                    confirmed.map(drop)
                },
            )
        },
    );
    let mut browser = world.remembered(1).await;
    browser.close();
    let mut same = browser.clone();
    let (slow, _) = meanwhile(&gate, browser, "/slow-confirm", same.post("/confirm/1")).await;
    assert_eq!(slow.status, StatusCode::SEE_OTHER, "to the login page");
    assert!(slow.session_cookies().is_empty(), "they are dead");
    same.keep(&slow); // it comes last
    assert_eq!(same.get("/fresh").await.body, "fresh 1");
}

#[tokio::test]
async fn a_slow_write_of_a_stranger_does_not_follow_into_the_login() {
    let gate = Gate::new();
    let world = with_slow_note(&gate);
    let mut browser = world.browser();
    browser.post("/note/1").await;
    let mut same = browser.clone();
    let (slow, _) = meanwhile(
        &gate,
        browser.clone(),
        "/slow-note/7",
        same.post("/login/1"),
    )
    .await;
    assert!(
        slow.status != StatusCode::OK && slow.session_cookies().is_empty(),
        "the login's cookie stays"
    );
    assert_eq!(same.get("/data").await.body, "note [] cart []");
}

#[tokio::test]
async fn a_slow_write_does_not_reach_the_user_after_a_switch() {
    let gate = Gate::new();
    let world = with_slow_note(&gate);
    let browser = world.logged_in(1).await;
    let mut same = browser.clone();
    let (slow, _) = meanwhile(
        &gate,
        browser.clone(),
        "/slow-note/7",
        same.post("/switch/2"),
    )
    .await;
    assert!(slow.status != StatusCode::OK && slow.session_cookies().is_empty());
    assert_eq!(same.get("/data").await.body, "note [] cart []");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_updates_at_once_none_is_lost() {
    let world = World::new();
    for logged_in in [false, true] {
        let mut browser = if logged_in {
            world.logged_in(1).await
        } else {
            world.browser()
        };
        browser.post("/note/0").await;
        let updates: Vec<_> = (1..=100)
            .map(|value| {
                let mut browser = browser.clone();
                tokio::spawn(async move { browser.post(&format!("/note/{value}")).await.status })
            })
            .collect();
        for update in updates {
            assert_eq!(update.await.unwrap(), StatusCode::OK);
        }
        let body = browser.get("/data").await.body;
        assert!(
            (0..=100).all(|value| body.contains(&value.to_string())),
            "{body}"
        );
        assert_eq!(body.split(',').count(), 101);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_loses_no_data_that_is_written_meanwhile() {
    for _ in 0..50 {
        let world = World::new();
        let mut browser = world.logged_in(1).await;
        let mut same = browser.clone();
        let write = tokio::spawn(async move { same.post("/my-note/7").await });
        browser.post("/confirm/1").await;
        let write = write.await.unwrap();
        let body = browser.get("/data").await.body;
        assert_eq!(
            body.starts_with("note [7]"),
            write.status == StatusCode::OK,
            "{} {body}",
            write.status
        );
        assert!(write.session_cookies().is_empty());
    }
}

#[tokio::test]
async fn a_strangers_late_write_leaves_the_logins_cookie_alone() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    let mut late = browser.clone();
    browser.post("/confirm/1").await;
    let reply = late.post("/note/7").await; // on the old cookie, as nobody
    browser.keep(&reply);
    assert_eq!(browser.get("/fresh").await.body, "fresh 1");
    assert_eq!(browser.get("/data").await.body, "note [] cart []");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_logins_at_once_from_one_anonymous_session_are_both_good() {
    for _ in 0..50 {
        let world = World::new();
        let mut browser = world.browser();
        browser.post("/cart/5").await;
        let logins = [1, 2].map(|id| {
            let mut browser = browser.clone();
            tokio::spawn(async move {
                let reply = browser.post(&format!("/login/{id}")).await;
                assert_eq!(reply.status, StatusCode::SEE_OTHER);
                browser.get("/me").await.body
            })
        });
        let [one, two] = logins;
        assert_eq!(
            (one.await.unwrap().as_str(), two.await.unwrap().as_str()),
            ("user 1", "user 2")
        );
        assert_eq!(
            world.store.inner.len(),
            2,
            "the stranger's record went to one of them"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_on_the_old_id_leaves_the_new_cookie_in_the_jar() {
    for step in ["/login/1", "/confirm/1"] {
        for _ in 0..50 {
            let world = World::new();
            let mut browser = if step == "/login/1" {
                world.browser()
            } else {
                world.logged_in(1).await
            };
            if step == "/login/1" {
                browser.post("/note/1").await;
            }
            let mut poller = browser.clone();
            let poll = tokio::spawn(async move {
                let mut replies = vec![];
                for _ in 0..4 {
                    replies.push(poller.get("/who").await);
                }
                replies
            });
            browser.post(step).await;
            for reply in poll.await.unwrap() {
                browser.keep(&reply); // as if all arrived after the login's answer
            }
            assert_eq!(browser.get("/me").await.body, "user 1", "{step}");
        }
    }
}

#[tokio::test]
async fn after_the_answer_a_transition_changes_nothing_but_a_logout_ends() {
    type Kept = Arc<Mutex<Vec<tokio::task::JoinHandle<Result<(), LoginError>>>>>;
    let kept = Kept::default();
    let (confirms, logouts) = (kept.clone(), kept.clone());
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            routes
                .post(
                    "/later/confirm",
                    async move |session: Session<Authenticated<User>>,
                                login: Login<User>,
                                State(db): State<Arc<Database>>| {
                        let user = db.find(1).unwrap();
                        let task = async move {
                            session.confirm_login(login.vouch_for(user)).await.map(drop)
                        };
                        confirms.lock().unwrap().push(tokio::spawn(task));
                    },
                )
                .post(
                    "/later/logout",
                    async move |session: Session<Authenticated<User>>| {
                        logouts.lock().unwrap().push(tokio::spawn(async move {
                            session.logout_user().await.map(drop)
                        }));
                    },
                )
        },
    );
    let mut browser = world.logged_in(1).await;
    browser.get("/me").await; // the first use of a session is another story
    world.store.taken();
    browser.post("/later/confirm").await;
    let confirm = kept.lock().unwrap().pop().unwrap();
    assert!(confirm.await.unwrap().is_err());
    assert_eq!(world.store.taken(), ["load"], "it failed before the store");
    assert_eq!(browser.get("/me").await.body, "user 1");

    let reply = browser.post("/later/logout").await;
    let logout = kept.lock().unwrap().pop().unwrap();
    assert!(logout.await.unwrap().is_ok());
    assert!(reply.set_cookies().is_empty());
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_session_that_is_carried_into_another_request_changes_no_cookie_there() {
    let kept: Arc<Mutex<Option<Session<Authenticated<User>>>>> = Arc::default();
    let (give, take) = (kept.clone(), kept);
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            routes
                .post(
                    "/give",
                    async move |session: Session<Authenticated<User>>| {
                        *give.lock().unwrap() = Some(session);
                    },
                )
                .post(
                    "/take",
                    async move |_: Authenticated<User>,
                                login: Login<User>,
                                State(db): State<Arc<Database>>| {
                        let session = take.lock().unwrap().take().unwrap();
                        let user = db.find(1).unwrap();
                        session.switch_user(login.vouch_for(user)).await.map(drop)
                    },
                )
        },
    );
    let mut admin = world.logged_in(1).await;
    let mut other = world.logged_in(2).await;
    admin.post("/give").await;
    let reply = other.post("/take").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(reply.set_cookies().is_empty());
    assert_eq!(other.get("/me").await.body, "user 2");
    assert_eq!(admin.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn a_request_inside_a_request_is_a_visit_of_its_own() {
    let app: Arc<Mutex<Option<Router>>> = Arc::default();
    let inner = app.clone();
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            routes.post(
                "/inside/{cookies}",
                async move |user: Authenticated<User>,
                            Path(cookies): Path<bool>,
                            request: Request| {
                    let app = inner.lock().unwrap().clone().unwrap();
                    let (parts, _) = request.into_parts();
                    let mut sub = Request::builder().uri("/me").body(Body::empty()).unwrap();
                    *sub.extensions_mut() = parts.extensions;
                    if cookies {
                        *sub.headers_mut() = parts.headers.clone();
                    }
                    let me = send(&app, sub).await;
                    let mut out = Request::post("/logout").body(Body::empty()).unwrap();
                    *out.headers_mut() = parts.headers;
                    let logout = send(&app, out).await;
                    format!(
                        "{} {} {} {}",
                        user.id,
                        me.status.as_u16(),
                        logout.status.as_u16(),
                        logout.set_cookies().len()
                    )
                },
            )
        },
    );
    *app.lock().unwrap() = Some(world.app.clone());
    for (path, expected) in [
        ("/inside/false", "1 401 303 1"),
        ("/inside/true", "1 200 303 1"),
    ] {
        let mut browser = world.logged_in(1).await;
        let reply = browser.send(Method::POST, path, &[]).await;
        assert_eq!(reply.body, expected, "extensions alone are no login");
        assert!(
            reply.set_cookies().is_empty(),
            "the removal belongs to the inner answer"
        );
    }
}

/// A layer that answers what takes long with 202, and has the next request finish it.
#[tokio::test]
async fn what_a_layer_puts_aside_is_not_finished_by_another_request() {
    type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;
    #[derive(Clone, FromRef)]
    struct Desk {
        login: Login<User>,
        waiting: Arc<Mutex<Option<Answer>>>,
        finished: Arc<Mutex<Option<StatusCode>>>,
    }
    async fn put_aside(
        State(desk): State<Desk>,
        _: CurrentUser<User>,
        request: Request,
        next: Next,
    ) -> Response {
        let waiting = desk.waiting.lock().unwrap().take();
        if let Some(waiting) = waiting {
            let status = waiting.await.status();
            *desk.finished.lock().unwrap() = Some(status);
        }
        let mut answer: Answer = Box::pin(next.run(request));
        match std::future::poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            Poll::Ready(response) => response,
            Poll::Pending => {
                *desk.waiting.lock().unwrap() = Some(answer);
                StatusCode::ACCEPTED.into_response()
            }
        }
    }
    let finished = Arc::new(Mutex::new(None));
    let told = finished.clone();
    let world = World::with(
        |builder| builder,
        move |routes, login| {
            let desk = Desk {
                login,
                waiting: Arc::default(),
                finished: told,
            };
            let confirm = async |session: Session<Authenticated<User>>, login: Login<User>| {
                tokio::task::yield_now().await;
                let user = session.user().clone();
                session.confirm_login(login.vouch_for(user)).await.map(drop)
            };
            let read = async |_: Authenticated<User>| tokio::task::yield_now().await;
            routes.merge(
                Routes::new()
                    .post("/confirm", confirm)
                    .post("/read", read)
                    .get("/hello", public(async |_: CurrentUser<User>| "hello"))
                    .layer(from_fn_with_state(desk, put_aside)),
            )
        },
    );
    for path in ["/confirm", "/read"] {
        let (mut one, mut stranger) = (world.logged_in(1).await, world.browser());
        assert_eq!(one.post(path).await.status, StatusCode::ACCEPTED);
        let reply = stranger.get("/hello").await;
        assert_eq!(reply.body, "hello");
        assert!(reply.set_cookies().is_empty());
        let status = finished.lock().unwrap().take();
        assert_eq!(status, Some(StatusCode::INTERNAL_SERVER_ERROR), "{path}");
        assert_eq!(stranger.get("/me").await.status, StatusCode::SEE_OTHER);
        assert_eq!(one.get("/me").await.body, "user 1");
    }
}

/// A layer that tidies the cookies makes what is inside a visit of its own.
#[tokio::test]
async fn a_look_of_a_layer_gives_no_proof_after_a_logout_inside_of_it() {
    #[derive(Clone, FromRef)]
    struct Log {
        login: Login<User>,
        proved: Arc<Mutex<Vec<bool>>>,
    }
    async fn tidy(
        State(log): State<Log>,
        who: CurrentUser<User>,
        mut request: Request,
        next: Next,
    ) -> Response {
        let cookies = request.headers()["cookie"].to_str().unwrap().to_owned();
        let mut ours = cookies
            .split("; ")
            .filter(|pair| !pair.starts_with("other"));
        let ours = ours.next().unwrap().parse().unwrap();
        request.headers_mut().insert("cookie", ours);
        let response = next.run(request).await;
        let proof = who.into_authenticated().await;
        log.proved.lock().unwrap().push(proof.is_ok());
        response
    }
    let proved: Arc<Mutex<Vec<bool>>> = Arc::default();
    let log = proved.clone();
    let world = World::with(
        |builder| builder,
        move |routes, login| {
            let log = Log { login, proved: log };
            let out =
                async |session: Session<Authenticated<User>>| session.logout_user().await.map(drop);
            routes.merge(
                Routes::new()
                    .post("/stay", async |_: Authenticated<User>| ())
                    .post("/out", out)
                    .layer(from_fn_with_state(log, tidy)),
            )
        },
    );
    for path in ["/stay", "/out"] {
        let browser = world.logged_in(1).await;
        let cookie = format!("{COOKIE}={}; other=1", browser.session().unwrap());
        let request = Request::post(path).header("cookie", cookie);
        send(&world.app, request.body(Body::empty()).unwrap()).await;
    }
    assert_eq!(*proved.lock().unwrap(), [true, false]);
}

/// A layer asks again who it is while its handler logs out or switches.
#[tokio::test(start_paused = true)]
async fn who_is_asked_for_again_meanwhile_does_not_come_back() {
    #[derive(Clone, FromRef)]
    struct Log {
        login: Login<User>,
        seen: Arc<Mutex<Vec<Option<u64>>>>,
    }
    async fn ask_again(
        State(log): State<Log>,
        who: CurrentUser<User>,
        request: Request,
        next: Next,
    ) -> Response {
        let (mut parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        tokio::time::sleep(std::time::Duration::from_secs(6)).await; // of the paused clock
        let mut proof = Box::pin(who.into_authenticated());
        // The record is read, and then its handler is faster.
        for _ in 0..2 {
            let poll = |context: &mut Context<'_>| Poll::Ready(proof.as_mut().poll(context));
            assert!(std::future::poll_fn(poll).await.is_pending());
        }
        let response = next.run(request).await;
        assert!(proof.await.is_err());
        let who = CurrentUser::<User>::from_request_parts(&mut parts, &log.login).await;
        let id = who.unwrap().user().map(|user| user.id);
        log.seen.lock().unwrap().push(id);
        response
    }
    let seen: Arc<Mutex<Vec<Option<u64>>>> = Arc::default();
    let log = seen.clone();
    let world = World::with(
        |builder| builder,
        move |routes, login| {
            let log = Log { login, seen: log };
            let out =
                async |session: Session<Authenticated<User>>| session.logout_user().await.map(drop);
            let over = async |session: Session<Authenticated<User>>,
                              login: Login<User>,
                              db: State<Arc<Database>>| {
                let other = login.vouch_for(db.find(2).unwrap());
                session.switch_user(other).await.map(drop)
            };
            routes.merge(
                Routes::new()
                    .post("/out", out)
                    .post("/over", over)
                    .layer(from_fn_with_state(log, ask_again)),
            )
        },
    );
    for path in ["/out", "/over"] {
        let mut browser = world.logged_in(1).await;
        browser.get("/me").await;
        assert_eq!(browser.post(path).await.status, StatusCode::OK);
    }
    assert_eq!(*seen.lock().unwrap(), [None, Some(2)]);
}

#[tokio::test]
async fn a_layer_that_swaps_the_cookie_swaps_the_login_and_nothing_cached_remains() {
    #[derive(Clone, FromRef)]
    struct Swap {
        login: Login<User>,
        cookie: Arc<Mutex<String>>,
    }
    async fn look_and_swap(
        swap: State<Swap>,
        who: CurrentUser<User>,
        request: Request,
        next: Next,
    ) -> Response {
        assert_eq!(who.user().map(|user| user.id), Some(1));
        swapped(swap, request, next).await
    }
    async fn swapped(State(swap): State<Swap>, mut request: Request, next: Next) -> Response {
        let cookie = swap.cookie.lock().unwrap().parse().unwrap();
        request.headers_mut().insert("cookie", cookie);
        next.run(request).await
    }
    let cookie: Arc<Mutex<String>> = Arc::default();
    let other = cookie.clone();
    let world = World::with(
        |builder| builder,
        move |routes, login| {
            let swap = Swap {
                login,
                cookie: other,
            };
            let me = async |user: Authenticated<User>| format!("user {}", user.id);
            routes
                .merge(
                    Routes::new()
                        .get("/swapped", me)
                        .layer(from_fn_with_state(swap.clone(), swapped)),
                )
                .merge(
                    Routes::new()
                        .get("/looked", me)
                        .layer(from_fn_with_state(swap, look_and_swap)),
                )
        },
    );
    *cookie.lock().unwrap() = format!("{COOKIE}={}", world.logged_in(2).await.session().unwrap());
    let mut browser = world.logged_in(1).await;
    assert_eq!(
        browser.get("/swapped").await.body,
        "user 2",
        "the cookie decides, nothing else"
    );
    assert_eq!(
        browser.get("/looked").await.body,
        "user 2",
        "also after a look at the other"
    );
}

#[tokio::test]
async fn one_visit_looks_at_one_cookie() {
    async fn look_twice(
        State(login): State<Login<User>>,
        request: Request,
        next: Next,
    ) -> Response {
        let (mut parts, body) = request.into_parts();
        let look = CurrentUser::<User>::from_request_parts(&mut parts, &login)
            .await
            .unwrap();
        assert!(look.is_authenticated());
        parts.headers.remove("cookie");
        let other = CurrentUser::<User>::from_request_parts(&mut parts, &login).await;
        assert!(
            other.is_err(),
            "what was found under the first is not shown for the second"
        );
        next.run(Request::from_parts(parts, body)).await
    }
    let world = World::with(
        |builder| builder,
        |routes, login| routes.layer(from_fn_with_state(login, look_twice)),
    );
    let mut browser = world.browser();
    browser.jar = world.again(|builder| builder).logged_in(1).await.jar;
    let reply = browser.api(Method::GET, "/me").await;
    assert_eq!(
        reply.status,
        StatusCode::UNAUTHORIZED,
        "the handler sees the request as it is now"
    );
}

#[tokio::test]
async fn a_request_that_a_layer_sends_is_a_visit_of_its_own() {
    #[derive(Clone, FromRef)]
    struct Sender {
        login: Login<User>,
        app: Arc<Mutex<Option<Router>>>,
    }
    async fn send_first(
        State(sender): State<Sender>,
        who: CurrentUser<User>,
        request: Request,
        next: Next,
    ) -> Response {
        let app = sender.app.lock().unwrap().clone().unwrap();
        let sub = Request::post("/login/2").body(Body::empty()).unwrap();
        assert_eq!(
            send(&app, sub).await.set_cookies().len(),
            1,
            "its cookie is on its answer"
        );
        assert!(who.is_authenticated());
        next.run(request).await
    }
    let app: Arc<Mutex<Option<Router>>> = Arc::default();
    let inner = app.clone();
    let world = World::with(
        |builder| builder,
        move |routes, login| {
            let me = async |user: Authenticated<User>| format!("user {}", user.id);
            let layer = from_fn_with_state(Sender { login, app: inner }, send_first);
            routes.merge(Routes::new().get("/sends", me).layer(layer))
        },
    );
    *app.lock().unwrap() = Some(world.app.clone());
    let mut browser = world.logged_in(1).await;
    let reply = browser.get("/sends").await;
    assert_eq!(
        (reply.body.as_str(), reply.set_cookies().len()),
        ("user 1", 0)
    );
}

#[tokio::test]
async fn a_request_with_anothers_extensions_takes_nobodys_visit() {
    async fn send_first(
        State(app): State<Arc<Mutex<Option<Router>>>>,
        request: Request,
        next: Next,
    ) -> Response {
        let app = app.lock().unwrap().clone().unwrap();
        let mut sub = Request::post("/login/2").body(Body::empty()).unwrap();
        *sub.extensions_mut() = request.extensions().clone();
        assert_eq!(
            send(&app, sub).await.set_cookies().len(),
            1,
            "its cookie is on its answer"
        );
        next.run(request).await
    }
    let app: Arc<Mutex<Option<Router>>> = Arc::default();
    let (layer, plain) = (app.clone(), app.clone());
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            let me = async |user: Authenticated<User>| format!("user {}", user.id);
            let handler = async |_: CurrentUser<User>| "plain";
            let router = Router::new().route("/", axum::routing::get(handler));
            routes
                .merge(
                    Routes::new()
                        .get("/sends", me)
                        .layer(from_fn_with_state(layer, send_first)),
                )
                .public_router(
                    "/plain",
                    router.layer(from_fn_with_state(plain, send_first)),
                )
        },
    );
    *app.lock().unwrap() = Some(world.app.clone());
    let mut browser = world.logged_in(1).await;
    for (path, body) in [("/sends", "user 1"), ("/plain", "plain")] {
        let reply = browser.get(path).await;
        assert_eq!((reply.body.as_str(), reply.set_cookies().len()), (body, 0));
    }
    let reply = world.browser().get("/plain").await;
    assert_eq!(
        reply.set_cookies().len(),
        0,
        "of a visitor without cookies neither"
    );
}

#[tokio::test]
async fn a_request_with_the_same_cookies_is_still_another_request() {
    type Shared = Arc<Mutex<Option<Router>>>;
    async fn confirm(
        app: &Shared,
        headers: axum::http::HeaderMap,
        extensions: axum::http::Extensions,
    ) -> usize {
        let app = app.lock().unwrap().clone().unwrap();
        let mut sub = Request::post("/confirm/1").body(Body::empty()).unwrap();
        *sub.headers_mut() = headers;
        *sub.extensions_mut() = extensions;
        send(&app, sub).await.set_cookies().len()
    }
    async fn layer(State(app): State<Shared>, request: Request, next: Next) -> Response {
        let cookies = confirm(&app, request.headers().clone(), Default::default()).await;
        assert_eq!(cookies, 1, "its cookie is on its answer");
        next.run(request).await
    }
    let app = Shared::default();
    let (by_layer, by_handler) = (app.clone(), app.clone());
    let world =
        World::with(
            |builder| builder,
            move |routes, _| {
                let open = Routes::new().get("/by-layer", public("by layer"));
                let handler = async move |_: CurrentUser<User>, request: Request| {
                    let (parts, _) = request.into_parts();
                    let cookies = confirm(&by_handler, parts.headers, parts.extensions).await;
                    format!("{cookies} cookie inside")
                };
                routes
                    .merge(open.layer(from_fn_with_state(by_layer, layer)))
                    .merge(Routes::new().get("/by-handler", handler).layer(
                        axum::middleware::from_fn(async |request: Request, next: Next| {
                            next.run(request).await
                        }),
                    ))
            },
        );
    *app.lock().unwrap() = Some(world.app.clone());
    for (path, body) in [
        ("/by-layer", "by layer"),
        ("/by-handler", "1 cookie inside"),
    ] {
        let reply = world.logged_in(1).await.get(path).await;
        assert_eq!(
            (reply.body.as_str(), reply.set_cookies().len()),
            (body, 0),
            "{path}"
        );
    }
}

#[tokio::test]
async fn of_two_attempts_at_one_request_the_later_login_counts() {
    async fn twice(request: Request, next: Next) -> Response {
        let (parts, _) = request.into_parts();
        let again = || Request::from_parts(parts.clone(), Body::empty());
        drop(next.clone().run(again()).await);
        next.run(again()).await
    }
    let world = World::with(
        |builder| builder,
        |routes, _| routes.layer(axum::middleware::from_fn(twice)),
    );
    let mut browser = world.browser();
    let reply = browser.post("/login/1").await;
    assert_eq!(reply.set_cookies().len(), 1);
    assert_eq!(
        send(&world.app, browser.request(Method::GET, "/who", &[]))
            .await
            .body,
        "user 1"
    );
}

#[tokio::test]
async fn a_transition_that_is_carried_away_half_way_logs_nobody_in() {
    type Half = Pin<Box<dyn Future<Output = Result<Session<Fresh<User>>, LoginError>> + Send>>;
    let half: Arc<Mutex<Option<Half>>> = Arc::default();
    let (give, take) = (half.clone(), half);
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            routes
                .post(
                    "/half",
                    async move |session: Session<portcullis::Anonymous>,
                                login: Login<User>,
                                State(db): State<Arc<Database>>| {
                        let user = db.find(1).unwrap();
                        let login = session.login_user(login.vouch_for(user)).remember(true);
                        let mut future = login.into_future();
                        let once = std::future::poll_fn(|context| {
                            Poll::Ready(future.as_mut().poll(context).is_pending())
                        });
                        assert!(once.await);
                        *give.lock().unwrap() = Some(future);
                    },
                )
                .post("/other-half", async move |_: CurrentUser<User>| {
                    let future = take.lock().unwrap().take().unwrap();
                    future.await.map(drop)
                })
        },
    );
    world.browser().post("/half").await;
    let reply = world.browser().post("/other-half").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(reply.set_cookies().is_empty());
    assert!(
        world.store.inner.is_empty(),
        "no session and no series that nobody holds"
    );
}

#[tokio::test]
async fn a_logout_ends_the_login_that_another_tab_has_just_confirmed() {
    let gate = Gate::new();
    let slow = gate.clone();
    let world = World::with(
        |builder| builder,
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
    let browser = world.logged_in(1).await;
    let mut other_browser = world.logged_in(1).await;
    let mut tab = browser.clone();
    let (logout, _) = meanwhile(&gate, browser, "/slow-logout", tab.post("/confirm/1")).await;
    assert_eq!(logout.status, StatusCode::OK);
    assert_eq!(
        tab.get("/who").await.body,
        "nobody",
        "the user has logged out"
    );
    assert_eq!(other_browser.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn a_slow_transition_does_not_bring_back_who_logged_out() {
    for path in ["/slow/confirm", "/slow/switch", "/slow/password"] {
        let gate = Gate::new();
        let (confirm, switch, password) = (gate.clone(), gate.clone(), gate.clone());
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
                        "/slow/confirm",
                        async move |session: Session<Authenticated<User>>, login: Login<User>| {
                            confirm.wait().await;
                            confirm.wait().await;
                            session
                                .confirm_login(login.vouch_for(user(1)))
                                .await
                                .map(drop)
                        },
                    )
                    .post(
                        "/slow/switch",
                        async move |session: Session<Authenticated<User>>, login: Login<User>| {
                            switch.wait().await;
                            switch.wait().await;
                            session
                                .switch_user(login.vouch_for(user(2)))
                                .await
                                .map(drop)
                        },
                    )
                    .post(
                        "/slow/password",
                        async move |session: Session<Fresh<User>>| {
                            password.wait().await;
                            password.wait().await;
                            session.credentials_changed(user(1)).await.map(drop)
                        },
                    )
            },
        );
        let mut browser = world.logged_in(1).await;
        let mut tab = browser.clone();
        let (slow, _) = meanwhile(&gate, browser.clone(), path, tab.post("/logout")).await;
        assert_eq!(slow.header("location"), Some("/login"), "{path}");
        assert!(slow.session_cookies().is_empty(), "{path}");
        assert!(world.store.inner.is_empty(), "{path}");
        browser.keep(&slow);
        assert_eq!(browser.get("/who").await.body, "nobody", "{path}");
    }
}

#[tokio::test]
async fn a_password_change_survives_a_poll_at_the_worst_moment() {
    let gate = Gate::new();
    let slow = gate.clone();
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            routes.post(
                "/slow-password",
                async move |session: Session<Fresh<User>>, State(db): State<Arc<Database>>| {
                    db.change(1, |user| user.password = "new".to_owned());
                    slow.wait().await;
                    slow.wait().await;
                    session
                        .credentials_changed(db.find(1).unwrap())
                        .await
                        .map(drop)
                },
            )
        },
    );
    let browser = world.logged_in(1).await;
    let mut poll = browser.clone();
    let mut tab = browser.clone();
    let (changed, polled) = meanwhile(&gate, browser, "/slow-password", poll.get("/who")).await;
    assert_eq!(polled.body, "nobody", "the old auth hash opens nothing");
    tab.keep(&changed);
    assert_eq!(tab.get("/fresh").await.body, "fresh 1");
}

#[tokio::test]
async fn data_from_before_a_switch_is_not_that_of_the_new_user() {
    async fn switch(
        session: Session<Authenticated<User>>,
        note: Data<Note>,
        login: Login<User>,
        State(db): State<Arc<Database>>,
    ) -> Result<String, LoginError> {
        assert_eq!(note.stored().map(|note| note.0.len()), Some(1));
        let session = session
            .confirm_login(login.vouch_for(db.find(1).unwrap()))
            .await?;
        assert!(note.stored().is_some(), "a confirmed session goes on");
        session
            .switch_user(login.vouch_for(db.find(2).unwrap()))
            .await?;
        Ok(format!("{:?}", note.stored()))
    }
    let world = World::with(|builder| builder, |routes, _| routes.post("/over", switch));
    let mut browser = world.logged_in(1).await;
    browser.post("/note/1").await;
    assert_eq!(browser.post("/over").await.body, "None");
}

#[tokio::test]
async fn a_look_beside_a_session_gives_no_second_proof_that_could_outlive_it() {
    async fn keep(
        session: Session<Authenticated<User>>,
        who: CurrentUser<User>,
    ) -> Result<String, LoginError> {
        let second = who.into_authenticated().await?;
        session.logout_user().await?;
        Ok(format!("still user {}", second.id))
    }
    let world = World::with(|builder| builder, |routes, _| routes.post("/keep", keep));
    let mut browser = world.logged_in(1).await;
    let reply = browser.post("/keep").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.get("/me").await.body, "user 1");
}

/// Beside a stranger's session there is nobody to make a second proof of.
#[tokio::test]
async fn a_look_beside_a_strangers_session_is_unauthorized() {
    async fn look(
        _: Session<portcullis::Anonymous>,
        who: CurrentUser<User>,
    ) -> Result<(), LoginError> {
        who.into_authenticated().await.map(drop)
    }
    let world = World::with(|builder| builder, |routes, _| routes.post("/look", look));
    let reply = world.browser().api(Method::POST, "/look").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_look_from_before_a_logout_gives_no_proof_after_it() {
    async fn out(
        session: Session<Authenticated<User>>,
        who: CurrentUser<User>,
    ) -> Result<&'static str, LoginError> {
        session.logout_user().await?;
        Ok(if who.into_authenticated().await.is_err() {
            "no proof"
        } else {
            "a proof"
        })
    }
    let world = World::with(|builder| builder, |routes, _| routes.post("/out", out));
    assert_eq!(world.logged_in(1).await.post("/out").await.body, "no proof");
}

#[tokio::test]
async fn a_look_from_before_a_switch_gives_no_proof_of_the_earlier_user() {
    async fn switch(
        session: Session<Authenticated<User>>,
        who: CurrentUser<User>,
        login: Login<User>,
        State(db): State<Arc<Database>>,
    ) -> Result<&'static str, LoginError> {
        session
            .switch_user(login.vouch_for(db.find(2).unwrap()))
            .await?;
        Ok(ended(who).await)
    }
    async fn confirm(
        session: Session<Authenticated<User>>,
        who: CurrentUser<User>,
        login: Login<User>,
        State(db): State<Arc<Database>>,
    ) -> Result<&'static str, LoginError> {
        session
            .confirm_login(login.vouch_for(db.find(1).unwrap()))
            .await?;
        Ok(ended(who).await)
    }
    async fn ended(who: CurrentUser<User>) -> &'static str {
        match who.into_authenticated().await {
            Err(error) if error.is_ended() => "that login has ended",
            Err(_) => "another error",
            Ok(_) => "a proof",
        }
    }
    let world = World::with(
        |builder| builder,
        |routes, _| routes.post("/over", switch).post("/once-more", confirm),
    );
    for path in ["/over", "/once-more"] {
        let reply = world.logged_in(1).await.post(path).await;
        assert_eq!(reply.body, "that login has ended", "{path}");
    }
}

#[tokio::test]
async fn a_layer_sees_that_an_answer_is_private() {
    async fn cache(request: Request, next: Next) -> Response {
        let response = next.run(request).await;
        let kept = response.headers().get("cache-control").is_none();
        let varies = response.headers().get("vary").is_some();
        let seen = [
            ("x-kept", kept.to_string()),
            ("x-varies", varies.to_string()),
        ];
        (seen, response).into_response()
    }
    let world = World::with(
        |builder| builder,
        |routes, _| routes.layer(axum::middleware::from_fn(cache)),
    );
    for (path, kept, varies) in [
        ("/", "true", "false"),
        ("/who", "false", "true"),
        ("/me", "false", "true"),
    ] {
        let reply = world.logged_in(1).await.get(path).await;
        let seen = (reply.header("x-kept"), reply.header("x-varies"));
        assert_eq!(seen, (Some(kept), Some(varies)), "{path}");
    }
    let reply = world.browser().get("/who").await;
    let seen = (reply.header("x-kept"), reply.header("x-varies"));
    assert_eq!(seen, (Some("true"), Some("true")), "nobody is nobody's own");
    let reply = world.browser().get("/me").await;
    assert_eq!(
        (reply.header("x-kept"), reply.status),
        (Some("false"), StatusCode::SEE_OTHER)
    );
}

// --- dropped futures -------------------------------------------------------

/// Polls a request so many times and drops it. Was it done before?
fn poll_times(app: &Router, request: Request, times: usize) -> bool {
    let mut future: Pin<Box<dyn Future<Output = _>>> = Box::pin(app.clone().oneshot(request));
    let mut context = Context::from_waker(Waker::noop());
    (0..times).any(|_| matches!(future.as_mut().poll(&mut context), Poll::Ready(_)))
}

#[tokio::test]
async fn a_transition_dropped_anywhere_leaves_the_old_or_the_new_state() {
    for path in [
        "/login/1",
        "/confirm/1",
        "/switch/2",
        "/password/new",
        "/logout",
        "/note/7",
    ] {
        let mut states = [0, 0];
        for times in 1.. {
            let world = World::new();
            let mut browser = if path == "/login/1" {
                world.browser()
            } else {
                world.logged_in(1).await
            };
            if path == "/login/1" {
                browser.post("/cart/5").await;
            }
            let done = poll_times(&world.app, browser.request(Method::POST, path, &[]), times);
            world
                .database
                .change(1, |user| user.password = "secret 1".to_owned());
            let old_is_alive = match path {
                "/login/1" => browser.get("/data").await.body == "note [] cart [5]",
                _ => browser.get("/who").await.body == "user 1",
            };
            let records = world.store.inner.len();
            let of_users = world.sessions.end_all(&1).await.unwrap()
                + world.sessions.end_all(&2).await.unwrap();
            let expected = match (path, old_is_alive) {
                ("/login/1", true) => (0, 1),
                ("/logout", false) => (0, 0),
                _ => (1, 1),
            };
            let message = format!("{path} dropped after {times} polls, old alive: {old_is_alive}");
            assert_eq!((of_users, records), expected, "{message}");
            states[usize::from(old_is_alive)] += 1;
            if done {
                break;
            }
        }
        assert!(states[1] >= 2, "{path} was dropped before its step");
        if path != "/note/7" {
            assert!(
                states[0] >= 2,
                "{path} was dropped after its step, and it was done"
            );
        }
    }
}

#[tokio::test]
async fn a_visit_does_not_leak_into_the_next_request_on_the_thread() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes.get("/forever", async |_: Authenticated<User>| {
                std::future::pending::<()>().await
            })
        },
    );
    let browser = world.logged_in(1).await;
    assert!(!poll_times(
        &world.app,
        browser.request(Method::GET, "/forever", &[]),
        8
    ));
    assert_eq!(world.browser().get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_look_outside_of_routes_fails() {
    let handle: Arc<Mutex<Option<Login<User>>>> = Arc::default();
    let smuggled = handle.clone();
    let _ = portcullis::LoginManager::builder()
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
            *smuggled.lock().unwrap() = Some(login);
            Routes::new()
        });
    let login = handle.lock().unwrap().take().unwrap();
    let look = async |who: CurrentUser<User>| format!("{who:?}");
    let plain = Router::new()
        .route("/", axum::routing::get(look))
        .with_state(login.clone());
    let reply = send(
        &plain,
        Request::builder().uri("/").body(Body::empty()).unwrap(),
    )
    .await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);

    // In another manager's router too: its handle is not of these realms.
    async fn guarded(_: Fresh<User>) {}
    let other = portcullis::LoginManager::builder()
        .realm("other")
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
        .into_router(|_| {
            Routes::new()
                .get("/", guarded)
                .get("/open", public("open"))
                .with_state(login)
        });
    let reply = send(
        &other,
        Request::builder().uri("/").body(Body::empty()).unwrap(),
    )
    .await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
}

// --- what is written while a transition is on its way ---------------------------

/// Polls a request up to where it takes a step of the store, and no further.
async fn up_to<T>(world: &World, step: &str, request: &mut Pin<Box<impl Future<Output = T>>>) {
    world.store.taken();
    let begun = || world.store.steps.lock().unwrap().contains(&step);
    while !begun() {
        let mut poll = |context: &mut Context<'_>| Poll::Ready(request.as_mut().poll(context));
        let polled = std::future::poll_fn(&mut poll).await;
        assert!(polled.is_pending(), "it never takes the step {step}");
    }
}

#[tokio::test]
async fn a_login_takes_along_what_is_written_while_it_is_made() {
    let world = World::new();
    let mut browser = world.browser();
    browser.post("/cart/1").await;
    let (mut same, mut slow) = (browser.clone(), browser.clone());
    let mut login = Box::pin(slow.post("/login/1"));
    up_to(&world, "rotate", &mut login).await;
    same.post("/cart/2").await;
    browser.keep(&login.await);
    assert_eq!(browser.get("/data").await.body, "note [] cart [1, 2]");
    assert_eq!(world.store.inner.len(), 1, "the stranger's record is gone");
}

#[tokio::test]
async fn a_confirmed_login_ends_the_one_before_also_when_it_was_written_to() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.post("/my-note/1").await;
    let (mut same, mut slow) = (browser.clone(), browser.clone());
    let mut confirm = Box::pin(slow.post("/confirm/1"));
    up_to(&world, "rotate", &mut confirm).await;
    same.post("/my-note/2").await;
    browser.keep(&confirm.await);
    assert_eq!(browser.get("/data").await.body, "note [1, 2] cart []");
    assert_eq!(same.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_slow_confirmation_does_not_bring_back_who_logged_out() {
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.get("/me").await;
    let (mut same, mut slow) = (browser.clone(), browser.clone());
    let mut confirm = Box::pin(slow.post("/confirm/1"));
    up_to(&world, "rotate", &mut confirm).await;
    same.post("/my-note/1").await;
    up_to(&world, "load", &mut confirm).await;
    same.post("/logout").await;
    let reply = confirm.await;
    assert_eq!(reply.header("location"), Some("/login"));
    assert!(reply.session_cookies().is_empty());
    assert!(world.store.inner.is_empty());
}

/// A stranger's data is no reason to keep the stranger out.
#[tokio::test]
async fn a_login_succeeds_without_the_data_that_another_login_took() {
    let world = World::new();
    let mut browser = world.browser();
    browser.post("/cart/1").await;
    let (mut same, mut slow) = (browser.clone(), browser.clone());
    let mut login = Box::pin(slow.post("/login/1"));
    up_to(&world, "rotate", &mut login).await;
    same.post("/cart/2").await;
    up_to(&world, "load", &mut login).await;
    same.post("/login/2").await;
    browser.keep(&login.await);
    assert_eq!(browser.get("/me").await.body, "user 1");
    assert_eq!(browser.get("/data").await.body, "note [] cart []");
    assert_eq!(same.get("/data").await.body, "note [] cart [1, 2]");
}

/// What an older key signed is signed anew by each look, but not over a newer cookie.
#[tokio::test]
async fn a_slow_look_sends_no_older_cookie_over_a_newer_one() {
    async fn look_beside(
        State(login): State<Login<User>>,
        request: Request,
        next: Next,
    ) -> Response {
        let (parts, body) = request.into_parts();
        let mut looked = parts.clone();
        let look = CurrentUser::<User>::from_request_parts(&mut looked, &login);
        let mut look = std::pin::pin!(look);
        // Up to the loader, which gives way: the session is found by then.
        for _ in 0..3 {
            let mut poll = |context: &mut Context<'_>| Poll::Ready(look.as_mut().poll(context));
            let polled = std::future::poll_fn(&mut poll).await;
            assert!(polled.is_pending());
        }
        let response = next.run(Request::from_parts(parts, body)).await;
        assert!(look.await.unwrap().is_authenticated());
        response
    }
    let before = World::new();
    let mut browser = before.logged_in(1).await;
    browser.get("/me").await;
    let (clock, store) = (before.clock.clone(), before.store.clone());
    let world = World::around(
        clock,
        store,
        before.database.clone(),
        key(2),
        |builder| builder.older_key(key(1)),
        |routes, login| routes.layer(from_fn_with_state(login, look_beside)),
    );
    browser.app = world.app;
    assert_eq!(
        browser.post("/confirm/1").await.status,
        StatusCode::SEE_OTHER
    );
    browser.app = before.again(|builder| builder.older_key(key(2))).app;
    assert_eq!(browser.get("/who").await.body, "user 1");
}

#[tokio::test]
async fn a_theft_that_two_requests_find_is_told_once() {
    let world = World::new();
    let mut owner = world.remembered(1).await;
    let mut thief = owner.clone();
    owner.close();
    thief.close();
    for _ in 0..2 {
        owner.get("/me").await;
        world.clock.pass(2 * MINUTE);
    }
    let (mut one, mut two) = (thief.clone(), thief.clone());
    let (mut one, mut two) = (Box::pin(one.get("/me")), Box::pin(two.get("/me")));
    up_to(&world, "end", &mut one).await;
    up_to(&world, "end", &mut two).await;
    for reply in [one.await, two.await] {
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "to the login page");
    }
    let told = world.sessions.event_counts().of(EventKind::RememberTheft);
    assert_eq!(told, 1);
}
