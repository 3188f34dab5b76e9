#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Granted;

fn name(order: &Granted<User, MayCancel, Order>) -> &str {
    &order.name
}

fn info(order: &Granted<User, MayCancel, Order>) {
    println!("{:?}", order.info());
}

fn main() {}
