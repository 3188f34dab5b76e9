//! What must happen once, or so many times, over two servers that share a real
//! store: guesses, codes, tokens, tries.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use std::{convert::Infallible, sync::LazyLock};

use axum::{
    Form, Router,
    body::Body,
    extract::{FromRef, State},
    http::StatusCode,
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, FirstFactor, HasPassword, HasTotp, Login, LoginError,
    LoginManager, OneTimeToken, Password, PasswordCost, Pending, Purpose, Routes, SecretKey,
    Session, Throttle, Timestamp, TotpCode, TotpSecret, TwoFactors,
    store::{PostgresStore, RedisStore, SessionStore, SqliteStore},
    testing::{TestClient, TestClock, totp_code},
};
use serde::Deserialize;
use tokio::task::JoinSet;

const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

struct Account {
    hash: String,
}

impl AuthUser for Account {
    type Id = u64;
    type Factors = TwoFactors;

    fn id(&self) -> u64 {
        1
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of("always the same")
    }
}

impl HasPassword for Account {
    fn password_hash(&self) -> Option<&str> {
        Some(&self.hash)
    }
}

impl HasTotp for Account {
    fn totp_secret(&self) -> Option<TotpSecret> {
        TotpSecret::from_base32(SECRET).ok()
    }
}

static HASH: LazyLock<String> = LazyLock::new(|| {
    let password = Password::from("right".to_owned());
    password.hash(PasswordCost::new(8, 1)).unwrap()
});

fn account() -> Account {
    let hash = HASH.clone();
    Account { hash }
}

enum Link {}

impl Purpose for Link {
    const NAME: &'static str = "link";
}

#[derive(Clone, FromRef)]
struct App {
    login: Login<Account>,
}

#[derive(Deserialize)]
struct PasswordForm {
    password: Password,
}

async fn log_in(
    session: Session<Anonymous>,
    State(app): State<App>,
    Form(form): Form<PasswordForm>,
) -> Result<&'static str, LoginError> {
    let first = app
        .login
        .check_password("one", Some(account()), &form.password);
    match first.await? {
        FirstFactor::IsEnough(_) => Ok("one is enough"),
        FirstFactor::AsksForSecond(half) => session.begin_login(half).await.map(|_| "half"),
    }
}

#[derive(Deserialize)]
struct CodeForm {
    code: TotpCode,
}

async fn code(
    session: Session<Pending<Account>>,
    Form(form): Form<CodeForm>,
) -> Result<&'static str, LoginError> {
    session.finish_login(form.code).await.map(|_| "in")
}

async fn mail(_: Anonymous, State(app): State<App>) -> Result<String, LoginError> {
    let token: OneTimeToken<Link> = app.login.one_time_token(&account()).await?;
    Ok(token.reveal().to_owned())
}

async fn redeem(
    _: Anonymous,
    State(app): State<App>,
    token: String,
) -> Result<&'static str, LoginError> {
    let token = OneTimeToken::<Link>::from(token);
    app.login.redeem(token).await.map(|_| "yours")
}

fn server(store: impl SessionStore) -> Router {
    LoginManager::builder()
        .user_loader(async |_: u64| Ok::<_, Infallible>(Some(account())))
        .secret_key(SecretKey::from([1; 32]))
        .clock(TestClock::at(START))
        .store(store)
        .second_factor_path("/code")
        .throttle(Throttle::default().per_account(20).second_factor(100))
        .dangerous()
        .cheap_passwords()
        .build()
        .unwrap()
        .into_router(|login| {
            Routes::new()
                .post("/login", log_in)
                .post("/code", code)
                .get("/mail", mail)
                .post("/redeem", redeem)
                .with_state(App { login })
        })
}

