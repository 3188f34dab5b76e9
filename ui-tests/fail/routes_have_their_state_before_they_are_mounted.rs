#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Routes;

fn serve() -> axum::Router {
    users().into_router(|_| Routes::<App>::new())
}

fn main() {}
