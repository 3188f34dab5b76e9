#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

fn twice(session: Session<Authenticated<User>>) -> [Session<Authenticated<User>>; 2] {
    [session.clone(), session]
}

fn main() {}
