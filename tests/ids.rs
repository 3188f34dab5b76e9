//! A user is who its id says: neither an id that reads back as another, nor a
//! loader that gives another user, makes one user of another.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::convert::Infallible;

use axum::http::{Method, StatusCode};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, Login, LoginError, LoginManager, OneFactor,
    Routes, Session,
};
use serde::{Deserialize, Serialize};
use support::{Browser, key};

/// What the JSON of an id leaves out reads back as something else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
enum Id {
    Staff(u64),
    Customer(u64),
}

struct Person(Id);

impl AuthUser for Person {
    type Id = Id;
    type Factors = OneFactor;

    fn id(&self) -> Id {
        self.0.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

async fn who(person: Authenticated<Person>) -> String {
    format!("{:?}", person.0)
}

/// An app in which this person logs in, and the loader gives what it is told to.
fn app(person: fn() -> Person, load: fn(Id) -> Person) -> Browser {
    let log_in = async move |session: Session<Anonymous>, login: Login<Person>| {
        let session = session.login_user(login.vouch_for(person())).remember(true);
        session.await.map(drop)
    };
    let manager = LoginManager::builder()
        .user_loader(move |id| async move { Ok::<_, Infallible>(Some(load(id))) })
        .secret_key(key(1))
        .build();
    let routes = |login: Login<Person>| {
        Routes::new()
            .post(
                "/login",
                async move |session, login| -> Result<(), LoginError> {
                    log_in(session, login).await
                },
            )
            .get("/who", who)
            .with_state(login)
    };
    Browser::of(manager.unwrap().into_router(routes))
}

#[tokio::test]
async fn an_id_that_reads_back_as_another_does_not_log_in() {
    let mut customer = app(|| Person(Id::Customer(1)), Person);
    let reply = customer.post("/login").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(customer.jar.is_empty(), "{:?}", customer.jar);
    let mut staff = app(|| Person(Id::Staff(1)), Person);
    assert_eq!(staff.post("/login").await.status, StatusCode::OK);
    assert_eq!(staff.get("/who").await.body, "Staff(1)");
}

#[tokio::test]
async fn a_loader_that_gives_another_user_gives_nobody() {
    let mut browser = app(|| Person(Id::Staff(7)), |_| Person(Id::Staff(9)));
    assert_eq!(browser.post("/login").await.status, StatusCode::OK);
    let reply = browser.api(Method::GET, "/who").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    // Nor by the remember cookie alone.
    browser.close();
    assert!(browser.token().is_some());
    let reply = browser.api(Method::GET, "/who").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}
