//! A classic app of pages and forms: every page says in its navbar who is
//! logged in, the 404 page too; there is a login that comes back to where the
//! browser was going, a logout, and a page to change the password.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use addon::ManualClock;
use apps::Browser;
use axum::{
    Form, Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BuildError, CurrentUser, Fresh, Login,
    LoginError, LoginManager, OneFactor, Routes, SecretKey, Session,
};
use serde::Deserialize;

#[derive(Clone)]
struct Account {
    name: String,
    password: String,
}

impl AuthUser for Account {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(&self.password)
    }
}

#[derive(Clone)]
struct Accounts(Arc<Mutex<HashMap<String, Account>>>);

impl Accounts {
    fn of(accounts: &[(&str, &str)]) -> Self {
        let accounts = accounts.iter().map(|(name, password)| {
            let (name, password) = (name.to_string(), password.to_string());
            (name.clone(), Account { name, password })
        });
        Self(Arc::new(Mutex::new(accounts.collect())))
    }

    fn find(&self, name: &str) -> Option<Account> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn check(&self, name: &str, password: &str) -> Option<Account> {
        self.find(name)
            .filter(|account| account.password == password)
    }

    fn set_password(&self, name: &str, password: &str) -> Option<Account> {
        let mut accounts = self.0.lock().unwrap();
        let account = accounts.get_mut(name)?;
        account.password = password.to_owned();
        Some(account.clone())
    }
}

#[derive(Clone, FromRef)]
struct App {
    login: Login<Account>,
    accounts: Accounts,
}

/// Every page of the app.
fn page(who: Option<&Account>, main: &str) -> Html<String> {
    let nav = match who {
        Some(account) => format!("{} <form action=/logout method=post>", account.name),
        None => "<a href=/login>Log in</a>".to_owned(),
    };
    Html(format!("<nav>{nav}</nav><main>{main}</main>"))
}

async fn home(who: CurrentUser<Account>) -> Html<String> {
    page(who.user(), "Welcome")
}

async fn not_found(who: CurrentUser<Account>) -> (StatusCode, Html<String>) {
    (StatusCode::NOT_FOUND, page(who.user(), "No such page"))
}

async fn orders(account: Authenticated<Account>) -> Html<String> {
    page(Some(&account), "Your orders")
}

const PASSWORD: &str = "<form method=post><input name=password type=password></form>";

/// The login page, for who is not logged in.
async fn login_page(_: Anonymous) -> Html<String> {
    page(None, "<form method=post>Name and password</form>")
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
    password: String,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Account>,
    State(accounts): State<Accounts>,
    Form(form): Form<LoginForm>,
) -> Result<Response, LoginError> {
    let Some(account) = accounts.check(&form.name, &form.password) else {
        let page = page(None, "Name or password is wrong");
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let session = session.login_user(login.vouch_for(account)).await?;
    Ok(session.next_or("/").into_response())
}

async fn log_out(session: Session<Authenticated<Account>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/"))
}

/// Asks who is logged in for the password once more.
async fn confirm_page(account: Authenticated<Account>) -> Html<String> {
    page(Some(&account), PASSWORD)
}

#[derive(Deserialize)]
struct PasswordForm {
    password: String,
}

async fn confirm(
    session: Session<Authenticated<Account>>,
    login: Login<Account>,
    State(accounts): State<Accounts>,
    Form(form): Form<PasswordForm>,
) -> Result<Redirect, LoginError> {
    let account = accounts
        .check(&session.user().name, &form.password)
        .ok_or_else(LoginError::refused)?;
    let session = session.confirm_login(login.vouch_for(account)).await?;
    Ok(session.next_or("/"))
}

async fn password_page(account: Fresh<Account>) -> Html<String> {
    page(Some(&account), PASSWORD)
}

async fn change_password(
    session: Session<Fresh<Account>>,
    State(accounts): State<Accounts>,
    Form(form): Form<PasswordForm>,
) -> Result<Redirect, LoginError> {
    let name = &session.user().name;
    let account = accounts
        .set_password(name, &form.password)
        .ok_or_else(LoginError::refused)?;
    session.credentials_changed(account).await?;
    Ok(Redirect::to("/"))
}

fn app(accounts: Accounts, clock: ManualClock) -> Result<Router, BuildError> {
    let loader = accounts.clone();
    let manager = LoginManager::builder()
        .user_loader(move |name: String| {
            let found = loader.find(&name);
            async move { Ok::<_, Infallible>(found) }
        })
        .secret_key(SecretKey::generate()?)
        .clock(clock)
        .login_path("/login")
        .refresh_path("/confirm")
        .build()?;
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/", home)
            .get("/orders", orders)
            .get("/login", login_page)
            .post("/login", log_in)
            .post("/logout", log_out)
            .get("/confirm", confirm_page)
            .post("/confirm", confirm)
            .get("/password", password_page)
            .post("/password", change_password)
            .fallback(not_found)
            .with_state(App { login, accounts })
    }))
}

/// An app on which leafstorm and briar have accounts.
fn an_app() -> (Router, ManualClock) {
    let accounts = Accounts::of(&[("leafstorm", "secret"), ("briar", "thorn")]);
    let clock = ManualClock::default();
    (app(accounts, clock.clone()).unwrap(), clock)
}

async fn logged_in(app: &Router) -> Browser {
    let mut browser = Browser::on(app);
    let answer = browser
        .post("/login", "name=leafstorm&password=secret")
        .await;
    assert_eq!(answer.location(), "/");
    browser
}

