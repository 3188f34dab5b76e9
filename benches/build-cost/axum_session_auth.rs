//! Hello with axum_session_auth, its sessions in memory.

use async_trait::async_trait;
use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    routing::{get, post},
};
use axum_session::{SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use axum_session_auth::{AuthConfig, AuthSession, AuthSessionLayer, Authentication};

#[derive(Clone)]
struct User(u64);

#[async_trait]
impl Authentication<Self, u64, ()> for User {
    async fn load_user(id: u64, _: Option<&()>) -> anyhow::Result<Self> {
        Ok(Self(id))
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

type Auth = AuthSession<User, u64, SessionNullPool, ()>;

async fn hello(auth: Auth) -> Result<String, StatusCode> {
    let user = auth.current_user.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(format!("hello {}", user.0))
}

async fn log_in(auth: Auth, Path(id): Path<u64>) {
    auth.login_user(id);
}

async fn log_out(auth: Auth) {
    auth.logout_user();
}

#[tokio::main]
async fn main() {
    let sessions = SessionStore::<SessionNullPool>::new(None, SessionConfig::default()).await;
    let auth = AuthSessionLayer::<User, u64, SessionNullPool, ()>::new(Some(()));
    let app = Router::new()
        .route("/", get(hello))
        .route("/login/{id}", post(log_in))
        .route("/logout", post(log_out))
        .layer(auth.with_config(AuthConfig::default()))
        .layer(SessionLayer::new(sessions.unwrap()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await;
    axum::serve(listener.unwrap(), app).await.unwrap();
}
