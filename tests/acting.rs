//! Acting for somebody: staff for a customer, a job for a user.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRef, Path, State},
    http::{StatusCode, header, request::Parts},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, EventKind, Fresh, Login, LoginError,
    LoginManager, OneFactor, Realms, Routes, SecretKey, Session, Sessions, Source,
    store::MemoryStore,
    testing::{self, TestClient, TestClock, TestResponse},
};
use tokio::sync::mpsc;

macro_rules! user {
    ($name:ident) => {
        #[derive(Clone, Debug)]
        struct $name {
            id: u64,
            password: String,
            active: bool,
        }

        impl AuthUser for $name {
            type Id = u64;
            type Factors = OneFactor;

            fn id(&self) -> u64 {
                self.id
            }

            fn is_active(&self) -> bool {
                self.active
            }

            fn session_auth_hash(&self) -> AuthHash {
                AuthHash::of(&self.password)
            }
        }

        impl $name {
            fn number(id: u64) -> Self {
                Self {
                    id,
                    password: "secret".to_owned(),
                    active: true,
                }
            }
        }
    };
}

user!(Customer);
user!(Staff);

type People<U> = Arc<Mutex<HashMap<u64, U>>>;

#[derive(Clone, FromRef)]
struct App {
    customers: Login<Customer>,
    staff: Login<Staff>,
    people: People<Customer>,
    kept: Arc<Mutex<Option<Authenticated<Customer>>>>,
}

/// Acts on behalf of whom an earlier request has left behind.
async fn act_in_the_same_realm(
    session: Session<Anonymous<Customer>>,
    State(app): State<App>,
) -> Result<(), LoginError> {
    let kept = app.kept.lock().unwrap().take().unwrap();
    let verified = app.customers.vouch_for(Customer::number(2));
    session
        .login_user(verified)
        .on_behalf_of(&kept)
        .await
        .map(drop)
}

async fn act_for_one_who_acts(
    session: Session<Anonymous<Staff>>,
    State(app): State<App>,
) -> Result<(), LoginError> {
    let kept = app.kept.lock().unwrap().take().unwrap();
    let verified = app.staff.vouch_for(Staff::number(2));
    session
        .login_user(verified)
        .on_behalf_of(&kept)
        .await
        .map(drop)
}

type Impersonating = (Authenticated<Staff>, Session<Anonymous<Customer>>);

