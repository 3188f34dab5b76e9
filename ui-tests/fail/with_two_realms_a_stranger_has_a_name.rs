#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Realms, Routes, Session};

async fn log_in(session: Session<Anonymous>) {
    drop(session);
}

fn serve() -> axum::Router {
    (users(), staff()).into_router(|(users, staff)| {
        Routes::new()
            .post("/login", log_in)
            .with_state(TwoRealms { users, staff })
    })
}

fn main() {}
