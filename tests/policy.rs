//! Permissions: who is let in, who is not, and what is no answer at all.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{FromRef, Path, State},
    http::{Method, StatusCode, request::Parts},
};
use portcullis::{
    Allowed, And, Authenticated, BoxError, By, CurrentUser, EventKind, Granted, HasRole,
    HoldsProof, Login, LoginError, NoState, Not, Or, Policy, Role, Session, testing,
};
use support::*;

/// It answers as the request says: `yes`, `no`, `error` or `panic`.
enum AsAsked {}

impl Policy<User> for AsAsked {
    type State = NoState;
    type Error = BoxError;

    async fn allows(
        _: &Authenticated<User>,
        request: &Parts,
        _: &NoState,
    ) -> Result<bool, BoxError> {
        match request.headers.get("x-policy").map(|says| says.to_str()) {
            Some(Ok("yes")) => Ok(true),
            Some(Ok("error")) => Err("the list of permissions is gone".into()),
            Some(Ok("panic")) => panic!("the policy panics"),
            _ => Ok(false),
        }
    }
}

/// Work goes on as long as user 9 is there.
enum IsOpen {}

impl Policy<User> for IsOpen {
    type State = Arc<Database>;
    type Error = Infallible;

    async fn allows(
        _: &Authenticated<User>,
        _: &Parts,
        database: &Arc<Database>,
    ) -> Result<bool, Infallible> {
        Ok(database.find(9).is_some())
    }
}

enum AdminRole {}

impl Role<User> for AdminRole {
    fn is_held_by(user: &User) -> bool {
        user.id == 1
    }
}

type Admin = Allowed<User, HasRole<AdminRole>>;

type Open = Allowed<User, Or<IsOpen, Not<AsAsked>>>;

struct Document {
    of: u64,
}

enum MayRead {}

impl Policy<User, Document> for MayRead {
    type State = NoState;
    type Error = BoxError;

    async fn allows(
        by: &Authenticated<User>,
        document: &Document,
        _: &NoState,
    ) -> Result<bool, BoxError> {
        match document.of {
            0 => Err("a document of nobody".into()),
            of => Ok(of == by.id),
        }
    }
}

enum MayPrint {}

impl Policy<User, Document> for MayPrint {
    type State = Arc<Database>;
    type Error = Infallible;

    async fn allows(
        _: &Authenticated<User>,
        document: &Document,
        database: &Arc<Database>,
    ) -> Result<bool, Infallible> {
        Ok(database.find(document.of).is_some())
    }
}

/// What a guard of an app's own makes of a permission.
struct Member(Allowed<User, AsAsked>);

impl HoldsProof for Member {
    type Proof = Allowed<User, AsAsked>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(by: Self::Proof, _: &mut Parts, _: &NoState) -> Result<Self, LoginError> {
        Ok(Self(by))
    }
}

fn read(document: &Granted<User, MayRead, Document>) -> String {
    format!("{} reads {}", document.granted_to().id, document.of)
}

fn world() -> World {
    world_that_tells(|_| {})
}

fn world_that_tells(tell: impl Fn(EventKind) + Send + Sync + 'static) -> World {
    World::with(
        |builder| builder.on_event(move |event| tell(event.kind())),
        |routes, _| {
            routes
                .get("/asked", async |by: Allowed<User, AsAsked>| {
                    format!("allowed {}", by.id)
                })
                .post("/save", async |_: Allowed<User, IsOpen>, body: String| body)
                .area::<Admin>("/admin", |area| {
                    area.get("/", async |by: Admin| format!("admin {}", by.id))
                        .get(
                            "/asked",
                            async |by: Allowed<User, And<HasRole<AdminRole>, AsAsked>>| {
                                let (admin, asked) = by.into_both();
                                format!("{} {}", admin.id, asked.id)
                            },
                        )
                        .post("/logout", async |session: Session<Admin>| {
                            session.logout_user().await.map(|_| "bye")
                        })
                        .service("/files", axum::Router::new().fallback(async || "files"))
                })
                .area::<Allowed<User, AsAsked>>("/members", |area| {
                    area.get("/", async |by: By<Member>| format!("member {}", by.0.id))
                })
                .get(
                    "/read/{of}",
                    async |by: Authenticated<User>, login: Login<User>, Path(of): Path<u64>| {
                        let document = login.allow(&by, Document { of }).await?;
                        Ok::<_, LoginError>(read(&document))
                    },
                )
                .get(
                    "/print/{of}",
                    async |by: Authenticated<User>,
                           login: Login<User>,
                           State(app): State<App>,
                           Path(of): Path<u64>| {
                        let document = Document { of };
                        let document = login
                            .allow_with::<MayPrint, _, _>(&by, document, &app)
                            .await?;
                        Ok::<_, LoginError>(document.into_object().of.to_string())
                    },
                )
                .forbidden(async |who: CurrentUser<User>| {
                    format!("not for {}", who.user().map_or(0, |user| user.id))
                })
        },
    )
}

