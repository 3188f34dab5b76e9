#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::IsVerified;

impl IsVerified<User> for User {}

fn main() {}
