#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Routes};

async fn club(_: Allowed<Staff, IsMember>) {}

fn routes() -> Routes<TwoRealms> {
    Routes::new().get("/club", club)
}

fn main() {}
