//! A shop's JSON API on `api.example`, called by the page of another origin,
//! `https://app.example`: CORS for reading the answers, a trusted origin for
//! sending requests, statuses instead of redirects, and a cart in the session.

use apps::{Answer, Browser};
use axum::{
    Json, Router,
    body::Body,
    extract::Path,
    http::{HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use portcullis::{
    Anonymous, Answers, AuthHash, AuthUser, Authenticated, BuildError, CurrentUser, Data, Login,
    LoginError, LoginManager, OneFactor, Routes, SecretKey, Session, SessionData,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_http::cors::CorsLayer;

const PAGE: &str = "https://app.example";

/// The cookie of a stranger who has a cart.
const GUEST: &str = "__Host-login-stranger";

#[derive(Clone, Serialize)]
struct Customer {
    id: u64,
    name: &'static str,
    #[serde(skip)]
    password: &'static str,
}

const CUSTOMERS: [Customer; 2] = [
    Customer {
        id: 1,
        name: "leafstorm",
        password: "secret",
    },
    Customer {
        id: 2,
        name: "briar",
        password: "thorn",
    },
];

impl AuthUser for Customer {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        self.id
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(self.password)
    }
}

async fn load_customer(id: u64) -> Result<Option<Customer>, std::io::Error> {
    Ok(CUSTOMERS.into_iter().find(|customer| customer.id == id))
}

#[derive(Default, Serialize, Deserialize)]
struct Cart {
    items: Vec<u64>,
}

impl SessionData for Cart {
    type User = Customer;
    const NAME: &'static str = "cart";
    const KEEP_AT_LOGIN: bool = true; // whoever chose the items, nobody has paid yet
}

/// Everything that goes wrong in this API.
enum ApiError {
    Login(LoginError),
    NoSuchItem(u64),
    EmptyCart,
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Login(error) => return error.into_response(),
            Self::NoSuchItem(item) => (StatusCode::NOT_FOUND, format!("there is no item {item}")),
            Self::EmptyCart => (StatusCode::CONFLICT, "the cart is empty".to_owned()),
        };
        (status, Json(json!({ "error": text }))).into_response()
    }
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Customer>,
    Json(given): Json<Credentials>,
) -> Result<Json<Customer>, ApiError> {
    let customer = CUSTOMERS
        .into_iter()
        .find(|customer| customer.name == given.name && customer.password == given.password)
        .ok_or_else(LoginError::refused)?;
    session
        .login_user(login.vouch_for(customer.clone()))
        .await?;
    Ok(Json(customer))
}

