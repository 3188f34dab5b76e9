#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, OneMinute};

fn transfer(by: &Fresh<User, OneMinute>) -> &str {
    &by.name
}

async fn handler(user: Fresh<User>) -> String {
    transfer(&user).to_owned()
}

fn main() {}
