#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Routes, routing::Everyone};

async fn list(_: Everyone) {}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
