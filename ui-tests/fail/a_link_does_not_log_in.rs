#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Routes, Session};

async fn log_in(session: Session<Anonymous>) {
    drop(session);
}

fn routes() -> Routes<App> {
    Routes::new().get("/login", log_in)
}

fn main() {}
