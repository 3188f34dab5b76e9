#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{CurrentUser, Routes, public};

async fn navbar(who: CurrentUser<Staff>) -> String {
    format!("{who:?}")
}

fn serve() -> axum::Router {
    users().into_router(|login| {
        Routes::new()
            .get("/", public(navbar))
            .with_state(App { login, db: Db })
    })
}

fn main() {}
