//! A site with accounts: register, log in and be remembered, see your devices,
//! change your password. Accounts and sessions are in one SQLite file.
//!
//! Run it with `cargo run --example site --features sqlite,password`, and register at
//! <http://127.0.0.1:3000>. Stop it and start it again: you are still logged in.

use std::{fs, io::Write, path::Path};

use axum::{
    Form,
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use data_encoding::HEXLOWER;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, Clock, CurrentUser, Flashes, Fresh,
    HasPassword, ListedSession, Login, LoginError, LoginId, LoginManager, OneFactor, Password,
    Routes, SecretKey, Session, SystemClock, UserLoader, store::SqliteStore,
};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};

// --- accounts ----------------------------------------------------------------

#[derive(Clone)]
struct Account {
    id: i64,
    email: String,
    password_hash: String,
}

impl AuthUser for Account {
    type Id = i64;
    type Factors = OneFactor;

    fn id(&self) -> i64 {
        self.id
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(&self.password_hash) // a new password ends every other session
    }
}

#[derive(Clone)]
struct Accounts(SqlitePool);

impl HasPassword for Account {
    fn password_hash(&self) -> Option<&str> {
        Some(&self.password_hash)
    }
}

impl UserLoader<Account> for Accounts {
    type Error = sqlx::Error;

    async fn load_user(&self, id: i64) -> Result<Option<Account>, sqlx::Error> {
        let found = sqlx::query("SELECT * FROM accounts WHERE id = ?").bind(id);
        found.try_map(account_of).fetch_optional(&self.0).await
    }
}

fn account_of(row: SqliteRow) -> Result<Account, sqlx::Error> {
    Ok(Account {
        id: row.try_get("id")?,
        email: row.try_get("email")?,
        password_hash: row.try_get("password_hash")?,
    })
}

impl Accounts {
    async fn migrate(&self) -> Result<(), sqlx::Error> {
        let table = "CREATE TABLE IF NOT EXISTS accounts (
            id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL)";
        sqlx::query(table).execute(&self.0).await.map(drop)
    }

    async fn register(&self, email: &str, hash: String) -> Result<Account, SiteError> {
        let insert = "INSERT INTO accounts (email, password_hash) VALUES (?, ?) RETURNING *";
        let inserted = sqlx::query(insert)
            .bind(email)
            .bind(hash)
            .try_map(account_of);
        inserted.fetch_one(&self.0).await.map_err(|error| {
            let is_taken = error
                .as_database_error()
                .is_some_and(|it| it.is_unique_violation());
            if is_taken {
                SiteError::Taken
            } else {
                error.into()
            }
        })
    }

    async fn find(&self, email: &str) -> Result<Option<Account>, sqlx::Error> {
        let found = sqlx::query("SELECT * FROM accounts WHERE email = ?").bind(email);
        found.try_map(account_of).fetch_optional(&self.0).await
    }

    /// Another hash in the place of the one that was read: of two who change it
    /// at once, one does.
    async fn change_hash(&self, account: &Account, hash: String) -> Result<Account, SiteError> {
        let update =
            "UPDATE accounts SET password_hash = ? WHERE id = ? AND password_hash = ? RETURNING *";
        let updated = sqlx::query(update)
            .bind(hash)
            .bind(account.id)
            .bind(&account.password_hash);
        let updated = updated.try_map(account_of).fetch_optional(&self.0).await?;
        Ok(updated.ok_or_else(LoginError::refused)?)
    }
}

/// What goes wrong in a handler. The answer of a [`LoginError`] stays its own.
#[derive(Debug, thiserror::Error)]
enum SiteError {
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error("this address has an account")]
    Taken,
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl IntoResponse for SiteError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Login(error) => return error.into_response(),
            Self::Taken => StatusCode::CONFLICT,
            Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, page("Sorry", html! { p { (self) } })).into_response()
    }
}

// --- pages and what their forms do -------------------------------------------

async fn home(who: CurrentUser<Account>) -> Markup {
    page(
        "Welcome",
        html! {
            @if let Some(account) = who.user() {
                p { "You are logged in as " strong { (account.email) } "." }
                p { a href="/account" { "Your account" } }
                form method="post" action="/logout" { button { "Log out" } }
            } @else {
                p { a href="/login" { "Log in" } " or " a href="/register" { "register" } "." }
            }
        },
    )
}

