#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{FiveMinutes, Fresh, OneMinute};

fn transfer(by: &Fresh<User, FiveMinutes>) -> &str {
    &by.name
}

async fn handler(user: Fresh<User, OneMinute>) -> String {
    transfer(&user).to_owned()
}

fn main() {}
