#[path = "../common.rs"]
mod common;
use axum::extract::State;
use common::*;
use portcullis::Routes;

async fn list(State(_): State<Db>) -> &'static str {
    "every order of every customer"
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
