#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Authenticated;

fn keep(proof: &Authenticated<User>) -> Authenticated<User> {
    proof.clone()
}

fn main() {}
