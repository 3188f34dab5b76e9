#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes};

enum JustNow {}

async fn transfer(_: Fresh<User, JustNow>) {}

fn routes() -> Routes<App> {
    Routes::new().post("/transfer", transfer)
}

fn main() {}
