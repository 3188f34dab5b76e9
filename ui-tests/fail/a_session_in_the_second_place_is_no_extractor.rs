#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, CurrentUser, Routes, Session};

async fn log_in(_: CurrentUser<User>, session: Session<Anonymous>) {
    drop(session);
}

fn routes() -> Routes<App> {
    Routes::new().post("/login", log_in)
}

fn main() {}
