//! Two realms over one store and one key: what is of one is nothing in the other.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{extract::FromRef, http::Method};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BuildError, CurrentUser, Login, LoginError,
    LoginManager, OneFactor, Realms, Routes, Session, store::MemoryStore,
};
use support::{Browser, Reply, key, send};
use tokio::{sync::oneshot, task::JoinHandle};

macro_rules! user {
    ($name:ident) => {
        struct $name(u64);

        impl AuthUser for $name {
            type Id = u64;
            type Factors = OneFactor;

            fn id(&self) -> u64 {
                self.0
            }

            fn session_auth_hash(&self) -> AuthHash {
                AuthHash::none()
            }
        }

        impl $name {
            async fn load(id: u64) -> Result<Option<Self>, std::io::Error> {
                Ok(Some(Self(id)))
            }

            async fn log_in(
                session: Session<Anonymous<Self>>,
                login: Login<Self>,
            ) -> Result<(), LoginError> {
                let login = session.login_user(login.vouch_for(Self(1)));
                login.remember(true).await?;
                Ok(())
            }

            async fn log_out(session: Session<Authenticated<Self>>) -> Result<(), LoginError> {
                session.logout_user().await?;
                Ok(())
            }

            async fn page(user: Authenticated<Self>) -> String {
                format!(concat!(stringify!($name), " {}"), user.0)
            }
        }
    };
}

user!(Customer);
user!(Staff);

#[derive(Clone, FromRef)]
struct App {
    customers: Login<Customer>,
    staff: Login<Staff>,
}

async fn both((staff, customer): (Authenticated<Staff>, Authenticated<Customer>)) -> String {
    format!("staff {} for customer {}", staff.0, customer.0)
}

fn managers(names: [&str; 2]) -> (LoginManager<Customer>, LoginManager<Staff>) {
    let store = MemoryStore::new();
    let customers = LoginManager::builder()
        .realm(names[0])
        .user_loader(Customer::load)
        .secret_key(key(1))
        .store(store.clone());
    let staff = LoginManager::builder()
        .realm(names[1])
        .user_loader(Staff::load)
        .secret_key(key(1))
        .store(store);
    (customers.build().unwrap(), staff.build().unwrap())
}

fn app() -> axum::Router {
    managers(["customers", "staff"]).into_router(|(customers, staff)| {
        Routes::new()
            .get("/customer", Customer::page)
            .post("/customer/login", Customer::log_in)
            .post("/customer/logout", Customer::log_out)
            .get("/staff", Staff::page)
            .post("/staff/login", Staff::log_in)
            .post("/staff/logout", Staff::log_out)
            .get("/both", both)
            .with_state(App { customers, staff })
    })
}

#[tokio::test]
async fn each_realm_has_a_login_of_its_own() {
    let mut browser = Browser::of(app());
    browser.post("/customer/login").await;
    assert_eq!(browser.get("/customer").await.body, "Customer 1");
    assert_eq!(browser.api(Method::GET, "/staff").await.status, 401);
    assert_eq!(browser.api(Method::GET, "/both").await.status, 401);
    assert_eq!(
        browser.get("/customer").await.body,
        "Customer 1",
        "the visit changed nothing"
    );
    browser.post("/staff/login").await;
    assert_eq!(browser.get("/both").await.body, "staff 1 for customer 1");
    browser.post("/staff/logout").await;
    assert_eq!(browser.get("/customer").await.body, "Customer 1");
    assert_eq!(browser.api(Method::GET, "/staff").await.status, 401);
}

#[tokio::test]
async fn the_cookie_of_one_realm_is_nothing_in_the_other() {
    let mut browser = Browser::of(app());
    browser.post("/customer/login").await;
    let value = browser.jar.remove("__Host-customers").unwrap();
    browser.jar.insert("__Host-staff".to_owned(), value);
    assert_eq!(
        browser.api(Method::GET, "/staff").await.status,
        401,
        "although id, auth hash, store and key are equal"
    );
}

