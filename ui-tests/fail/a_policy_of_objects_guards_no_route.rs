#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Routes};

async fn cancel(_: Allowed<User, MayCancel>) {}

fn routes() -> Routes<App> {
    Routes::new().post("/cancel", cancel)
}

fn main() {}
