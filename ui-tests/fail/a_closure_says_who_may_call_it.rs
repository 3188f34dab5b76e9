#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Routes;

fn routes() -> Routes<App> {
    Routes::new().post("/orders", |body: String| async { body })
}

fn main() {}