#[tokio::test]
async fn a_refusal_names_the_realm_that_refuses() {
    let browser = Browser::of(app());
    let reply = send(&browser.app, browser.request(Method::GET, "/staff", &[])).await;
    assert_eq!(
        reply.header("www-authenticate"),
        Some(r#"Session realm="staff""#)
    );
}

#[tokio::test]
#[should_panic(expected = "two realms are called `people`")]
async fn two_realms_of_one_name_are_refused() {
    let _ = managers(["people", "people"]).into_router(|_| Routes::new());
}

/// The remember cookie of the one has the name of the other's session cookie.
#[tokio::test]
#[should_panic(expected = "or have one cookie")]
async fn two_realms_with_one_cookie_are_refused() {
    let _ = managers(["people", "people-remember"]).into_router(|_| Routes::new());
}

#[tokio::test]
async fn two_realms_of_one_name_are_an_error_where_building_may_fail() {
    let refused = managers(["people", "people"])
        .try_into_router(|_| async { Ok::<_, BuildError>(Routes::new()) })
        .await;
    assert!(refused.unwrap_err().to_string().contains("`.realm(…)`"));
}

#[tokio::test]
async fn two_realms_of_one_user_type_are_refused() {
    let manager = |name: &str| {
        LoginManager::builder()
            .realm(name)
            .user_loader(Staff::load)
            .secret_key(key(1))
            .build()
            .unwrap()
    };
    let refused = (manager("a"), manager("b"))
        .try_into_router(|_| async { Ok::<_, BuildError>(Routes::new()) })
        .await;
    assert!(refused.unwrap_err().to_string().contains("one user type"));
}

#[tokio::test]
#[should_panic(expected = "are about one realm")]
async fn two_guards_of_one_realm_are_refused() {
    async fn twice((_, _): (Authenticated<Staff>, CurrentUser<Staff>)) {}
    let _ = Routes::<App>::new().get("/", twice);
}

#[tokio::test]
#[should_panic(expected = "are about one realm")]
async fn plain_anonymous_is_of_the_realm_of_what_stands_beside_it() {
    async fn twice((_, _): (Anonymous, Session<Anonymous<Staff>>)) {}
    let _ = Routes::<portcullis::Login<Staff>>::new().post("/", twice);
}

#[tokio::test]
async fn a_session_of_one_user_type_is_nothing_to_a_manager_of_another() {
    let store = MemoryStore::new();
    let customers = LoginManager::builder()
        .user_loader(Customer::load)
        .secret_key(key(1))
        .store(store.clone());
    let staff = LoginManager::builder()
        .user_loader(Staff::load)
        .secret_key(key(1))
        .store(store);
    let customers = customers.build().unwrap().into_router(|login| {
        Routes::new()
            .post("/login", Customer::log_in)
            .get("/customer", Customer::page)
            .with_state(login)
    });
    let staff = staff.build().unwrap();
    let sessions = staff.sessions();
    let staff =
        staff.into_router(|login| Routes::new().get("/staff", Staff::page).with_state(login));
    let mut browser = Browser::of(customers.merge(staff));
    browser.post("/login").await;
    assert_eq!(browser.get("/customer").await.body, "Customer 1");
    assert!(sessions.list(&1).await.unwrap().is_empty());
    assert_eq!(
        browser.api(Method::GET, "/staff").await.status,
        401,
        "although name, key, store, id and auth hash are equal"
    );
    assert_eq!(browser.get("/customer").await.body, "Customer 1");
    browser.close();
    let reply = browser.api(Method::GET, "/staff").await;
    assert_eq!(reply.status, 401, "nor is what remembers a customer");
    assert!(sessions.list(&1).await.unwrap().is_empty());
    assert_eq!(browser.get("/customer").await.body, "Customer 1");
}

#[tokio::test]
async fn a_refused_login_is_of_the_realm_that_refused() {
    async fn log_in(
        session: Session<Anonymous<Staff>>,
        _login: Login<Staff>,
        _navbar: CurrentUser<Customer>,
    ) -> Result<(), LoginError> {
        let _ = session;
        Err(LoginError::refused())
    }
    let (customers, staff) = {
        let store = MemoryStore::new();
        let customers = LoginManager::builder()
            .realm("customers")
            .user_loader(Customer::load)
            .secret_key(key(1))
            .store(store.clone())
            .login_path("/customer/login");
        let staff = LoginManager::builder()
            .realm("staff")
            .user_loader(Staff::load)
            .secret_key(key(1))
            .store(store)
            .login_path("/staff/login");
        (customers.build().unwrap(), staff.build().unwrap())
    };
    let app = (customers, staff).into_router(|(customers, staff)| {
        Routes::new()
            .post("/staff/login", log_in)
            .post("/customer/login", Customer::log_in)
            .with_state(App { customers, staff })
    });
    let mut browser = Browser::of(app);
    let reply = browser.post("/staff/login").await;
    assert_eq!(reply.header("location"), Some("/staff/login"));
}

/// What one realm must be fresh for is nothing that the other is asked after a slow body.
#[tokio::test(start_paused = true)]
async fn after_a_slow_body_each_realm_is_asked_for_what_its_guard_asked() {
    async fn save(
        _: (Session<portcullis::Fresh<Staff>>, Authenticated<Customer>),
        body: String,
    ) -> String {
        body
    }
    let manager = LoginManager::builder()
        .secret_key(key(1))
        .login_path("/login");
    let customers = manager.user_loader(Customer::load).build().unwrap();
    let manager = LoginManager::builder().realm("staff").secret_key(key(1));
    let staff = manager.user_loader(Staff::load).build().unwrap();
    let app = (customers, staff).into_router(|(customers, staff)| {
        Routes::new()
            .post("/customer/login", Customer::log_in)
            .get("/customer", Customer::page)
            .post("/staff/login", Staff::log_in)
            .post("/save", save)
            .with_state(App { customers, staff })
    });
    let mut browser = Browser::of(app);
    browser.post("/customer/login").await;
    browser.close();
    assert_eq!(browser.get("/customer").await.body, "Customer 1"); // remembered: not fresh
    browser.post("/staff/login").await;
    let (sender, answer) = post_slowly(&browser, "/save");
    tokio::time::sleep(std::time::Duration::from_secs(6)).await; // of the paused clock
    sender.send("saved").unwrap();
    let reply = answer.await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "saved"));
}

