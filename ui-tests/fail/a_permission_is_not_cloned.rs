#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Allowed;

fn keep(by: &Allowed<User, IsMember>) -> Allowed<User, IsMember> {
    by.clone()
}

fn main() {}
