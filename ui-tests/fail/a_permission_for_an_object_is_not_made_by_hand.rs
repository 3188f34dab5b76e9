#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Granted;

fn forge(object: Order) -> Granted<User, MayCancel, Order> {
    Granted { object }
}

fn main() {}
