//! With axum_session_auth, its sessions in memory.

use anyhow::anyhow;
use async_trait::async_trait;
use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    routing::{get, post},
};
use axum_session::{SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use axum_session_auth::{AuthConfig, AuthSession, AuthSessionLayer, Authentication};
use tokio::runtime::Runtime;

use super::{App, User, Users};

#[async_trait]
impl Authentication<Self, i64, Users> for User {
    async fn load_user(id: i64, users: Option<&Users>) -> anyhow::Result<Self> {
        let user = users.and_then(|users| users.get(id));
        user.ok_or_else(|| anyhow!("no such user"))
    }

    fn is_authenticated(&self) -> bool {
        true
    }

    fn is_active(&self) -> bool {
        true
    }

    fn is_anonymous(&self) -> bool {
        false
    }
}

type Auth = AuthSession<User, i64, SessionNullPool, Users>;

async fn protected(auth: Auth) -> Result<String, StatusCode> {
    let user = auth.current_user.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(user.0.name.clone())
}

async fn log_in(auth: Auth, Path(id): Path<i64>) {
    auth.login_user(id);
}

async fn log_out(auth: Auth) {
    auth.logout_user();
}

async fn count(auth: Auth) {
    let count: u64 = auth.session.get("count").unwrap_or(0);
    auth.session.set("count", count + 1);
}

pub(super) fn app(users: &Users, runtime: &Runtime) -> App {
    let sessions = SessionStore::<SessionNullPool>::new(None, SessionConfig::default());
    let sessions = runtime.block_on(sessions).expect("a store");
    let auth = AuthSessionLayer::<User, i64, SessionNullPool, Users>::new(Some(users.clone()))
        .with_config(AuthConfig::default());
    let router = Router::new()
        .route("/public", get(async || "hello"))
        .route("/protected", get(protected))
        .route("/login/{id}", post(log_in))
        .route("/logout", post(log_out))
        .route("/count", post(count))
        .layer(auth)
        .layer(SessionLayer::new(sessions));
    App {
        name: "axum_session_auth",
        router,
        logs_in: true,
        keeps_data: true,
    }
}
