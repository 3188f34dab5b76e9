//! Log in, be let in, log out: the first lesson.
//!
//! Run it with `cargo run --example basic`, and log in at
//! <http://127.0.0.1:3000> as `leafstorm` with the password `secret`.

use std::{collections::HashMap, convert::Infallible, sync::LazyLock};

use axum::{
    Form,
    response::{Html, Redirect},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, CurrentUser, Flashes, Login,
    LoginError, LoginManager, OneFactor, Routes, SecretKey, Session, public,
};
use serde::Deserialize;

#[derive(Clone)]
struct Account {
    email: String,
    password: String, // a real app keeps a hash
}

impl AuthUser for Account {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.email.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(&self.password) // a new password ends every session
    }
}

/// Our database.
static ACCOUNTS: LazyLock<HashMap<String, Account>> = LazyLock::new(|| {
    let leafstorm = Account {
        email: "leafstorm".to_owned(),
        password: "secret".to_owned(),
    };
    HashMap::from([(leafstorm.email.clone(), leafstorm)])
});

async fn load_account(email: String) -> Result<Option<Account>, Infallible> {
    Ok(ACCOUNTS.get(&email).cloned())
}

async fn home(who: CurrentUser<Account>) -> Html<&'static str> {
    Html(if who.is_authenticated() {
        r#"<a href="/protected">Go in</a>"#
    } else {
        r#"<a href="/login">Log in</a>"#
    })
}

async fn login_page(flashes: Flashes<Account>) -> Html<String> {
    let told: String = flashes
        .iter()
        .map(|flash| format!("<p>{flash}</p>"))
        .collect();
    let form = r#"<form method="post">
             Email: <input name="email"><br>
             Password: <input name="password" type="password"><br>
             <label><input name="remember" type="checkbox" value="true"> Remember me</label><br>
             <button>Log In</button>
           </form>"#;
    Html(told + form) // "Please log in to access this page."
}

#[derive(Deserialize)]
struct LoginForm {
    email: String,
    password: String,
    #[serde(default)] // an unchecked box is not sent
    remember: bool, // and one without `value="true"` sends `on`, which is no bool
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Account>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let Ok(found) = load_account(form.email).await;
    let account = found
        .filter(|account| account.password == form.password)
        .ok_or_else(LoginError::refused)?;
    let verified = login.vouch_for(account);
    let session = session.login_user(verified).remember(form.remember).await?;
    Ok(session.next_or("/protected"))
}

async fn protected(account: Authenticated<Account>) -> Html<String> {
    let logout = r#"<form method="post" action="/logout"><button>Log Out</button></form>"#;
    Html(format!("Logged in as: {}{logout}", account.email))
}

async fn log_out(session: Session<Authenticated<Account>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/login"))
}

/// The app, for the server below and for tests.
pub fn app() -> Result<axum::Router, BoxError> {
    let manager = LoginManager::builder()
        .user_loader(load_account)
        .secret_key(SecretKey::generate()?) // a real app: SecretKey::from_env("SECRET_KEY")?
        .login_path("/login")
        .build()?;
    Ok(manager.into_router(|login| {
        let routes = Routes::new()
            .get("/", home)
            .get("/login", public(login_page))
            .post("/login", log_in)
            .get("/protected", protected) // take the argument away, and this line does not compile
            .post("/logout", log_out)
            .with_state(login);
        println!("{}", routes.access_table());
        routes
    }))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Listening on http://{}\n", listener.local_addr()?);
    axum::serve(listener, app()?).await?;
    Ok(())
}
