#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Authenticated;

fn order(by: &Authenticated<User>) -> &str {
    &by.name
}

async fn handler(user: User) -> String {
    order(&user).to_owned()
}

fn main() {}
