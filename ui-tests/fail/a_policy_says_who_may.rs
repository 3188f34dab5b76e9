#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Routes};

enum IsTrained {}

async fn refund(_: Allowed<User, IsTrained>) {}

fn routes() -> Routes<App> {
    Routes::new().post("/refund", refund)
}

fn main() {}
