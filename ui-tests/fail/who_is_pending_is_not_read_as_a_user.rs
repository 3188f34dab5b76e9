#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Pending;

fn greeting(by: &Pending<User>) -> &str {
    &by.name
}

fn main() {}
