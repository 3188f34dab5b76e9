#[path = "../common.rs"]
mod common;
use axum::extract::State;
use common::*;
use portcullis::{Authenticated, Routes};

async fn list((State(_), user): (State<Db>, Authenticated<User>)) -> String {
    user.name.clone()
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
