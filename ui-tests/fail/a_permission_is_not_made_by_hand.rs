#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Authenticated};

fn forge(by: Authenticated<User>) -> Allowed<User, IsMember> {
    Allowed { by }
}

fn main() {}
