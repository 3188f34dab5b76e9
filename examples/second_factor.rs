//! Two factors: a password, then a code of an authenticator app, or one of ten
//! recovery codes.
//!
//! ```sh
//! cargo run --example second_factor --features password,totp
//! ```
//!
//! Open <http://127.0.0.1:3000>, log in as `leafstorm` with the password
//! `correct horse`, and set up an app. Log out and in again: now it takes both.

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Form,
    extract::{FromRef, State},
    response::{IntoResponse, Redirect, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, Clock, Data, FirstFactor, Fresh,
    HasPassword, HasTotp, Login, LoginError, LoginManager, Password, PasswordCost, Pending,
    RecoveryCode, Routes, SecretKey, Session, SessionData, SystemClock, TotpCode, TotpSecret,
    TwoFactors,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Default)]
struct Account {
    name: String,
    password_hash: String,
    totp: Option<String>,
    recovery_codes: HashSet<String>, // their hashes
}

impl AuthUser for Account {
    type Id = String;
    type Factors = TwoFactors;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn has_second_factor(&self) -> bool {
        self.totp.is_some()
    }

    /// A new password ends all other sessions, and so does another app.
    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(format!("{} {:?}", self.password_hash, self.totp))
    }
}

impl HasPassword for Account {
    fn password_hash(&self) -> Option<&str> {
        Some(&self.password_hash)
    }
}

impl HasTotp for Account {
    fn totp_secret(&self) -> Option<TotpSecret> {
        TotpSecret::from_base32(self.totp.as_deref()?).ok()
    }
}

/// Our database, of one account.
#[derive(Clone, Default)]
struct Database(Arc<Mutex<Account>>);

