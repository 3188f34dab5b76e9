//! A shop with two realms, customers and staff, who have equal ids and equal
//! passwords, and share a store and a key: one browser may be logged in to
//! both, and neither login is worth anything in the other realm.

use std::convert::Infallible;

use apps::Browser;
use axum::{Form, Router, extract::FromRef, http::StatusCode, response::Redirect};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BuildError, CurrentUser, Login, LoginError,
    LoginManager, OneFactor, Realms, Routes, SecretKey, Session, Sessions, store::MemoryStore,
};
use serde::Deserialize;

/// Number 1 and number 2, in both realms.
const NAMES: [&str; 2] = ["leafstorm", "briar"];
const PASSWORD: &str = "secret";

struct Customer(usize);

impl AuthUser for Customer {
    type Id = usize;
    type Factors = OneFactor;

    fn id(&self) -> usize {
        self.0
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(PASSWORD)
    }
}

struct Staff(usize);

impl AuthUser for Staff {
    type Id = usize;
    type Factors = OneFactor;

    fn id(&self) -> usize {
        self.0
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(PASSWORD)
    }
}

async fn load_customer(id: usize) -> Result<Option<Customer>, Infallible> {
    Ok((id < NAMES.len()).then_some(Customer(id)))
}

async fn load_staff(id: usize) -> Result<Option<Staff>, Infallible> {
    Ok((id < NAMES.len()).then_some(Staff(id)))
}

#[derive(Clone, FromRef)]
struct App {
    customers: Login<Customer>,
    staff: Login<Staff>,
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
    password: String,
}

impl LoginForm {
    fn check(self) -> Result<usize, LoginError> {
        let found = NAMES.iter().position(|name| *name == self.name);
        found
            .filter(|_| self.password == PASSWORD)
            .ok_or_else(LoginError::refused)
    }
}

async fn log_in_customer(
    session: Session<Anonymous<Customer>>,
    login: Login<Customer>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let customer = login.vouch_for(Customer(form.check()?));
    Ok(session.login_user(customer).await?.next_or("/orders"))
}

async fn log_in_staff(
    session: Session<Anonymous<Staff>>,
    login: Login<Staff>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let staff = login.vouch_for(Staff(form.check()?));
    Ok(session.login_user(staff).await?.next_or("/desk"))
}