async fn register_page(_: Anonymous) -> Markup {
    page(
        "Register",
        html! { form method="post" { (credentials()) button { "Register" } } },
    )
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: Password,
    #[serde(default)] // an unchecked box is not sent
    remember: bool,
}

async fn register(
    session: Session<Anonymous>,
    login: Login<Account>,
    accounts: State<Accounts>,
    Form(form): Form<Credentials>,
) -> Result<Redirect, SiteError> {
    let hash = login.hash_password(&form.password).await?;
    let account = accounts.register(&form.email, hash).await?;
    let session = session.login_user(login.vouch_for(account)).await?;
    Ok(session.next_or("/account"))
}

async fn login_page(_: Anonymous, flashes: Flashes<Account>) -> Markup {
    page(
        "Log in",
        html! {
            (told(&flashes))
            form method="post" {
                (credentials())
                label { input type="checkbox" name="remember" value="true"; " Remember me" }
                button { "Log in" }
            }
        },
    )
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Account>,
    accounts: State<Accounts>,
    Form(form): Form<Credentials>,
) -> Result<Redirect, SiteError> {
    let found = accounts.find(&form.email).await?;
    let verified = login
        .check_password(&form.email, found, &form.password)
        .await?;
    let session = session.login_user(verified).remember(form.remember).await?;
    Ok(session.next_or("/account"))
}

async fn confirm_page(account: Authenticated<Account>, flashes: Flashes<Account>) -> Markup {
    page(
        "Your password, please",
        html! {
            (told(&flashes))
            form method="post" {
                input type="hidden" name="username" autocomplete="username" value=(account.email);
                (password("Password", "password", "current-password"))
                button { "Go on" }
            }
        },
    )
}

#[derive(Deserialize)]
struct Confirm {
    password: Password,
}

async fn confirm(
    session: Session<Authenticated<Account>>,
    login: Login<Account>,
    Form(form): Form<Confirm>,
) -> Result<Redirect, SiteError> {
    let account = session.user().clone();
    let email = account.email.clone();
    let verified = login
        .check_password(&email, Some(account), &form.password)
        .await?;
    let session = session.confirm_login(verified).await?;
    Ok(session.next_or("/account"))
}

async fn account(by: Fresh<Account>, login: Login<Account>) -> Result<Markup, SiteError> {
    let sessions = login.sessions(&by).list().await?;
    Ok(page(
        "Your account",
        html! {
            h2 { "Where you are logged in" }
            form method="post" action="/account/end" { ul { @for session in &sessions { (device(session)) } } }
            form method="post" action="/account/end-others" { button { "Log out all others" } }
            form method="post" action="/account/end-all" { button { "Log out everywhere" } }
            h2 { "Another password" }
            form method="post" action="/account/password" {
                (password("New password", "new", "new-password"))
                button { "Change it, and log out all others" }
            }
        },
    ))
}

fn device(session: &ListedSession) -> Markup {
    let idle = SystemClock.now().since(session.last_seen_at());
    html! {
        li {
            strong { (session.device()) }
            @if session.remembered() { " · remembered" }
            @if session.is_current() { " · this one" } @else {
                " · last seen " (idle.as_secs() / 60) " minutes ago "
                button name="login" value=(session.login_id()) { "Log out" }
            }
        }
    }
}

#[derive(Deserialize)]
struct Which {
    login: LoginId,
}

async fn end(
    by: Fresh<Account>,
    login: Login<Account>,
    Form(form): Form<Which>,
) -> Result<Redirect, SiteError> {
    login.sessions(&by).end(form.login).await?;
    Ok(Redirect::to("/account"))
}

async fn end_others(by: Fresh<Account>, login: Login<Account>) -> Result<Redirect, SiteError> {
    login.sessions(&by).end_others().await?;
    Ok(Redirect::to("/account"))
}

