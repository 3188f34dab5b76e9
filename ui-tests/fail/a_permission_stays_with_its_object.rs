#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Granted;

fn swap(mine: &mut Granted<User, MayCancel, Order>, other: Order) {
    **mine = other;
}

fn main() {}
