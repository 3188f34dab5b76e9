#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Not};

fn ban(_: &Allowed<User, IsMember>) {}

async fn handler(by: Allowed<User, Not<IsMember>>) {
    ban(&by)
}

fn main() {}
