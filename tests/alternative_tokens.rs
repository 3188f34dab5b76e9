//! Ids that change: Flask-Login's "alternative tokens".

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::http::StatusCode;
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, Login, LoginError, LoginManager, OneFactor,
    Routes, Session,
};
use support::{Browser, key};

/// Found by a token that is made anew when the password changes.
#[derive(Clone)]
struct Account {
    name: &'static str,
    token: String,
}

impl AuthUser for Account {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.token.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

#[tokio::test]
async fn a_new_token_ends_every_session_and_every_remembered_browser() {
    let database = Arc::new(Mutex::new(Account {
        name: "leafstorm",
        token: "first".to_owned(),
    }));
    let find = {
        let database = database.clone();
        move |token: String| {
            let account = database.lock().unwrap().clone();
            async move { Ok::<_, Infallible>((account.token == token).then_some(account)) }
        }
    };
    let log_in = {
        let database = database.clone();
        async move |session: Session<Anonymous>, login: Login<Account>| {
            let account = database.lock().unwrap().clone();
            let login = session.login_user(login.vouch_for(account));
            login.remember(true).await.map(drop)
        }
    };
    let app = LoginManager::builder()
        .user_loader(find)
        .secret_key(key(1))
        .login_path("/login")
        .build()
        .unwrap()
        .into_router(|login| {
            Routes::new()
                .get("/me", async |account: Authenticated<Account>| account.name)
                .post(
                    "/login",
                    move |session: Session<Anonymous>, login: Login<Account>| {
                        let log_in = log_in.clone();
                        async move { log_in(session, login).await as Result<(), LoginError> }
                    },
                )
                .with_state(login)
        });
    let mut browser = Browser::of(app.with_state(()));
    browser.post("/login").await;
    let mut closed = browser.clone();
    closed.close();
    assert_eq!(browser.get("/me").await.body, "leafstorm");

    database.lock().unwrap().token = "second".to_owned();
    for browser in [&mut browser, &mut closed] {
        let reply = browser.get("/me").await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
        assert!(reply.session_cookies().is_empty());
    }
    // And they stay out, should the old token come back.
    database.lock().unwrap().token = "first".to_owned();
    for browser in [&mut browser, &mut closed] {
        assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    }
}
