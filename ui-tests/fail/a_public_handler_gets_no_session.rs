#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Routes, Session, public};

async fn log_in(session: Session<Anonymous>) {
    drop(session);
}

fn routes() -> Routes<App> {
    Routes::new().post("/login", public(log_in))
}

fn main() {}
