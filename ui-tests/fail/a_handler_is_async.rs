#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes};

fn list(user: Authenticated<User>) -> String {
    user.name.clone()
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
