#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

fn forge() -> Authenticated<User> {
    Default::default()
}

fn read(body: &str) -> Session<Authenticated<User>> {
    let axum::Json(session) = axum::Json::from_bytes(body.as_bytes()).unwrap();
    session
}

fn main() {}
