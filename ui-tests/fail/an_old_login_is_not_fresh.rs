#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Fresh};

fn transfer(by: &Fresh<User>) -> &str {
    &by.name
}

async fn handler(user: Authenticated<User>) -> String {
    transfer(&user).to_owned()
}

fn main() {}
