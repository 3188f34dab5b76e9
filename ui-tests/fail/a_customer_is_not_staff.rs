#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Authenticated;

fn refund(by: &Authenticated<Staff>) -> u64 {
    portcullis::AuthUser::id(by.user())
}

async fn handler(user: Authenticated<User>) -> String {
    refund(&user).to_string()
}

fn main() {}