async fn ask(browser: &mut Browser, path: &str, policy: &str) -> Reply {
    browser
        .send(
            Method::GET,
            path,
            &[("accept", "application/json"), ("x-policy", policy)],
        )
        .await
}

#[tokio::test]
async fn who_may_is_let_in_and_who_may_not_gets_403() {
    let world = world();
    let mut browser = world.browser();
    for path in ["/asked", "/members"] {
        let reply = ask(&mut browser, path, "yes").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "nobody: {path}");
    }
    browser.post("/login/2").await;
    assert_eq!(ask(&mut browser, "/asked", "yes").await.body, "allowed 2");
    assert_eq!(ask(&mut browser, "/members", "yes").await.body, "member 2");
    for path in ["/asked", "/members"] {
        let reply = ask(&mut browser, path, "no").await;
        let answer = (reply.status, reply.body.as_str());
        assert_eq!(answer, (StatusCode::FORBIDDEN, "not for 2"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert_eq!(browser.get("/who").await.body, "user 2", "still logged in");
}

/// An answer that is none lets nobody in, and is no 403: it would pass for a no.
#[tokio::test]
async fn a_policy_that_cannot_say_is_a_500() {
    let world = world();
    let mut browser = world.logged_in(1).await;
    for policy in ["error", "panic"] {
        for path in ["/asked", "/members", "/admin/asked"] {
            let reply = ask(&mut browser, path, policy).await;
            assert_eq!(
                reply.status,
                StatusCode::INTERNAL_SERVER_ERROR,
                "{policy} {path}: {}",
                reply.body
            );
        }
    }
    assert_eq!(
        browser.get("/read/0").await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test]
async fn an_area_of_a_role_holds_all_its_routes_to_it() {
    let world = world();
    let mut user = world.logged_in(2).await;
    let mut admin = world.logged_in(1).await;
    for (path, body) in [("/admin", "admin 1"), ("/admin/files/a", "files")] {
        assert_eq!(user.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(admin.get(path).await.body, body);
    }
    assert_eq!(ask(&mut admin, "/admin/asked", "yes").await.body, "1 1");
    let reply = ask(&mut admin, "/admin/asked", "no").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let reply = ask(&mut user, "/admin/asked", "error").await;
    assert_eq!(
        reply.status,
        StatusCode::FORBIDDEN,
        "the second is not asked"
    );

    assert_eq!(
        user.post("/admin/logout").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(user.get("/who").await.body, "user 2");
    assert_eq!(admin.post("/admin/logout").await.body, "bye");
    assert_eq!(admin.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn an_object_is_given_to_whom_the_policy_says() {
    let world = world();
    let mut browser = world.logged_in(2).await;
    assert_eq!(browser.get("/read/2").await.body, "2 reads 2");
    let reply = browser.get("/read/3").await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (StatusCode::FORBIDDEN, "not for 2")
    );
    assert_eq!(browser.get("/print/3").await.body, "3");
    assert_eq!(browser.get("/print/10").await.status, StatusCode::FORBIDDEN);
}

/// A handle smuggled out of another manager's routes.
#[tokio::test]
async fn another_realm_gives_no_permission() {
    let mut smuggled = None;
    World::with(
        |builder| builder,
        |routes, login| {
            smuggled = Some(login);
            routes
        },
    );
    let smuggled = smuggled.unwrap();
    let read = async move |by: Authenticated<User>| {
        let document = smuggled.allow(&by, Document { of: by.id }).await?;
        Ok::<_, LoginError>(read(&document))
    };
    let world = World::with(|builder| builder, |routes, _| routes.get("/read", read));
    let mut browser = world.logged_in(2).await;
    let reply = browser.get("/read").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_no_is_told_once() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let world = world_that_tells(move |kind| sender.send(kind).unwrap());
    let mut browser = world.logged_in(2).await;
    let mut forbidden = async |told: &str| {
        let mut times = 0;
        loop {
            match receiver.recv().await.unwrap() {
                EventKind::UserForbidden => times += 1,
                EventKind::UserUnauthorized => break,
                _ => {}
            }
        }
        assert_eq!(times, 1, "{told}");
    };
    for path in ["/asked", "/members", "/admin", "/admin/files/a", "/read/3"] {
        browser.get(path).await;
        world.browser().get("/me").await; // so that it is known what was told before
        forbidden(path).await;
    }
}

/// The body came slowly, and meanwhile the permission is gone.
#[tokio::test(start_paused = true)]
async fn after_a_slow_body_the_policy_is_asked_once_more() {
    for (gone, answer) in [(false, (200, "saved")), (true, (403, "not for 1"))] {
        let world = world();
        let browser = world.logged_in(1).await;
        let (sender, receiver) = tokio::sync::oneshot::channel::<&str>();
        let body = futures_util::stream::once(receiver);
        let request = browser.request(Method::POST, "/save", &[]);
        let request = request.map(|_| Body::from_stream(body));
        let router = browser.app.clone();
        let reply = tokio::spawn(async move { send(&router, request).await });
        tokio::time::sleep(Duration::from_secs(6)).await; // of the paused clock
        if gone {
            world.database.users.lock().unwrap().remove(&9);
        }
        sender.send("saved").unwrap();
        let reply = reply.await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), answer);
    }
}

#[test]
fn the_access_table_names_permissions_as_they_are_written() {
    let routes = portcullis::Routes::<App>::new()
        .get("/asked", async |_: Allowed<User, AsAsked>| {})
        .get("/open", async |_: Open| {})
        .get("/role", async |_: Admin| {});
    assert_eq!(
        routes.access_table().to_string(),
        "GET  /asked  Allowed<User, AsAsked>\n\
         GET  /open   Allowed<User, Or<IsOpen, Not<AsAsked>>>\n\
         GET  /role   Allowed<User, HasRole<AdminRole>>\n"
    );
    assert!(routes.access_table().rows().iter().all(|row| !row.open));
}

// --- policies of policies ---------------------------------------------------

/// What the first and the second policy say, and who was asked.
struct Trial {
    says: [Option<bool>; 2],
    asked: Mutex<String>,
}

enum Nth<const N: usize> {}

impl<const N: usize> Policy<User, Trial> for Nth<N> {
    type State = NoState;
    type Error = BoxError;

    async fn allows(_: &Authenticated<User>, trial: &Trial, _: &NoState) -> Result<bool, BoxError> {
        trial.asked.lock().unwrap().push_str(&N.to_string());
        trial.says[N].ok_or_else(|| "can't say".into())
    }
}

async fn say<P: Policy<User, Trial>>(says: [Option<bool>; 2]) -> (Option<bool>, String)
where
    P::State: FromRef<()>,
{
    let by = testing::authenticated(User {
        id: 1,
        password: String::new(),
        active: true,
    });
    let asked = Mutex::default();
    let trial = Trial { says, asked };
    let state = P::State::from_ref(&());
    let said = P::allows(&by, &trial, &state).await.ok();
    (said, trial.asked.into_inner().unwrap())
}

#[tokio::test]
async fn policies_are_asked_in_order_and_an_error_is_never_an_answer() {
    const YES: Option<bool> = Some(true);
    const NO: Option<bool> = Some(false);
    const ERROR: Option<bool> = None;
    for (a, b, and, or) in [
        (YES, YES, (YES, "01"), (YES, "0")),
        (YES, NO, (NO, "01"), (YES, "0")),
        (YES, ERROR, (ERROR, "01"), (YES, "0")),
        (NO, YES, (NO, "0"), (YES, "01")),
        (NO, NO, (NO, "0"), (NO, "01")),
        (NO, ERROR, (NO, "0"), (ERROR, "01")),
        (ERROR, YES, (ERROR, "0"), (ERROR, "0")),
        (ERROR, NO, (ERROR, "0"), (ERROR, "0")),
    ] {
        let (said, asked) = say::<And<Nth<0>, Nth<1>>>([a, b]).await;
        assert_eq!((said, asked.as_str()), and, "{a:?} and {b:?}");
        let (said, asked) = say::<Or<Nth<0>, Nth<1>>>([a, b]).await;
        assert_eq!((said, asked.as_str()), or, "{a:?} or {b:?}");
        let (said, _) = say::<Not<Nth<0>>>([a, b]).await;
        assert_eq!(said, a.map(|yes| !yes), "not {a:?}");
    }
}

#[tokio::test]
async fn a_unit_test_has_permissions_without_a_request() {
    let user = User {
        id: 7,
        password: String::new(),
        active: true,
    };
    let document = testing::granted(user.clone(), Document { of: 3 });
    assert_eq!(read(&document), "7 reads 3");
    let admin: Admin = testing::allowed(user);
    assert_eq!(admin.id, 7);
}
