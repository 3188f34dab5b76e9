#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes, public};

async fn not_found() -> &'static str {
    "these are our secret paths: …"
}

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.fallback(public(not_found))
}

fn main() {}
