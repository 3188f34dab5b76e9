//! One set of handlers for people in browsers and for programs with a key.
//!
//! ```sh
//! cargo run --example api_key
//! curl -H 'authorization: Bearer leafstorm-key' http://127.0.0.1:3000/orders
//! ```

use std::{collections::HashMap, convert::Infallible, sync::LazyLock};

use axum::{
    Form,
    http::{header::AUTHORIZATION, request::Parts},
    response::{Html, Redirect},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, Fresh, Login, LoginError, LoginManager,
    OneFactor, Routes, SecretKey, Session,
};
use ring::digest;
use serde::Deserialize;

#[derive(Clone)]
struct Account {
    name: &'static str,
    password: &'static str, // a real app keeps a hash
}

impl AuthUser for Account {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.name.to_owned()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(self.password)
    }
}

const LEAFSTORM: Account = Account {
    name: "leafstorm",
    password: "secret",
};

/// The hash of each key, and whose it is: a stolen database gives no key away.
/// Keys are long and random, so a plain hash is enough.
static KEYS: LazyLock<HashMap<Vec<u8>, Account>> =
    LazyLock::new(|| HashMap::from([(hash("leafstorm-key"), LEAFSTORM)]));

fn hash(key: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, key.as_bytes())
        .as_ref()
        .to_vec()
}

async fn load_account(name: String) -> Result<Option<Account>, Infallible> {
    Ok((name == LEAFSTORM.name).then_some(LEAFSTORM))
}

/// Asked when no cookie has brought a user.
async fn load_from_request(request: Parts) -> Result<Option<Account>, Infallible> {
    let value = request.headers.get(AUTHORIZATION);
    let key = value.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    Ok(key.and_then(|key| KEYS.get(&hash(key)).cloned()))
}

async fn login_page(_: Anonymous) -> Html<&'static str> {
    Html(
        r#"<form method="post">
             Name: <input name="name"> Password: <input name="password" type="password">
             <button>Log In</button></form>"#,
    )
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
    password: String,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Account>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let Ok(found) = load_account(form.name).await;
    let account = found.filter(|account| account.password == form.password);
    let account = account.ok_or_else(LoginError::refused)?;
    let session = session.login_user(login.vouch_for(account)).await?;
    Ok(session.next_or("/orders"))
}

/// For both: by cookie or by key.
async fn orders(account: Authenticated<Account>) -> String {
    format!(
        "{} has 3 orders, says the {:?}\n",
        account.name,
        account.info().source()
    )
}

/// For people only: a key is never fresh, however right it is.
async fn close(account: Fresh<Account>) -> String {
    format!("{} is closed\n", account.name)
}

/// The app, for the server below and for tests.
pub fn app() -> Result<axum::Router, BoxError> {
    let manager = LoginManager::builder()
        .user_loader(load_account)
        .request_loader(load_from_request)
        .secret_key(SecretKey::generate()?)
        .login_path("/login")
        .build()?;
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/login", login_page)
            .post("/login", log_in)
            .get("/orders", orders)
            .post("/close", close)
            .with_state(login)
    }))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app()?).await?;
    Ok(())
}
