#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, LoginError, Routes};

async fn list(user: Result<Authenticated<User>, LoginError>) {
    drop(user);
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
