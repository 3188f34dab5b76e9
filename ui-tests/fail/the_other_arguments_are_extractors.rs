#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes};

async fn list(_: Authenticated<User>, _: Db, body: String) -> String {
    body
}

fn routes() -> Routes<App> {
    Routes::new().post("/orders", list)
}

fn main() {}
