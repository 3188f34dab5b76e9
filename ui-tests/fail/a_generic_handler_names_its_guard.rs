#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Routes;
use portcullis::routing::handler::Access;

async fn show<G: Access>(_: G) {}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", show)
}

fn main() {}
