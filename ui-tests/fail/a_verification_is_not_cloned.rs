#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Verified;

fn twice(verified: Verified<User>) -> [Verified<User>; 2] {
    [verified.clone(), verified]
}

fn main() {}
