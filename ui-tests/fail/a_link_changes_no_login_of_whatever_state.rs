#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{AnySession, Routes};

async fn any(_: AnySession<User>) {}

fn routes() -> Routes<App> {
    Routes::new().get("/", any)
}

fn main() {}
