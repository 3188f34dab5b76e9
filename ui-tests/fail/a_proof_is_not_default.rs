#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Authenticated;

fn forge() -> Authenticated<User> {
    Default::default()
}

fn main() {}
