#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes, Session};

async fn log_out(session: Option<Session<Authenticated<User>>>) {
    drop(session);
}

fn routes() -> Routes<App> {
    Routes::new().post("/logout", log_out)
}

fn main() {}