/// A look at a remember cookie has let nobody in: after a slow body nothing is asked of it.
#[tokio::test(start_paused = true)]
async fn after_a_slow_body_a_look_at_a_remember_cookie_is_not_asked_again() {
    async fn save(_: Authenticated<Staff>, _: CurrentUser<Customer>, body: String) -> String {
        body
    }
    let gone = Arc::new(AtomicBool::new(false));
    let asked = gone.clone();
    let load_customer = move |id| {
        let found = (!asked.load(Ordering::Relaxed)).then_some(Customer(id));
        async move { Ok::<_, std::io::Error>(found) }
    };
    let manager = LoginManager::builder().secret_key(key(1));
    let customers = manager.user_loader(load_customer).build().unwrap();
    let manager = LoginManager::builder().realm("staff").secret_key(key(1));
    let staff = manager.user_loader(Staff::load).build().unwrap();
    let app = (customers, staff).into_router(|(customers, staff)| {
        Routes::new()
            .post("/customer/login", Customer::log_in)
            .post("/staff/login", Staff::log_in)
            .post("/save", save)
            .with_state(App { customers, staff })
    });
    let mut browser = Browser::of(app);
    browser.post("/customer/login").await;
    browser.close();
    browser.post("/staff/login").await;
    let (sender, answer) = post_slowly(&browser, "/save");
    tokio::time::sleep(std::time::Duration::from_secs(6)).await; // of the paused clock
    gone.store(true, Ordering::Relaxed);
    sender.send("saved").unwrap();
    let reply = answer.await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "saved"));
}

/// A request on its way, whose body comes when the test says so.
fn post_slowly(
    browser: &Browser,
    path: &str,
) -> (oneshot::Sender<&'static str>, JoinHandle<Reply>) {
    let (sender, receiver) = oneshot::channel::<&str>();
    let body = futures_util::stream::once(receiver);
    let request = browser.request(Method::POST, path, &[("accept", "application/json")]);
    let request = request.map(|_| axum::body::Body::from_stream(body));
    let router = browser.app.clone();
    let answer = tokio::spawn(async move { send(&router, request).await });
    (sender, answer)
}
