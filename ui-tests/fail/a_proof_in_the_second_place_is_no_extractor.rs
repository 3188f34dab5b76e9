#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Fresh, Routes};

async fn list(_: Authenticated<User>, user: Fresh<User>) -> String {
    user.name.clone()
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
