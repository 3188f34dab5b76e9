#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Anonymous;

fn name(by: &Anonymous<User>) -> &str {
    &by.name
}

fn user(by: &Anonymous<User>) -> &User {
    by.user()
}

fn main() {}
