#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Routes, Session};

async fn leave(_: Session<Allowed<User, IsMember>>) {}

fn routes() -> Routes<App> {
    Routes::new().get("/leave", leave)
}

fn main() {}
