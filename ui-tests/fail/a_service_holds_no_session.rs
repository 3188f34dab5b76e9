#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes, Session};

fn routes(files: axum::Router) -> Routes<App> {
    Routes::new().area::<Session<Authenticated<User>>>("/files", |area| area.service("/", files))
}

fn main() {}
