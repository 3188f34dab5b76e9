#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

fn steal(session: Session<Authenticated<User>>) -> Authenticated<User> {
    *session
}

fn main() {}
