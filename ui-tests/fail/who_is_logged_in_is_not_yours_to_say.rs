#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::LoggedIn;

struct Mine;

impl LoggedIn for Mine {
    type User = User;
}

fn main() {}
