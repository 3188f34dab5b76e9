#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Authenticated, Routes, Session};

async fn log_in((_, _): (Session<Anonymous<User>>, Session<Authenticated<Staff>>)) {}

fn routes() -> Routes<TwoRealms> {
    Routes::new().post("/login", log_in)
}

fn main() {}
