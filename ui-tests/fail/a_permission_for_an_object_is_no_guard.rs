#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Granted, Routes};

async fn cancel(_: Granted<User, MayCancel, Order>) {}

fn routes() -> Routes<App> {
    Routes::new().post("/cancel", cancel)
}

fn main() {}
