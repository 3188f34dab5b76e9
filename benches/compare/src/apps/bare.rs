//! Plain axum: nobody is asked, everybody is let in.

use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use tokio::runtime::Runtime;

use super::{App, Users};

pub(super) fn app(_: &Users, _: &Runtime) -> App {
    let router = Router::new()
        .route("/public", get(async || "hello"))
        .route("/protected", get(async || "user 1"))
        .route("/login/{id}", post(async |_: Path<i64>| {}))
        .route("/remember/{id}", post(async |_: Path<i64>| {}))
        .route("/logout", post(async || {}))
        .route("/count", post(async || {}));
    App {
        name: "bare axum",
        router,
        logs_in: false,
        keeps_data: true,
        remembers: true,
    }
}
