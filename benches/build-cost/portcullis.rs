//! Hello with portcullis.

use std::convert::Infallible;

use axum::extract::Path;
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, Login, LoginError, LoginManager, OneFactor,
    Routes, SecretKey, Session,
};

struct User(u64);

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

async fn load(id: u64) -> Result<Option<User>, Infallible> {
    Ok(Some(User(id)))
}

async fn hello(user: Authenticated<User>) -> String {
    format!("hello {}", user.0)
}

async fn log_in(
    session: Session<Anonymous>,
    Path(id): Path<u64>,
    login: Login<User>,
) -> Result<(), LoginError> {
    session
        .login_user(login.vouch_for(User(id)))
        .await
        .map(drop)
}

async fn log_out(session: Session<Authenticated<User>>) -> Result<(), LoginError> {
    session.logout_user().await.map(drop)
}

#[tokio::main]
async fn main() {
    let key = SecretKey::generate().unwrap();
    let manager = LoginManager::builder()
        .user_loader(load)
        .secret_key(key)
        .build();
    let app = manager.unwrap().into_router(|login| {
        Routes::new()
            .get("/", hello)
            .post("/login/{id}", log_in)
            .post("/logout", log_out)
            .with_state(login)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await;
    axum::serve(listener.unwrap(), app).await.unwrap();
}
