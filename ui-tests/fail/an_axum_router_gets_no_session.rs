#[path = "../common.rs"]
mod common;
use axum::{Router, routing::post};
use common::*;
use portcullis::{Authenticated, Session};

async fn log_out(session: Session<Authenticated<User>>) {
    drop(session);
}

fn routes() -> Router<App> {
    Router::new().route("/logout", post(log_out))
}

fn main() {}
