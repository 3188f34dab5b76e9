#[path = "../common.rs"]
mod common;
use axum::extract::{FromRequestParts, State};
use common::*;
use portcullis::Routes;

async fn show<E: FromRequestParts<App>>(_: E) {}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", show::<State<Db>>)
}

fn main() {}
