#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Pending};

fn login(by: Authenticated<User>) {
    let Authenticated(_known) = by;
}

fn pending(by: Pending<User>) {
    let Pending(_known) = by;
}

fn main() {}
