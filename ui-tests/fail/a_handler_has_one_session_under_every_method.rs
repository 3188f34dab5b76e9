#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Authenticated, Routes, Session};

async fn log_in((_, _): (Session<Anonymous<User>>, Session<Authenticated<Staff>>)) {}

fn put() -> Routes<TwoRealms> {
    Routes::new().put("/login", log_in)
}

fn patch() -> Routes<TwoRealms> {
    Routes::new().patch("/login", log_in)
}

fn delete() -> Routes<TwoRealms> {
    Routes::new().delete("/login", log_in)
}

fn main() {}
