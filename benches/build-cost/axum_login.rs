//! Hello with axum-login on the memory store of tower-sessions.

use std::convert::Infallible;

use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, login_required};
use tower_sessions::{MemoryStore, SessionManagerLayer};

#[derive(Clone, Debug)]
struct User(u64);

impl AuthUser for User {
    type Id = u64;

    fn id(&self) -> u64 {
        self.0
    }

    fn session_auth_hash(&self) -> &[u8] {
        b""
    }
}

#[derive(Clone)]
struct Backend;

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = u64;
    type Error = Infallible;

    async fn authenticate(&self, id: u64) -> Result<Option<User>, Infallible> {
        Ok(Some(User(id)))
    }

    async fn get_user(&self, id: &u64) -> Result<Option<User>, Infallible> {
        Ok(Some(User(*id)))
    }
}

async fn hello(session: AuthSession<Backend>) -> String {
    format!("hello {}", session.user.unwrap().0)
}

async fn log_in(mut session: AuthSession<Backend>, Path(id): Path<u64>) {
    session.login(&User(id)).await.unwrap();
}

async fn log_out(mut session: AuthSession<Backend>) {
    session.logout().await.unwrap();
}

#[tokio::main]
async fn main() {
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    let app = Router::new()
        .route("/", get(hello))
        .route("/logout", post(log_out))
        .route_layer(login_required!(Backend))
        .route("/login/{id}", post(log_in))
        .layer(AuthManagerLayerBuilder::new(Backend, sessions).build());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await;
    axum::serve(listener.unwrap(), app).await.unwrap();
}
