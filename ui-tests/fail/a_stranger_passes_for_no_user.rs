#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Authenticated};

fn asks(_: &Authenticated<User>) {}

fn stranger(by: &Anonymous<User>) {
    asks(by);
}

fn main() {}
