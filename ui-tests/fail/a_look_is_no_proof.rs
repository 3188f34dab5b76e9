#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, CurrentUser};

fn order(by: &Authenticated<User>) -> &str {
    &by.name
}

async fn handler(who: CurrentUser<User>) -> String {
    order(&who).to_owned()
}

fn main() {}
