#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Login;

fn forge(user: User) -> Login<User> {
    Login(user)
}

fn main() {}