async fn log_out_customer(
    session: Session<Authenticated<Customer>>,
) -> Result<StatusCode, LoginError> {
    session.logout_user().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn log_out_staff(session: Session<Authenticated<Staff>>) -> Result<StatusCode, LoginError> {
    session.logout_user().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn orders(customer: Authenticated<Customer>) -> String {
    format!("Orders of {}", NAMES[customer.0])
}

async fn desk(staff: Authenticated<Staff>) -> String {
    format!("Desk of {}", NAMES[staff.0])
}

/// Staff, beside a customer who is logged in to the same browser.
async fn help((staff, customer): (Authenticated<Staff>, Authenticated<Customer>)) -> String {
    format!("{} helps {}", NAMES[staff.0], NAMES[customer.0])
}

/// Staff who leave while the customer stays.
async fn leave(
    (staff, customer): (Session<Authenticated<Staff>>, Authenticated<Customer>),
) -> Result<String, LoginError> {
    let name = NAMES[staff.user().0];
    staff.logout_user().await?;
    Ok(format!("{name} left {}", NAMES[customer.0]))
}

async fn who(staff: CurrentUser<Staff>, customer: CurrentUser<Customer>) -> String {
    let staff = staff.user().map(|staff| NAMES[staff.0]);
    let customer = customer.user().map(|customer| NAMES[customer.0]);
    format!("staff: {staff:?}, customer: {customer:?}")
}

struct Shop {
    router: Router,
    customers: Sessions<Customer>,
}

fn app() -> Result<Shop, BuildError> {
    let (store, key) = (MemoryStore::new(), [7; 32]);
    let customers = LoginManager::builder()
        .realm("customers")
        .user_loader(load_customer)
        .secret_key(SecretKey::from(key))
        .store(store.clone())
        .login_path("/login")
        .build()?;
    let staff = LoginManager::builder()
        .realm("staff")
        .user_loader(load_staff)
        .secret_key(SecretKey::from(key))
        .store(store)
        .login_path("/staff/login")
        .build()?;
    let sessions = customers.sessions();
    let router = (customers, staff).into_router(|(customers, staff)| {
        Routes::new()
            .get("/", who)
            .post("/login", log_in_customer)
            .post("/logout", log_out_customer)
            .get("/orders", orders)
            .post("/staff/login", log_in_staff)
            .post("/staff/logout", log_out_staff)
            .get("/desk", desk)
            .get("/help", help)
            .post("/leave", leave)
            .with_state(App { customers, staff })
    });
    Ok(Shop {
        router,
        customers: sessions,
    })
}

const CUSTOMER: &str = "__Host-customers";
const STAFF: &str = "__Host-staff";

async fn log_in(browser: &mut Browser, path: &str, name: &str) {
    let answer = browser
        .post(path, &format!("name={name}&password=secret"))
        .await;
    assert!(answer.location().starts_with('/'));
}

/// leafstorm as a customer, briar as staff.
async fn in_both(app: &Router) -> Browser {
    let mut browser = Browser::on(app);
    log_in(&mut browser, "/login", "leafstorm").await;
    log_in(&mut browser, "/staff/login", "briar").await;
    browser
}

#[tokio::test]
async fn a_realm_has_a_login_page_and_a_cookie_of_its_own() {
    let app = app().unwrap().router;
    let mut browser = Browser::on(&app);
    assert_eq!(
        browser.get("/orders").await.location(),
        "/login?next=%2Forders"
    );
    assert_eq!(
        browser.get("/desk").await.location(),
        "/staff/login?next=%2Fdesk"
    );

    log_in(&mut browser, "/login", "leafstorm").await;
    assert!(browser.cookie(CUSTOMER).is_some());
    assert_eq!(browser.cookie(STAFF), None);
    assert_eq!(browser.get("/orders").await.page(), "Orders of leafstorm");
    assert_eq!(
        browser.get("/desk").await.location(),
        "/staff/login?next=%2Fdesk"
    );
}

#[tokio::test]
async fn one_browser_may_be_in_both() {
    let app = app().unwrap().router;
    let mut browser = in_both(&app).await;
    assert_eq!(browser.get("/orders").await.page(), "Orders of leafstorm");
    assert_eq!(browser.get("/desk").await.page(), "Desk of briar");
    assert_eq!(
        browser.get("/").await.page(),
        r#"staff: Some("briar"), customer: Some("leafstorm")"#
    );
}

#[tokio::test]
async fn what_needs_both_is_refused_with_one() {
    let app = app().unwrap().router;
    assert_eq!(
        in_both(&app).await.get("/help").await.page(),
        "briar helps leafstorm"
    );

    let mut customer = Browser::on(&app);
    log_in(&mut customer, "/login", "leafstorm").await;
    assert_eq!(
        customer.get("/help").await.location(),
        "/staff/login?next=%2Fhelp"
    );

    let mut staff = Browser::on(&app);
    log_in(&mut staff, "/staff/login", "briar").await;
    assert_eq!(staff.get("/help").await.location(), "/login?next=%2Fhelp");
}

#[tokio::test]
async fn the_cookie_of_one_is_nothing_in_the_other() {
    let app = app().unwrap().router;
    let mut customer = Browser::on(&app);
    log_in(&mut customer, "/login", "leafstorm").await;
    let token = customer.cookie(CUSTOMER).unwrap();

    let mut forger = Browser::on(&app);
    forger.set_cookie(STAFF, token);
    assert_eq!(
        forger.get("/desk").await.location(),
        "/staff/login?next=%2Fdesk"
    );
    assert_eq!(forger.get("/").await.page(), "staff: None, customer: None");
}

#[tokio::test]
async fn logging_in_and_out_of_one_leaves_the_other_alone() {
    let app = app().unwrap().router;
    let mut browser = Browser::on(&app);
    log_in(&mut browser, "/login", "leafstorm").await;
    let customer = browser.cookie(CUSTOMER).unwrap().to_owned();

    log_in(&mut browser, "/staff/login", "leafstorm").await;
    assert_eq!(browser.cookie(CUSTOMER), Some(customer.as_str()));
    let answer = browser.post("/staff/logout", "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.cookie(STAFF), None);
    assert_eq!(browser.cookie(CUSTOMER), Some(customer.as_str()));
    assert_eq!(browser.get("/orders").await.page(), "Orders of leafstorm");
}

#[tokio::test]
async fn staff_may_leave_a_page_that_needs_both() {
    let app = app().unwrap().router;
    let mut browser = in_both(&app).await;
    assert_eq!(
        browser.post("/leave", "").await.page(),
        "briar left leafstorm"
    );
    assert_eq!(browser.cookie(STAFF), None);
    assert_eq!(
        browser.get("/").await.page(),
        r#"staff: None, customer: Some("leafstorm")"#
    );
    assert_eq!(
        browser.post("/leave", "").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn ending_all_sessions_of_a_customer_spares_the_staff_of_that_id() {
    let shop = app().unwrap();
    let mut browser = Browser::on(&shop.router);
    log_in(&mut browser, "/login", "leafstorm").await;
    log_in(&mut browser, "/staff/login", "leafstorm").await;

    browser.get("/orders").await; // a session that was never used is not listed
    assert_eq!(shop.customers.list(&0).await.unwrap().len(), 1);
    assert_eq!(shop.customers.end_all(&0).await.unwrap(), 1);
    assert!(shop.customers.list(&0).await.unwrap().is_empty());
    assert_eq!(
        browser.get("/orders").await.location(),
        "/login?next=%2Forders"
    );
    assert_eq!(browser.get("/desk").await.page(), "Desk of leafstorm");
}
