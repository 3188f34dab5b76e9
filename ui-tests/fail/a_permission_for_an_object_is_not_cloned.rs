#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Granted;

fn twice(order: &Granted<User, MayCancel, Order>) -> Granted<User, MayCancel, Order> {
    order.clone()
}

fn main() {}
