#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, OneMinute, Routes, Session};

async fn leave(_: Session<Fresh<User, OneMinute>>) {}

fn routes() -> Routes<App> {
    Routes::new().get("/leave", leave)
}

fn main() {}
