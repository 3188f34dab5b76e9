//! With axum_session_auth, its sessions in memory.

use std::fmt::Debug;

use anyhow::anyhow;
use async_trait::async_trait;
use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    routing::{get, post},
};
use axum_session::{DatabasePool, SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use axum_session_auth::{AuthConfig, AuthSession, AuthSessionLayer, Authentication};
use tokio::runtime::Runtime;

use super::{App, User, Users, counted::Counting};

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

type Auth<P> = AuthSession<User, i64, P, Users>;

async fn protected<P: Pool>(auth: Auth<P>) -> Result<String, StatusCode> {
    let user = auth.current_user.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(user.0.name.clone())
}

async fn log_in<P: Pool>(auth: Auth<P>, Path(id): Path<i64>) {
    auth.login_user(id);
}

async fn log_out<P: Pool>(auth: Auth<P>) {
    auth.logout_user();
}

async fn count<P: Pool>(auth: Auth<P>) {
    let count: u64 = auth.session.get("count").unwrap_or(0);
    auth.session.set("count", count + 1);
}

pub(super) fn app(users: &Users, runtime: &Runtime) -> App {
    with_pool(users, runtime, None::<SessionNullPool>)
}

/// Its sessions stay in memory beside the pool.
pub(super) fn counted(users: &Users, runtime: &Runtime) -> App {
    with_pool(users, runtime, Some(Counting(SessionNullPool)))
}

trait Pool: DatabasePool + Clone + Debug + Send + Sync + 'static {}
impl<P: DatabasePool + Clone + Debug + Send + Sync + 'static> Pool for P {}

fn with_pool<P: Pool>(users: &Users, runtime: &Runtime, pool: Option<P>) -> App {
    let sessions = SessionStore::<P>::new(pool, SessionConfig::default());
    let sessions = runtime.block_on(sessions).expect("a store");
    let auth = AuthSessionLayer::<User, i64, P, Users>::new(Some(users.clone()))
        .with_config(AuthConfig::default());
    let router = Router::new()
        .route("/public", get(async || "hello"))
        .route("/protected", get(protected::<P>))
        .route("/login/{id}", post(log_in::<P>))
        .route("/logout", post(log_out::<P>))
        .route("/count", post(count::<P>))
        .layer(auth)
        .layer(SessionLayer::new(sessions));
    App {
        name: "axum_session_auth",
        router,
        logs_in: true,
        keeps_data: true,
        remembers: false,
    }
}
