#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes, Session};

async fn leave(_: Session<Fresh<User>>) {}

fn routes() -> Routes<App> {
    Routes::new().get("/leave", leave)
}

fn main() {}
