//! With portcullis, as its first example does it.

use std::{convert::Infallible, time::Duration};

use axum::extract::{FromRef, Path, State};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, Data, Login, LoginError, LoginManager, OneFactor,
    Routes, SecretKey, Session, SessionData, public,
    store::{MemoryStore, SessionStore},
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::{App, User, Users, counted::Counting};

impl AuthUser for User {
    type Id = i64;
    type Factors = OneFactor;

    fn id(&self) -> i64 {
        self.0.id
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(&self.0.password_hash)
    }
}

#[derive(Clone, FromRef)]
struct Parts {
    login: Login<User>,
    users: Users,
}

#[derive(Default, Serialize, Deserialize)]
struct Count(u64);

impl SessionData for Count {
    type User = User;
    const NAME: &'static str = "count";
}

async fn log_in(
    session: Session<Anonymous>,
    Path(id): Path<i64>,
    login: Login<User>,
    State(users): State<Users>,
) -> Result<(), LoginError> {
    let user = users.get(id).ok_or_else(LoginError::refused)?;
    session.login_user(login.vouch_for(user)).await.map(drop)
}

async fn remember(
    session: Session<Anonymous>,
    Path(id): Path<i64>,
    login: Login<User>,
    State(users): State<Users>,
) -> Result<(), LoginError> {
    let user = users.get(id).ok_or_else(LoginError::refused)?;
    let logged_in = session.login_user(login.vouch_for(user)).remember(true);
    logged_in.await.map(drop)
}

async fn log_out(session: Session<Authenticated<User>>) -> Result<(), LoginError> {
    session.logout_user().await.map(drop)
}

async fn count(_: Authenticated<User>, mut data: Data<Count>) -> Result<(), LoginError> {
    data.update(|count| count.0 += 1).await.map(drop)
}

pub(super) fn app(users: &Users, _: &Runtime) -> App {
    with_store(users, MemoryStore::new())
}

pub(super) fn counted(users: &Users, _: &Runtime) -> App {
    with_store(users, Counting(MemoryStore::new()))
}

pub fn with_store(users: &Users, store: impl SessionStore) -> App {
    let database = users.clone();
    let manager = LoginManager::builder()
        .user_loader(move |id: i64| {
            let user = database.get(id);
            async move { Ok::<_, Infallible>(user) }
        })
        .store(store)
        .secret_key(SecretKey::from([7; 32]))
        .touch_interval(Duration::from_secs(30 * 60)) // the peers write no use at all
        .build();
    let users = users.clone();
    let router = manager.expect("a manager").into_router(|login| {
        Routes::new()
            .get("/public", public(async || "hello"))
            .get("/protected", async |user: Authenticated<User>| {
                user.0.name.clone()
            })
            .post("/login/{id}", log_in)
            .post("/remember/{id}", remember)
            .post("/logout", log_out)
            .post("/count", count)
            .with_state(Parts { login, users })
    });
    App {
        name: "portcullis",
        router,
        logs_in: true,
        keeps_data: true,
        remembers: true,
    }
}