impl Database {
    fn with<R>(&self, run: impl FnOnce(&mut Account) -> R) -> R {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn find(&self, name: &str) -> Option<Account> {
        self.with(|account| (account.name == name).then(|| account.clone()))
    }
}

#[derive(Clone, FromRef)]
struct App {
    login: Login<Account>,
    database: Database,
}

// --- logging in: the first factor, then the second ---------------------------

async fn login_page(_: Anonymous) -> Markup {
    page(html! {
        h1 { "Log in" }
        form method="post" {
            label { "Name " input name="name"; } " "
            label { "Password " input name="password" type="password"; } " "
            label { input name="remember" type="checkbox" value="true"; " remember me" } " "
            button { "Log in" }
        }
    })
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
    password: Password,
    #[serde(default)]
    remember: bool,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Account>,
    State(database): State<Database>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let found = database.find(&form.name);
    match login
        .check_password(&form.name, found, &form.password)
        .await?
    {
        FirstFactor::IsEnough(verified) => {
            let session = session.login_user(verified).remember(form.remember).await?;
            Ok(session.next_or("/"))
        }
        FirstFactor::AsksForSecond(half) => {
            let session = session.begin_login(half).remember(form.remember).await?;
            Ok(session.second_factor_page())
        }
    }
}

async fn code_page(account: Pending<Account>) -> Markup {
    page(html! {
        h1 { "One more thing, " (account.user().name) }
        form method="post" {
            label { "Code of your app " input name="code" autocomplete="one-time-code"; } " "
            button { "Go on" }
        }
        // Without `next` in its address this form goes home.
        form method="post" action="/login/recovery" {
            label { "or a recovery code " input name="code"; } " "
            button { "Go on" }
        }
        form method="post" action="/logout" { button { "It's not me" } }
    })
}

#[derive(Deserialize)]
struct CodeForm {
    code: TotpCode,
}

async fn check_code(
    session: Session<Pending<Account>>,
    Form(form): Form<CodeForm>,
) -> Result<Redirect, LoginError> {
    let session = session.finish_login(form.code).await?;
    Ok(session.next_or("/"))
}

#[derive(Deserialize)]
struct RecoveryForm {
    code: RecoveryCode,
}

async fn recover(
    session: Session<Pending<Account>>,
    State(database): State<Database>,
    Form(form): Form<RecoveryForm>,
) -> Result<Redirect, LoginError> {
    let spend = async move |hash: String| {
        Ok::<_, Infallible>(database.with(|account| account.recovery_codes.remove(&hash)))
    };
    let session = session.finish_login(form.code.spent_by(spend)).await?;
    Ok(session.next_or("/"))
}

/// The password and, of who has an app, its code once more.
async fn confirm_page(account: Authenticated<Account>) -> Markup {
    page(html! {
        h1 { "Is it still you, " (account.name) "?" }
        form method="post" {
            label { "Password " input name="password" type="password"; } " "
            @if account.has_second_factor() {
                label { "Code " input name="code" autocomplete="one-time-code"; } " "
            }
            button { "Go on" }
        }
    })
}

#[derive(Deserialize)]
struct ConfirmForm {
    password: Password,
    code: Option<TotpCode>,
}

async fn confirm(
    session: Session<Authenticated<Account>>,
    login: Login<Account>,
    Form(form): Form<ConfirmForm>,
) -> Result<Redirect, LoginError> {
    let account = session.user().clone();
    let name = account.name.clone();
    let verified = match login
        .check_password(&name, Some(account), &form.password)
        .await?
    {
        FirstFactor::IsEnough(verified) => verified,
        FirstFactor::AsksForSecond(half) => {
            let code = form.code.ok_or_else(LoginError::refused)?;
            login.check_second_factor(half, code).await?
        }
    };
    let session = session.confirm_login(verified).await?;
    Ok(session.next_or("/"))
}

// --- setting up an app -------------------------------------------------------

/// The secret that is shown and not confirmed yet. It stays on the server.
#[derive(Default, Serialize, Deserialize)]
struct NewApp {
    secret: Option<String>,
}

impl SessionData for NewApp {
    type User = Account;
    const NAME: &'static str = "new-app";
}

async fn app_page(account: Fresh<Account>, mut new: Data<NewApp>) -> Result<Markup, AppError> {
    let secret = TotpSecret::generate()?;
    new.update(|new| new.secret = Some(secret.to_base32()))
        .await?;
    to_scan(&secret, &account, "")
}

fn to_scan(secret: &TotpSecret, account: &Account, message: &str) -> Result<Markup, AppError> {
    Ok(page(html! {
        h1 { "Scan this with your app" }
        (PreEscaped(secret.qr_svg("Portcullis example", &account.name)?))
        p { "or type " code { (secret.to_base32()) } }
        p { (message) }
        form method="post" {
            label { "The code that it shows " input name="code"; } " " button { "Set up" }
        }
    }))
}

async fn set_up_app(
    session: Session<Fresh<Account>>,
    login: Login<Account>,
    mut new: Data<NewApp>,
    State(database): State<Database>,
    Form(form): Form<CodeForm>,
) -> Result<Markup, AppError> {
    let Some(secret) = new.stored().and_then(|new| new.secret.clone()) else {
        return Err(LoginError::refused().into());
    };
    let shown = TotpSecret::from_base32(&secret)?;
    match login.confirm_totp(&session, &shown, &form.code).await {
        Ok(()) => {}
        // Mistyped: once more, with the secret that is in the app by now.
        Err(error) if error.is_refused() => {
            return to_scan(&shown, session.user(), "That was not the code.");
        }
        Err(error) => return Err(error.into()),
    }
    new.take().await?;
    let codes = RecoveryCode::generate()?;
    let account = database.with(|account| {
        account.totp = Some(secret);
        account.recovery_codes = codes.iter().map(RecoveryCode::hash).collect();
        account.clone()
    });
    // Another factor: all other sessions end (OWASP ASVS 5.0, 7.4.3).
    session.credentials_changed(account).await?;
    Ok(page(html! {
        h1 { "Your app is set up" }
        p { "Write these down, each is good once if you lose it:" }
        ul { @for code in &codes { li { code { (code.reveal()) } } } }
        a href="/" { "Go on" }
    }))
}

async fn home(account: Authenticated<Account>) -> Markup {
    page(html! {
        p { "Logged in as: " (account.name)
            @if account.info().by_second_factor() { ", with two factors" } }
        p { a href="/app" { "Set up an authenticator app" } }
        form method="post" action="/logout" { button { "Log out" } }
    })
}

/// Whoever is logged in, or about to be.
async fn log_out(session: portcullis::AnySession<Account>) -> Result<Redirect, LoginError> {
    use portcullis::AnySession::{Anonymous, Authenticated, Fresh, Pending};
    match session {
        Anonymous(_) => {}
        Pending(session) => drop(session.logout_user().await?),
        Authenticated(session) => drop(session.logout_user().await?),
        Fresh(session) => drop(session.logout_user().await?),
    }
    Ok(Redirect::to("/login"))
}

fn page(body: Markup) -> Markup {
    html! { (DOCTYPE) html { head { title { "Two factors" } } body { (body) } } }
}

/// What goes wrong in a handler. The answer of a [`LoginError`] stays its own.
#[derive(Debug)]
enum AppError {
    Login(LoginError),
    Other,
}

impl From<LoginError> for AppError {
    fn from(error: LoginError) -> Self {
        Self::Login(error)
    }
}

impl From<BoxError> for AppError {
    fn from(_: BoxError) -> Self {
        Self::Other
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        match self {
            Self::Login(error) => error.into_response(),
            Self::Other => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// The app, for the server below and for tests, which bring a clock of their own.
pub fn app(clock: impl Clock) -> Result<axum::Router, BoxError> {
    let password = Password::from("correct horse".to_owned());
    let database = Database(Arc::new(Mutex::new(Account {
        name: "leafstorm".to_owned(),
        password_hash: password.hash(PasswordCost::default())?,
        ..Account::default()
    })));
    let loader = {
        let database = database.clone();
        move |name: String| {
            let found = database.find(&name);
            async move { Ok::<_, Infallible>(found) }
        }
    };
    let manager = LoginManager::builder()
        .user_loader(loader)
        .secret_key(SecretKey::generate()?)
        .clock(clock)
        .login_path("/login")
        .second_factor_path("/login/code")
        .refresh_path("/confirm")
        .build()?;
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/login", login_page)
            .post("/login", log_in)
            .get("/login/code", code_page)
            .post("/login/code", check_code)
            .post("/login/recovery", recover)
            .get("/confirm", confirm_page)
            .post("/confirm", confirm)
            .get("/", home)
            .get("/app", app_page)
            .post("/app", set_up_app)
            .post("/logout", log_out)
            .with_state(App { login, database })
    }))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(SystemClock)?).await?;
    Ok(())
}
