#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes};

async fn list(_: Authenticated<User>) -> Db {
    Db
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
