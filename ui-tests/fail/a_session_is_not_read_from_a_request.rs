#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

fn read(body: &[u8]) -> Session<Authenticated<User>> {
    let axum::Json(session) = axum::Json::from_bytes(body).unwrap();
    session
}

fn main() {}
