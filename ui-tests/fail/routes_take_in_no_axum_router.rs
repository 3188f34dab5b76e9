#[path = "../common.rs"]
mod common;
use axum::routing::get;
use common::*;
use portcullis::Routes;

async fn list() -> &'static str {
    "every order of every customer"
}

fn routes() -> Routes<App> {
    Routes::new().merge(axum::Router::new().route("/orders", get(list)))
}

fn main() {}
