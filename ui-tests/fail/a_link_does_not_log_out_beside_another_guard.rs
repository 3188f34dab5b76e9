#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes, Session};

async fn log_out((_, _): (Session<Authenticated<User>>, Authenticated<Staff>)) {}

fn routes() -> Routes<TwoRealms> {
    Routes::new().get("/logout", log_out)
}

fn main() {}
