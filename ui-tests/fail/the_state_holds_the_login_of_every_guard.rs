#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes};

async fn dashboard(_: Authenticated<Staff>) {}

fn serve() -> axum::Router {
    users().into_router(|login| {
        Routes::new()
            .get("/", dashboard)
            .with_state(App { login, db: Db })
    })
}

fn main() {}