async fn end_all(
    session: Session<Fresh<Account>>,
    login: Login<Account>,
) -> Result<Redirect, SiteError> {
    login.sessions(&session).end_others().await?;
    session.logout_user().await?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct NewPassword {
    new: Password,
}

async fn change_password(
    session: Session<Fresh<Account>>,
    login: Login<Account>,
    accounts: State<Accounts>,
    Form(form): Form<NewPassword>,
) -> Result<Redirect, SiteError> {
    let hash = login.hash_password(&form.new).await?;
    session.recheck().await?; // hashing took its time: was this session ended meanwhile?
    let account = accounts.change_hash(session.user(), hash).await?;
    session.credentials_changed(account).await?; // all other sessions end, this one stays
    Ok(Redirect::to("/account"))
}

async fn log_out(session: Session<Authenticated<Account>>) -> Result<Redirect, SiteError> {
    session.logout_user().await?;
    Ok(Redirect::to("/"))
}

// --- how it looks ------------------------------------------------------------

fn page(title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { h1 { (title) } (content) } }
        }
    }
}

fn told(flashes: &Flashes<Account>) -> Markup {
    html! { @for flash in flashes.iter() { p.told { (flash) } } }
}

fn credentials() -> Markup {
    html! {
        label { "E-mail" input type="email" name="email" autocomplete="username" required autofocus; }
        (password("Password", "password", "current-password"))
    }
}

fn password(label: &str, name: &str, autocomplete: &str) -> Markup {
    html! {
        label { (label) input type="password" name=(name) autocomplete=(autocomplete) minlength="8" required; }
    }
}

const STYLE: &str = "
    body { font: 1rem/1.5 system-ui, sans-serif; color: #222; background: #f6f6f4; }
    main { max-width: 32rem; margin: 3rem auto; padding: 1rem 2rem; background: #fff; border-radius: .5rem; }
    label { display: block; margin: .75rem 0; }
    input:not([type=checkbox]) { display: block; width: 100%; padding: .5rem; box-sizing: border-box; }
    button { padding: .4rem .8rem; margin: .25rem 0; cursor: pointer; }
    ul { padding-left: 1rem; } .told { background: #fff4d6; padding: .5rem; }
";

// --- the app -----------------------------------------------------------------

#[derive(Clone, FromRef)]
struct Site {
    login: Login<Account>,
    accounts: Accounts,
}

/// The app on a file, for the server below and for tests.
pub async fn app(file: &Path, key: SecretKey) -> Result<axum::Router, BoxError> {
    private(file)?; // SQLite would let everybody read it
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full); // who is logged out stays so after a power cut
    let pool = SqlitePool::connect_with(options).await?;
    let (accounts, store) = (Accounts(pool.clone()), SqliteStore::new(pool));
    accounts.migrate().await?;
    store.migrate().await?;
    let manager = LoginManager::builder()
        .user_loader(accounts.clone())
        .secret_key(key)
        .store(store)
        .login_path("/login")
        .refresh_path("/confirm")
        .build()?;
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/", home)
            .get("/register", register_page)
            .post("/register", register)
            .get("/login", login_page)
            .post("/login", log_in)
            .get("/confirm", confirm_page)
            .post("/confirm", confirm)
            .post("/logout", log_out)
            .area::<Fresh<Account>>("/account", |routes| {
                routes
                    .get("/", account)
                    .post("/end", end)
                    .post("/end-others", end_others)
                    .post("/end-all", end_all)
                    .post("/password", change_password)
            })
            .with_state(Site { login, accounts })
    }))
}

/// Makes a file for its owner alone, if it is not there.
fn private(file: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// The key in a file, made with the first start: another key logs everybody out.
fn kept_key(file: &Path) -> Result<SecretKey, BoxError> {
    if let Ok(hex) = fs::read_to_string(file) {
        return Ok(SecretKey::from_hex(&hex)?);
    }
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| "no random numbers")?;
    let mut created = private(file)?;
    created.write_all(HEXLOWER.encode(&bytes).as_bytes())?;
    Ok(SecretKey::from(bytes))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let key = kept_key(Path::new("site.key"))?; // a real app: SecretKey::from_env("SECRET_KEY")?
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(Path::new("site.db"), key).await?).await?;
    Ok(())
}
