//! The password once more: changing the e-mail address needs one that was
//! given within the last minutes, and comes back to where one was.
//!
//! ```sh
//! cargo run --example fresh_login   # then open http://127.0.0.1:3000
//! ```
//!
//! Log in as `leafstorm` with the password `secret`. The login is fresh for one
//! minute; wait for it to pass, and ask for another address.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Form,
    extract::{FromRef, State},
    response::{Html, Redirect},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, Clock, Fresh, Login, LoginError,
    LoginManager, OneFactor, Routes, SecretKey, Session, SystemClock,
};
use serde::Deserialize;

#[derive(Clone)]
struct Account {
    name: &'static str,
    password: &'static str, // a real app keeps a hash
    email: String,
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

/// Our database, of one account.
type Database = Arc<Mutex<Account>>;

#[derive(Clone, FromRef)]
struct App {
    login: Login<Account>,
    database: Database,
}

fn find(database: &Database, name: &str) -> Option<Account> {
    let account = database.lock().ok()?;
    (account.name == name).then(|| account.clone())
}

async fn login_page(_: Anonymous) -> Html<&'static str> {
    Html(
        r#"<h1>Log in</h1><form method="post">
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
    State(database): State<Database>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let account = find(&database, &form.name);
    let account = account.filter(|account| account.password == form.password);
    let account = account.ok_or_else(LoginError::refused)?;
    let session = session.login_user(login.vouch_for(account)).await?;
    Ok(session.next_or("/"))
}

/// Where a login that is not fresh is sent: who it is, is known already.
async fn confirm_page(account: Authenticated<Account>) -> Html<String> {
    Html(format!(
        r#"<h1>Is it still you, {}?</h1><form method="post">
             Password: <input name="password" type="password"> <button>Go on</button></form>"#,
        account.name
    ))
}

#[derive(Deserialize)]
struct ConfirmForm {
    password: String,
}

async fn confirm(
    session: Session<Authenticated<Account>>,
    login: Login<Account>,
    Form(form): Form<ConfirmForm>,
) -> Result<Redirect, LoginError> {
    let account = session.user().clone();
    if account.password != form.password {
        return Err(LoginError::refused()); // back to the form, `next` is kept
    }
    let session = session.confirm_login(login.vouch_for(account)).await?;
    Ok(session.next_or("/"))
}

async fn home(account: Authenticated<Account>) -> Html<String> {
    Html(format!(
        r#"<p>{}, your address is {}. <a href="/email">Change it</a></p>
           <form method="post" action="/logout"><button>Log Out</button></form>"#,
        account.name,
        escaped(&account.email)
    ))
}

/// The form asks for a fresh login already, so that nobody fills it in vain.
async fn email_page(_: Fresh<Account>) -> Html<&'static str> {
    Html(
        r#"<h1>Your new address</h1><form method="post">
             E-mail: <input name="email" type="email"> <button>Change</button></form>"#,
    )
}

#[derive(Deserialize)]
struct EmailForm {
    email: String,
}

async fn change_email(
    account: Fresh<Account>,
    State(database): State<Database>,
    Form(form): Form<EmailForm>,
) -> Redirect {
    set_email(&account, &database, form.email);
    Redirect::to("/")
}

/// Nobody can call this who has not asked for a fresh login.
fn set_email(by: &Fresh<Account>, database: &Database, email: String) {
    if let Ok(mut account) = database.lock() {
        println!("{} changes the address", by.name);
        account.email = email;
    }
}

async fn log_out(session: Session<Authenticated<Account>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/login"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The app, for the server below and for tests, which move the clock by hand.
pub fn app(clock: impl Clock) -> Result<axum::Router, BoxError> {
    let database: Database = Arc::new(Mutex::new(Account {
        name: "leafstorm",
        password: "secret",
        email: "leafstorm@example.org".to_owned(),
    }));
    let loader = {
        let database = database.clone();
        move |name: String| {
            let found = find(&database, &name);
            async move { Ok::<_, Infallible>(found) }
        }
    };
    let manager = LoginManager::builder()
        .user_loader(loader)
        .secret_key(SecretKey::generate()?)
        .clock(clock)
        .login_path("/login")
        .refresh_path("/confirm")
        .fresh_for(Duration::from_secs(60))
        .build()?;
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/login", login_page)
            .post("/login", log_in)
            .get("/confirm", confirm_page)
            .post("/confirm", confirm)
            .get("/", home)
            .get("/email", email_page)
            .post("/email", change_email)
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
