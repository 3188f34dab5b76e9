#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Verified;

fn forge(user: User) -> Verified<User> {
    Verified { user }
}

fn main() {}
