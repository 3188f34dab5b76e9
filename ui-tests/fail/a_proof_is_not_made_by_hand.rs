#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Authenticated;

fn forge(user: User) -> Authenticated<User> {
    Authenticated(user)
}

fn main() {}
