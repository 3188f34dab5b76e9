#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes, public};

async fn health() -> &'static str {
    "ok"
}

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.get("/health", public(health))
}

fn main() {}
