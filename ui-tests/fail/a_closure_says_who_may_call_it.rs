#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Routes};

fn routes() -> Routes<App> {
    Routes::new().get("/orders", |query: axum::extract::RawQuery| async { query.0 })
}

fn main() {}
