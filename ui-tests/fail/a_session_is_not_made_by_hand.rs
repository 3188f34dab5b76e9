#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

fn wrap(proof: Authenticated<User>) -> Session<Authenticated<User>> {
    Session { proof }
}

fn main() {}