#[tokio::test]
async fn the_navbar_says_who_is_logged_in_on_every_page() {
    let (app, _) = an_app();
    let mut stranger = Browser::on(&app);
    let mut user = logged_in(&app).await;
    for path in ["/", "/orders", "/password", "/confirm"] {
        let page = user.get(path).await;
        assert!(page.page().contains("<nav>leafstorm "), "{path}");
    }
    for path in ["/", "/login"] {
        let page = stranger.get(path).await;
        assert!(
            page.page().contains("<nav><a href=/login>Log in</a></nav>"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_404_page_knows_who_is_logged_in() {
    let (app, _) = an_app();
    let mut user = logged_in(&app).await;
    let answer = user.get("/no/such/page").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(
        answer.text().contains("<nav>leafstorm "),
        "{}",
        answer.text()
    );
    let answer = Browser::on(&app).get("/no/such/page").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text().contains("Log in"), "{}", answer.text());
}

#[tokio::test]
async fn next_travels_through_the_login() {
    let (app, _) = an_app();
    let mut browser = Browser::on(&app);
    let login = browser.get("/orders?page=2").await.location().to_owned();
    assert!(login.starts_with("/login?next="), "{login}");
    browser.get(&login).await.page();
    let wrong = browser.post(&login, "name=leafstorm&password=guess").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = browser.post(&login, "name=leafstorm&password=secret").await;
    assert_eq!(right.location(), "/orders?page=2");
    assert!(
        browser
            .get(right.location())
            .await
            .page()
            .contains("Your orders")
    );
}

#[tokio::test]
async fn next_does_not_lead_to_another_site() {
    let (app, _) = an_app();
    for evil in ["https://evil.example", "//evil.example", "/%5Cevil.example"] {
        let answer = Browser::on(&app)
            .post(
                &format!("/login?next={evil}"),
                "name=leafstorm&password=secret",
            )
            .await;
        assert_eq!(answer.location(), "/", "{evil}");
    }
}

#[tokio::test]
async fn who_is_logged_in_needs_no_login_page() {
    let (app, _) = an_app();
    let mut user = logged_in(&app).await;
    assert_eq!(user.get("/login").await.location(), "/");
    assert_eq!(user.get("/login?next=/orders").await.location(), "/orders");
}

#[tokio::test]
async fn after_logout_a_copy_of_the_cookie_is_worth_nothing() {
    let (app, _) = an_app();
    let mut user = logged_in(&app).await;
    let mut thief = Browser::on(&app);
    thief.set_cookie("__Host-login", user.cookie("__Host-login").unwrap());
    thief.get("/orders").await.page();

    assert_eq!(user.post("/logout", "").await.location(), "/");
    assert_eq!(user.cookie("__Host-login"), None);
    assert!(user.get("/").await.page().contains("Log in"));
    assert_eq!(
        thief.get("/orders").await.location(),
        "/login?next=%2Forders"
    );
}

#[tokio::test]
async fn a_new_password_logs_out_every_other_browser() {
    let (app, _) = an_app();
    let (mut here, mut there) = (logged_in(&app).await, logged_in(&app).await);
    let mut briar = Browser::on(&app);
    briar
        .post("/login", "name=briar&password=thorn")
        .await
        .location();
    let before = here.cookie("__Host-login").unwrap().to_owned();

    assert_eq!(
        here.post("/password", "password=better").await.location(),
        "/"
    );
    assert!(here.get("/orders").await.page().contains("leafstorm"));
    assert_ne!(here.cookie("__Host-login"), Some(before.as_str()));
    assert_eq!(
        there.get("/orders").await.location(),
        "/login?next=%2Forders"
    );
    assert!(briar.get("/orders").await.page().contains("briar"));

    let old = there.post("/login", "name=leafstorm&password=secret").await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = there.post("/login", "name=leafstorm&password=better").await;
    assert_eq!(new.location(), "/");
}

#[tokio::test]
async fn an_older_login_gives_the_password_once_more_before_changing_it() {
    let (app, clock) = an_app();
    let mut user = logged_in(&app).await;
    clock.advance(Duration::from_secs(16 * 60));
    user.get("/orders").await.page();

    let confirm = user.get("/password").await.location().to_owned();
    assert_eq!(confirm, "/confirm?next=%2Fpassword");
    user.get(&confirm).await.page();
    let before = user.cookie("__Host-login").unwrap().to_owned();
    let answer = user.post(&confirm, "password=secret").await;
    assert_eq!(answer.location(), "/password");
    assert_ne!(user.cookie("__Host-login"), Some(before.as_str()));
    assert_eq!(
        user.post("/password", "password=better").await.location(),
        "/"
    );
}

#[tokio::test]
async fn a_wrong_password_confirms_nothing() {
    let (app, clock) = an_app();
    let mut user = logged_in(&app).await;
    clock.advance(Duration::from_secs(16 * 60));
    let answer = user.post("/confirm?next=/password", "password=guess").await;
    assert_ne!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_ne!(answer.header("location"), Some("/password"));
    assert_eq!(
        user.get("/password").await.location(),
        "/confirm?next=%2Fpassword"
    );
    user.get("/orders").await.page(); // still logged in
}

#[tokio::test]
async fn pages_for_one_user_are_kept_by_no_cache() {
    let (app, _) = an_app();
    let mut user = logged_in(&app).await;
    let answer = user.get("/orders").await;
    assert!(answer.header("cache-control").unwrap().contains("no-store"));
    assert!(
        answer
            .header("vary")
            .unwrap()
            .to_lowercase()
            .contains("cookie")
    );
}
