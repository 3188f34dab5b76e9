//! A signed cookie that names the user, written by hand: nobody can end such a login.

use axum::{
    Router,
    extract::{FromRef, Path, State},
    http::StatusCode,
    routing::{get, post},
};
use axum_extra::extract::{
    SignedCookieJar,
    cookie::{Cookie, Key},
};
use tokio::runtime::Runtime;

use super::{App, Users};

#[derive(Clone, FromRef)]
struct Parts {
    users: Users,
    key: Key,
}

fn cookie(value: String) -> Cookie<'static> {
    Cookie::build(("id", value))
        .path("/")
        .http_only(true)
        .secure(true)
        .build()
}

async fn protected(jar: SignedCookieJar, State(users): State<Users>) -> Result<String, StatusCode> {
    let id = jar.get("id").and_then(|cookie| cookie.value().parse().ok());
    let user = id.and_then(|id| users.get(id));
    Ok(user.ok_or(StatusCode::UNAUTHORIZED)?.0.name.clone())
}

async fn log_in(jar: SignedCookieJar, Path(id): Path<i64>) -> SignedCookieJar {
    jar.add(cookie(id.to_string()))
}

async fn log_out(jar: SignedCookieJar) -> SignedCookieJar {
    jar.remove(cookie(String::new()))
}

pub(super) fn app(users: &Users, _: &Runtime) -> App {
    let router = Router::new()
        .route("/public", get(async || "hello"))
        .route("/protected", get(protected))
        .route("/login/{id}", post(log_in))
        .route("/logout", post(log_out))
        .with_state(Parts {
            users: users.clone(),
            key: Key::from(&[7; 64]),
        });
    App {
        name: "signed jar by hand",
        router,
        logs_in: true,
        keeps_data: false,
        remembers: false,
    }
}
