//! With axum-login on the memory store of tower-sessions.

use std::convert::Infallible;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, login_required};
use tokio::runtime::Runtime;
use tower_sessions::{MemoryStore, SessionManagerLayer, SessionStore};

use super::{App, User, Users, counted::Counting};

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.0.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.0.password_hash.as_bytes()
    }
}

#[derive(Clone)]
struct Backend(Users);

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = i64;
    type Error = Infallible;

    async fn authenticate(&self, id: i64) -> Result<Option<User>, Infallible> {
        Ok(self.0.get(id))
    }

    async fn get_user(&self, id: &i64) -> Result<Option<User>, Infallible> {
        Ok(self.0.get(*id))
    }
}

async fn protected(session: AuthSession<Backend>) -> Result<String, StatusCode> {
    let user = session.user.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(user.0.name.clone())
}

async fn log_in(
    mut session: AuthSession<Backend>,
    Path(id): Path<i64>,
    State(users): State<Users>,
) -> Result<(), StatusCode> {
    let user = users.get(id).ok_or(StatusCode::UNAUTHORIZED)?;
    let logged_in = session.login(&user).await;
    logged_in.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn log_out(mut session: AuthSession<Backend>) -> Result<(), StatusCode> {
    let logged_out = session.logout().await;
    logged_out
        .map(drop)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn count(session: AuthSession<Backend>) -> Result<(), StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let count: u64 = session
        .session
        .get("count")
        .await
        .map_err(failed)?
        .unwrap_or(0);
    session
        .session
        .insert("count", count + 1)
        .await
        .map_err(failed)
}

pub(super) fn app(users: &Users, _: &Runtime) -> App {
    with_store(users, MemoryStore::default())
}

pub(super) fn counted(users: &Users, _: &Runtime) -> App {
    with_store(users, Counting(MemoryStore::default()))
}

pub fn with_store(users: &Users, store: impl SessionStore + Clone) -> App {
    let sessions = SessionManagerLayer::new(store);
    let auth = AuthManagerLayerBuilder::new(Backend(users.clone()), sessions).build();
    let router = Router::new()
        .route("/protected", get(protected))
        .route("/logout", post(log_out))
        .route("/count", post(count))
        .route_layer(login_required!(Backend))
        .route("/public", get(async || "hello"))
        .route("/login/{id}", post(log_in))
        .layer(auth)
        .with_state(users.clone());
    App {
        name: "axum-login",
        router,
        logs_in: true,
        keeps_data: true,
        remembers: false,
    }
}
