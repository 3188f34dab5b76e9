#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Routes;

async fn list() -> &'static str {
    "every order of every customer"
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
