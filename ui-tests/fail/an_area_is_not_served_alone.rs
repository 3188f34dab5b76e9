#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes};

fn serve(area: Routes<(), Fresh<User>>) -> axum::Router {
    users().into_router(|_| area)
}

fn main() {}
