#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Session};

fn name(session: &Session<Anonymous>) -> String {
    session.user().name.clone()
}

fn main() {}
