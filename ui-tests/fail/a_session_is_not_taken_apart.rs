#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

fn keep(session: Session<Authenticated<User>>) -> Authenticated<User> {
    let Session { proof, .. } = session;
    proof
}

fn main() {}
