#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Authenticated, Routes};

async fn club(_: Authenticated<User>, _: Allowed<User, IsMember>) {}

fn routes() -> Routes<App> {
    Routes::new().get("/club", club)
}

fn main() {}
