#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Granted;

struct Invoice;

fn cancel(_: Granted<User, MayCancel, Order>) {}

fn handler(invoice: Granted<User, MayCancel, Invoice>) {
    cancel(invoice)
}

fn main() {}
