#[path = "../common.rs"]
mod common;
use axum::extract::State;
use common::*;
use portcullis::{Authenticated, Routes};

async fn list(State(_): State<Db>, user: Authenticated<User>) -> String {
    user.name.clone()
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
