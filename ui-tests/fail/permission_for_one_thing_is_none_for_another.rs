#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Granted, HasRole};

struct Editor;

fn cancel(_: Granted<User, MayCancel, Order>) {}

fn handler(order: Granted<User, HasRole<Editor>, Order>) {
    cancel(order)
}

fn main() {}
