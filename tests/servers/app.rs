//! The app of the tests that are about its store.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::Path,
    response::{
        Redirect,
        sse::{Event, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, Fresh, Login, LoginError, LoginManager,
    OneFactor, Routes, SecretKey, Session, store::SessionStore,
};

pub struct User(u64);

impl AuthUser for User {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        self.0
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<User>,
    Path(id): Path<u64>,
) -> Result<Redirect, LoginError> {
    let session = session.login_user(login.vouch_for(User(id))).remember(true);
    Ok(session.await?.next_or("/me"))
}

async fn me(user: Authenticated<User>) -> String {
    format!("user {}", user.0)
}

async fn log_out(session: Session<Authenticated<User>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/"))
}

async fn end_others(by: Fresh<User>, login: Login<User>) -> Result<String, LoginError> {
    let ended = login.sessions(&by).end_others().await?;
    Ok(format!("ended {ended}"))
}

/// Stays open as long as the session lives.
async fn stay(user: Authenticated<User>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let hello = Event::default().data(format!("hello {}", user.0));
    let stay = stream::once(async { Ok(hello) }).chain(stream::pending());
    Sse::new(stay.take_until(user.revoked()))
}

/// How long a step of the store may take here.
pub const STORE_TIMEOUT: Duration = Duration::from_secs(2);

pub fn app(store: impl SessionStore) -> Router {
    let manager = LoginManager::builder()
        .user_loader(async |id: u64| Ok::<_, Infallible>(Some(User(id))))
        .secret_key(SecretKey::from([7; 32]))
        .store(store)
        .store_timeout(STORE_TIMEOUT)
        .login_path("/login")
        .build()
        .unwrap();
    manager.into_router(|login| {
        Routes::new()
            .post("/login/{id}", log_in)
            .get("/me", me)
            .get("/stay", stay)
            .post("/logout", log_out)
            .post("/end-others", end_others)
            .with_state(login)
    })
}