async fn impersonate(
    (staff, session): Impersonating,
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<String, LoginError> {
    let customer = app.people.lock().unwrap().get(&id).cloned();
    let customer = customer.ok_or_else(LoginError::refused)?;
    let verified = app.customers.vouch_for(customer);
    let login = session
        .login_user(verified)
        .remember(true)
        .on_behalf_of(&staff);
    let session: Session<Authenticated<Customer>> = login.await?;
    Ok(format!("acting for {}", session.id))
}

/// A customer's own login, by a check of the app's own.
async fn log_in(
    session: Session<Anonymous<Customer>>,
    State(app): State<App>,
) -> Result<(), LoginError> {
    let customer = Customer::number(1);
    let attempt = app.customers.attempt("one", Some(&customer)).await?;
    attempt.succeeded().await?;
    let verified = app.customers.vouch_for(customer);
    session.login_user(verified).await.map(drop)
}

async fn who(customer: Authenticated<Customer>) -> String {
    let info = customer.info();
    let actor = info
        .actor()
        .map(|actor| (actor.realm().to_owned(), actor.id::<Staff>()));
    format!("{} {:?} {actor:?}", customer.id, info.source())
}

async fn confirm(
    session: Session<Authenticated<Customer>>,
    login: Login<Customer>,
) -> Result<(), LoginError> {
    let customer = session.user().clone();
    session
        .confirm_login(login.vouch_for(customer))
        .await
        .map(drop)
}

async fn switch(
    session: Session<Authenticated<Customer>>,
    login: Login<Customer>,
) -> Result<(), LoginError> {
    let customer = Customer::number(2);
    session
        .switch_user(login.vouch_for(customer))
        .await
        .map(drop)
}

async fn confirm_staff(
    session: Session<Authenticated<Staff>>,
    login: Login<Staff>,
) -> Result<(), LoginError> {
    let staff = session.user().clone();
    session
        .confirm_login(login.vouch_for(staff))
        .await
        .map(drop)
}

struct World {
    app: Router,
    clock: TestClock,
    customers: People<Customer>,
    staff: People<Staff>,
    sessions: Sessions<Customer>,
    of_staff: Sessions<Staff>,
    kept: Arc<Mutex<Option<Authenticated<Customer>>>>,
    heard: mpsc::UnboundedReceiver<(EventKind, Option<u64>)>,
}

impl World {
    fn new() -> Self {
        let (store, clock) = (MemoryStore::new(), TestClock::new());
        let customers: People<Customer> = Arc::default();
        let staff: People<Staff> = Arc::default();
        for id in 1..=2 {
            customers.lock().unwrap().insert(id, Customer::number(id));
            staff.lock().unwrap().insert(id, Staff::number(id));
        }
        let (tell, heard) = mpsc::unbounded_channel();
        let people = customers.clone();
        let manager = LoginManager::builder()
            .user_loader(move |id: u64| {
                let found = people.lock().unwrap().get(&id).cloned();
                async move { Ok::<_, Infallible>(found) }
            })
            .on_event(move |event| {
                let actor = event.actor().and_then(|actor| actor.id::<Staff>());
                tell.send((event.kind(), actor)).ok();
            })
            .secret_key(SecretKey::from([1; 32]))
            .store(store.clone())
            .clock(clock.clone())
            .build()
            .unwrap();
        let people = staff.clone();
        let of_staff = LoginManager::builder()
            .realm("staff")
            .user_loader(move |id: u64| {
                let found = people.lock().unwrap().get(&id).cloned();
                async move { Ok::<_, Infallible>(found) }
            })
            .request_loader(async |request: Parts| {
                let key = request.headers.contains_key(header::AUTHORIZATION);
                Ok::<_, Infallible>(key.then(|| Staff::number(1)))
            })
            .secret_key(SecretKey::from([1; 32]))
            .store(store)
            .clock(clock.clone())
            .build()
            .unwrap();
        let (sessions, sessions_of_staff) = (manager.sessions(), of_staff.sessions());
        let people = customers.clone();
        let kept: Arc<Mutex<Option<Authenticated<Customer>>>> = Arc::default();
        let kept_by_app = kept.clone();
        let app = (manager, of_staff).into_router(|(customers, staff)| {
            Routes::new()
                .post("/login", log_in)
                .post("/act/{id}", impersonate)
                .get("/who", who)
                .get("/fresh", async |_: Fresh<Customer>| "fresh")
                .post(
                    "/logout",
                    async |session: Session<Authenticated<Customer>>| {
                        session.logout_user().await.map(drop)
                    },
                )
                .post("/confirm", confirm)
                .post("/switch", switch)
                .post("/staff/confirm", confirm_staff)
                .get("/staff", async |staff: Authenticated<Staff>| {
                    staff.id.to_string()
                })
                .post(
                    "/staff/logout",
                    async |session: Session<Authenticated<Staff>>| {
                        session.logout_user().await.map(drop)
                    },
                )
                .get(
                    "/keep",
                    async |who: Authenticated<Customer>, State(app): State<App>| {
                        *app.kept.lock().unwrap() = Some(who);
                    },
                )
                .post("/same", act_in_the_same_realm)
                .post("/chain", act_for_one_who_acts)
                .with_state(App {
                    customers,
                    staff,
                    people,
                    kept: kept_by_app,
                })
        });
        Self {
            app,
            clock,
            customers,
            staff,
            sessions,
            of_staff: sessions_of_staff,
            kept,
            heard,
        }
    }

    /// Staff 1, who acts for customer 1.
    async fn acting(&self) -> TestClient {
        let mut browser =
            TestClient::new(self.app.clone()).login_with(testing::login_as(Staff::number(1)));
        assert_eq!(browser.get("/staff").await.text(), "1");
        assert_eq!(browser.post("/act/1").await.text(), "acting for 1");
        browser
    }
}

const ACTING: &str = r#"1 OnBehalf Some(("staff", Some(1)))"#;

#[tokio::test]
async fn staff_sees_what_the_customer_sees_and_both_are_named() {
    let mut world = World::new();
    let mut browser = world.acting().await;
    assert_eq!(browser.get("/who").await.text(), ACTING);
    let listed = world.sessions.list(&1).await.unwrap();
    let actor = listed[0].actor().unwrap();
    assert_eq!(actor.id::<Staff>(), Some(1));
    assert_eq!(actor.id::<Customer>(), None, "staff 1 is no customer");
    loop {
        let (kind, actor) = world.heard.recv().await.unwrap();
        if kind == EventKind::UserLoggedIn {
            assert_eq!(actor, Some(1));
            break;
        }
    }
}

#[tokio::test]
async fn it_is_never_fresh_and_becomes_nobody_else() {
    let world = World::new();
    let mut browser = world.acting().await;
    for _ in 0..2 {
        let fresh = browser.get("/fresh").await;
        assert_eq!(
            fresh.status(),
            StatusCode::FORBIDDEN,
            "there is no password to give"
        );
        for path in ["/confirm", "/switch"] {
            assert_eq!(
                browser.post(path).await.status(),
                StatusCode::FORBIDDEN,
                "{path}"
            );
        }
    }
    assert_eq!(browser.get("/who").await.text(), ACTING);
    assert!(
        !browser
            .cookie_names()
            .any(|name| name.ends_with("remember"))
    );
}

/// Staff that is a customer too does not get a limit of its own for whom it acts for.
#[tokio::test]
async fn it_makes_no_browser_known() {
    let world = World::new();
    let mut browser =
        TestClient::new(world.app.clone()).login_with(testing::login_as(Staff::number(1)));
    assert!(makes_known(&browser.post("/login").await));
    browser.post("/logout").await;
    let answer = browser.post("/act/2").await;
    assert_eq!(answer.text(), "acting for 2");
    assert!(!makes_known(&answer));
}

fn makes_known(answer: &TestResponse) -> bool {
    let mut cookies = answer.headers().get_all(header::SET_COOKIE).iter();
    cookies.any(|line| line.as_bytes().starts_with(b"__Host-login-known="))
}

#[tokio::test]
async fn it_lasts_an_hour_however_much_it_is_used() {
    let world = World::new();
    let mut browser = world.acting().await;
    for _ in 0..5 {
        world.clock.advance(Duration::from_secs(10 * 60));
        assert_eq!(browser.get("/who").await.text(), ACTING);
    }
    world.clock.advance(Duration::from_secs(10 * 60));
    assert_eq!(browser.get("/who").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        browser.get("/staff").await.text(),
        "1",
        "staff is logged in still"
    );
}

#[tokio::test]
async fn it_ends_with_the_login_of_staff() {
    type End = fn(&World);
    let ends: [(&str, End); 3] = [
        ("inactive", |world| {
            world.staff.lock().unwrap().get_mut(&1).unwrap().active = false
        }),
        ("another password", |world| {
            world.staff.lock().unwrap().get_mut(&1).unwrap().password = "new".to_owned();
        }),
        ("gone", |world| drop(world.staff.lock().unwrap().remove(&1))),
    ];
    for (what, end) in ends {
        let world = World::new();
        let mut browser = world.acting().await;
        end(&world);
        assert_eq!(
            browser.get("/who").await.status(),
            StatusCode::UNAUTHORIZED,
            "{what}"
        );
    }
    let world = World::new();
    let mut browser = world.acting().await;
    let mut copy = browser.clone();
    browser.post("/staff/logout").await;
    assert_eq!(
        browser.get("/who").await.status(),
        StatusCode::UNAUTHORIZED,
        "logged out"
    );
    assert_eq!(copy.get("/who").await.status(), StatusCode::UNAUTHORIZED);

    // Another browser of the same member of staff does not keep it alive.
    let world = World::new();
    let mut browser = world.acting().await;
    let mut other =
        TestClient::new(world.app.clone()).login_with(testing::login_as(Staff::number(1)));
    assert_eq!(other.get("/staff").await.text(), "1");
    browser.post("/staff/logout").await;
    assert_eq!(browser.get("/who").await.status(), StatusCode::UNAUTHORIZED);

    let world = World::new();
    let mut browser = world.acting().await;
    world.of_staff.end_all(&1).await.unwrap();
    assert_eq!(
        browser.get("/who").await.status(),
        StatusCode::UNAUTHORIZED,
        "ended"
    );
}

#[tokio::test]
async fn it_goes_on_where_staff_gives_the_password_again() {
    let world = World::new();
    let mut browser = world.acting().await;
    assert_eq!(
        browser.post("/staff/confirm").await.status(),
        StatusCode::OK
    );
    assert_eq!(browser.get("/who").await.text(), ACTING);
}

#[tokio::test]
async fn it_ends_with_the_customer_too() {
    let world = World::new();
    let mut browser = world.acting().await;
    world.customers.lock().unwrap().get_mut(&1).unwrap().active = false;
    assert_eq!(browser.get("/who").await.status(), StatusCode::UNAUTHORIZED);
}

/// A key has no login that the other could end with.
#[tokio::test]
async fn a_key_acts_for_nobody() {
    let world = World::new();
    let mut client = TestClient::new(world.app.clone());
    let post = client.post("/act/1").header(header::AUTHORIZATION, "key");
    assert_eq!(post.await.status(), StatusCode::FORBIDDEN);
    assert_eq!(client.get("/who").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_job_acts_for_a_user_and_is_never_fresh() {
    let mut world = World::new();
    let customer = world.sessions.act_for(&2).await.unwrap();
    assert_eq!(
        (customer.id, customer.info().source()),
        (2, Source::Delegated)
    );
    assert_eq!(customer.info().id(), None);
    while world.heard.recv().await.unwrap().0 != EventKind::UserActedFor {}
    let customer = customer.recheck().await.unwrap();
    assert!(customer.into_fresh().unwrap_err().needs_refresh());

    assert!(
        world
            .sessions
            .act_for(&77)
            .await
            .unwrap_err()
            .is_unauthorized()
    );
    let customer = world.sessions.act_for(&2).await.unwrap();
    world.customers.lock().unwrap().get_mut(&2).unwrap().active = false;
    assert!(world.sessions.act_for(&2).await.unwrap_err().is_inactive());
    assert!(customer.recheck().await.unwrap_err().is_ended());
}

/// Who acts is a user of another realm, with a login by hand.
#[tokio::test]
async fn nobody_acts_for_one_of_the_own_realm_or_through_another() {
    let world = World::new();
    let mut customer =
        TestClient::new(world.app.clone()).login_with(testing::login_as(Customer::number(1)));
    assert_eq!(customer.get("/keep").await.status(), StatusCode::OK);
    let mut stranger = TestClient::new(world.app.clone());
    assert_eq!(stranger.post("/same").await.status(), StatusCode::FORBIDDEN);

    assert_eq!(customer.get("/keep").await.status(), StatusCode::OK);
    assert_eq!(stranger.post("/chain").await.status(), StatusCode::OK);
    let mut acting = world.acting().await;
    assert_eq!(acting.get("/keep").await.status(), StatusCode::OK);
    let mut stranger = TestClient::new(world.app.clone());
    assert_eq!(
        stranger.post("/chain").await.status(),
        StatusCode::FORBIDDEN
    );
}

/// A socket that staff has opened as the customer ends with the login of staff.
#[tokio::test(start_paused = true)]
async fn what_is_open_ends_with_who_acts() {
    let world = World::new();
    let mut browser = world.acting().await;
    browser.get("/keep").await;
    let kept = world.kept.lock().unwrap().take().unwrap();
    let mut revoked = std::pin::pin!(kept.revoked());
    let minute = Duration::from_secs(60);
    assert!(tokio::time::timeout(minute, &mut revoked).await.is_err());
    world.of_staff.end_all(&1).await.unwrap();
    tokio::time::timeout(minute, revoked).await.unwrap();
}

/// A browser of a test that is logged in to two realms.
#[tokio::test]
async fn a_test_logs_in_to_both_realms() {
    let world = World::new();
    let mut both = TestClient::new(world.app.clone())
        .login_as(Staff::number(2))
        .login_as(Customer::number(1));
    assert_eq!(both.get("/staff").await.text(), "2");
    assert!(both.get("/who").await.text().starts_with("1 ByHand"));
}
