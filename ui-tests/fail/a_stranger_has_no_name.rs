#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Anonymous;

fn stranger(by: &Anonymous<User>) -> &str {
    &by.name
}

fn main() {}
