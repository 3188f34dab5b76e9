//! How an app tests its protected pages.
//!
//! ```sh
//! cargo test --example testing --features testing
//! ```

use std::{convert::Infallible, time::Duration};

use axum::response::{Html, Redirect};
use portcullis::{
    AuthHash, AuthUser, Authenticated, BoxError, Clock, Fresh, Login, LoginError, LoginManager,
    OneFactor, Routes, SecretKey, Session, SystemClock,
};

#[derive(Clone)]
struct Account {
    name: String,
}

impl AuthUser for Account {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

/// A real app asks its database; its tests give it one of their own.
async fn load_account(name: String) -> Result<Option<Account>, Infallible> {
    Ok(Some(Account { name }))
}

async fn orders(account: Authenticated<Account>) -> Html<String> {
    Html(format!("<h1>Orders of {}</h1>", account.name))
}

async fn close(account: Fresh<Account>) -> String {
    farewell(&account)
}

fn farewell(by: &Fresh<Account>) -> String {
    format!("Good bye, {}", by.name)
}

async fn log_out(session: Session<Authenticated<Account>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/login"))
}

/// The app, with the clock as the one thing that tests put in its place.
pub fn app(clock: impl Clock) -> Result<axum::Router, BoxError> {
    let manager = LoginManager::builder()
        .user_loader(load_account)
        .secret_key(SecretKey::generate()?)
        .clock(clock)
        .login_path("/login")
        .refresh_path("/confirm")
        .fresh_for(Duration::from_secs(15 * 60))
        .build()?;
    Ok(manager.into_router(|login: Login<Account>| {
        Routes::new()
            .get("/orders", orders)
            .post("/close", close)
            .post("/logout", log_out)
            .with_state(login)
    }))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let _app = app(SystemClock)?;
    println!("The point of this example is below `main`: its tests.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, StatusCode},
    };
    use portcullis::testing::{self, TestClient, TestClock};
    use tower::ServiceExt;

    use super::*;

    fn account() -> Account {
        Account {
            name: "leafstorm".to_owned(),
        }
    }

    /// A story of several requests: the client keeps cookies, as a browser does.
    #[tokio::test]
    async fn orders_are_for_who_is_logged_in() {
        let mut client = TestClient::new(app(SystemClock).unwrap());
        assert_eq!(
            client.get("/orders").await.location(),
            Some("/login?next=%2Forders")
        );

        let mut client = TestClient::new(app(SystemClock).unwrap()).login_as(account());
        assert_eq!(
            client.get("/orders").await.text(),
            "<h1>Orders of leafstorm</h1>"
        );
        assert_eq!(client.post("/logout").await.location(), Some("/login"));
        assert_eq!(client.get("/orders").await.status(), StatusCode::SEE_OTHER);
    }

    /// Time passes when the test says so.
    #[tokio::test]
    async fn an_account_is_closed_with_a_fresh_password() {
        let clock = TestClock::new();
        let mut client = TestClient::new(app(clock.clone()).unwrap()).login_as(account());
        assert_eq!(client.post("/close").await.text(), "Good bye, leafstorm");
        clock.advance(Duration::from_secs(15 * 60));
        assert_eq!(client.post("/close").await.location(), Some("/confirm"));
    }

    /// Other kinds of login.
    #[tokio::test]
    async fn a_remembered_login_is_not_fresh() {
        let remembered = testing::login_as(account()).remembered();
        let mut client = TestClient::new(app(SystemClock).unwrap()).login_with(remembered);
        client.get("/orders").await;
        client.close_window();
        assert_eq!(client.get("/orders").await.status(), StatusCode::OK);
        assert_eq!(client.post("/close").await.location(), Some("/confirm"));
    }

    /// A test that calls the router itself needs one line more.
    #[tokio::test]
    async fn orders_with_oneshot() {
        let request = Request::get("/orders")
            .extension(testing::login_as(account()))
            .body(Body::empty())
            .unwrap();
        let response = app(SystemClock).unwrap().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }

    /// A function that asks for a proof, without any request.
    #[test]
    fn a_farewell_is_personal() {
        assert_eq!(farewell(&testing::fresh(account())), "Good bye, leafstorm");
    }
}
