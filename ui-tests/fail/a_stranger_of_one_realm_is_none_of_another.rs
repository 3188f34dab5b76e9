#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Anonymous;

fn register(_: &Anonymous<Staff>) {}

async fn handler(by: Anonymous<User>) {
    register(&by);
}

fn main() {}
