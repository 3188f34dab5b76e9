//! A user is who its id says: neither an id that reads back as another, nor a
//! loader that gives another user, makes one user of another.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::{FromRef, State},
    http::{Method, StatusCode},
};
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

#[derive(Clone, FromRef)]
struct App {
    login: Login<Person>,
    person: fn() -> Person,
}

async fn log_in(
    session: Session<Anonymous>,
    State(App { login, person }): State<App>,
) -> Result<(), LoginError> {
    let verified = login.vouch_for(person());
    session.login_user(verified).remember(true).await.map(drop)
}

/// A browser of an app in which this person logs in, and where the loader gives
/// somebody else while it is wrong.
fn browser(person: fn() -> Person, other: fn() -> Person) -> (Browser, Arc<AtomicBool>) {
    let is_wrong = Arc::new(AtomicBool::new(false));
    let wrong = is_wrong.clone();
    let load = move |id| {
        let loaded = match wrong.load(Ordering::SeqCst) {
            true => other(),
            false => Person(id),
        };
        async { Ok::<_, Infallible>(Some(loaded)) }
    };
    let manager = LoginManager::builder().user_loader(load).secret_key(key(1));
    let app = manager.build().unwrap().into_router(|login| {
        Routes::new()
            .post("/login", log_in)
            .get("/who", who)
            .with_state(App { login, person })
    });
    (Browser::of(app), is_wrong)
}

const STAFF: fn() -> Person = || Person(Id::Staff(7));

#[tokio::test]
async fn an_id_that_reads_back_as_another_does_not_log_in() {
    let (mut customer, _) = browser(|| Person(Id::Customer(7)), STAFF);
    let reply = customer.post("/login").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(customer.jar.is_empty(), "{:?}", customer.jar);
    let (mut staff, _) = browser(STAFF, STAFF);
    assert_eq!(staff.post("/login").await.status, StatusCode::OK);
    assert_eq!(staff.get("/who").await.body, "Staff(7)");
}

/// Neither by the session nor by the remember cookie, and nothing has ended.
#[tokio::test]
async fn a_loader_that_gives_another_user_lets_nobody_in() {
    let others: [fn() -> Person; 2] = [
        || Person(Id::Staff(9)),
        || Person(Id::Customer(7)), // whose JSON is the same
    ];
    for other in others {
        for only_remembered in [false, true] {
            let (mut browser, is_wrong) = browser(STAFF, other);
            assert_eq!(browser.post("/login").await.status, StatusCode::OK);
            if only_remembered {
                browser.close();
            }
            is_wrong.store(true, Ordering::SeqCst);
            let reply = browser.api(Method::GET, "/who").await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
            is_wrong.store(false, Ordering::SeqCst);
            assert_eq!(browser.get("/who").await.body, "Staff(7)");
        }
    }
}