/// The same form from many tabs of one browser, half of them at either server:
/// how many are answered so.
async fn at_once(
    servers: &[Router; 2],
    browser: &TestClient,
    (path, field, value): (&'static str, &'static str, &str),
    tabs: usize,
    answered: fn(StatusCode, &str) -> bool,
) -> usize {
    let mut sent = JoinSet::new();
    for tab in 0..tabs {
        let mut browser = browser.clone().on(servers[tab % 2].clone());
        let value = value.to_owned();
        sent.spawn(async move {
            let form = [(field, value.as_str())];
            let answer = browser.post(path).accept("application/json").form(form);
            let answer = answer.await;
            answered(answer.status(), &answer.text())
        });
    }
    let all = sent.join_all().await;
    all.into_iter().filter(|answered| *answered).count()
}

/// Stories of one store: two servers, and what must be counted over both.
async fn what_is_counted_is_counted_together(one: impl SessionStore, other: impl SessionStore) {
    let servers = [server(one), server(other)];
    let stranger = TestClient::new(servers[0].clone());
    let is_in = |status: StatusCode, text: &str| status == StatusCode::OK && text == "in";

    // Twenty codes at once are five tries; the right one among them comes too late or not.
    let mut half = stranger.clone();
    half.post("/login").form([("password", "right")]).await;
    let refused = |_: StatusCode, text: &str| text.contains("The login was refused");
    let tried = at_once(&servers, &half, ("/code", "code", "000000"), 20, refused).await;
    assert_eq!(tried, 5, "tries of one login");

    // One code, in many tabs of one login, then in another login.
    let secret = TotpSecret::from_base32(SECRET).unwrap();
    let right = totp_code(&secret, START);
    let mut half = stranger.clone();
    half.post("/login").form([("password", "right")]).await;
    let let_in = at_once(&servers, &half, ("/code", "code", &right), 5, is_in).await;
    assert_eq!(let_in, 1, "one code in one login");
    let mut half = stranger.clone();
    half.post("/login").form([("password", "right")]).await;
    let let_in = at_once(&servers, &half, ("/code", "code", &right), 5, is_in).await;
    assert_eq!(let_in, 0, "a used code");

    // A token, everywhere at once.
    let mut browser = stranger.clone();
    let token = browser.get("/mail").await.text();
    let mut sent = JoinSet::new();
    for tab in 0..10 {
        let (server, token) = (servers[tab % 2].clone(), token.clone());
        sent.spawn(async move {
            let request = axum::http::Request::post("/redeem")
                .body(Body::from(token))
                .unwrap();
            let answer = tower::ServiceExt::oneshot(server, request).await.unwrap();
            answer.status() == StatusCode::OK
        });
    }
    let redeemed = sent.join_all().await.into_iter().filter(|it| *it).count();
    assert_eq!(redeemed, 1, "one token");

    // Right passwords were no failures.
    let wrong = ("/login", "password", "wrong");
    let guessed = at_once(&servers, &stranger, wrong, 40, |status, _| {
        status == StatusCode::UNAUTHORIZED
    });
    assert_eq!(guessed.await, 20, "guesses of one account");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let open = async || SqliteStore::open(&file).await.unwrap();
    what_is_counted_is_counted_together(open().await, open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let Some(database) = servers::postgres().await else {
        return;
    };
    let store = PostgresStore::new(database.pool().await);
    store.migrate().await.unwrap();
    let other = PostgresStore::new(database.pool().await);
    what_is_counted_is_counted_together(store, other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let store = async || {
        let connection = server.client.get_connection_manager().await.unwrap();
        RedisStore::new(connection).key_prefix(&server.prefix)
    };
    what_is_counted_is_counted_together(store().await, store().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_redis_cluster() {
    let Some(cluster) = servers::redis_cluster().await else {
        return;
    };
    let store = async || {
        let connection = cluster.client().get_async_connection().await.unwrap();
        RedisStore::cluster(connection).key_prefix(&cluster.prefix)
    };
    what_is_counted_is_counted_together(store().await, store().await).await;
}
