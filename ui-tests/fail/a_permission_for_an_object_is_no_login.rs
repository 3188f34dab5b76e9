#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Granted};

fn write_to_log(_: &Authenticated<User>) {}

fn cancel(order: Granted<User, MayCancel, Order>) {
    write_to_log(order.granted_to());
}

fn main() {}