async fn log_out(session: Session<Authenticated<Customer>>) -> Result<StatusCode, ApiError> {
    session.logout_user().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(customer: Authenticated<Customer>) -> Json<Customer> {
    Json(customer.user().clone())
}

async fn show_cart(_: CurrentUser<Customer>, cart: Data<Cart>) -> Json<Value> {
    Json(json!({ "items": cart.items }))
}

async fn add_to_cart(
    _: CurrentUser<Customer>,
    mut cart: Data<Cart>,
    Path(item): Path<u64>,
) -> Result<Json<Value>, ApiError> {
    if item > 100 {
        return Err(ApiError::NoSuchItem(item));
    }
    cart.update(|cart| cart.items.push(item)).await?;
    Ok(Json(json!({ "items": cart.items })))
}

async fn order(
    customer: Authenticated<Customer>,
    mut cart: Data<Cart>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let items = cart.update(|cart| std::mem::take(&mut cart.items)).await?;
    if items.is_empty() {
        return Err(ApiError::EmptyCart);
    }
    let order = json!({ "customer": customer.id, "items": items });
    Ok((StatusCode::CREATED, Json(order)))
}

fn app() -> Result<Router, BuildError> {
    let cors = CorsLayer::new()
        .allow_origin(HeaderValue::from_static(PAGE))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .allow_credentials(true);
    let manager = LoginManager::builder()
        .user_loader(load_customer)
        .secret_key(SecretKey::generate()?)
        .origin(PAGE)
        .build()?;
    let router = manager.into_router(|login| {
        Routes::new()
            .post("/login", log_in)
            .post("/logout", log_out)
            .get("/me", me)
            .get("/cart", show_cart)
            .post("/cart/{item}", add_to_cart)
            .post("/orders", order)
            .answers(Answers::Json)
            .with_state(login)
    });
    Ok(router.layer(cors))
}

/// What `fetch(…, { credentials: "include" })` sends from a page of `origin`.
async fn fetch(browser: &mut Browser, origin: &str, call: &str, body: Value) -> Answer {
    let (method, path) = call.split_once(' ').expect("a method and a path");
    let site = if origin == PAGE {
        "same-site"
    } else {
        "cross-site"
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "api.example")
        .header(header::ORIGIN, origin)
        .header("sec-fetch-site", site)
        .header(header::ACCEPT, "*/*")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    browser.send(request.expect("a request")).await
}

async fn call(browser: &mut Browser, call: &str) -> Answer {
    fetch(browser, PAGE, call, Value::Null).await
}

async fn log_in_as(browser: &mut Browser, name: &str, password: &str) -> Answer {
    let body = json!({ "name": name, "password": password });
    fetch(browser, PAGE, "POST /login", body).await
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[track_caller]
fn assert_problem(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("application/problem+json"));
    assert_eq!(json_of(answer)["status"], status.as_u16());
    assert_eq!(answer.header("location"), None);
}

#[tokio::test]
async fn a_stranger_gets_401_that_the_page_may_read() {
    let mut browser = Browser::on(&app().unwrap());
    let answer = call(&mut browser, "GET /me").await;
    assert_problem(&answer, StatusCode::UNAUTHORIZED);
    assert!(answer.header("www-authenticate").is_some());
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
}

#[tokio::test]
async fn statuses_even_for_a_client_that_accepts_pages() {
    let answer = Browser::on(&app().unwrap()).get("/me").await;
    assert_problem(&answer, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_preflight_is_answered_for_the_trusted_page_alone() {
    let app = app().unwrap();
    for (origin, allowed) in [(PAGE, true), ("https://evil.example", false)] {
        let request = Request::options("/orders")
            .header(header::HOST, "api.example")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .body(Body::empty())
            .unwrap();
        let answer = apps::send(&app, request).await;
        assert_eq!(answer.status, StatusCode::OK);
        let is_allowed = answer.header("access-control-allow-origin") == Some(origin);
        assert_eq!(is_allowed, allowed, "{origin}");
    }
}

#[tokio::test]
async fn log_in_look_log_out() {
    let mut browser = Browser::on(&app().unwrap());
    let answer = log_in_as(&mut browser, "leafstorm", "secret").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let me = call(&mut browser, "GET /me").await;
    assert_eq!(json_of(&me), json!({ "id": 1, "name": "leafstorm" }));
    let answer = call(&mut browser, "POST /logout").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let me = call(&mut browser, "GET /me").await;
    assert_problem(&me, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refusal_says_nothing_of_the_reason() {
    let mut browser = Browser::on(&app().unwrap());
    let wrong = log_in_as(&mut browser, "leafstorm", "guess").await;
    let nobody = log_in_as(&mut browser, "nobody", "secret").await;
    assert_problem(&wrong, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.status, nobody.status);
    assert_eq!(wrong.headers, nobody.headers);
    assert_eq!(wrong.body, nobody.body);
    assert_eq!(browser.cookie("__Host-login"), None);
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let mut browser = Browser::on(&app().unwrap());
    log_in_as(&mut browser, "leafstorm", "secret").await;
    for target in ["POST /logout", "POST /cart/7", "POST /orders"] {
        let answer = fetch(&mut browser, "https://evil.example", target, Value::Null).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    }
    let cart = call(&mut browser, "GET /cart").await;
    assert_eq!(json_of(&cart), json!({ "items": [] }));
    assert_eq!(call(&mut browser, "GET /me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stranger_has_a_cart_from_the_first_item_on_and_keeps_it_at_login() {
    let app = app().unwrap();
    let mut browser = Browser::on(&app);
    let cart = call(&mut browser, "GET /cart").await;
    assert_eq!(json_of(&cart), json!({ "items": [] }));
    assert_eq!(browser.cookie(GUEST), None, "looking is free");

    let cart = call(&mut browser, "POST /cart/3").await;
    assert_eq!(json_of(&cart), json!({ "items": [3] }));
    assert!(browser.cookie(GUEST).is_some());
    assert_eq!(browser.cookie("__Host-login"), None);
    let cart = call(&mut browser, "POST /cart/5").await;
    assert_eq!(json_of(&cart), json!({ "items": [3, 5] }));

    let mut planter = Browser::on(&app);
    planter.set_cookie(GUEST, browser.cookie(GUEST).unwrap());
    log_in_as(&mut browser, "leafstorm", "secret").await;
    let cart = call(&mut browser, "GET /cart").await;
    assert_eq!(json_of(&cart), json!({ "items": [3, 5] }));
    let cart = call(&mut planter, "GET /cart").await;
    assert_eq!(
        json_of(&cart),
        json!({ "items": [] }),
        "it is the user's now"
    );

    let order = call(&mut browser, "POST /orders").await;
    assert_eq!(order.status, StatusCode::CREATED);
    assert_eq!(json_of(&order), json!({ "customer": 1, "items": [3, 5] }));

    call(&mut browser, "POST /cart/8").await;
    call(&mut browser, "POST /logout").await;
    let cart = call(&mut browser, "GET /cart").await;
    assert_eq!(
        json_of(&cart),
        json!({ "items": [] }),
        "the next user sees none of it"
    );
}

#[tokio::test]
async fn the_errors_of_the_app_stay_its_own() {
    let mut browser = Browser::on(&app().unwrap());
    let answer = call(&mut browser, "POST /cart/101").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(json_of(&answer), json!({ "error": "there is no item 101" }));
    let answer = call(&mut browser, "POST /orders").await;
    assert_problem(&answer, StatusCode::UNAUTHORIZED);
    log_in_as(&mut browser, "leafstorm", "secret").await;
    let answer = call(&mut browser, "POST /orders").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(json_of(&answer), json!({ "error": "the cart is empty" }));
}

#[tokio::test]
async fn a_login_switches_nobody() {
    let mut browser = Browser::on(&app().unwrap());
    log_in_as(&mut browser, "leafstorm", "secret").await;
    let again = log_in_as(&mut browser, "briar", "thorn").await;
    assert!(again.status.is_client_error(), "{}", again.status);
    let me = call(&mut browser, "GET /me").await;
    assert_eq!(
        json_of(&me)["name"],
        "leafstorm",
        "nobody is switched by a login"
    );
}
