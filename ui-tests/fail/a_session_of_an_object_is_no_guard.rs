#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Granted, Routes, Session};

async fn cancel(_: Session<Granted<User, MayCancel, Order>>) {}

fn routes() -> Routes<App> {
    Routes::new().post("/cancel", cancel)
}

fn main() {}
